#include "optimizers/adam.h"

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/update/update.h"

namespace lamina {

using namespace prim;

void AdamArgs::fields(Fields& f) {
  f("learning_rate", learning_rate, "A number, a schedule or a callable.");
  f("beta_1", beta_1, "Decay of the average of gradients.");
  f("beta_2", beta_2, "Decay of the average of squared gradients.");
  f("epsilon", epsilon, "Added to the root, against division by 0.");
  f("amsgrad", amsgrad, "Whether to divide by the largest average so far (Reddi et al., 2018).");
  base.fields(f);
}

template <class A>
void AdamLike<A>::build(const Variables& variables) {
  if (this->built_) return;
  Optimizer::build(variables);
  for (const Variable& v : variables) {  // both of a variable together, the order of Keras' files
    bool slots = !v.state().overwrite_with_gradient;
    momentums_.push_back(slots ? this->add_variable_from_reference(v, "momentum") : Variable());
    velocities_.push_back(slots ? this->add_variable_from_reference(v, "velocity") : Variable());
  }
  if (this->args.amsgrad) largest_ = this->add_slots(variables, "velocity_hat");
}

template <class A>
Tensor AdamLike<A>::step_size(const Tensor& learning_rate) {
  const A& a = this->args;
  auto& kept = step_size_;
  Tensor iterations = this->iterations().value();
  if (kept.learning_rate.pointer() == learning_rate.pointer() && kept.iterations.pointer() == iterations.pointer())
    return kept.value;
  Tensor step = this->local_step(learning_rate.dtype());
  auto rest = [&](double beta) { return rsub(1, power(full({}, beta, step.dtype()), step)); };  // 1 - beta^step
  kept = {learning_rate, iterations, divide(multiply(learning_rate, sqrt(rest(a.beta_2))), rest(a.beta_1))};
  return kept.value;
}

template <class A>
void AdamLike<A>::update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) {
  const A& a = this->args;
  const size_t i = this->index_of(variable);
  const Variable states[] = {variable, momentums_[i], velocities_[i], a.amsgrad ? largest_[i] : Variable()};
  const Tensor rest[] = {g, step_size(learning_rate)};
  const Op& op =
      keep_update(update_, a.amsgrad ? UpdateRule::adam_largest : UpdateRule::adam, {a.beta_1, a.beta_2, a.epsilon});
  update_variables(op, std::span(states, a.amsgrad ? 4 : 3), rest);
}

namespace {

class Adam final : public AdamLike<AdamArgs> {
 public:
  using AdamLike::AdamLike;
};
LAMINA_CLASS(
    Adam, "keras.optimizers", "Steps scaled by averages of gradients and their squares (Kingma and Ba, 2014).",
    {"adam"},
    Doc{.source =
            "Kingma and Ba, \"Adam: A Method for Stochastic Optimization\" (2015); with `amsgrad` Reddi et al. (2018).",
        .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.Adam(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.900001, 2.099999]], dtype=float32))py"});

struct AdamWArgs : AdamArgs {
  static constexpr const char* kClass = "AdamW";
  AdamWArgs() { base.weight_decay = 0.004; }
  bool slots() const { return amsgrad; }
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("weight_decay", base.weight_decay, "Share of a variable, times the learning rate, taken off before each update.");
    f("beta_1", beta_1, "Decay of the average of gradients.");
    f("beta_2", beta_2, "Decay of the average of squared gradients.");
    f("epsilon", epsilon, "Added to the root, against division by 0.");
    f("amsgrad", amsgrad, "Whether to divide by the largest average so far.");
    base.fields_after_decay(f);
  }
};
class AdamW final : public AdamLike<AdamWArgs> {
 public:
  explicit AdamW(AdamWArgs a) : AdamLike(std::move(a)) {
    if (!args.base.weight_decay)
      throw ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None");
  }
};
LAMINA_CLASS(AdamW, "keras.optimizers", "Adam with decoupled weight decay (Loshchilov and Hutter, 2019).", {"adamw"},
             Doc{.raises = "ValueError: if `weight_decay` is None.",
                 .source = "Loshchilov and Hutter, \"Decoupled Weight Decay Regularization\" (2019).",
                 .example = R"py(
>>> variable = keras.Variable([[1.0, 2.0]])
>>> optimizer = keras.optimizers.AdamW(learning_rate=0.1)
>>> optimizer.apply([keras.ops.array([[1.0, -1.0]])], [variable])
>>> variable.numpy()
array([[0.899601, 2.099199]], dtype=float32))py"});

}  // namespace
}  // namespace lamina
