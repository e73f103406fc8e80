#include "backends/ops/primitives.h"
#include "layers/regularizers/regularizer.h"

namespace lamina {

namespace {

double checked(double v, const char* name) {
  if (!std::isfinite(v) || v < 0) throw ValueError("Invalid value for argument ", name, ": expected a non-negative float. Received: ", name, "=", v);
  return v;
}
Tensor l1_term(const Tensor& x, double l1) { return prim::multiply(prim::reduce_all(Reduce::sum, prim::unary(Unary::abs, x)), l1); }
Tensor l2_term(const Tensor& x, double l2) { return prim::multiply(prim::reduce_all(Reduce::sum, prim::square(x)), l2); }

struct L1Args {
  double l1 = 0.01;
  void fields(Fields& f) { f("l1", l1, "Factor of sum(|x|)."); }
};
class L1 final : public Config<Regularizer, L1Args> {
 public:
  explicit L1(L1Args a = {}) : Config(a) { checked(args.l1, "l1"); }
  std::string class_name() const override { return "L1"; }
  Tensor operator()(const Tensor& x) const override { return l1_term(x, args.l1); }
};
LAMINA_CLASS(L1, "keras.regularizers", "l1 * sum(|x|).", {"l1"});

struct L2Args {
  double l2 = 0.01;
  void fields(Fields& f) { f("l2", l2, "Factor of sum(x^2)."); }
};
class L2 final : public Config<Regularizer, L2Args> {
 public:
  explicit L2(L2Args a = {}) : Config(a) { checked(args.l2, "l2"); }
  std::string class_name() const override { return "L2"; }
  Tensor operator()(const Tensor& x) const override { return l2_term(x, args.l2); }
};
LAMINA_CLASS(L2, "keras.regularizers", "l2 * sum(x^2).", {"l2"});

struct L1L2Args {
  double l1 = 0, l2 = 0;
  void fields(Fields& f) {
    f("l1", l1, "Factor of sum(|x|).");
    f("l2", l2, "Factor of sum(x^2).");
  }
};
class L1L2 final : public Config<Regularizer, L1L2Args> {
 public:
  explicit L1L2(L1L2Args a = {}) : Config(a) { checked(args.l1, "l1"), checked(args.l2, "l2"); }
  std::string class_name() const override { return "L1L2"; }
  Tensor operator()(const Tensor& x) const override {
    Tensor out = prim::full({}, 0, x.dtype());
    if (args.l1 != 0) out = prim::add(out, l1_term(x, args.l1));
    if (args.l2 != 0) out = prim::add(out, l2_term(x, args.l2));
    return out;
  }
};
LAMINA_CLASS(L1L2, "keras.regularizers", "l1 * sum(|x|) + l2 * sum(x^2).", {"l1_l2"});

}  // namespace
}  // namespace lamina
