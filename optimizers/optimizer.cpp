#include "optimizers/optimizer.h"

#include <regex>

#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "layers/constraints/constraint.h"
#include "layers/layer.h"

namespace lamina {

namespace {

using namespace prim;

class CallableSchedule final : public LearningRateSchedule {
 public:
  explicit CallableSchedule(std::shared_ptr<Callable> f) : function_(std::move(f)) {}
  Tensor operator()(const Tensor&) override {
    Value rate = function_->call({});
    return rate.is_tensor() ? cast(rate.as_tensor(), settings().floatx())
                            : full({}, rate.as_number(), settings().floatx());
  }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }
  const std::shared_ptr<Callable>& function() const { return function_; }

 private:
  std::shared_ptr<Callable> function_;
};

Tensor every(const Tensor& iterations, int64_t period) {  // whether this step is the period's last
  Tensor p = full({}, static_cast<double>(period), iterations.dtype());
  return binary(Binary::equal, binary(Binary::mod, add(iterations, 1.0), p), full({}, 0, iterations.dtype()));
}

Tensor norm_squared(const Tensor& g) { return reduce_all(Reduce::sum, square(g)); }

}  // namespace

std::shared_ptr<LearningRateSchedule> LearningRateSchedule::adapt(const ObjectPtr& object) {
  if (auto f = std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<CallableSchedule>(std::move(f));
  return nullptr;
}

void OptimizerArgs::fields(Fields& f) {
  f("weight_decay", weight_decay, "Share of a variable, times the learning rate, taken off before each update.");
  fields_after_decay(f);
}

void OptimizerArgs::fields_after_decay(Fields& f) {
  f("clipnorm", clipnorm, "The largest norm of each gradient.");
  f("clipvalue", clipvalue, "The largest absolute value of gradients' elements.");
  f("global_clipnorm", global_clipnorm, "The largest norm of all gradients together.");
  f("use_ema", use_ema,
    "Keep an exponential moving average of the variables, which replaces them at the end of training.");
  f("ema_momentum", ema_momentum, "The share of the old average in the new.");
  f("ema_overwrite_frequency", ema_overwrite_frequency, "Replace the variables by their averages every so many steps.");
  f("loss_scale_factor", loss_scale_factor, "The loss is multiplied and gradients are divided by it.");
  f("gradient_accumulation_steps", gradient_accumulation_steps,
    "Update once in so many steps, with the mean of their gradients.");
  f("name", name, "The optimizer's name.");
}

Optimizer::Optimizer(OptimizerArgs args, const char* class_name) : args_(std::move(args)) {
  check(args_);
  if (!args_.name || args_.name->empty()) args_.name = auto_name(snake_case(class_name));
  EagerScope eager;
  iterations_ = add_variable({}, "iteration", DType::int32);
  const Value& rate = args_.learning_rate;
  if (rate.is_number()) {
    learning_rate_ = add_variable({}, "learning_rate", settings().floatx(), rate.as_number());
  } else if (rate.is_object() || is_serialized_object(rate)) {
    schedule_ = ScheduleRef::from(rate).pointer();
  } else {
    throw ValueError(
        "Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a callable (that takes "
        "in the current iteration value and returns the "
        "corresponding learning rate value). Received instead: learning_rate=",
        rate.repr());
  }
}

void Optimizer::check(const OptimizerArgs& a) const {
  if (a.gradient_accumulation_steps && *a.gradient_accumulation_steps != 0 && *a.gradient_accumulation_steps < 2)
    throw ValueError("`gradient_accumulation_steps` must be an integer >= 2. Received: gradient_accumulation_steps=",
                     *a.gradient_accumulation_steps);
  if (a.use_ema && !(a.ema_momentum >= 0 && a.ema_momentum <= 1))
    throw ValueError("`ema_momentum` must be in the range [0, 1]. Received: ema_momentum=", a.ema_momentum);
  if (a.use_ema && a.ema_overwrite_frequency && *a.ema_overwrite_frequency < 1)
    throw ValueError("`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency=",
                     *a.ema_overwrite_frequency);
  if (a.clipnorm.has_value() + a.clipvalue.has_value() + a.global_clipnorm.has_value() > 1)
    throw ValueError("Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: clipnorm=",
                     to_value(a.clipnorm).repr(), ", clipvalue=", to_value(a.clipvalue).repr(),
                     ", global_clipnorm=", to_value(a.global_clipnorm).repr());
}

// ---- variables ----

Variable Optimizer::add_variable(const Shape& shape, const std::string& name, DType dtype, double initial) {
  EagerScope eager;
  Variable v(full(shape, initial, dtype), {.name = name, .trainable = false, .autocast = false});
  v.state().path = this->name() + "/" + name;
  variables_.push_back(v);
  return v;
}

Variable Optimizer::add_variable_from_reference(const Variable& reference, const std::string& name, double initial) {
  std::string path = reference.path();
  std::replace(path.begin(), path.end(), '/', '_');
  return add_variable(reference.shape(), path + "_" + name, reference.dtype(), initial);
}

Variables Optimizer::add_slots(const Variables& references, const std::string& name, double initial) {
  Variables out;
  for (const Variable& v : references)
    out.push_back(v.state().overwrite_with_gradient ? Variable() : add_variable_from_reference(v, name, initial));
  return out;
}

Dict Optimizer::arguments() const {
  Dict out;
  write_fields(out, args_);
  return out;
}

void Optimizer::set_argument(const std::string& name, const Value& value) {
  if (built_ && (name == "use_ema" || name == "gradient_accumulation_steps"))
    throw ValueError("`", name, "` of the optimizer '", this->name(),
                     "' can only be set before it is built: its variables depend on it.");
  OptimizerArgs changed = args_;
  read_fields(class_name(), {{name, value}}, [&](Fields& f) { changed.fields(f); });
  check(changed);
  if (name == "loss_scale_factor")
    set_loss_scale_factor(changed.loss_scale_factor);
  else
    args_ = std::move(changed);
}

void Optimizer::ensure_built(const Variables& trainable) {
  if (built_) return;
  NameScope scope(name());
  if (overrides.build)
    overrides.build(trainable);
  else
    build(trainable);
}

void Optimizer::build(const Variables& trainable) {
  if (built_) return;
  EagerScope eager;
  if (args_.use_ema)
    for (const Variable& v : trainable) {
      averages_.push_back(v.state().overwrite_with_gradient ? Variable() : add_variable_from_reference(v, "average"));
    }
  if (args_.gradient_accumulation_steps.value_or(0))
    for (const Variable& v : trainable) accumulators_.push_back(add_variable_from_reference(v, "gradient_accumulator"));
  trainable_ = trainable;
  for (size_t i = 0; i < trainable.size(); ++i) index_[trainable[i].state().id] = i;
  built_ = true;
}

size_t Optimizer::index_of(const Variable& v) const {
  auto found = index_.find(v.state().id);
  if (found == index_.end())
    throw ValueError("Unknown variable: ", v.path(),
                     ". This optimizer can only be called for the variables it was originally built with. When working "
                     "with a new set of variables, "
                     "you should recreate a new optimizer instance.");
  return found->second;
}

Tensor Optimizer::updates_made() const {
  const int64_t period = args_.gradient_accumulation_steps.value_or(0);
  Tensor steps = iterations_.value();
  return period ? binary(Binary::floor_divide, steps, full({}, static_cast<double>(period), steps.dtype())) : steps;
}
Tensor Optimizer::local_step(DType dtype) const { return add(cast(updates_made(), dtype), 1.0); }
const Variable& Optimizer::iterations() const { return iterations_; }

// ---- the learning rate ----

bool Optimizer::has_schedule() const { return schedule_ != nullptr; }

Tensor Optimizer::learning_rate() const {
  if (!schedule_) return learning_rate_.value();
  if (schedule_->overrides(Method::call_operator))
    return value_to<Operand>(schedule_->user_class->call(Method::call_operator, {iterations_.value()}, {}))
        .as(settings().floatx());
  return (*schedule_)(iterations_.value());
}

void Optimizer::set_learning_rate(const Value& value) {
  if (value.is_number() || value.is_tensor()) {
    if (schedule_)
      throw TypeError(
          "This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` constructor "
          "argument, hence its learning rate is not settable. If you need "
          "the learning rate to be settable, you should instantiate the optimizer with a float `learning_rate` "
          "argument.");
    learning_rate_.assign(value.is_tensor() ? value.as_tensor() : full({}, value.as_number(), learning_rate_.dtype()));
    return;
  }
  schedule_ = ScheduleRef::from(value).pointer();
  if (!schedule_)
    throw ValueError("The learning rate must be a number, a LearningRateSchedule or a callable, received None.");
  std::erase_if(variables_, [&](const Variable& v) { return learning_rate_.defined() && v.same(learning_rate_); });
  learning_rate_ = {};
}

// ---- a step ----

Tensor Optimizer::scale_loss(const Tensor& loss) {
  return args_.loss_scale_factor ? multiply(loss, *args_.loss_scale_factor) : loss;
}

void Optimizer::apply(const Tensors& gradients, const Variables& trainable) {
  if (gradients.empty()) return;
  if (!trainable.empty()) ensure_built(trainable);
  if (!built_)
    throw ValueError(
        "When passing `grads` without `variables`, the optimizer must already be built on a list of variables. Call "
        "`optimizer.build(trainable_variables)` first. ");
  const Variables& given = trainable.empty() ? trainable_ : trainable;
  if (gradients.size() != given.size())
    throw ValueError(
        "When passing `grads` as a list of gradient tensors, the gradients must match `optimizer.variables` "
        "one-to-one. Received a list of ",
        gradients.size(), " gradients, but the optimizer is tracking ", given.size(), " trainable variables.");
  for (const Variable& v : given) index_of(v);
  Tensors grads;
  Variables variables;
  std::vector<std::string> missing;
  for (size_t i = 0; i < given.size(); ++i) {
    if (gradients[i].defined())
      grads.push_back(gradients[i]), variables.push_back(given[i]);
    else
      missing.push_back(given[i].path());
  }
  if (grads.empty()) throw ValueError("No gradients provided for any variable.");
  if (!missing.empty())
    warn(text("Gradients do not exist for variables ", missing,
              " when minimizing the loss. If using `model.compile()`, did you forget to provide a `loss` argument?"));

  AutocastScope off(std::nullopt);
  const int64_t period = args_.gradient_accumulation_steps.value_or(0);
  Tensor due = period ? every(iterations_.value(), period) : Tensor();
  grads = overwrite(std::move(grads), variables, due);
  std::erase_if(variables, [](const Variable& v) { return v.state().overwrite_with_gradient; });
  if (!grads.empty()) {
    if (args_.loss_scale_factor)
      for (Tensor& g : grads) g = multiply(g, 1 / *args_.loss_scale_factor);
    if (!period) {
      update(std::move(grads), variables);
    } else {
      // The update is computed on every step and kept on the period's last: a step has no branches.
      Variables kept = trainable_;
      for (const Variable& v : variables_)
        if (!v.same(iterations_) && !(learning_rate_.defined() && v.same(learning_rate_))) kept.push_back(v);
      Tensors before, totals;
      for (const Variable& v : kept) before.push_back(v.value());
      Tensors means;
      for (size_t i = 0; i < grads.size(); ++i) {
        totals.push_back(add(accumulators_[index_of(variables[i])].value(), cast(grads[i], variables[i].dtype())));
        means.push_back(multiply(totals.back(), 1.0 / static_cast<double>(period)));
      }
      update(std::move(means), variables);
      for (size_t i = 0; i < kept.size(); ++i) kept[i].assign(where(due, kept[i].value(), before[i]));
      for (size_t i = 0; i < totals.size(); ++i)
        accumulators_[index_of(variables[i])].assign(where(due, full({}, 0, totals[i].dtype()), totals[i]));
    }
    if (args_.use_ema) update_averages();
    for (const Variable& v : variables)
      if (auto constraint = std::dynamic_pointer_cast<Constraint>(v.state().constraint))
        v.assign((*constraint)(v.value()));
  }
  iterations_.assign_add(full({}, 1, iterations_.dtype()));
}

// Variables that take their gradient as the new value (fp8 scales and the like). Gives the other gradients.
Tensors Optimizer::overwrite(Tensors gradients, const Variables& variables, const Tensor& due) {
  Tensors rest;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Variable& v = variables[i];
    if (!v.state().overwrite_with_gradient) {
      rest.push_back(gradients[i]);
      continue;
    }
    Tensor g = cast(gradients[i], v.dtype());
    if (due.defined()) {
      const Variable& acc = accumulators_[index_of(v)];
      Tensor largest = maximum(g, acc.value());
      v.assign(where(due, largest, v.value()));
      acc.assign(where(due, full({}, 0, g.dtype()), largest));
    } else {
      v.assign(g);
    }
  }
  return rest;
}

