#pragma once
// GPTQ and AWQ: weights of few bits, found from what a layer's inputs are on samples of data.
//
// Both cut a kernel, as a matrix (inputs, outputs), along the inputs into groups that share a scale and a zero point
// for each output: w = (integer - zero) * scale. GPTQ (Frantar et al., 2022) rounds the rows one after the other and
// lets the later ones make up for the error of each, as the inputs' second moments say. AWQ (Lin et al., 2023)
// multiplies each row by a scale before, greater where inputs are greater, which the products divide by again.
#include <memory>

#include "layers/quantization/quantizer.h"

namespace lamina {

// A kernel in few bits.
struct CalibratedMatrix {
  Tensor values;        // (outputs, inputs), uint8, a value in each
  Tensor scale, zero;   // (outputs, groups)
  Tensor groups;        // (inputs), float32: the group of each, or a number between it and the next
  Tensor input_scales;  // (inputs), of AWQ
};

// Scale and zero point of rows of a matrix, such that 0 ... most stand for their range.
struct QuantizationParameters {
  Tensor scale, zero;  // (rows, groups): as x, and uint8
  double most = 0;
};
// Which values share a range, and into how many steps it is cut.
struct QuantizationRange {
  int64_t bits = 4;
  bool symmetric = false;    // about 0
  bool per_channel = false;  // each row has its own, else all share one
  int64_t group_size = -1;   // values of a row that share one, where rows have their own; -1: all
};
// ValueError unless x is a matrix with elements.
QuantizationParameters quantization_parameters(const Tensor& x, const QuantizationRange& range);
// round(x / scale + zero) within 0 ... most, as x. `scale` and `zero` stand beside x.
Tensor quantized_with(const Tensor& x, const Tensor& scale, const Tensor& zero, double most);

// What is known of the inputs of one layer.
class Calibration {
 public:
  virtual ~Calibration() = default;
  // Adds inputs (..., features). ValueError if there are none, or of another number of features.
  void observe(const Tensor& inputs);
  int64_t samples() const { return samples_; }
  // GPTQ: the mean of 2 x x^T (features, features). AWQ: the greatest |x| (features).
  const Tensor& statistics() const { return statistics_; }
  void set_statistics(Tensor statistics) { statistics_ = std::move(statistics); }
  // What becomes of a kernel (features, outputs).
  virtual CalibratedMatrix quantize(const Tensor& kernel) const = 0;

 protected:
  Calibration(int64_t features, Tensor statistics) : features_(features), statistics_(std::move(statistics)) {}
  virtual Tensor updated(const Tensor& x) const = 0;  // the statistics with x (samples, features) as well
  const int64_t features_;
  int64_t samples_ = 0;
  Tensor statistics_;
};

// What GPTQConfig and AWQConfig share. Data, tokenizer and layers are for who quantizes a model: a config keeps them as
// they were given, and files hold neither data nor tokenizers.
struct CalibratedArgs {
  Value dataset, tokenizer;
  int64_t weight_bits = 4, num_samples = 128, sequence_length = 512, group_size = 128;
  Value quantization_layer_structure;

 protected:
  void fields_before(Fields& f);
  void fields_after(Fields& f);
};
// A config of weights that are found with data: the base of GPTQConfig and AWQConfig.
class CalibratedConfig : public QuantizationConfig {
 public:
  virtual const CalibratedArgs& shared() const = 0;
  std::string policy_mode() const override { return text(mode(), "/", shared().weight_bits, "/", shared().group_size); }
  virtual std::unique_ptr<Calibration> calibration(int64_t features) const = 0;

 protected:
  static void check(const CalibratedArgs& args);  // ValueError for numbers out of range
};
// The same with an argument struct.
template <class A>
class CalibratedConfigWith : public Config<CalibratedConfig, A> {
 public:
  explicit CalibratedConfigWith(const A& args) : Config<CalibratedConfig, A>(args) { CalibratedConfig::check(args); }
  const CalibratedArgs& shared() const override { return this->args; }
  Dict get_config() const override {
    Dict config;
    write_fields(config, this->args);
    config.set("dataset", Value());
    config.set("tokenizer", Value());
    return config;
  }
  void attributes(Fields& f) override {
    f("weight_quantizer", none_, "None.");
    f("activation_quantizer", none_, "None.");
    Config<CalibratedConfig, A>::attributes(f);
  }

 private:
  Value none_;
};

// Arguments of GPTQConfig.
struct GPTQArgs : CalibratedArgs {
  bool per_channel = true, symmetric = false, activation_order = false;
  double hessian_damping = 0.01;
  void fields(Fields& f);
};
// Weights of 2, 3, 4 or 8 bits by GPTQ.
class GPTQConfig final : public CalibratedConfigWith<GPTQArgs> {
 public:
  explicit GPTQConfig(const Args& args = {});  // ValueError for numbers out of range
  std::string mode() const override { return "gptq"; }
  std::string class_name() const override { return "GPTQConfig"; }
  std::unique_ptr<Calibration> calibration(int64_t features) const override;
};

// Arguments of AWQConfig.
struct AWQArgs : CalibratedArgs {
  int64_t num_grid_points = 20;
  void fields(Fields& f);
};
// Weights of 4 bits by AWQ.
class AWQConfig final : public CalibratedConfigWith<AWQArgs> {
 public:
  explicit AWQConfig(const Args& args = {});  // ValueError for numbers out of range
  std::string mode() const override { return "awq"; }
  std::string class_name() const override { return "AWQConfig"; }
  std::unique_ptr<Calibration> calibration(int64_t features) const override;
};

// GPTQ's steps, for a Hessian whose inverse is known. `order`: the importance of each input, the greatest of which is
// rounded first; undefined: as they come. Rows of `block` inputs are corrected at once.
struct GPTQRounding {
  QuantizationRange range{.per_channel = true};
  Tensor order;
  int64_t block = 128;
};
CalibratedMatrix gptq_quantize(const Tensor& kernel, const Tensor& inverse_hessian, const GPTQRounding& how);

// AWQ's steps: the scale for each input, of grid_points + 1 powers of `magnitudes` between 0 and 1 the one with the
// least error, and the kernel with these.
Tensor awq_scales(const Tensor& kernel, const Tensor& magnitudes, int64_t grid_points, int64_t group_size);
CalibratedMatrix awq_quantize(const Tensor& kernel, const Tensor& magnitudes, int64_t grid_points, int64_t group_size);

}  // namespace lamina
