#include "optimizers/optimizer.h"

#include "layers/layer.h"

#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "layers/constraints/constraint.h"
#include "layers/operation.h"

namespace lamina {

namespace {
class CallableSchedule final : public LearningRateSchedule {
 public:
  explicit CallableSchedule(ObjectPtr f) : function_(std::move(f)) {}
  Tensor operator()(const Tensor&) override { return value_to<Operand>(std::static_pointer_cast<Callable>(function_)->call({})).as(DType::float32); }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  Dict get_config() const override { return function_->get_config(); }

 private:
  ObjectPtr function_;
};
}  // namespace

std::shared_ptr<LearningRateSchedule> LearningRateSchedule::adapt(const ObjectPtr& object) {
  if (std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<CallableSchedule>(object);
  return nullptr;
}

void OptimizerArgs::fields(Fields& f) {
  f("weight_decay", weight_decay, "Decoupled weight decay: each step shrinks weights by learning_rate * weight_decay.");
  f("clipnorm", clipnorm, "Largest norm of each gradient.");
  f("clipvalue", clipvalue, "Largest magnitude of gradient elements.");
  f("global_clipnorm", global_clipnorm, "Largest norm of all gradients together.");
  f("use_ema", use_ema, "Whether to keep an exponential moving average of the weights.");
  f("ema_momentum", ema_momentum, "Its momentum.");
  f("ema_overwrite_frequency", ema_overwrite_frequency, "Steps between overwriting weights with their average; None: at the end of training.");
  f("loss_scale_factor", loss_scale_factor, "The loss is multiplied by it, gradients divided.");
  f("gradient_accumulation_steps", gradient_accumulation_steps, "Steps whose gradients are averaged before an update.");
  f("name", name, "Name of the optimizer.");
}

Optimizer::Optimizer(OptimizerArgs args) : args_(std::move(args)) {
  int clips = !!args_.clipnorm + !!args_.clipvalue + !!args_.global_clipnorm;
  if (clips > 1)
    throw ValueError("Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: clipnorm=", Value(args_.clipnorm), ", clipvalue=", Value(args_.clipvalue), ", global_clipnorm=", Value(args_.global_clipnorm));
  for (auto [v, name] : {std::pair{args_.clipnorm, "clipnorm"}, {args_.clipvalue, "clipvalue"}, {args_.global_clipnorm, "global_clipnorm"}})
    if (v && *v < 0) throw ValueError("`", name, "` must be non-negative, received ", *v, ".");
  if (args_.use_ema && (args_.ema_momentum > 1 || args_.ema_momentum < 0)) throw ValueError("`ema_momentum` must be in the range [0, 1]. Received: ema_momentum=", args_.ema_momentum);
  if (args_.use_ema && args_.ema_overwrite_frequency && *args_.ema_overwrite_frequency < 1) throw ValueError("`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency=", *args_.ema_overwrite_frequency);
  if (args_.gradient_accumulation_steps && *args_.gradient_accumulation_steps < 2) throw ValueError("`gradient_accumulation_steps` must be an integer >= 2. Received: gradient_accumulation_steps=", *args_.gradient_accumulation_steps);
  EagerScope eager;
  iterations_ = Variable(Tensor::scalar<int32_t>(0), {.name = "iteration", .trainable = false, .autocast = false});
  variables_ = {iterations_};
  const Value& lr = args_.learning_rate;
  if (lr.is_number() || lr.is_tensor()) {
    rate_ = Variable(Tensor::scalar(static_cast<float>(lr.as_number())), {.name = "learning_rate", .trainable = false, .autocast = false});
    variables_.push_back(rate_);
  } else {
    schedule_ = Ref<LearningRateSchedule>::from(lr).pointer();
    if (!schedule_) throw ValueError("Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a callable. Received: learning_rate=", lr.repr());
  }
}

Variable Optimizer::add_variable(const Shape& shape, const std::string& name, DType dtype, double initial) {
  EagerScope eager;
  Variable v(prim::full(shape, initial, dtype), {.name = name, .trainable = false, .autocast = false});
  v.state().path = args_.name.empty() ? name : args_.name + "/" + name;
  variables_.push_back(v);
  return v;
}

Variable Optimizer::add_variable_from_reference(const Variable& reference, const std::string& name, double initial) {
  std::string path = reference.path();
  std::replace(path.begin(), path.end(), '/', '_');
  return add_variable(reference.shape(), path + "_" + name, reference.dtype(), initial);
}

void Optimizer::track_variable(const Variable& v) { variables_.push_back(v); }

size_t Optimizer::index_of(const Variable& variable) const {
  auto found = index_.find(variable.state().id);
  if (found == index_.end())
    throw ValueError("Unknown variable: ", variable.path(), ". This optimizer can only be called for the variables it was originally built with. When working with a new set of variables, you should recreate a new optimizer instance.");
  return found->second;
}

void Optimizer::build(const Variables& trainable) {
  if (built_) return;
  EagerScope eager;
  AutocastScope off(std::nullopt);
  trainable_ = trainable;
  for (size_t i = 0; i < trainable.size(); ++i) index_[trainable[i].state().id] = i;
  if (args_.use_ema)
    for (const Variable& v : trainable) averages_.push_back(add_variable_from_reference(v, "average"));
  if (args_.gradient_accumulation_steps)
    for (const Variable& v : trainable) accumulators_.push_back(add_variable_from_reference(v, "gradient_accumulator"));
  build_slots(trainable);
  built_ = true;
}

Tensor Optimizer::scale_loss(const Tensor& loss) { return args_.loss_scale_factor ? prim::multiply(loss, *args_.loss_scale_factor) : loss; }

Tensor Optimizer::learning_rate() const {
  if (schedule_) return schedule_->hooked("__call__") ? value_to<Operand>(schedule_->hook->invoke("__call__", {iterations_.value()}, {})).as(DType::float32) : (*schedule_)(iterations_.value());
  return rate_.value();
}

void Optimizer::set_learning_rate(const Value& value) {
  if (value.is_number() || value.is_tensor()) {
    if (schedule_)
      throw TypeError("This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` constructor argument, hence its learning rate is not settable. If you need the learning rate to be settable, you should instantiate the optimizer with a float `learning_rate` argument.");
    rate_.assign(value_to<Operand>(value).as(DType::float32));
    return;
  }
  if (!schedule_) std::erase_if(variables_, [&](const Variable& v) { return v.same(rate_); });
  schedule_ = Ref<LearningRateSchedule>::from(value).pointer();
}

void Optimizer::apply(const Tensors& given, const Variables& trainable) {
  AutocastScope off(std::nullopt);
  Variables variables = trainable.empty() ? trainable_ : trainable;
  if (given.size() != variables.size()) throw ValueError("Expected one gradient a variable: received ", given.size(), " gradients for ", variables.size(), " variables.");
  if (!built_) {
    NameScope scope(args_.name.empty() ? "optimizer" : args_.name);
    if (hooked("build")) build_hooked(variables);
    else build(variables);
  }
  Tensors grads;
  Variables updated;
  for (size_t i = 0; i < given.size(); ++i) {
    if (!given[i].defined()) continue;
    index_of(variables[i]);
    if (variables[i].state().overwrite_with_gradient) {
      variables[i].assign(given[i]);
      continue;
    }
    grads.push_back(prim::cast(given[i], variables[i].dtype()));
    updated.push_back(variables[i]);
  }
  if (updated.empty() && !given.empty()) throw ValueError("No gradients provided for any variable: the loss does not depend on the trainable variables.");
  if (args_.loss_scale_factor)
    for (Tensor& g : grads) g = prim::multiply(g, 1.0 / *args_.loss_scale_factor);
  Tensor step = prim::full({}, 1, DType::boolean);
  bool conditional = args_.gradient_accumulation_steps.has_value();
  Variables touched;
  Tensors before;
  if (conditional) {
    // The update happens every n-th call; the others keep everything but the accumulators and the counter.
    double n = static_cast<double>(*args_.gradient_accumulation_steps);
    Tensor count = prim::cast(iterations_.value(), DType::float32);
    Tensor place = prim::binary(Binary::mod, prim::add(count, 1.0), prim::full({}, n, DType::float32));
    step = prim::binary(Binary::equal, place, prim::full({}, 0, DType::float32));
    for (size_t i = 0; i < grads.size(); ++i) {
      const Variable& acc = accumulators_[index_of(updated[i])];
      Tensor sum = prim::add(acc.value(), grads[i]);
      grads[i] = prim::multiply(sum, 1.0 / n);
      acc.assign(prim::where(step, prim::full({}, 0, sum.dtype()), sum));
    }
    touched = updated;
    for (const Variable& v : variables_)
      if (!v.same(iterations_) && !v.same(rate_) && std::none_of(accumulators_.begin(), accumulators_.end(), [&](const Variable& a) { return a.same(v); })) touched.push_back(v);
    for (const Variable& v : touched) before.push_back(v.value());
  }
  clip(grads);
  Tensor rate = learning_rate();
  if (args_.weight_decay && *args_.weight_decay != 0) {
    for (const Variable& v : updated)
      if (decays(v)) v.assign(prim::subtract(v.value(), prim::multiply(v.value(), prim::cast(prim::multiply(rate, *args_.weight_decay), v.dtype()))));
  }
  for (size_t i = 0; i < grads.size(); ++i) update_step(grads[i], updated[i], rate);
  if (args_.use_ema) {
    // The first step starts the average at the weights themselves.
    Tensor first = prim::binary(Binary::equal, iterations_.value(), prim::full({}, 0, DType::int32));
    for (const Variable& v : updated) {
      const Variable& average = averages_[index_of(v)];
      Tensor momentum = prim::where(first, prim::full({}, 0, v.dtype()), prim::full({}, args_.ema_momentum, v.dtype()));
      average.assign(prim::add(prim::multiply(average.value(), momentum), prim::multiply(v.value(), prim::rsub(1.0, momentum))));
    }
    if (args_.ema_overwrite_frequency) {
      Tensor n = prim::full({}, static_cast<double>(*args_.ema_overwrite_frequency), DType::int32);
      Tensor now = prim::binary(Binary::equal, prim::binary(Binary::mod, prim::add(iterations_.value(), 1.0), n), prim::full({}, 0, DType::int32));
      for (const Variable& v : updated) v.assign(prim::where(now, averages_[index_of(v)].value(), v.value()));
    }
  }
  for (const Variable& v : updated)
    if (auto constraint = std::dynamic_pointer_cast<Constraint>(v.state().constraint)) v.assign((*constraint)(v.value()));
  for (size_t i = 0; i < touched.size(); ++i) touched[i].assign(prim::where(step, touched[i].value(), before[i]));
  iterations_.assign_add(prim::full({}, 1, DType::int32));
}

bool Optimizer::decays(const Variable& v) const {
  for (const auto& path : no_decay_paths_)
    if (v.path() == path) return false;
  for (const auto& name : no_decay_names_)
    if (v.path().find(name) != std::string::npos) return false;
  return true;
}

void Optimizer::exclude_from_weight_decay(const Variables& list, const std::vector<std::string>& names) {
  if (built_) throw ValueError("`exclude_from_weight_decay()` can only be configured before the optimizer is built.");
  for (const Variable& v : list) no_decay_paths_.push_back(v.path());
  no_decay_names_.insert(no_decay_names_.end(), names.begin(), names.end());
}

void Optimizer::clip(Tensors& grads) const {
  auto norm_factor = [](const Tensor& square_sum, double limit, DType dtype) {
    // min(1, limit / norm), without dividing by a zero norm
    Tensor norm = prim::sqrt(square_sum);
    Tensor bound = prim::full({}, limit, dtype);
    return prim::divide(bound, prim::maximum(norm, bound));
  };
  if (args_.clipnorm && *args_.clipnorm > 0) {
    for (Tensor& g : grads) g = prim::multiply(g, norm_factor(prim::reduce_all(Reduce::sum, prim::square(g)), *args_.clipnorm, g.dtype()));
  } else if (args_.global_clipnorm && *args_.global_clipnorm > 0 && !grads.empty()) {
    Tensor total;
    for (const Tensor& g : grads) {
      Tensor part = prim::cast(prim::reduce_all(Reduce::sum, prim::square(g)), grads[0].dtype());
      total = total.defined() ? prim::add(total, part) : part;
    }
    Tensor factor = norm_factor(total, *args_.global_clipnorm, grads[0].dtype());
    for (Tensor& g : grads) g = prim::multiply(g, prim::cast(factor, g.dtype()));
  } else if (args_.clipvalue && *args_.clipvalue > 0) {
    for (Tensor& g : grads)
      g = prim::minimum(prim::maximum(g, prim::full({}, -*args_.clipvalue, g.dtype())), prim::full({}, *args_.clipvalue, g.dtype()));
  }
}

void Optimizer::finalize_variable_values(const Variables& trainable) {
  if (!args_.use_ema || !built_) return;
  EagerScope eager;
  for (const Variable& v : trainable)
    if (index_.count(v.state().id)) v.assign(averages_[index_of(v)].value());
}

Dict Optimizer::get_config() const {
  Dict config{{"name", args_.name}};
  if (schedule_) config.set("learning_rate", serialize_object(schedule_));
  else config.set("learning_rate", static_cast<double>(rate_.state().value.at(0)));
  Dict rest;
  write_fields(rest, [this](Fields& f) { const_cast<OptimizerArgs&>(args_).fields(f); });
  for (const auto& [key, v] : rest)
    if (key != "name") config.set(key, v);
  return config;
}

}  // namespace lamina
