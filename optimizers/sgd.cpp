#include "backends/core/engine.h"
#include "backends/ops/update/update.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

struct SGDArgs {
  static constexpr const char* kClass = "SGD";
  Value learning_rate = 0.01;
  double momentum = 0;
  bool nesterov = false;
  OptimizerArgs base;
  bool slots() const { return momentum != 0; }
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
    if (!(args.momentum >= 0 && args.momentum <= 1))
      throw ValueError("`momentum` must be a float between [0, 1]. Received: momentum=", args.momentum);
  }
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    if (args.momentum != 0) momentums_ = add_slots(variables, "momentum");
  }
  void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) override {
    const bool plain = args.momentum == 0;
    const UpdateRule rule = plain ? UpdateRule::sgd : args.nesterov ? UpdateRule::nesterov : UpdateRule::momentum;
    const Variable states[] = {variable, plain ? Variable() : momentums_[index_of(variable)]};
    const Tensor rest[] = {gradient, learning_rate};
    update_variables(keep_update(update_, rule, {args.momentum}), std::span(states, plain ? 1 : 2), rest);
  }

 private:
  Variables momentums_;
  Op update_;
};
LAMINA_CLASS(
    SGD, "keras.optimizers",
    "Gradient descent, with momentum if given: m = momentum * m - learning_rate * g; w = w + m.", {"sgd"},
    Doc{.raises = "ValueError: if `momentum` is not between 0 and 1.",
        .source = "Sutskever et al., \"On the Importance of Initialization and Momentum in Deep Learning\" (2013).",
        .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.SGD(learning_rate=0.5)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.5, 2.5]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
