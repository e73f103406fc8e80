#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

struct SGDArgs {
  static constexpr const char* kClass = "SGD";
  Value learning_rate = 0.01;
  double momentum = 0;
  bool nesterov = false;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("momentum", momentum, "0 to 1: how much of the last update stays in the next.");
    f("nesterov", nesterov, "Whether to look one momentum step ahead (Sutskever et al., 2013).");
    base.fields(f);
  }
};

class SGD final : public OptimizerWith<SGDArgs> {
 public:
  explicit SGD(SGDArgs a) : OptimizerWith(std::move(a)) {
    if (!(args.momentum >= 0 && args.momentum <= 1)) throw ValueError("`momentum` must be a float between [0, 1]. Received: momentum=", args.momentum);
  }
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    if (args.momentum != 0) momentums_ = add_slots(variables, "momentum");
  }
  void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) override {
    Tensor step = multiply(gradient, learning_rate);
    if (args.momentum != 0) {
      const Variable& slot = momentums_[index_of(variable)];
      Tensor m = subtract(multiply(slot.value(), args.momentum), step);
      slot.assign(m);
      variable.assign(add(variable.value(), args.nesterov ? subtract(multiply(m, args.momentum), step) : m));
    } else {
      variable.assign(subtract(variable.value(), step));
    }
  }

 private:
  Variables momentums_;
};
LAMINA_CLASS(SGD, "keras.optimizers", "Gradient descent, with momentum if given: m = momentum * m - learning_rate * g; w = w + m.", {"sgd"});

}  // namespace
}  // namespace lamina
