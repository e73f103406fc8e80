#pragma once
#include "layers/layer.h"

namespace lamina {

// Arguments of Normalization, with Keras' names and defaults.
struct NormalizationArgs {
  Value axis = -1;       // None, an int, or several: the axes that keep their own mean and variance
  Value mean, variance;  // given instead of adapt(); numbers or arrays that broadcast
  bool invert = false;
  void fields(Fields& f);
};

// (x - mean) / max(sqrt(variance), epsilon), or its inverse; the statistics come from adapt() or from the arguments.
// Weights where they are adapted: mean and variance (sizes of `axis`), count (an int scalar).
class NormalizationLayer final : public LayerWith<NormalizationArgs> {
 public:
  explicit NormalizationLayer(NormalizationArgs args = {}, LayerArgs base = {});
  std::string class_name() const override { return "Normalization"; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override;
  Tensor call(const Tensor& x, const CallContext&) override;
  Value compute_output_shape(const BuildShapes& shapes) override { return Value(shapes.shape()); }

  // Takes mean and variance from batches of data, (batch, ...) each; builds the layer from the first. ValueError if the
  // statistics were given as arguments, if there is no batch, or if shapes differ along `axis`.
  void adapt(const Tensors& batches);

  // What inputs are normalized with, in a shape that broadcasts against them; an undefined tensor before build().
  Tensor mean() const;
  Tensor variance() const;

 private:
  void check_given() const;
  Shape kept_shape(const Shape& input) const;
  Tensor statistic(const Value& given, const Variable& adapted, DType dtype) const;
  bool given() const { return !args.mean.is_none(); }
  std::vector<int> axes_;  // as given; sorted and not negative once built
  std::vector<int> reduced_;
  Shape broadcast_;
  Variable mean_, variance_, count_;
};

}  // namespace lamina
