#include "backends/core/engine.h"
#include "backends/ops/update/update.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

struct RMSpropArgs {
  static constexpr const char* kClass = "RMSprop";
  Value learning_rate = 0.001;
  double rho = 0.9, momentum = 0, epsilon = 1e-7;
  bool centered = false;
  OptimizerArgs base;
  int slots() const { return (momentum > 0) + 2 * centered; }
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("rho", rho, "Decay of the average of squared gradients.");
    f("momentum", momentum, "How much of the last update stays in the next.");
    f("epsilon", epsilon, "Added under the root, against division by 0.");
    f("centered", centered, "Whether to divide by the variance instead of the mean square.");
    base.fields(f);
  }
};

class RMSprop final : public OptimizerWith<RMSpropArgs> {
 public:
  using OptimizerWith::OptimizerWith;
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    velocities_ = add_slots(variables, "velocity");
    if (args.momentum > 0) momentums_ = add_slots(variables, "momentum");
    if (args.centered) averages_ = add_slots(variables, "average_gradient");
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    using R = UpdateRule;
    const bool momentum = args.momentum > 0;
    const R rule = momentum        ? (args.centered ? R::rmsprop_centered_momentum : R::rmsprop_momentum)
                   : args.centered ? R::rmsprop_centered
                                   : R::rmsprop;
    const size_t i = index_of(variable);
    Variables states = {variable, velocities_[i]};
    if (momentum) states.push_back(momentums_[i]);
    if (args.centered) states.push_back(averages_[i]);
    const Tensor rest[] = {g, learning_rate};
    update_variables(keep_update(update_, rule, {args.rho, args.momentum, args.epsilon}), states, rest);
  }

 private:
  Variables velocities_, momentums_, averages_;
  Op update_;
};
LAMINA_CLASS(RMSprop, "keras.optimizers",
             "Steps divided by the root of the mean square of gradients (Tieleman and Hinton, 2012).", {"rmsprop"},
             Doc{.source = "Tieleman and Hinton, \"Neural Networks for Machine Learning\", lecture 6.5 (2012).",
                 .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.RMSprop(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.6837724, 2.3162277]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
