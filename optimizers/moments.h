#pragma once
#include "optimizers/optimizer.h"

namespace lamina {

// What relatives of Adam take.
template <class Name>
struct MomentArgs {
  static constexpr const char* kClass = Name::value;
  Value learning_rate = 0.001;
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  OptimizerArgs base;
  void fields(Fields& f) {
    f("learning_rate", learning_rate, "A number, a schedule or a callable.");
    f("beta_1", beta_1, "Decay of the average of gradients.");
    f("beta_2", beta_2, "Decay of the average (or maximum) of their size.");
    f("epsilon", epsilon, "Added to the divisor, against division by 0.");
    base.fields(f);
  }
};

// Two slots per variable, next to each other in files.
template <class A>
class MomentOptimizer : public OptimizerWith<A> {
 public:
  using OptimizerWith<A>::OptimizerWith;

 protected:
  void build_moments(const Variables& variables, const char* first, const char* second) {
    Optimizer::build(variables);
    for (const Variable& v : variables) {
      bool slots = !v.state().overwrite_with_gradient;
      first_.push_back(slots ? this->add_variable_from_reference(v, first) : Variable());
      second_.push_back(slots ? this->add_variable_from_reference(v, second) : Variable());
    }
  }
  Variables first_, second_;
};

}  // namespace lamina
