#pragma once
#include "optimizers/optimizer.h"

namespace lamina {

// Dynamic loss scaling around another optimizer, against the underflow of float16 gradients (Micikevicius et al., 2018,
// section 3.2). The loss is multiplied by a scale and gradients are divided by it. A step with a gradient that is not
// finite changes no weight and halves the scale; `dynamic_growth_steps` finite steps in a row double it.
class LossScaleOptimizer final : public Optimizer {
 public:
  struct Args {
    OptimizerRef inner_optimizer;
    double initial_scale = 32768;
    int64_t dynamic_growth_steps = 2000;
    std::optional<std::string> name;
    void fields(Fields& f);
  };
  // ValueError without an inner optimizer. Its own loss_scale_factor is turned off.
  explicit LossScaleOptimizer(Args args);

  void build(const Variables& trainable) override;
  void apply(const Tensors& gradients, const Variables& trainable = {}) override;
  void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) override;
  Tensor scale_loss(const Tensor& loss) override;
  void finalize_variable_values(const Variables& trainable) override { inner_->finalize_variable_values(trainable); }

  Tensor learning_rate() const override { return inner_->learning_rate(); }
  void set_learning_rate(const Value& value) override { inner_->set_learning_rate(value); }
  Variable learning_rate_variable() const override { return inner_->learning_rate_variable(); }
  bool has_schedule() const override { return inner_->has_schedule(); }
  const Variable& iterations() const override { return inner_->iterations(); }
  Variables variables() const override;  // iteration, learning_rate, step_counter, dynamic_scale, the inner optimizer's
  std::vector<std::shared_ptr<Optimizer>> wrapped() const override { return {inner_}; }
  std::vector<std::pair<std::string, Value>> tracked() const override { return {{"inner_optimizer", Value(inner_)}}; }

  const std::shared_ptr<Optimizer>& inner_optimizer() const { return inner_; }
  const Variable& step_counter() const {
    return step_counter_;
  }  // int32 scalar: finite steps since the last change; undefined before build()
  const Variable& dynamic_scale() const { return dynamic_scale_; }  // float32 scalar; undefined before build()
  std::string class_name() const override { return "LossScaleOptimizer"; }
  Dict get_config() const override;

 private:
  Args args_of_;
  std::shared_ptr<Optimizer> inner_;
  Variable step_counter_, dynamic_scale_;
};

}  // namespace lamina
