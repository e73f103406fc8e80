#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "layers/constraints/constraint.h"

namespace lamina {

namespace {

Tensor norm(const Tensor& w, const std::vector<int>& axis) { return prim::sqrt(prim::reduce(Reduce::sum, prim::square(w), axis, true)); }
Tensor clip(const Tensor& x, double low, double high) {
  return prim::minimum(prim::maximum(x, prim::full({}, low, x.dtype())), prim::full({}, high, x.dtype()));
}

struct MaxNormArgs {
  double max_value = 2;
  std::vector<int> axis = {0};
  void fields(Fields& f) {
    f("max_value", max_value, "Largest norm of the incoming weights.");
    f("axis", axis, "Axes the norm is taken over.");
  }
};
class MaxNorm final : public Config<Constraint, MaxNormArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "MaxNorm"; }
  Dict get_config() const override { return {{"max_value", args.max_value}, {"axis", args.axis.size() == 1 ? Value(args.axis[0]) : to_value(args.axis)}}; }
  Tensor operator()(const Tensor& w) const override {
    Tensor n = norm(w, args.axis);
    return prim::multiply(w, prim::divide(clip(n, 0, args.max_value), prim::add(n, settings().epsilon())));
  }
};
LAMINA_CLASS(MaxNorm, "keras.constraints", "Norms of at most max_value.", {"max_norm"});

struct NoArgs {
  void fields(Fields&) {}
};
class NonNeg final : public Config<Constraint, NoArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "NonNeg"; }
  Tensor operator()(const Tensor& w) const override { return prim::unary(Unary::relu, w); }
};
LAMINA_CLASS(NonNeg, "keras.constraints", "No negative weights.", {"non_neg"});

struct UnitNormArgs {
  std::vector<int> axis = {0};
  void fields(Fields& f) { f("axis", axis, "Axes the norm is taken over."); }
};
class UnitNorm final : public Config<Constraint, UnitNormArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "UnitNorm"; }
  Dict get_config() const override { return {{"axis", args.axis.size() == 1 ? Value(args.axis[0]) : to_value(args.axis)}}; }
  Tensor operator()(const Tensor& w) const override { return prim::divide(w, prim::add(norm(w, args.axis), settings().epsilon())); }
};
LAMINA_CLASS(UnitNorm, "keras.constraints", "Norms of 1.", {"unit_norm"});

struct MinMaxNormArgs {
  double min_value = 0, max_value = 1, rate = 1;
  std::vector<int> axis = {0};
  void fields(Fields& f) {
    f("min_value", min_value, "Smallest norm.");
    f("max_value", max_value, "Largest norm.");
    f("rate", rate, "Share of the way to go each step, in (0, 1].");
    f("axis", axis, "Axes the norm is taken over.");
  }
};
class MinMaxNorm final : public Config<Constraint, MinMaxNormArgs> {
 public:
  using Config::Config;
  std::string class_name() const override { return "MinMaxNorm"; }
  Dict get_config() const override {
    return {{"min_value", args.min_value}, {"max_value", args.max_value}, {"rate", args.rate}, {"axis", args.axis.size() == 1 ? Value(args.axis[0]) : to_value(args.axis)}};
  }
  Tensor operator()(const Tensor& w) const override {
    Tensor n = norm(w, args.axis);
    Tensor desired = prim::add(prim::multiply(clip(n, args.min_value, args.max_value), args.rate), prim::multiply(n, 1 - args.rate));
    return prim::multiply(w, prim::divide(desired, prim::add(n, settings().epsilon())));
  }
};
LAMINA_CLASS(MinMaxNorm, "keras.constraints", "Norms between two bounds.", {"min_max_norm"});

}  // namespace
}  // namespace lamina
