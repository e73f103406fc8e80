// compile(): what a model is trained with, and its config.
#include <set>

#include "api/model.h"
#include "api/structure.h"
#include "backends/core/warning.h"
#include "optimizers/loss_scale_optimizer.h"

namespace lamina {

namespace {
struct LiveModels {
  std::mutex mutex;
  std::set<Model*> compiled;
};
LiveModels& live_models() {
  static auto* models = new LiveModels;  // models may go after static objects have
  return *models;
}
}  // namespace

void CompileArgs::fields(Fields& f) {
  f("optimizer", optimizer, "Name, config or Optimizer.");
  f("loss", loss, "One loss, or a list or dict of them over the outputs.");
  f("loss_weights", loss_weights, "Numbers, one per loss; tensors, and functions that give one at each step.");
  f("metrics", metrics, "Metrics, unweighted.");
  f("weighted_metrics", weighted_metrics, "Metrics that take sample weights.");
  f("run_eagerly", run_eagerly, "Run this model on the eager engine.");
  f("steps_per_execution", steps_per_execution, "Batches a call of the step function.");
  f("jit_compile", jit_compile, "Kept for Keras; the engine is chosen in the config file.");
  f("auto_scale_loss", auto_scale_loss, "Scale the loss under mixed_float16.");
}
void Model::compile(CompileArgs args) {
  OptimizerRef optimizer = OptimizerRef::from(args.optimizer);
  if (args.steps_per_execution < 1)
    throw ValueError("`steps_per_execution` must be at least 1, received ", args.steps_per_execution, ".");
  optimizer_ = optimizer.pointer();
  if (args.auto_scale_loss && optimizer_ && dtype_policy() && dtype_policy()->name() == "mixed_float16" &&
      !std::dynamic_pointer_cast<LossScaleOptimizer>(optimizer_)) {
    LossScaleOptimizer::Args scaling;
    scaling.inner_optimizer = optimizer_;
    scaling.name = "loss_scale_optimizer";
    args.optimizer = Value(optimizer_);  // the config names the optimizer that was given
    optimizer_ = std::make_shared<LossScaleOptimizer>(std::move(scaling));
  }
  compile_loss_ =
      args.loss.is_none() ? nullptr : std::make_shared<CompileLoss>(args.loss, args.loss_weights, output_names());
  bool has_metrics = !args.metrics.is_none() || !args.weighted_metrics.is_none();
  compile_metrics_ =
      has_metrics ? std::make_shared<CompileMetrics>(args.metrics, args.weighted_metrics, output_names()) : nullptr;
  loss_tracker_ = make_mean("loss");
  compile_args_ = std::move(args);
  compiled_ = true;
  {
    LiveModels& live = live_models();
    std::lock_guard<std::mutex> lock(live.mutex);
    live.compiled.insert(this);
  }
  stop_training = false;
  invalidate_functions();
}

void Model::set_optimizer(std::shared_ptr<Optimizer> o) {
  optimizer_ = std::move(o);
  compile_args_.optimizer = Value(optimizer_);
  invalidate_functions();
}

void Model::set_run_eagerly(bool on) {
  compile_args_.run_eagerly = on;
  invalidate_functions();
}

void Model::set_steps_per_execution(int64_t batches) {
  if (batches < 1) throw ValueError("`steps_per_execution` must be at least 1, received ", batches, ".");
  compile_args_.steps_per_execution = batches;
}

bool Model::trains_with(const Object& object) const {
  if (compile_loss_ && compile_loss_->uses(object)) return true;
  for (const MetricPtr& m : single_metrics())
    if (m.get() == &object) return true;
  std::vector<std::shared_ptr<Optimizer>> optimizers{optimizer_};
  while (!optimizers.empty()) {
    const std::shared_ptr<Optimizer> o = std::move(optimizers.back());
    optimizers.pop_back();
    if (!o) continue;
    if (o.get() == &object) return true;
    for (const auto& inner : o->wrapped()) optimizers.push_back(inner);
  }
  return false;
}

void Model::object_changed(const Object& object) {
  LiveModels& live = live_models();
  std::lock_guard<std::mutex> lock(live.mutex);
  for (Model* m : live.compiled)
    if (m->trains_with(object)) m->invalidate_functions();
}

Model::~Model() {
  LiveModels& live = live_models();
  std::lock_guard<std::mutex> lock(live.mutex);
  live.compiled.erase(this);
}

void Model::compile_from_config(const Dict& config) {
  if (overrides(Method::compile)) {
    warn(
        "`compile()` was not called as part of model loading because the model's `compile()` method is custom. All "
        "subclassed Models that have `compile()` overridden should also override `get_compile_config()` and "
        "`compile_from_config(config)`. Alternatively, you can call `compile()` manually after loading.");
    return;
  }
  CompileArgs args;
  Dict known;
  for (const auto& info : describe_fields([&](Fields& f) { args.fields(f); }))
    if (const Value* v = config.find(info.name)) known.set(info.name, *v);
  if (const Value* loss = known.find("loss"); loss && is_serialized_object(*loss))
    known.set("loss", LossRef::from(*loss).pointer());
  read_fields("compile", known, [&](Fields& f) { args.fields(f); });
  compile(std::move(args));
  if (optimizer_ && built()) optimizer_->ensure_built(trainable_weights());
}

Value Model::get_compile_config() const {
  if (!compiled_) return {};
  CompileArgs args = compile_args_;
  auto scaled = std::dynamic_pointer_cast<LossScaleOptimizer>(optimizer_);
  bool scaled_here = scaled && args.optimizer.object_as<Optimizer>() == scaled->inner_optimizer();
  args.optimizer = scaled_here ? Value(scaled->inner_optimizer()) : Value(optimizer_);
  if (args.jit_compile.is_string()) args.jit_compile = true;
  std::vector<Value> weights = structure_leaves(args.loss_weights);
  for (Value& weight : weights)
    if (auto current = weight.object_as<Callable>()) weight = (*current)({}).as_number();
  args.loss_weights = structure_like(args.loss_weights, weights);
  Dict out;
  write_fields(out, [&](Fields& f) { args.fields(f); });
  out.erase("auto_scale_loss");
  return out;
}

void Model::require_compiled(const char* method) const {
  if (!compiled_)
    throw ValueError("You must call `compile()` before calling `", method, "()` on the model '", name(), "'.");
}

}  // namespace lamina
