#pragma once
#include "backends/core/primitive.h"
#include "optimizers/optimizer.h"

namespace lamina {

// Arguments of Adam and AdamW, with Keras' names and defaults.
struct AdamArgs {
  static constexpr const char* kClass = "Adam";
  Value learning_rate = 0.001;
  double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  bool amsgrad = false;
  OptimizerArgs base;
  bool slots() const { return amsgrad; }
  void fields(Fields& f);
};

// Adam and what shares its update (AdamW): exponential averages m of gradients and v of their squares, both corrected
// for starting at 0; w = w - learning_rate * m / (sqrt(v) + epsilon).
template <class A>
class AdamLike : public OptimizerWith<A> {
 public:
  using OptimizerWith<A>::OptimizerWith;
  void build(const Variables& variables) override;
  void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) override;

 private:
  // learning_rate with both corrections: computed for the first variable of a step and kept for the others.
  Tensor step_size(const Tensor& learning_rate);
  struct {
    Tensor learning_rate, iterations, value;
  } step_size_;
  Op update_;
  Variables momentums_, velocities_, largest_;
};

}  // namespace lamina
