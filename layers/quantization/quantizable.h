#pragma once
// Layers whose weights can be kept in fewer bits, as integers with a scale.
//
// A layer says what is to be quantized in a table (quantized_weights), how its inputs meet a weight in an equation
// (QuantizedProduct), and that is all: variables, values, files, products and their gradients follow from these.
//
// float8: weights stay as they are; products are of inputs, weights and gradients that were rounded to 8-bit
// floating-point numbers. Each of the three has a scale, which follows from the greatest values of the last steps:
// their new values are what training finds as the "gradients" of scales and histories.
//
// int8: a weight keeps its shape, and a scale holds along its `shared` axes: w = integers / scale. int4: the weight is
// a matrix with two values in a byte; a scale holds for a whole column of it, or scale and zero point for a group of
// block_size values of one: w = (integers - zero) * scale. Columns run along the axis `grouped` of the matrix.
//
// gptq, awq: as calibration.h has it. From quantize() until its values are found a layer keeps its floating-point
// weight and works with that; a layer that is built under such a policy has none, and waits for values of a file.
//
// Keras has these forms of Dense, EinsumDense, Embedding and ReversibleEmbedding. int8 of other layers is this
// library's alone (FurtherQuantizableLayer): models quantize them where they are told to, since Keras cannot read such
// files.
#include <functional>

#include "layers/lora.h"
#include "layers/quantization/calibration.h"

namespace lamina {

inline constexpr const char* kQuantizationConfig =
    "How weights and activations are quantized, where the dtype policy says that they are: a QuantizationConfig.";

struct QuantizedWeight {
  std::string name;         // "kernel"; beside it there are "kernel_scale" and, with groups, "kernel_zero"
  Variable* variable;       // the layer's own
  Shape shape;              // in floating point
  std::vector<int> shared;  // axes along which a scale holds
  // The axes of int8's scale: which of the weight's each is, -1 for an axis of size 1. It stands beside results so.
  std::vector<int> layout;
  int grouped = 0;         // the axis of int4's matrix that the shared ones make up, all others being the other axis
  int packed = 1;          // its axis along which two values are in a byte
  bool byte_zeros = true;  // zero points are int8, else of the layer's variable dtype
  // GPTQ's and AWQ's matrix has so many rows, those of the inputs; 0: the weight cannot be one.
  int64_t rows = 0;
  std::string calibrated_zero = "kernel_zero";  // its variable
};

// How all weights of a layer are kept.
struct QuantizedForm {
  std::string mode;         // "": as they are
  int64_t block_size = -1;  // -1: no groups
  int64_t bits = 4;         // of GPTQ
  bool grouped() const { return block_size > 0; }
  bool calibrated() const { return mode == "gptq" || mode == "awq"; }
};

// What a weight is kept as.
struct QuantizedValues {
  Tensor weight, scale;
  Tensor zero, groups;  // where there are groups: zero points, and the group of each place along the grouped axis
};

// How inputs meet a quantized weight.
struct QuantizedProduct {
  // Inputs, weight -> outputs; of int8 both, sums in int32.
  std::function<Tensor(const Tensor& x, const Tensor& weight)> times;
  // The gradient by the inputs: that of the outputs, weight, inputs -> as the inputs.
  std::function<Tensor(const Tensor& g, const Tensor& weight, const Tensor& x)> back;
  std::vector<int> summed;  // the inputs' axes along which activations share a scale
  std::vector<int> layout;  // of the inputs' scale beside the outputs, as QuantizedWeight's; empty: as it is
  // Of the weight's scale beside the outputs, where two axes of it are one of theirs.
  std::optional<Shape> scale_shape = {};
  bool adapts_apart = true;  // inputs may meet the first of LoRA's matrices, and what comes of it the second
  // Columns of the weight that it is of alone: [first, last) of its last axis.
  std::optional<std::pair<int64_t, int64_t>> columns = {};

  // An einsum: "...i,io->...o" and, outputs and weight to inputs, "...o,io->...i".
  static QuantizedProduct einsum(const std::string& forward, const std::string& backward, std::vector<int> summed,
                                 std::vector<int> layout);
  // Of the inputs' last axis with a matrix, or with some columns of it.
  static QuantizedProduct last_axis(std::optional<std::pair<int64_t, int64_t>> columns = {});
};

// The base of layers whose weights can be quantized.
class QuantizableLayer : public LoraLayer {
 public:
  // The weights to quantize, when their shapes are known. LoRA is for the first.
  virtual std::vector<QuantizedWeight> quantized_weights() = 0;
  virtual QuantizationConfigRef& quantization_config() = 0;  // the layer's argument
  virtual bool quantizes_to(const std::string& mode) const { return mode == "int8" || mode == "int4"; }
  virtual bool quantized_by_keras() const { return true; }
  // Quantizes by this config; the layer's policy becomes that of it, unless it has one that says so already.
  void quantize_weights(const QuantizationConfigRef& config);
  // Where the policy has a mode: makes its variables, weights with zeros. False if the weights stay floating-point, and
  // are to be made yet.
  bool build_quantized();
  bool build_quantized(const std::string& mode);
  bool quantized() const { return !form_.mode.empty(); }
  const QuantizerRef& inputs_quantizer() const { return inputs_quantizer_; }

