#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

struct LionArgs {
  static constexpr const char* kClass = "Lion";
  Value learning_rate = 0.001;
  double beta_1 = 0.9, beta_2 = 0.99;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("beta_1", beta_1, "The average's share in the direction of a step.");
    f("beta_2", beta_2, "Decay of the average of gradients.");
    base.fields(f);
  }
};
class Lion final : public OptimizerWith<LionArgs> {
 public:
  explicit Lion(LionArgs a) : OptimizerWith(std::move(a)) {
    if (args.beta_1 <= 0 || args.beta_1 > 1)
      throw ValueError(
          "Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer degenerates to SignSGD. Received: "
          "beta_1=",
          args.beta_1, ".");
  }
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    momentums_ = add_slots(variables, "momentum");
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    const Variable& slot = momentums_[index_of(variable)];
    Tensor m = slot.value();
    auto blend = [&](double beta) { return add(multiply(m, beta), multiply(g, 1 - beta)); };
    variable.assign(subtract(variable.value(), multiply(unary(Unary::sign, blend(args.beta_1)), learning_rate)));
    slot.assign(blend(args.beta_2));
  }

 private:
  Variables momentums_;
};
LAMINA_CLASS(Lion, "keras.optimizers", "Steps of one size in the direction of averaged gradients (Chen et al., 2023).",
             {"lion"},
             Doc{.raises = "ValueError: if `beta_1` is not above 0 and at most 1.",
                 .source = "Chen et al., \"Symbolic Discovery of Optimization Algorithms\" (2023).",
                 .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Lion(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.9, 2.1]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