Tensors Optimizer::clip_gradients(Tensors gradients) const {
  auto limit = [](const Tensor& norm, double most) {  // what to multiply by so that the norm is at most `most`
    Tensor bound = full({}, most, norm.dtype());
    return divide(bound, maximum(norm, bound));
  };
  if (args_.clipnorm.value_or(0) > 0) {
    for (Tensor& g : gradients) g = multiply(g, limit(sqrt(norm_squared(g)), *args_.clipnorm));
  } else if (args_.global_clipnorm.value_or(0) > 0) {
    Tensor total;
    for (const Tensor& g : gradients) {
      Tensor n = norm_squared(g);
      total = total.defined() ? add(total, cast(n, total.dtype())) : n;
    }
    Tensor factor = limit(sqrt(total), *args_.global_clipnorm);
    for (Tensor& g : gradients) g = multiply(g, cast(factor, g.dtype()));
  } else if (args_.clipvalue.value_or(0) > 0) {
    for (Tensor& g : gradients)
      g = minimum(maximum(g, full({}, -*args_.clipvalue, g.dtype())), full({}, *args_.clipvalue, g.dtype()));
  }
  return gradients;
}

bool Optimizer::uses_weight_decay(const Variable& v) const {
  if (std::find(undecayed_.begin(), undecayed_.end(), v.state().id) != undecayed_.end()) return false;
  for (const std::string& pattern : undecayed_patterns_)
    if (std::regex_search(v.name(), std::regex(pattern))) return false;
  return true;
}

