// compile, fit, evaluate, predict. One step function for both engines: the graph engine traces it once a signature.
#include "api/model.h"
#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "optimizers/loss_scale_optimizer.h"

namespace lamina {

void CompileArgs::fields(Fields& f) {
  f("optimizer", optimizer, "Name, config or Optimizer.");
  f("loss", loss, "One loss, or a list or dict of them over the outputs.");
  f("loss_weights", loss_weights, "Numbers, one a loss.");
  f("metrics", metrics, "Metrics, unweighted.");
  f("weighted_metrics", weighted_metrics, "Metrics that take sample weights.");
  f("run_eagerly", run_eagerly, "Run this model on the eager engine.");
  f("steps_per_execution", steps_per_execution, "Batches a call of the step function.");
  f("jit_compile", jit_compile, "Kept for Keras; the engine is chosen in the config file.");
  f("auto_scale_loss", auto_scale_loss, "Scale the loss under mixed_float16.");
}

struct Model::Step {
  StepKind kind;
  uint64_t stamp;
  Value structure;     // of the data; tensors stand for any tensor
  // Structure of what the step gave, with placeholders for tensors. Never changed, only replaced under steps_mutex_: other threads may
  // be packing their results by it.
  std::shared_ptr<const Value> result;
  std::unique_ptr<Function> function;
};

namespace {

bool alike(const Value& a, const Value& b) {  // same structure; tensor leaves match each other
  if (a.is_tensor() || b.is_tensor()) return a.is_tensor() && b.is_tensor();
  if (a.kind() != b.kind()) return false;
  if (a.is_sequence()) {
    const List &x = a.as_list(), &y = b.as_list();
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i)
      if (!alike(x[i], y[i])) return false;
    return true;
  }
  if (a.is_dict()) {
    const Dict &x = a.as_dict(), &y = b.as_dict();
    if (x.size() != y.size()) return false;
    for (const auto& [key, v] : x) {
      const Value* w = y.find(key);
      if (!w || !alike(v, *w)) return false;
    }
    return true;
  }
  return a == b;
}

int64_t batch_size_of(const Value& x) {
  for (const Tensor& t : flatten_tensors(x)) return t.rank() ? t.shape()[0] : 1;
  return 1;
}

// Tensors of a log become numbers.
Dict numbers(const Dict& logs) {
  Dict out;
  for (const auto& [key, v] : logs) {
    if (v.is_tensor() && v.as_tensor().has_data() && v.as_tensor().size() == 1) out.set(key, v.as_tensor().item());
    else if (v.is_dict()) out.set(key, numbers(v.as_dict()));
    else out.set(key, v);
  }
  return out;
}

Dict sorted(Dict logs) {
  std::sort(logs.begin(), logs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return logs;
}

}  // namespace

void Model::compile(CompileArgs args) {
  OptimizerRef optimizer = OptimizerRef::from(args.optimizer);
  if (args.steps_per_execution < 1) throw ValueError("`steps_per_execution` must be at least 1, received ", args.steps_per_execution, ".");
  optimizer_ = optimizer.pointer();
  if (args.auto_scale_loss && optimizer_ && dtype_policy() && dtype_policy()->name() == "mixed_float16" && !std::dynamic_pointer_cast<LossScaleOptimizer>(optimizer_)) {
    LossScaleOptimizer::Args scaling;
    scaling.inner_optimizer = optimizer_;
    scaling.name = "loss_scale_optimizer";
    args.optimizer = Value(optimizer_);  // the config names the optimizer that was given
    optimizer_ = std::make_shared<LossScaleOptimizer>(std::move(scaling));
  }
  compile_loss_ = args.loss.is_none() ? nullptr : std::make_shared<CompileLoss>(args.loss, args.loss_weights, output_names());
  bool has_metrics = !args.metrics.is_none() || !args.weighted_metrics.is_none();
  compile_metrics_ = has_metrics ? std::make_shared<CompileMetrics>(args.metrics, args.weighted_metrics, output_names()) : nullptr;
  loss_tracker_ = make_mean("loss");
  compile_args_ = std::move(args);
  compiled_ = true;
  stop_training = false;
  invalidate_functions();
}

void Model::compile_from_config(const Dict& config) {
  CompileArgs args;
  Dict known;
  for (const auto& info : describe_fields([&](Fields& f) { args.fields(f); }))
    if (const Value* v = config.find(info.name)) known.set(info.name, *v);
  if (const Value* loss = known.find("loss"); loss && is_serialized_object(*loss)) known.set("loss", LossRef::from(*loss).pointer());
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
  Dict out;
  write_fields(out, [&](Fields& f) { args.fields(f); });
  out.erase("auto_scale_loss");
  return out;
}

void Model::require_compiled(const char* method) const {
  if (!compiled_) throw ValueError("You must call `compile()` before calling `", method, "()` on the model '", name(), "'.");
}

void Model::invalidate_functions() {
  std::lock_guard<std::mutex> lock(steps_mutex_);
  call_compiles_ = true;
  steps_.clear();
  ++state_stamp_;
}

std::string Model::dump() const {
  std::lock_guard<std::mutex> lock(steps_mutex_);
  std::string out;
  for (const auto& s : steps_) out += s->function->dump();
  return out;
}

// ---- one step ----

Tensor Model::compute_loss(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight, bool) {
  Tensor total;
  if (compile_loss_) {
    Tensor loss = (*compile_loss_)(y, y_pred, sample_weight);
    if (loss.defined()) total = loss;
  }
  for (const Tensor& extra : losses()) {
    Tensor scalar = extra.rank() ? prim::reduce_all(Reduce::sum, extra) : extra;
    total = total.defined() ? prim::add(total, prim::cast(scalar, total.dtype())) : scalar;
  }
  if (!total.defined()) {
    if (compile_loss_ || compiled_)
      throw ValueError("No loss to compute. Provide a `loss` argument in `compile()`, or call `add_loss()` in the model '", name(), "'.");
    total = prim::full({}, 0, DType::float32);
  }
  return total;
}

Tensor Model::loss_of(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight, bool training) {
  if (!hooked("compute_loss")) return compute_loss(x, y, y_pred, sample_weight, training);
  Dict kwargs{{"x", x}, {"y", y}, {"y_pred", y_pred}, {"sample_weight", sample_weight}};
  auto names = hook->arguments("compute_loss");
  if (std::find(names.begin(), names.end(), "training") != names.end() || std::find(names.begin(), names.end(), "**") != names.end()) kwargs.set("training", training);
  return hook->invoke("compute_loss", {}, std::move(kwargs)).as_tensor();
}

Dict Model::compute_metrics(const Value&, const Value& y, const Value& y_pred, const Value& sample_weight) {
  if (compile_metrics_) compile_metrics_->update(y, y_pred, sample_weight);
  return get_metrics_result();
}

Dict Model::metrics_of(const Value& x, const Value& y, const Value& y_pred, const Value& sample_weight) {
  if (!hooked("compute_metrics")) return compute_metrics(x, y, y_pred, sample_weight);
  return hook->invoke("compute_metrics", {}, {{"x", x}, {"y", y}, {"y_pred", y_pred}, {"sample_weight", sample_weight}}).as_dict();
}

std::vector<MetricPtr> Model::metrics() const {
  std::vector<MetricPtr> out;
  if (loss_tracker_) out.push_back(loss_tracker_);
  out.insert(out.end(), tracked_metrics_.begin(), tracked_metrics_.end());
  for (const LayerPtr& l : sublayers())
    if (auto inner = std::dynamic_pointer_cast<Model>(l))
      out.insert(out.end(), inner->tracked_metrics_.begin(), inner->tracked_metrics_.end());
  if (compile_metrics_)
    for (const MetricPtr& m : compile_metrics_->metrics()) out.push_back(m);
  if (compile_loss_)
    for (const MetricPtr& m : compile_loss_->metrics()) out.push_back(m);
  return out;
}

std::vector<std::string> Model::metrics_names() const {
  std::vector<std::string> out;
  for (const MetricPtr& m : metrics()) out.push_back(m->name());
  return out;
}

Dict Model::get_metrics_result() {
  Dict out;
  auto add = [&](const MetricPtr& m) {
    Value r = m->read();
    if (r.is_dict())
      for (const auto& [key, v] : r.as_dict()) out.set(key, v);
    else out.set(m->name(), r);
  };
  if (loss_tracker_) add(loss_tracker_);
  for (const MetricPtr& m : tracked_metrics_) add(m);
  if (compile_metrics_)
    for (const auto& [key, v] : compile_metrics_->result()) out.set(key, v);
  if (compile_loss_)
    for (const MetricPtr& m : compile_loss_->metrics()) add(m);
  return out;
}

void Model::reset_metrics() {
  EagerScope eager;
  if (hooked("reset_metrics")) {
    hook->invoke("reset_metrics", {}, {});
    return;
  }
  for (const MetricPtr& m : metrics()) m->reset();
}

namespace {
void forget_record(const Tensor& t) {
  if (t.node()->producer) release_producer(std::move(t.node()->producer));
}
}  // namespace

Dict Model::train_step(const Value& x, const Value& y, const Value& sample_weight) {
  const bool recording_before = recording();
  Variables variables = trainable_weights();
  Tensors grads;
  Value y_pred;
  Tensor loss;
  {
    TapeScope tape;
    y_pred = invoke({x}, {{"training", true}});
    loss = loss_of(x, y, y_pred, sample_weight, true);
    variables = trainable_weights();  // a deferred model has them only now
    if (optimizer_ && !variables.empty()) {
      NoGradScope off;
      optimizer_->ensure_built(variables);  // the scale may be one of its variables
    }
    Tensor scaled = optimizer_ ? optimizer_->scale_loss(loss) : loss;
    std::vector<GradientSource> sources(variables.begin(), variables.end());
    if (!variables.empty()) {
      NoGradScope off;
      grads = gradients(std::span<const Tensor>(&scaled, 1), sources);
    }
  }
  NoGradScope off;
  // Gradients have been taken: without the record nobody else holds the variables' values, so that they can be updated in
  // place. A tape around the step still needs it.
  if (!recording_before) {
    forget_record(loss);
    for (const Tensor& t : flatten_tensors(y_pred)) forget_record(t);
  }
  int64_t batch = batch_size_of(x);
  loss_tracker_->update({loss}, {{"sample_weight", prim::full({}, static_cast<double>(batch), DType::float32)}});
  if (optimizer_ && !variables.empty()) optimizer_->apply(grads, variables);
  return metrics_of(x, y, y_pred, sample_weight);
}

Dict Model::test_step(const Value& x, const Value& y, const Value& sample_weight) {
  Value y_pred = invoke({x}, {{"training", false}});
  Tensor loss = loss_of(x, y, y_pred, sample_weight, false);
  loss_tracker_->update({loss}, {{"sample_weight", prim::full({}, static_cast<double>(batch_size_of(x)), DType::float32)}});
  return metrics_of(x, y, y_pred, sample_weight);
}

Value Model::predict_step(const Value& x) { return invoke({x}, {{"training", false}}); }

Value Model::step_body(StepKind kind, const Value& data) {
  const List& parts = data.as_list();
  clear_losses();
  struct Clear {
    Model& m;
    ~Clear() { m.clear_losses(); }
  } clear{*this};
  auto as_data = [&]() -> Value {
    if (parts[1].is_none() && parts[2].is_none()) return Value::tuple({parts[0]});
    if (parts[2].is_none()) return Value::tuple({parts[0], parts[1]});
    return Value::tuple({parts[0], parts[1], parts[2]});
  };
  switch (kind) {
    case StepKind::train:
      if (hooked("train_step")) return hook->invoke("train_step", {as_data()}, {});
      return train_step(parts[0], parts[1], parts[2]);
    case StepKind::test:
      if (hooked("test_step")) return hook->invoke("test_step", {as_data()}, {});
      return test_step(parts[0], parts[1], parts[2]);
    case StepKind::call: {
      Value out = invoke({parts[0]}, {});
      bool more = !losses().empty();  // what a compiled call cannot give: losses and masks
      for (const Tensor& t : flatten_tensors(out)) more |= t.mask().defined();
      if (more) call_compiles_ = false;
      return out;
    }
    default:
      if (hooked("predict_step")) return hook->invoke("predict_step", {Value::tuple({parts[0]})}, {});
      return predict_step(parts[0]);
  }
}

Value Model::run_step(StepKind kind, const Value& data) {
  std::shared_ptr<Step> step;
  {
    std::lock_guard<std::mutex> lock(steps_mutex_);
    if (uint64_t now = layer_changes(); now != steps_as_of_) steps_.clear(), steps_as_of_ = now;
    for (const auto& s : steps_)
      if (s->kind == kind && alike(s->structure, data)) step = s;
    if (!step) {
      step = std::make_shared<Step>();
      step->kind = kind;
      // Placeholders, so that the cache does not hold a batch.
      step->structure = map_structure(data, [](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(Tensor::spec_only({}, leaf.as_tensor().dtype())) : leaf; });
      Step* raw = step.get();
      const char* names[] = {"train_step", "test_step", "predict_step", "call"};
      step->function = std::make_unique<Function>(
          [this, raw](std::span<const Tensor> leaves) -> Tensors {
            size_t next = 0;
            Value given = map_structure(raw->structure, [&](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(leaves[next++]) : leaf; });
            Value result = step_body(raw->kind, given);
            Tensors out = flatten_tensors(result);
            Value shape = map_structure(result, [](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(Tensor::spec_only({}, DType::float32)) : leaf; });
            std::lock_guard<std::mutex> lock(steps_mutex_);
            raw->result = std::make_shared<const Value>(std::move(shape));
            return out;
          },
          names[static_cast<int>(kind)], compile_args_.run_eagerly ? Function::Mode::eager : Function::Mode::follow_settings);
      steps_.push_back(step);
    }
  }
  Tensors leaves = flatten_tensors(data);
  Tensors out = (*step->function)(leaves);
  size_t next = 0;
  std::shared_ptr<const Value> result;
  {
    std::lock_guard<std::mutex> lock(steps_mutex_);
    result = step->result;
  }
  return map_structure(*result, [&](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(out[next++]) : leaf; });
}

// model(x) in inference, from the second call with the same shapes on: the compiled graph, instead of layer by layer.
bool Model::shortcut(const List& args, const Dict& kwargs, Value& result) {
  if (!graph_ || hook || users_code_ || !call_compiles_ || args.size() != 1 || compile_args_.run_eagerly || !settings().graph_engine() || !executing_eagerly() || recording() || inherited_training()) return false;
  if (!kwargs.empty() && !(kwargs.size() == 1 && kwargs.contains("training") && (kwargs.at("training").is_none() || kwargs.at("training") == Value(false)))) return false;
  std::vector<TensorSpec> specs;
  for (const Value& leaf : flatten(args[0])) {
    if (!leaf.is_tensor() || !leaf.as_tensor().has_data() || leaf.as_tensor().mask().defined()) return false;
    specs.push_back(leaf.as_tensor().spec());
  }
  {
    std::lock_guard<std::mutex> lock(steps_mutex_);
    if (specs != last_call_) {
      last_call_ = std::move(specs);
      return false;
    }
  }
  Value out = run_step(StepKind::call, List{args[0], Value(), Value()});
  if (!call_compiles_) return false;
  result = std::move(out);
  return true;
}

// ---- loops ----

namespace {

Value data_of(const Batch& b) { return List{b.x, b.y, b.sample_weight}; }

int verbosity(const Value& v) {
  if (v.is_string()) return 1;  // "auto"
  return static_cast<int>(v.as_int());
}

std::vector<CallbackPtr> with_defaults(std::vector<CallbackPtr> given, int verbose, std::shared_ptr<History>* history) {
  bool has_bar = false;
  for (const auto& c : given) {
    has_bar |= dynamic_cast<ProgbarLogger*>(c.get()) != nullptr;
    if (history && !*history) *history = std::dynamic_pointer_cast<History>(c);
  }
  if (verbose && !has_bar) given.push_back(std::make_shared<ProgbarLogger>(verbose));
  if (history && !*history) {
    *history = std::make_shared<History>();
    given.push_back(*history);
  }
  return given;
}

}  // namespace

std::shared_ptr<History> Model::fit(std::shared_ptr<DataSource> data, FitArgs args) {
  require_compiled("fit");
  std::shared_ptr<History> history;
  int verbose = verbosity(args.verbose);
  std::optional<int64_t> steps = args.steps_per_epoch ? args.steps_per_epoch : data->batches();
  Dict params{{"verbose", verbose}, {"epochs", args.epochs}, {"steps", steps ? Value(*steps) : Value()}};
  CallbackList callbacks(with_defaults(args.callbacks, verbose, &history), *this, params);
  bool batches_matter = callbacks.needs_batches();
  stop_training = false;
  Dict logs, none;
  callbacks.phase("on_train_begin", none);
  bool open = false;  // an epoch of a source that runs on over several (steps_per_epoch)
  for (int64_t epoch = args.initial_epoch; epoch < args.epochs; ++epoch) {
    reset_metrics();
    none = {};
    callbacks.epoch("on_epoch_begin", epoch, none);
    if (!open) data->begin_epoch(epoch);
    logs = {};
    int64_t step = 0;
    const int64_t stride = compile_args_.steps_per_execution;  // batches between two events
    bool ended = false;
    for (; !args.steps_per_epoch || step < *args.steps_per_epoch; ++step) {
      std::optional<Batch> batch = data->next();
      if (!batch && args.steps_per_epoch && step > 0 && !ended && data->batches()) {  // arrays start over
        data->begin_epoch(epoch);
        batch = data->next();
      }
      if (!batch) {
        ended = true;
        break;
      }
      const bool first = step % stride == 0, last = (step + 1) % stride == 0 || (args.steps_per_epoch && step + 1 == *args.steps_per_epoch);
      if (batches_matter && first) {
        none = {};
        callbacks.epoch("on_train_batch_begin", step, none);
      }
      Value result = run_step(StepKind::train, data_of(*batch));
      if (!result.is_dict()) throw TypeError("train_step of ", describe(), " must return a dict of logs, received ", result.repr(), ".");
      logs = result.as_dict();
      if (batches_matter && last) {
        logs = sorted(numbers(logs));
        callbacks.epoch("on_train_batch_end", step, logs);
      }
      if (stop_training) break;
    }
    if (batches_matter && ended && step % stride != 0) {
      logs = sorted(numbers(logs));
      callbacks.epoch("on_train_batch_end", step - 1, logs);
    }
    if (step == 0 && ended) throw ValueError("The data source gave no batch in epoch ", epoch + 1, ". It must yield at least one.");
    open = args.steps_per_epoch && !ended;
    if (!open) data->end_epoch();
    Dict epoch_logs = sorted(numbers(logs));
    if (args.validation && (epoch + 1) % args.validation_freq == 0) {
      EvaluateArgs eval;
      eval.verbose = 0;
      Dict val = evaluate_loop(*args.validation, eval, callbacks, args.validation_steps);
      for (const auto& [key, v] : val) epoch_logs.set("val_" + key, v);
    }
    callbacks.epoch("on_epoch_end", epoch, epoch_logs);
    logs = epoch_logs;
    if (stop_training) break;
  }
  if (optimizer_ && args.epochs > 0) optimizer_->finalize_variable_values(trainable_weights());
  callbacks.phase("on_train_end", logs);
  return history;
}

Dict Model::evaluate_loop(DataSource& data, const EvaluateArgs& args, CallbackList& callbacks, std::optional<int64_t> steps) {
  bool batches_matter = callbacks.needs_batches();
  Dict logs, none;
  callbacks.phase("on_test_begin", none);
  reset_metrics();
  data.begin_epoch(0);
  int64_t step = 0;
  for (; !steps || step < *steps; ++step) {
    std::optional<Batch> batch = data.next();
    if (!batch) break;
    if (batches_matter) {
      none = {};
      callbacks.epoch("on_test_batch_begin", step, none);
    }
    Value result = run_step(StepKind::test, data_of(*batch));
    if (!result.is_dict()) throw TypeError("test_step of ", describe(), " must return a dict of logs, received ", result.repr(), ".");
    logs = result.as_dict();
    if (batches_matter) {
      logs = sorted(numbers(logs));
      callbacks.epoch("on_test_batch_end", step, logs);
    }
  }
  data.end_epoch();
  if (step == 0) throw ValueError("The data source gave no batch to evaluate.");
  logs = sorted(numbers(logs));
  callbacks.phase("on_test_end", logs);
  return logs;
}

Dict Model::evaluate(std::shared_ptr<DataSource> data, EvaluateArgs args) {
  require_compiled("evaluate");
  int verbose = verbosity(args.verbose);
  std::optional<int64_t> steps = args.steps ? args.steps : data->batches();
  Dict params{{"verbose", verbose}, {"epochs", 1}, {"steps", steps ? Value(*steps) : Value()}};
  CallbackList callbacks(with_defaults(args.callbacks, verbose, nullptr), *this, params);
  return evaluate_loop(*data, args, callbacks, args.steps);
}

Value Model::predict(std::shared_ptr<DataSource> data, EvaluateArgs args) {
  int verbose = verbosity(args.verbose);
  std::optional<int64_t> steps = args.steps ? args.steps : data->batches();
  Dict params{{"verbose", verbose}, {"epochs", 1}, {"steps", steps ? Value(*steps) : Value()}};
  CallbackList callbacks(with_defaults(args.callbacks, verbose, nullptr), *this, params);
  bool batches_matter = callbacks.needs_batches();
  Dict none;
  callbacks.phase("on_predict_begin", none);
  data->begin_epoch(0);
  std::vector<Tensors> collected;
  Value structure;
  for (int64_t step = 0; !args.steps || step < *args.steps; ++step) {
    std::optional<Batch> batch = data->next();
    if (!batch) break;
    if (batches_matter) {
      none = {};
      callbacks.epoch("on_predict_batch_begin", step, none);
    }
    Value out = run_step(StepKind::predict, List{batch->x, Value(), Value()});
    if (batches_matter) {
      Dict logs{{"outputs", out}};
      callbacks.epoch("on_predict_batch_end", step, logs);
    }
    structure = out;
    collected.push_back(flatten_tensors(out));
  }
  data->end_epoch();
  none = {};
  callbacks.phase("on_predict_end", none);
  if (collected.empty()) throw ValueError("The data source gave no batch to predict.");
  size_t next = 0;
  EagerScope eager;
  return map_structure(structure, [&](const Value& leaf) -> Value {
    if (!leaf.is_tensor()) return leaf;
    Tensors parts;
    for (const Tensors& batch : collected) parts.push_back(batch[next]);
    ++next;
    return prim::concat(parts, 0);
  });
}

// ---- arrays ----

std::shared_ptr<History> Model::fit(const Value& x, const Value& y, FitArgs args, const Value& sample_weight) {
  require_compiled("fit");
  Batch train{x, y, sample_weight, 0};
  int64_t batch_size = args.batch_size.value_or(32);
  if (args.validation_split > 0 && !args.validation) {
    auto [first, last] = ArrayData::split(x, y, sample_weight, args.validation_split);
    train = first;
    args.validation = std::make_shared<ArrayData>(last.x, last.y, last.sample_weight, ArrayData::Options{args.validation_batch_size.value_or(batch_size), false, {}});
  }
  auto data = std::make_shared<ArrayData>(train.x, train.y, train.sample_weight, ArrayData::Options{batch_size, args.shuffle, args.class_weight});
  return fit(std::move(data), std::move(args));
}

Dict Model::evaluate(const Value& x, const Value& y, EvaluateArgs args, const Value& sample_weight) {
  return evaluate(std::make_shared<ArrayData>(x, y, sample_weight, ArrayData::Options{args.batch_size.value_or(32), false, {}}), args);
}

Value Model::predict(const Value& x, EvaluateArgs args) {
  return predict(std::make_shared<ArrayData>(x, Value(), Value(), ArrayData::Options{args.batch_size.value_or(32), false, {}}), args);
}

Dict Model::train_on_batch(const Value& x, const Value& y, const Value& sample_weight, const Dict& class_weight) {
  require_compiled("train_on_batch");
  Value weight = sample_weight;
  if (!class_weight.empty()) {
    if (!sample_weight.is_none()) throw ValueError("Arguments `sample_weight` and `class_weight` cannot be specified at the same time.");
    weight = class_weights_to_sample_weights(flatten_tensors(y).at(0), class_weight);
  }
  return sorted(numbers(run_step(StepKind::train, List{x, y, weight}).as_dict()));
}

Dict Model::test_on_batch(const Value& x, const Value& y, const Value& sample_weight) {
  require_compiled("test_on_batch");
  return sorted(numbers(run_step(StepKind::test, List{x, y, sample_weight}).as_dict()));
}

Value Model::predict_on_batch(const Value& x) { return run_step(StepKind::predict, List{x, Value(), Value()}); }

}  // namespace lamina
