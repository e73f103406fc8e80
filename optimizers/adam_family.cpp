// Adamax, Nadam and Lamb: what Adam's two moments are used for otherwise.
#include "backends/ops/primitives.h"
#include "optimizers/moments.h"

namespace lamina {
namespace {

using namespace prim;

// old + (now - old) * rate, stored.
Tensor blend(const Variable& slot, const Tensor& now, double rate) {
  Tensor old = slot.value(), next = add(old, multiply(subtract(now, old), rate));
  slot.assign(next);
  return next;
}
Tensor power_of(double base, const Tensor& exponent) { return power(full({}, base, exponent.dtype()), exponent); }

struct AdamaxName {
  static constexpr const char* value = "Adamax";
};
class Adamax final : public MomentOptimizer<MomentArgs<AdamaxName>> {
 public:
  using MomentOptimizer::MomentOptimizer;
  void build(const Variables& variables) override {
    if (!built_) build_moments(variables, "momentum", "norm");
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    size_t i = index_of(variable);
    Tensor rate = divide(learning_rate, rsub(1, power_of(args.beta_1, local_step(variable.dtype()))));
    Tensor m = blend(first_[i], g, 1 - args.beta_1);
    Tensor u = maximum(multiply(second_[i].value(), args.beta_2), unary(Unary::abs, g));
    second_[i].assign(u);
    variable.assign(subtract(variable.value(), divide(multiply(m, rate), add(u, args.epsilon))));
  }
};
LAMINA_CLASS(Adamax, "keras.optimizers",
             "Adam with the largest gradient in place of the mean square (Kingma and Ba, 2014).", {"adamax"},
             Doc{.source = "Kingma and Ba, \"Adam: A Method for Stochastic Optimization\" (2015), section 7.1.",
                 .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Adamax(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.90000004, 2.1       ]], dtype=float32))py"});

struct NadamName {
  static constexpr const char* value = "Nadam";
};
class Nadam final : public MomentOptimizer<MomentArgs<NadamName>> {
 public:
  using MomentOptimizer::MomentOptimizer;
  void build(const Variables& variables) override {
    if (built_) return;
    build_moments(variables, "momentum", "velocity");
    product_ = add_variable({}, "variable", variables.empty() ? DType::float32 : variables[0].dtype(), 1);
  }
  void begin_updates() override {
    product_.assign(multiply(product_.value(), momentum_at(local_step(product_.dtype()))));
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    size_t i = index_of(variable);
    Tensor step = local_step(variable.dtype());
    Tensor now = momentum_at(step), next = momentum_at(add(step, 1.0));
    Tensor product = cast(product_.value(), variable.dtype()), product_next = multiply(product, next);
    Tensor from_m = multiply(divide(next, rsub(1, product_next)), learning_rate);
    Tensor from_g = multiply(divide(rsub(1, now), rsub(1, product)), learning_rate);
    Tensor m = blend(first_[i], g, 1 - args.beta_1), v = blend(second_[i], square(g), 1 - args.beta_2);
    Tensor root = sqrt(divide(v, rsub(1, power_of(args.beta_2, step))));
    variable.assign(
        subtract(variable.value(), divide(add(multiply(m, from_m), multiply(g, from_g)), add(root, args.epsilon))));
  }

 private:
  Tensor momentum_at(const Tensor& step) const {
    return multiply(add(multiply(power_of(0.96, step), -0.5), 1.0), args.beta_1);
  }
  Variable product_;
};
LAMINA_CLASS(Nadam, "keras.optimizers", "Adam with Nesterov momentum (Dozat, 2015).", {"nadam"},
             Doc{.source = "Dozat, \"Incorporating Nesterov Momentum into Adam\" (2016).", .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Nadam(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.89372194, 2.1062782 ]], dtype=float32))py"});

struct LambName {
  static constexpr const char* value = "Lamb";
};
class Lamb final : public MomentOptimizer<MomentArgs<LambName>> {
 public:
  using MomentOptimizer::MomentOptimizer;
  void build(const Variables& variables) override {
    if (!built_) build_moments(variables, "momentum", "velocity");
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    size_t i = index_of(variable);
    Tensor step = local_step(variable.dtype());
    Tensor m = divide(blend(first_[i], g, 1 - args.beta_1), rsub(1, power_of(args.beta_1, step)));
    Tensor v = divide(blend(second_[i], square(g), 1 - args.beta_2), rsub(1, power_of(args.beta_2, step)));
    Tensor update = divide(m, add(sqrt(v), args.epsilon)), w = variable.value();
    auto norm = [](const Tensor& x) { return sqrt(reduce_all(Reduce::sum, square(x))); };
    Tensor size = norm(w), change = norm(update), zero = full({}, 0, w.dtype()), one = full({}, 1, w.dtype());
    Tensor usable =
        binary(Binary::logical_and, binary(Binary::greater, size, zero), binary(Binary::greater, change, zero));
    Tensor ratio = where(usable, divide(size, where(usable, change, one)), one);
    variable.assign(subtract(w, multiply(update, multiply(ratio, learning_rate))));
  }
};
LAMINA_CLASS(
    Lamb, "keras.optimizers", "Adam with steps in proportion to each variable's norm (You et al., 2019).", {"lamb"},
    Doc{.source = "You et al., \"Large Batch Optimization for Deep Learning: Training BERT in 76 minutes\" (2020).",
        .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Lamb(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.8418861, 2.158114 ]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