void Optimizer::exclude_from_weight_decay(const Variables& variables, const std::vector<std::string>& patterns) {
  if (built_) throw ValueError("`exclude_from_weight_decay()` can only be configured before the optimizer is built.");
  undecayed_.clear();
  for (const Variable& v : variables) undecayed_.push_back(v.state().id);
  undecayed_patterns_ = patterns;
}

void Optimizer::apply_weight_decay(const Variables& variables) {
  Tensor rate;
  for (const Variable& v : variables) {
    std::optional<double> share = weight_decay_of(v);
    if (!share || !uses_weight_decay(v)) continue;
    if (!rate.defined()) rate = learning_rate();
    Tensor keep = rsub(1, multiply(cast(rate, v.dtype()), *share));
    v.assign(multiply(v.value(), keep));
  }
}

void Optimizer::update(Tensors gradients, const Variables& variables) {
  gradients = clip_gradients(std::move(gradients));
  apply_weight_decay(variables);
  Tensor rate = learning_rate();
  begin_updates();
  for (size_t i = 0; i < variables.size(); ++i) {
    const Variable& v = variables[i];
    Tensor gradient = cast(gradients[i], v.dtype()), step_size = cast(rate, v.dtype());
    if (overrides.update_step)
      overrides.update_step(gradient, v, step_size);
    else
      update_step(gradient, v, step_size);
  }
}

