#include "backends/core/settings.h"
#include "backends/ops/public/support.h"
#include "layers/constraints/constraint.h"

namespace lamina {
namespace {

using namespace prim;

Tensor norms_of(const Tensor& w, const Axes& axis) {
  return sqrt(reduce(Reduce::sum, square(w), ops::axes_of(axis, w.rank()), true));
}
Tensor with_norms(const Tensor& w, const Tensor& norms, const Tensor& desired) {
  return multiply(w, divide(desired, add(norms, settings().epsilon())));
}
Tensor clip(const Tensor& x, double low, double high) {
  return minimum(maximum(x, full({}, low, x.dtype())), full({}, high, x.dtype()));
}

// An int, a list, or None; kept in the form that was given, for the config.
Axes axes_from(const Value& v) { return value_to<Axes>(v); }

struct MaxNormArgs {
  Value max_value = 2, axis = 0;
  void fields(Fields& f) {
    f("max_value", max_value, "The largest norm.");
    f("axis", axis, "The axis or axes of each vector.");
  }
};
class MaxNorm final : public Config<Constraint, MaxNormArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "MaxNorm"; }
  Tensor operator()(const Tensor& w) const override {
    Tensor norms = norms_of(w, axes_from(args.axis));
    return with_norms(w, norms, clip(norms, 0, args.max_value.as_number()));
  }
};
LAMINA_CLASS(MaxNorm, "keras.constraints", "Vectors longer than max_value are shortened to it.", {"max_norm"},
             Doc{.source = "Srivastava et al., \"Dropout\" (2014).", .example = R"py(
>>> keras.constraints.MaxNorm(1.0)(keras.ops.array([[3.0], [4.0]]))
<Tensor shape=(2, 1), dtype=float32, values=[[0.6]
 [0.8]]>)py"});

struct NoArgs {
  void fields(Fields&) {}
};
class NonNeg final : public Config<Constraint, NoArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "NonNeg"; }
  Tensor operator()(const Tensor& w) const override { return maximum(w, full({}, 0, w.dtype())); }
};
LAMINA_CLASS(NonNeg, "keras.constraints", "Negative values become 0.", {"non_neg"}, Doc{.example = R"py(
>>> keras.constraints.NonNeg()(keras.ops.array([-1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[0. 2.]>)py"});

struct UnitNormArgs {
  Value axis = 0;
  void fields(Fields& f) { f("axis", axis, "The axis or axes of each vector."); }
};
class UnitNorm final : public Config<Constraint, UnitNormArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "UnitNorm"; }
  Tensor operator()(const Tensor& w) const override {
    return divide(w, add(norms_of(w, axes_from(args.axis)), settings().epsilon()));
  }
};
LAMINA_CLASS(UnitNorm, "keras.constraints", "Vectors get length 1.", {"unit_norm"}, Doc{.example = R"py(
>>> keras.constraints.UnitNorm()(keras.ops.array([[3.0], [4.0]]))
<Tensor shape=(2, 1), dtype=float32, values=[[0.6]
 [0.8]]>)py"});

struct MinMaxNormArgs {
  Value min_value = 0.0, max_value = 1.0, rate = 1.0, axis = 0;
  void fields(Fields& f) {
    f("min_value", min_value, "The smallest norm.");
    f("max_value", max_value, "The largest norm.");
    f("rate", rate, "0 to 1: how far each step moves the norm into its range.");
    f("axis", axis, "The axis or axes of each vector.");
  }
};
class MinMaxNorm final : public Config<Constraint, MinMaxNormArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "MinMaxNorm"; }
  Tensor operator()(const Tensor& w) const override {
    double rate = args.rate.as_number();
    Tensor norms = norms_of(w, axes_from(args.axis));
    Tensor bounded = clip(norms, args.min_value.as_number(), args.max_value.as_number());
    return with_norms(w, norms, add(multiply(bounded, rate), multiply(norms, 1 - rate)));
  }
};
LAMINA_CLASS(MinMaxNorm, "keras.constraints", "Vectors' lengths are moved between min_value and max_value.",
             {"min_max_norm"}, Doc{.example = R"py(
>>> keras.constraints.MinMaxNorm(2.0, 3.0)(keras.ops.array([[3.0], [4.0]]))
<Tensor shape=(2, 1), dtype=float32, values=[[1.8000001]
 [2.4      ]]>)py"});

}  // namespace
}  // namespace lamina
