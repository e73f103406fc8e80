#pragma once
// Optimizer: slots made by build(), and update_step() for one variable; clipping, weight decay, EMA, gradient
// accumulation, loss scaling and the learning rate (a number, a variable or a schedule) live here in the base.
#include <unordered_map>

#include "backends/core/variable.h"
#include "serialization/object_config.h"

namespace lamina {

// step (int64 or float scalar tensor) -> learning rate (scalar tensor).
class LearningRateSchedule : public Object {
 public:
  static constexpr std::string_view kModule = "keras.optimizers.schedules";
  static constexpr std::string_view kKind = "a learning-rate schedule";
  virtual Tensor operator()(const Tensor& step) = 0;
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override { return {}; }
  static std::shared_ptr<LearningRateSchedule> adapt(const ObjectPtr& object);
};

// The arguments that every optimizer takes, Keras' names and defaults. None is "off".
struct OptimizerArgs {
  Value learning_rate = 0.001;  // a number, a LearningRateSchedule or its config, or a callable
  std::optional<double> weight_decay, clipnorm, clipvalue, global_clipnorm;
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<int64_t> ema_overwrite_frequency;
  std::optional<double> loss_scale_factor;
  std::optional<int64_t> gradient_accumulation_steps;
  std::string name;
  void fields(Fields& f);  // all but learning_rate, which every class lists first with its own default
};

class Optimizer : public Object {
 public:
  static constexpr std::string_view kModule = "keras.optimizers";
  static constexpr std::string_view kKind = "an optimizer";

  explicit Optimizer(OptimizerArgs args);

  // Makes the slots for these variables, in Keras' order. Called by apply() if it was not. Classes override build_slots().
  virtual void build(const Variables& trainable);
  virtual void build_slots(const Variables& trainable) {}
  // One step: clips, decays, updates each variable whose gradient is defined, applies constraints, counts iterations.
  // ValueError if no gradient is defined. Without `trainable` the variables given to build().
  void apply(const Tensors& gradients, const Variables& trainable = {});
  virtual void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) = 0;
  // The loss to differentiate (scaled by loss_scale_factor).
  virtual Tensor scale_loss(const Tensor& loss);
  // At the end of training: EMA values into the model's variables.
  virtual void finalize_variable_values(const Variables& trainable);

  Tensor learning_rate() const;                 // the current value, float32 scalar
  void set_learning_rate(const Value& value);   // a number or a schedule; ValueError on a number where a schedule is in use
  bool has_schedule() const { return schedule_ != nullptr; }
  const Variable& iterations() const { return iterations_; }
  void exclude_from_weight_decay(const Variables& list, const std::vector<std::string>& names);  // before build()
  void track_variable(const Variable& v);  // a slot that a user's class made
  const Variables& trainable() const { return trainable_; }
  // In Keras' file order: iteration, learning_rate (absent with a schedule), EMA averages, accumulators, slots.
  const Variables& variables() const { return variables_; }
  bool built() const { return built_; }
  const std::string& name() const { return args_.name; }
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override;
  static std::shared_ptr<Optimizer> adapt(const ObjectPtr&) { return nullptr; }

 protected:
  Variable add_variable(const Shape& shape, const std::string& name, DType dtype, double initial = 0);
  Variable add_variable_from_reference(const Variable& reference, const std::string& name, double initial = 0);
  size_t index_of(const Variable& variable) const;
  virtual void build_hooked(const Variables& trainable) { build(trainable); }

  OptimizerArgs args_;
  Variables variables_, trainable_;
  bool built_ = false;

 private:
  void clip(Tensors& gradients) const;
  bool decays(const Variable& v) const;
  Variable iterations_, rate_;
  std::shared_ptr<LearningRateSchedule> schedule_;
  Variables averages_, accumulators_;
  std::unordered_map<uint64_t, size_t> index_;
  std::vector<std::string> no_decay_paths_, no_decay_names_;
};
using OptimizerRef = Ref<Optimizer>;

}  // namespace lamina