void Optimizer::update_averages() {
  Tensor made = updates_made(), started = binary(Binary::not_equal, made, full({}, 0, made.dtype()));
  Tensor overwrite_now = args_.ema_overwrite_frequency ? every(made, *args_.ema_overwrite_frequency) : Tensor();
  for (size_t i = 0; i < trainable_.size(); ++i) {
    if (!averages_[i].defined()) continue;
    const Variable& v = trainable_[i];
    Tensor momentum = multiply(cast(started, v.dtype()), args_.ema_momentum), now = v.value();
    Tensor average = add(multiply(averages_[i].value(), momentum), multiply(now, rsub(1, momentum)));
    averages_[i].assign(average);
    if (overwrite_now.defined()) v.assign(where(overwrite_now, average, now));
  }
}

void Optimizer::finalize_variable_values(const Variables& trainable) {
  if (!args_.use_ema) return;
  if (trainable.size() != averages_.size())
    throw ValueError("The length of model variables (", trainable.size(),
                     ") to override does not match the length of model variables stored in the optimizer (",
                     averages_.size(), "). Please check if the optimizer was called on your model.");
  for (size_t i = 0; i < trainable.size(); ++i)
    if (averages_[i].defined()) trainable[i].assign(averages_[i].value());
}

Dict Optimizer::get_config() const {
  Value rate;
  if (learning_rate_.defined())
    rate = learning_rate_.state().value.item();
  else if (auto* wrapped = dynamic_cast<CallableSchedule*>(schedule_.get()))
    rate = serialize_object(wrapped->function());
  else
    rate = serialize_object(schedule_);
  return {{"name", name()},
          {"learning_rate", rate},
          {"weight_decay", to_value(args_.weight_decay)},
          {"clipnorm", to_value(args_.clipnorm)},
          {"global_clipnorm", to_value(args_.global_clipnorm)},
          {"clipvalue", to_value(args_.clipvalue)},
          {"use_ema", args_.use_ema},
          {"ema_momentum", args_.ema_momentum},
          {"ema_overwrite_frequency", to_value(args_.ema_overwrite_frequency)},
          {"loss_scale_factor", to_value(args_.loss_scale_factor)},
          {"gradient_accumulation_steps", to_value(args_.gradient_accumulation_steps)}};
}

}  // namespace lamina
