#pragma once
// Optimizer: slots made by build(), and update_step() for one variable; clipping, weight decay, EMA, gradient
// accumulation, loss scaling and the learning rate (a number, a variable or a schedule) live here in the base.
#include "backends/core/variable.h"
#include "serialization/objects/object_config.h"

#include <unordered_map>

namespace lamina {

// step (int64 or float scalar tensor) -> learning rate (scalar tensor).
class LearningRateSchedule : public Object {
 public:
  static constexpr std::string_view kModule = "keras.optimizers.schedules";
  static constexpr std::string_view kKind = "a learning-rate schedule";
  virtual Tensor operator()(const Tensor& step) = 0;
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override { return {}; }
  static std::shared_ptr<LearningRateSchedule> adapt(const ObjectPtr& object);  // a callable without arguments
};
using ScheduleRef = Ref<LearningRateSchedule>;

// The arguments that every optimizer takes, Keras' names and defaults. None is "off".
struct OptimizerArgs {
  Value learning_rate = 0.001;  // a number, a LearningRateSchedule or its config, or a callable
  std::optional<double> weight_decay, clipnorm, clipvalue, global_clipnorm;
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<int64_t> ema_overwrite_frequency;
  std::optional<double> loss_scale_factor;
  std::optional<int64_t> gradient_accumulation_steps;
  std::optional<std::string> name;     // None takes "adam", "adam_1", ... from the class
  void fields(Fields& f);              // all but the learning rate
  void fields_after_decay(Fields& f);  // all but the learning rate and weight_decay
};

// The base of optimizers: schedules, clipping, weight decay, averages, accumulation and files. A class adds its slots
// and one update.
class Optimizer : public Object {
 public:
  static constexpr std::string_view kModule = "keras.optimizers";
  static constexpr std::string_view kKind = "an optimizer";

  explicit Optimizer(OptimizerArgs args, const char* class_name = "Optimizer");

  // Makes the slots for these variables, in Keras' order.
  virtual void build(const Variables& trainable);
  // build(), or what a user's class has in its place, unless it was called before. apply() does so; before a step is
  // traced whose loss is scaled by a variable, the trainer does.
  void ensure_built(const Variables& trainable);
  // One step: clips, decays, updates each variable whose gradient is defined, applies constraints, counts iterations.
  // ValueError if no gradient is defined. Without `trainable` the variables given to build().
  virtual void apply(const Tensors& gradients, const Variables& trainable = {});
  virtual void update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) = 0;
  // Before the update_steps of one step.
  virtual void begin_updates() {}
  // The loss to differentiate (scaled by loss_scale_factor).
  virtual Tensor scale_loss(const Tensor& loss);
  virtual void set_loss_scale_factor(std::optional<double> factor) { args_.loss_scale_factor = factor; }
  // At the end of training: EMA values into the model's variables.
  virtual void finalize_variable_values(const Variables& trainable);

  virtual Tensor learning_rate() const;  // the current value, float32 scalar
  virtual void set_learning_rate(
      const Value& value);  // a number or a schedule; TypeError on a number where a schedule is in use
  virtual Variable learning_rate_variable() const { return learning_rate_; }  // undefined with a schedule
  virtual bool has_schedule() const;
  // Calls of apply(). Accumulated gradients make one update of several.
  virtual const Variable& iterations() const;
  // In Keras' file order: iteration, learning_rate (absent with a schedule), EMA averages, accumulators, slots. A
  // wrapper's own come before those of the optimizers it wraps.
  virtual Variables variables() const { return variables_; }
  // The optimizers that this one wraps.
  virtual std::vector<std::shared_ptr<Optimizer>> wrapped() const { return {}; }
  // The same as Keras' attributes, by which weight files name their places.
  virtual std::vector<std::pair<std::string, Value>> tracked() const { return {}; }
  const Variables& trainable() const { return trainable_; }  // given to build()
  // For slots that a user's class makes itself.
  void track_variable(const Variable& variable) { variables_.push_back(variable); }
  // No weight decay for these variables, and for those whose name contains a match of one of the patterns (regular
  // expressions). ValueError once built.
  void exclude_from_weight_decay(const Variables& variables, const std::vector<std::string>& patterns);
  bool built() const { return built_; }
  const std::string& name() const { return *args_.name; }
  void set_name(std::string name) { args_.name = std::move(name); }

