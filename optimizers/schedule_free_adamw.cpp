#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "optimizers/optimizer.h"

namespace lamina {
namespace {

using namespace prim;

struct ScheduleFreeAdamWArgs {
  static constexpr const char* kClass = "ScheduleFreeAdamW";
  Value learning_rate = 0.0025;
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8;
  int64_t warmup_steps = 0;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("beta_1", beta_1, "Where the weights lie between the iterate (0) and its average (1).");
    f("beta_2", beta_2, "Decay of the average of squared gradients.");
    f("epsilon", epsilon, "Added to the root, against division by 0.");
    f("warmup_steps", warmup_steps, "Steps over which the learning rate rises from 0.");
    base.fields(f);
  }
};

// z = z - rate g / (sqrt(v) + epsilon); x = the mean of all z; w = (1 - beta_1) z + beta_1 x. The slot "momentum" is z;
// x follows from w and z.
class ScheduleFreeAdamW final : public OptimizerWith<ScheduleFreeAdamWArgs> {
 public:
  using OptimizerWith::OptimizerWith;
  void build(const Variables& variables) override {
    if (built_) return;
    Optimizer::build(variables);
    EagerScope eager;
    for (const Variable& v : variables) {
      bool slots = !v.state().overwrite_with_gradient;
      iterates_.push_back(slots ? add_variable_from_reference(v, "momentum") : Variable());
      velocities_.push_back(slots ? add_variable_from_reference(v, "velocity") : Variable());
      if (slots) iterates_.back().assign(v.state().value);
    }
  }
  void update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) override {
    size_t i = index_of(variable);
    const DType type = variable.dtype();
    Tensor step = local_step(type), rate = learning_rate;
    if (args.warmup_steps > 0)
      rate = multiply(rate, minimum(multiply(step, 1.0 / static_cast<double>(args.warmup_steps)), full({}, 1, type)));
    Tensor v0 = velocities_[i].value(), v = add(v0, multiply(subtract(square(g), v0), 1 - args.beta_2));
    velocities_[i].assign(v);
    Tensor root = sqrt(divide(v, rsub(1, power(full({}, args.beta_2, type), step))));
    Tensor z0 = iterates_[i].value(), z = subtract(z0, divide(multiply(g, rate), add(root, args.epsilon)));
    iterates_[i].assign(z);
    Tensor x = multiply(subtract(variable.value(), multiply(z0, 1 - args.beta_1)), 1 / args.beta_1);
    Tensor share = divide(full({}, 1, type), step);
    x = add(multiply(x, rsub(1, share)), multiply(z, share));
    variable.assign(add(multiply(z, 1 - args.beta_1), multiply(x, args.beta_1)));
  }

 private:
  Variables iterates_, velocities_;
};
LAMINA_CLASS(ScheduleFreeAdamW, "keras.optimizers",
             "AdamW over averaged iterates, without a learning-rate schedule (Defazio et al., 2024, arXiv:2405.15682).",
             {"schedule_free_adam_w", "schedulefreeadamw"},
             Doc{.source = "Defazio et al., \"The Road Less Scheduled\" (2024).", .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.ScheduleFreeAdamW(learning_rate=0.1, warmup_steps=0)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.9000006, 2.0999994]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
