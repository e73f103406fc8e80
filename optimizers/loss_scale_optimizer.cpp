#include "optimizers/loss_scale_optimizer.h"

#include "backends/ops/primitives.h"

namespace lamina {

using namespace prim;

void LossScaleOptimizer::Args::fields(Fields& f) {
  f("inner_optimizer", inner_optimizer, "The optimizer to wrap.").required();
  f("initial_scale", initial_scale, "The first scale. Rather too high: it falls faster than it rises.");
  f("dynamic_growth_steps", dynamic_growth_steps, "The scale doubles after so many finite steps.");
  f("name", name, "The optimizer's name.");
}

namespace {

OptimizerArgs base_args(const std::optional<std::string>& name) {
  OptimizerArgs out;
  out.learning_rate = 0.0;
  out.name = name;
  return out;
}

Tensor all_finite(const Tensors& gradients) {
  Tensor out;
  for (const Tensor& g : gradients) {
    if (!g.defined()) continue;
    Tensor one = reduce_all(Reduce::all, unary(Unary::is_finite, g));
    out = out.defined() ? binary(Binary::logical_and, out, one) : one;
  }
  return out;
}

}  // namespace

LossScaleOptimizer::LossScaleOptimizer(Args args)
    : Optimizer(base_args(args.name), "LossScaleOptimizer"),
      args_of_(std::move(args)),
      inner_(args_of_.inner_optimizer.pointer()) {
  if (!inner_) throw ValueError("LossScaleOptimizer needs an `inner_optimizer`. Received: inner_optimizer=None");
  inner_->set_loss_scale_factor(std::nullopt);  // or gradients would be scaled twice
}

void LossScaleOptimizer::build(const Variables& trainable) {
  if (built_) return;
  step_counter_ = add_variable({}, "step_counter", DType::int32);
  dynamic_scale_ = add_variable({}, "dynamic_scale", DType::float32, args_of_.initial_scale);
  inner_->ensure_built(trainable);
  Optimizer::build(trainable);
}

Variables LossScaleOptimizer::variables() const {
  Variables out = variables_;
  for (const Variable& v : inner_->variables()) out.push_back(v);
  return out;
}

Tensor LossScaleOptimizer::scale_loss(const Tensor& loss) {
  return built_ ? multiply(loss, cast(dynamic_scale_.value(), loss.dtype())) : multiply(loss, args_of_.initial_scale);
}

void LossScaleOptimizer::apply(const Tensors& gradients, const Variables& trainable) {
  if (!trainable.empty()) ensure_built(trainable);
  if (!built_)
    throw ValueError(
        "When passing `grads` without `variables`, the optimizer must already be built on a list of variables. Call "
        "`optimizer.build(trainable_variables)` first. ");
  const Variables& given = trainable.empty() ? trainable_ : trainable;
  Tensor finite = all_finite(gradients), scale = dynamic_scale_.value();
  if (!finite.defined()) {  // the inner optimizer says what is wrong
    inner_->apply(gradients, given);
    return;
  }
  // The step is made and, if it was not finite, taken back: a traced step has no branches.
  Variables kept = given;
  for (const Variable& v : inner_->variables()) kept.push_back(v);
  Tensors before, unscaled;
  for (const Variable& v : kept) before.push_back(v.value());
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Tensor& g = gradients[i];
    bool as_it_is = !g.defined() || (i < given.size() && given[i].state().overwrite_with_gradient);
    unscaled.push_back(as_it_is ? g : divide(g, cast(scale, g.dtype())));
  }
  inner_->apply(unscaled, given);
  for (size_t i = 0; i < kept.size(); ++i) kept[i].assign(where(finite, kept[i].value(), before[i]));

  Tensor count = step_counter_.value(), none = full({}, 0, count.dtype());
  Tensor grows =
      binary(Binary::equal, count, full({}, static_cast<double>(args_of_.dynamic_growth_steps - 1), count.dtype()));
  step_counter_.assign(
      where(binary(Binary::logical_and, finite, unary(Unary::logical_not, grows)), add(count, 1.0), none));
  dynamic_scale_.assign(where(finite, where(grows, multiply(scale, 2), scale), multiply(scale, 0.5)));
}

void LossScaleOptimizer::update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) {
  inner_->update_step(gradient, variable, learning_rate);
}

Dict LossScaleOptimizer::get_config() const {
  return {{"name", name()},
          {"inner_optimizer", serialize_object(inner_)},
          {"initial_scale", args_of_.initial_scale},
          {"dynamic_growth_steps", args_of_.dynamic_growth_steps}};
}

namespace {

// Old configs hold the arguments of every optimizer: their defaults are let through.
void refuse_further(const Dict& rest) {
  Dict defaults;
  OptimizerArgs none;
  write_fields(defaults, [&](Fields& f) { none.fields(f); });
  std::string unknown;
  for (const auto& [key, v] : rest) {
    if (key == "dynamic") {
      if (!v.is_bool() || !v.as_bool())
        throw ValueError(
            "LossScaleOptimizer no longer supports `dynamic=False`. Instead, simply set `loss_scale_factor` directly "
            "on the `inner_optimizer`.");
    } else if (const Value* normal = defaults.find(key)) {
      if (!(v == *normal))
        throw ValueError("LossScaleOptimizer does not support `", key, "`. Instead, set `", key,
                         "` on the `inner_optimizer`.");
    } else {
      unknown += (unknown.empty() ? "`" : ", `") + key + "`";
    }
  }
  if (!unknown.empty()) throw ValueError("LossScaleOptimizer does not support arguments: ", unknown, ".");
}

const bool registered = [] {
  ClassInfo info;
  info.name = "LossScaleOptimizer";
  info.module = "keras.optimizers";
  info.doc =
      "Wraps an optimizer and scales the loss, so that float16 gradients do not underflow. The scale adapts: steps "
      "with infinite or NaN gradients are skipped and halve it.";
  info.description = {.raises = "ValueError: if `inner_optimizer` is no optimizer.",
                      .source = "Micikevicius et al., \"Mixed Precision Training\" (2018).",
                      .example = R"py(
>>> inner = keras.optimizers.SGD(learning_rate=0.5)
>>> optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=4.0)
>>> optimizer.build([keras.Variable([1.0])])
>>> optimizer.scale_loss(2.0)
<Tensor shape=(), dtype=float32, values=8.0>)py"};
  info.aliases = {"loss_scale_optimizer", "lossscaleoptimizer"};
  info.make = [](const Dict& config) -> ObjectPtr {
    LossScaleOptimizer::Args args;
    Dict rest;
    read_fields(
        "LossScaleOptimizer", config, [&](Fields& f) { args.fields(f); }, &rest);
    refuse_further(rest);
    return std::make_shared<LossScaleOptimizer>(std::move(args));
  };
  info.fields = [] {
    LossScaleOptimizer::Args args;
    return describe_fields([&](Fields& f) { args.fields(f); });
  };
  register_class(std::move(info));
  return true;
}();

}  // namespace
}  // namespace lamina
