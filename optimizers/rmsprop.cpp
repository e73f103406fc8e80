#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

struct RMSpropArgs {
  static constexpr const char* kClass = "RMSprop";
  Value learning_rate = 0.001;
  double rho = 0.9, momentum = 0, epsilon = 1e-7;
  bool centered = false;
  OptimizerArgs base;
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
    size_t i = index_of(variable);
    auto blend = [&](const Variable& slot, const Tensor& now) {  // rho * old + (1 - rho) * now
      Tensor next = add(multiply(slot.value(), args.rho), multiply(now, 1 - args.rho));
      slot.assign(next);
      return next;
    };
    Tensor spread = blend(velocities_[i], square(g));
    if (args.centered) spread = subtract(spread, square(blend(averages_[i], g)));
    Tensor step = divide(multiply(g, learning_rate), sqrt(add(spread, args.epsilon)));
    if (args.momentum > 0) {
      step = add(multiply(momentums_[i].value(), args.momentum), step);
      momentums_[i].assign(step);
    }
    variable.assign(subtract(variable.value(), step));
  }

 private:
  Variables velocities_, momentums_, averages_;
};
LAMINA_CLASS(RMSprop, "keras.optimizers", "Steps divided by the root of the mean square of gradients (Tieleman and Hinton, 2012).", {"rmsprop"});

}  // namespace
}  // namespace lamina