  // The arguments of OptimizerArgs, readable and settable by name. ValueError for use_ema and
  // gradient_accumulation_steps once built, and for values that the constructor refuses.
  Dict arguments() const;
  virtual void set_argument(const std::string& name, const Value& value);

  // The parts of a step, each usable by itself.
  Tensors clip_gradients(Tensors gradients) const;
  void apply_weight_decay(const Variables& variables);
  bool uses_weight_decay(const Variable& variable) const;  // whether it is not excluded
  size_t index_of(const Variable& variable) const;  // among those given to build(); ValueError if it is none of them
  const Variables& averages() const { return averages_; }          // one per variable with use_ema
  const Variables& accumulators() const { return accumulators_; }  // one per variable with gradient_accumulation_steps

  // What a user's class has in place of build() and update_step(), set by bindings: Values carry no variables.
  struct Overrides {
    std::function<void(const Variables&)> build;
    std::function<void(const Tensor&, const Variable&, const Tensor&)> update_step;
  } overrides;
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override;
  static std::shared_ptr<Optimizer> adapt(const ObjectPtr&) { return nullptr; }

 protected:
  Variable add_variable(const Shape& shape, const std::string& name, DType dtype, double initial = 0);
  Variable add_variable_from_reference(const Variable& reference, const std::string& name, double initial = 0);
  // One slot a variable (undefined for those that their gradient overwrites).
  Variables add_slots(const Variables& references, const std::string& name, double initial = 0);
  // The share taken off at each update; nullopt for none. Excluded variables are not asked for.
  virtual std::optional<double> weight_decay_of(const Variable&) const { return args_.weight_decay; }
  // The number of the update under way, from 1, as a scalar of `dtype`. Accumulated gradients make one update a period.
  Tensor local_step(DType dtype) const;

  OptimizerArgs args_;
  Variables variables_, trainable_;
  bool built_ = false;

 private:
  void check(const OptimizerArgs& args) const;
  Tensors overwrite(Tensors gradients, const Variables& variables, const Tensor& due);
  void update(Tensors gradients, const Variables& variables);
  void update_averages();
  Tensor updates_made() const;

  Variable iterations_, learning_rate_;
  std::shared_ptr<LearningRateSchedule> schedule_;
  Variables averages_, accumulators_;
  std::unordered_map<uint64_t, size_t> index_;  // variable id -> place in trainable_
  std::vector<uint64_t> undecayed_;
  std::vector<std::string> undecayed_patterns_;
};
using OptimizerRef = Ref<Optimizer>;

// An optimizer whose arguments are A = { Value learning_rate; own arguments...; OptimizerArgs base; fields(f); } with
// the class's name in A::kClass.
template <class A>
class OptimizerWith : public Configured<Optimizer, A> {
 public:
  explicit OptimizerWith(const A& a = {}) : Configured<Optimizer, A>(a, with_rate(a), A::kClass) {}
  std::string class_name() const override { return A::kClass; }
  void attributes(Fields& f) override { this->args.fields(f); }
  // The class's own arguments too. ValueError once built for those that decide which slots there are (A::slots()).
  void set_argument(const std::string& name, const Value& value) override {
    if (name == "learning_rate" || this->arguments().contains(name)) return Optimizer::set_argument(name, value);
    A& args = this->args;
    A changed = args;
    if (!set_field(class_name(), name, value, [&](Fields& f) { changed.fields(f); }))
      return Optimizer::set_argument(name, value);
    if constexpr (requires { changed.slots(); })
      if (this->built_ && changed.slots() != args.slots())
        throw ValueError(
            "`", name, "` of the optimizer '", this->name(), "' can not become ", value.repr(),
            " after it was built: its variables depend on it. Make a new optimizer, or set it before training.");
    args = std::move(changed);
  }

 private:
  static OptimizerArgs with_rate(const A& a) {
    OptimizerArgs base = a.base;
    base.learning_rate = a.learning_rate;
    return base;
  }
};

}  // namespace lamina
