#include "optimizers/adam.h"

#include "backends/ops/primitives.h"

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
void AdamLike<A>::update_step(const Tensor& g, const Variable& variable, const Tensor& learning_rate) {
  const A& a = this->args;
  size_t i = this->index_of(variable);
  Tensor step = this->local_step(variable.dtype());
  auto rest = [&](double beta) { return rsub(1, power(full({}, beta, step.dtype()), step)); };  // 1 - beta^step
  Tensor alpha = divide(multiply(learning_rate, sqrt(rest(a.beta_2))), rest(a.beta_1));
  Tensor m0 = momentums_[i].value(), v0 = velocities_[i].value();
  Tensor m = add(m0, multiply(subtract(g, m0), 1 - a.beta_1));
  Tensor v = add(v0, multiply(subtract(square(g), v0), 1 - a.beta_2));
  momentums_[i].assign(m);
  velocities_[i].assign(v);
  if (a.amsgrad) {
    v = maximum(largest_[i].value(), v);
    largest_[i].assign(v);
  }
  variable.assign(subtract(variable.value(), divide(multiply(m, alpha), add(sqrt(v), a.epsilon))));
}

namespace {

class Adam final : public AdamLike<AdamArgs> {
 public:
  using AdamLike::AdamLike;
};
LAMINA_CLASS(Adam, "keras.optimizers", "Steps scaled by averages of gradients and their squares (Kingma and Ba, 2014).", {"adam"});

struct AdamWArgs : AdamArgs {
  static constexpr const char* kClass = "AdamW";
  AdamWArgs() { base.weight_decay = 0.004; }
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
    if (!args.base.weight_decay) throw ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None");
  }
};
LAMINA_CLASS(AdamW, "keras.optimizers", "Adam with decoupled weight decay (Loshchilov and Hutter, 2019).", {"adamw"});

}  // namespace
}  // namespace lamina
