#include "backends/ops/primitives.h"
#include "layers/regularizers/regularizer.h"

namespace lamina {
namespace {

using namespace prim;

Tensor l1_of(const Tensor& x, double factor) { return multiply(reduce_all(Reduce::sum, unary(Unary::abs, x)), factor); }
Tensor l2_of(const Tensor& x, double factor) { return multiply(reduce_all(Reduce::sum, square(x)), factor); }

// A factor as Keras takes it: None is the default, a number must be finite and not negative.
double factor_of(const Value& v, double otherwise, const char* name) {
  if (v.is_none()) return otherwise;
  if (!v.is_number() || !std::isfinite(v.as_number()) || v.as_number() < 0)
    throw ValueError("Invalid value for argument ", name, ": expected a non-negative float.Received: ", name, "=",
                     v.repr());
  return v.as_number();
}

struct L1Args {
  Value l1 = 0.01;
  void fields(Fields& f) { f("l1", l1, "Factor of the sum of absolute values."); }
};
class L1 final : public Config<Regularizer, L1Args> {
 public:
  explicit L1(L1Args a) : Config(std::move(a)) { args.l1 = factor_of(args.l1, 0.01, "l1"); }
  std::string class_name() const override { return "L1"; }
  Tensor operator()(const Tensor& x) const override { return l1_of(x, args.l1.as_number()); }
};
LAMINA_CLASS(L1, "keras.regularizers", "l1 * sum(|x|).", {"l1"},
             Doc{.raises = "ValueError: if the factor is negative, infinite or NaN.", .example = R"py(
>>> keras.regularizers.L1(0.1)(keras.ops.array([1.0, -2.0]))
<Tensor shape=(), dtype=float32, values=0.3>)py"});

struct L2Args {
  Value l2 = 0.01;
  void fields(Fields& f) { f("l2", l2, "Factor of the sum of squares."); }
};
class L2 final : public Config<Regularizer, L2Args> {
 public:
  explicit L2(L2Args a) : Config(std::move(a)) { args.l2 = factor_of(args.l2, 0.01, "l2"); }
  std::string class_name() const override { return "L2"; }
  Tensor operator()(const Tensor& x) const override { return l2_of(x, args.l2.as_number()); }
};
LAMINA_CLASS(L2, "keras.regularizers", "l2 * sum(x^2).", {"l2"},
             Doc{.raises = "ValueError: if the factor is negative, infinite or NaN.", .example = R"py(
>>> keras.regularizers.L2(0.1)(keras.ops.array([1.0, -2.0]))
<Tensor shape=(), dtype=float32, values=0.5>)py"});

struct L1L2Args {
  Value l1 = 0.0, l2 = 0.0;
  void fields(Fields& f) {
    f("l1", l1, "Factor of the sum of absolute values.");
    f("l2", l2, "Factor of the sum of squares.");
  }
};
class L1L2 final : public Config<Regularizer, L1L2Args> {
 public:
  explicit L1L2(L1L2Args a) : Config(std::move(a)) {
    args.l1 = factor_of(args.l1, 0, "l1");
    args.l2 = factor_of(args.l2, 0, "l2");
  }
  std::string class_name() const override { return "L1L2"; }
  Tensor operator()(const Tensor& x) const override {
    double l1 = args.l1.as_number(), l2 = args.l2.as_number();
    if (l1 == 0 && l2 == 0) return full({}, 0, x.dtype());
    if (l1 == 0) return l2_of(x, l2);
    return l2 == 0 ? l1_of(x, l1) : add(l1_of(x, l1), l2_of(x, l2));
  }
};
LAMINA_CLASS(L1L2, "keras.regularizers", "l1 * sum(|x|) + l2 * sum(x^2).", {"l1l2", "l1_l2"},
             Doc{.raises = "ValueError: if a factor is negative, infinite or NaN.", .example = R"py(
>>> keras.regularizers.L1L2(l1=0.1, l2=0.1)(keras.ops.array([1.0, -2.0]))
<Tensor shape=(), dtype=float32, values=0.8>)py"});

}  // namespace
}  // namespace lamina
