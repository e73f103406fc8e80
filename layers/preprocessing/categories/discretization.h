#pragma once
#include "layers/layer.h"

namespace lamina {

// Arguments of Discretization, with Keras' names and defaults.
struct DiscretizationArgs {
  Value bin_boundaries, num_bins;
  double epsilon = 0.01;
  std::string output_mode = "int";
  bool sparse = false;
  void fields(Fields& f);
};

// Numbers to the bins that they fall into: between boundaries that are given, or that are quantiles of data.
class DiscretizationLayer final : public LayerWith<DiscretizationArgs> {
 public:
  explicit DiscretizationLayer(DiscretizationArgs args = {}, LayerArgs base = {});
  std::string class_name() const override { return "Discretization"; }
  using Layer::build;
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override;
  bool takes_plain_data() const override { return true; }
  Value plain_input(const Value& v) const override;
  Value compute_output_shape(const BuildShapes& shapes) override;
  Dict get_config() const override;
  std::optional<Dict> named_values() const override { return Dict{}; }
  void load_named_values(const Dict& values) override;

  // The boundaries between bins; None before they are known.
  Value bin_boundaries() const { return args.bin_boundaries; }
  void set_bin_boundaries(const Value& boundaries);
  // What was learned so far: values, and how many each stands for.
  struct Summary {
    std::vector<double> values, weights;
  };
  const Summary& summary() const { return summary_; }
  bool learns() const { return !args.num_bins.is_none(); }
  void reset_state();
  void update_state(const Tensor& data);
  void finalize_state();
  void adapt(const Tensors& batches);

 private:
  int64_t depth() const;
  DType output_dtype() const { return args.output_mode == "int" ? DType::int32 : compute_dtype(); }
  Summary summary_;
};

}  // namespace lamina
