#pragma once
// What normalisation layers share: gamma and beta with their arguments.
#include "layers/layer.h"

namespace lamina {

struct ScaleOffsetArgs {
  bool center = true, scale = true;
  InitializerRef beta_initializer, gamma_initializer;
  RegularizerRef beta_regularizer, gamma_regularizer;
  ConstraintRef beta_constraint, gamma_constraint;
  void switches(Fields& f) {
    f("center", center, "Whether to add beta.");
    f("scale", scale, "Whether to multiply by gamma.");
  }
  void initializers(Fields& f) {
    f("beta_initializer", beta_initializer, "Initializer of beta.").shown("zeros");
    f("gamma_initializer", gamma_initializer, "Initializer of gamma.").shown("ones");
  }
  void penalties(Fields& f) {
    f("beta_regularizer", beta_regularizer, "Penalty on beta.");
    f("gamma_regularizer", gamma_regularizer, "Penalty on gamma.");
    f("beta_constraint", beta_constraint, "Projection of beta.");
    f("gamma_constraint", gamma_constraint, "Projection of gamma.");
  }
  void set_defaults() {
    if (!beta_initializer) beta_initializer = "zeros";
    if (!gamma_initializer) gamma_initializer = "ones";
  }
  Variable make_gamma(Layer& layer, const Shape& shape) const {
    return layer.add_weight("gamma", shape,
                            {.initializer = gamma_initializer,
                             .autocast = false,
                             .regularizer = gamma_regularizer,
                             .constraint = gamma_constraint});
  }
  Variable make_beta(Layer& layer, const Shape& shape) const {
    return layer.add_weight("beta", shape,
                            {.initializer = beta_initializer,
                             .autocast = false,
                             .regularizer = beta_regularizer,
                             .constraint = beta_constraint});
  }
};

// `axis` arguments as Keras takes them: an int or a sequence of ints; TypeError for anything else.
inline void check_axis_argument(const Value& axis) {
  bool good = axis.is_int() || axis.is_sequence();
  if (axis.is_sequence())
    for (const Value& a : axis.as_list()) good &= a.is_int();
  if (!good)
    throw TypeError("Expected an int or a list/tuple of ints for the argument 'axis', but received: ", axis.repr());
}
// As non-negative axes, sorted. ValueError naming the axis and the shape if one is out of range.
inline std::vector<int> checked_axes(const Value& axis, const Shape& shape) {
  std::vector<int> out;
  for (int64_t a : value_to<std::vector<int64_t>>(axis)) {
    if (a >= shape.rank() || a < -shape.rank())
      throw ValueError("Axis ", a, " is out of bounds for input shape ", shape, ". Received: axis=", axis.repr());
    out.push_back(static_cast<int>(a < 0 ? a + shape.rank() : a));
  }
  std::sort(out.begin(), out.end());
  return out;
}
// The float type that normalisation of x computes in.
inline DType normalization_dtype(DType x) { return x == DType::float64 ? DType::float64 : DType::float32; }

}  // namespace lamina