  // GPTQ and AWQ. Between the two, calls add their inputs to a calibration, which then says what the first weight
  // becomes. ValueError of a layer whose form is another, or that has its values.
  std::unique_ptr<Calibration> begin_calibration();
  void observe_by(Calibration* calibration) { observer_ = calibration; }  // null: nobody
  void finish_calibration(const Calibration& calibration);
  bool calibrated() const { return form_.calibrated() && !calibration_.waiting; }
  bool waits_for_calibration() const { return form_.calibrated() && calibration_.waiting; }
  // "quantized_kernel", "kernel_scale", "kernel_zero", "awq_scales", "g_idx", undefined where there is none.
  Variable calibrated_variable(const std::string& name) const;
  void read_from_file();  // its variables have been, so they hold

  Tensor adapted_kernel() override;
  Tensors stored_values() override;
  Variables stored_variables() override;

 protected:
  // What the inputs of a product are quantized with, where the config is silent about it.
  virtual QuantizerRef default_inputs_quantizer(const std::string& mode) const;
  // x times a quantized weight, in the layer's compute dtype. The gradient by x is that of the product with the
  // weight's value. `adapted` adds LoRA's product.
  Tensor product(const Tensor& x, size_t weight, const QuantizedProduct& how, bool training, bool adapted = true);
  // What an int8 or int4 weight stands for.
  Tensor dequantized_weight(size_t weight) const;
  // An int8 weight's integers and its scale, as variables hold them.
  std::pair<Tensor, Tensor> integers_and_scale(size_t weight) const;
  // A bias as it is added to such a product.
  Tensor bias_of(const Variable& bias);
  // Rows of the first weight.
  Tensor rows(const Tensor& indices);

 private:
  struct Parts {  // what stands beside a weight
    Variable scale, zero;
  };
  Layer& layer() { return lora_target().layer; }
  void require_mode(const std::string& mode);  // UnsupportedError if the layer has none such
  QuantizedForm form_of(const std::string& mode, const QuantizationConfigRef& config);
  void add_variables();
  void follow_policy(const QuantizationConfigRef& config);
  void add_float8_variables();
  void add_calibrated_variables();
  void await_calibration(const QuantizationConfigRef& config);
  void drop_weight();
  Tensor input_rows(const Tensor& x);
  Tensor calibrated_integers() const;  // (outputs, inputs)
  Tensor calibrated_value(DType dtype);
  Variables calibrated_variables() const;  // as files have them
  QuantizedValues values_of(size_t weight, const QuantizedWeight& w) const;
  QuantizedValues merged(const QuantizedWeight& w);  // with LoRA's product
  Tensor integer_product(const Tensor& x, size_t weight, const QuantizedProduct& how);
  Tensor float8_product(const Tensor& x, const QuantizedProduct& how, bool training);

  QuantizedForm form_;
  std::vector<Parts> parts_;  // of each weight
  Variable groups_;           // for all weights
  Variables float8_;          // scale and history of inputs, of the weight and of the outputs' gradients
  QuantizerRef inputs_quantizer_;
  struct {
    Variable weight, scale, zero, input_scales, groups;
    bool waiting = false;  // for values: the floating-point weight is still there
    uint64_t changes = 0;  // of `weight`, when it was made
  } calibration_;
  Calibration* observer_ = nullptr;
};

// Layers that Keras leaves in floating point. They have an int8 form.
class FurtherQuantizableLayer : public QuantizableLayer {
 public:
  bool quantizes_to(const std::string& mode) const override { return mode == "int8"; }
  bool quantized_by_keras() const override { return false; }
};

// A layer that is made of others and is quantized with them, as it holds them in its config.
class QuantizesParts {
 public:
  virtual ~QuantizesParts() = default;
  virtual std::vector<LayerPtr> quantized_parts() const = 0;
  bool parts_quantized() const;
};

// Of a layer that has a quantized form of this library's alone, itself or by its parts.
bool quantized_beyond_keras(const Layer& layer);

}  // namespace lamina
