// fit, evaluate, predict: the loops over a data source.
#include "api/config.h"
#include "api/data/epoch_reader.h"
#include "api/model.h"
#include "backends/core/engine.h"
#include "backends/core/interrupt.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

// Tensors of a log become numbers.
Dict numbers(const Dict& logs) {
  Dict out;
  for (const auto& [key, v] : logs) {
    if (v.is_tensor() && v.as_tensor().has_data() && v.as_tensor().size() == 1)
      out.set(key, v.as_tensor().item());
    else if (v.is_dict())
      out.set(key, numbers(v.as_dict()));
    else
      out.set(key, v);
  }
  return out;
}

Dict sorted(Dict logs) {
  std::sort(logs.begin(), logs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return logs;
}

Value data_of(const Batch& b) { return List{b.x, b.y, b.sample_weight}; }

int verbosity(const Value& v) {
  if (v.is_string()) return 1;  // "auto"
  return static_cast<int>(v.as_int());
}

// The callbacks of a run: the user's, then a History (Keras' order), then the progress bar.
std::vector<CallbackPtr> with_defaults(std::vector<CallbackPtr> given, int verbose, std::shared_ptr<History>* history) {
  bool has_bar = false;
  for (const auto& c : given) {
    has_bar |= dynamic_cast<ProgbarLogger*>(c.get()) != nullptr;
    if (history && !*history) *history = std::dynamic_pointer_cast<History>(c);
  }
  if (history && !*history) {
    *history = std::make_shared<History>();
    given.push_back(*history);
  }
  if (verbose && !has_bar) given.push_back(std::make_shared<ProgbarLogger>(verbose));
  return given;
}

bool validates(const Value& freq, int64_t epoch) {
  if (freq.is_int()) {
    if (freq.as_int() < 1) throw ValueError("`validation_freq` must be at least 1, received ", freq.as_int(), ".");
    return epoch % freq.as_int() == 0;
  }
  if (!freq.is_sequence())
    throw ValueError("Expected `validation_freq` to be a list or int. Received: validation_freq=", freq.repr(),
                     " of the type ", freq.kind_name(), ".");
  const List& epochs = freq.as_list();
  return std::any_of(epochs.begin(), epochs.end(), [&](const Value& e) { return e.as_int() == epoch; });
}

// At most max_steps_per_epoch(), and says so.
std::optional<int64_t> limited_steps(std::optional<int64_t> steps) {
  const std::optional<int64_t> most = max_steps_per_epoch();
  if (!most || (steps && *steps <= *most)) return steps;
  warn(text("Limiting steps_per_epoch to ", *most));
  return most;
}

// Tells callbacks of batches, `stride` (steps_per_execution) of them at a time.
class BatchEvents {
 public:
  BatchEvents(CallbackList& callbacks, Method begin, Method end, int64_t stride)
      : callbacks_(callbacks), begin_(begin), end_(end), stride_(stride), wanted_(callbacks.needs_batches()) {}
  bool wanted() const { return wanted_; }
  void before(int64_t step) {
    if (!wanted_ || step % stride_) return;
    Dict none;
    callbacks_.epoch(begin_, step, none);
  }
  template <class Logs>
  void after(int64_t step, Logs&& logs) {
    if (!wanted_ || (step + 1) % stride_) return;
    Dict d = logs();
    callbacks_.epoch(end_, step, d);
  }
  // After the last of `steps` batches: those that did not make up a stride.
  template <class Logs>
  void finish(int64_t steps, Logs&& logs) {
    if (steps % stride_) after(steps + stride_ - steps % stride_ - 1, logs);
  }

 private:
  CallbackList& callbacks_;
  Method begin_, end_;
  int64_t stride_;
  bool wanted_;
};

Value joined(const Value& structure, const std::vector<Tensors>& batches) {
  size_t next = 0;
  EagerScope eager;
  return map_structure(structure, [&](const Value& leaf) -> Value {
    if (!leaf.is_tensor()) return leaf;
    Tensors parts;
    for (const Tensors& batch : batches) parts.push_back(batch[next]);
    ++next;
    return parts.size() == 1 ? parts[0] : prim::concat(parts, 0);
  });
}

// Dicts among the logs (the result of a metric that stands for several) go in by their own names, as in Keras.
void add_logs(Dict& logs, const Dict& more) {
  for (const auto& [name, value] : more)
    if (value.is_dict())
      add_logs(logs, value.as_dict());
    else
      logs.set(name, value);
}

}  // namespace

// Runs `f`; inside a callback of fit() the metrics are afterwards what they were, so that the training's figures are
// its own.
template <class F>
auto Model::beside_training(F f) {
  if (!fitting_) return f();
  std::vector<std::pair<Variable, Tensor>> kept;
  for (const MetricPtr& m : metrics())
    for (const Variable& v : m->all_variables()) kept.emplace_back(v, v.value());
  auto restore = [&] {
    EagerScope eager;
    reset_metrics();  // those that were built only now
    for (const auto& [variable, value] : kept) variable.assign(value);
  };
  try {
    auto result = f();
    restore();
    return result;
  } catch (...) {
    restore();
    throw;
  }
}

Dict Model::logs_of_step(StepKind kind, const Batch& batch) {
  Value result = run_step(kind, data_of(batch));
  if (!result.is_dict())
    throw TypeError(kind == StepKind::train ? "train_step" : "test_step", " of ", describe(),
                    " must return a dict of logs, received ", result.repr(), ".");
  Dict logs;
  add_logs(logs, result.as_dict());
  return logs;
}

std::shared_ptr<History> Model::fit(std::shared_ptr<DataSource> data, FitArgs args) {
  require_compiled("fit");
  if (const auto most = max_epochs(); most && *most < args.epochs) {
    warn(text("Limiting epochs to ", *most));
    args.epochs = *most;
  }
  return beside_training([&] {
    struct Fitting {
      bool& flag;
      const bool before = std::exchange(flag, true);
      ~Fitting() { flag = before; }
    } fitting{fitting_};
    try {
      auto history = fit_loop(*data, args);
      finish_training(args);
      return history;
    } catch (...) {
      finish_training(args);
      throw;
    }
  });
}

void Model::finish_training(const FitArgs& args) {
  if (optimizer_ && args.epochs > 0) optimizer_->finalize_variable_values(trainable_weights());
}

std::shared_ptr<History> Model::fit_loop(DataSource& data, const FitArgs& args) {
  std::shared_ptr<History> history;
  const int verbose = verbosity(args.verbose);
  EpochReader reader(data, limited_steps(args.steps_per_epoch));
  Dict params{
      {"verbose", verbose}, {"epochs", args.epochs}, {"steps", reader.steps() ? Value(*reader.steps()) : Value()}};
  CallbackList callbacks(with_defaults(args.callbacks, verbose, args.keep_history ? &history : nullptr), *this, params);
  stop_training = false;
  Dict training_logs, none;
  TrainingLoop loop{reader, callbacks, args.initial_epoch};
  struct Running {
    const TrainingLoop*& place;
    const TrainingLoop* const before;
    ~Running() { place = before; }
  } running{loop_, std::exchange(loop_, &loop)};
  callbacks.phase(Method::on_train_begin, none);
  const std::optional<Dict> resumed = std::exchange(resumed_, std::nullopt);
  if (resumed) restore_training_state(*resumed, loop);
  const int64_t first_epoch = loop.epoch;
  bool validated = false;
  for (int64_t epoch = first_epoch; epoch < args.epochs; ++epoch) {
    reset_metrics();
    none = {};
    callbacks.epoch(Method::on_epoch_begin, epoch, none);
    BatchEvents events(callbacks, Method::on_train_batch_begin, Method::on_train_batch_end,
                       compile_args_.steps_per_execution);
    Dict& logs = loop.logs;
    loop.epoch = epoch;
    if (epoch != first_epoch) loop.batches = 0, logs = {};
    reader.begin(epoch);
    bool metrics_due = loop.batches > 0;
    while (std::optional<Batch> batch = reader.next()) {
      if (std::exchange(metrics_due, false)) restore_metrics(*resumed, *this, *batch);
      events.before(loop.batches);
      logs = logs_of_step(StepKind::train, *batch);
      events.after(loop.batches++, [&] { return sorted(numbers(logs)); });
      if (events.wanted()) callbacks.settled();
      check_interrupt();
      if (stop_training) break;
    }
    if (!stop_training) events.finish(loop.batches, [&] { return sorted(numbers(logs)); });
    reader.end();
    if (reader.empty()) {
      if (epoch == first_epoch)
        throw ValueError(
            "The training data gave no batch: it is empty, or a generator that was read before. It must yield at least "
            "one batch.");
      if (!reader.steps())
        warn(text("The training data gave no batch in epoch ", epoch + 1,
                  ": training ends here. A generator can be read once; pass an iterable that starts over, or "
                  "`steps_per_epoch`."));
      break;
    }
    training_logs = sorted(numbers(logs));
    if (args.validation && validates(args.validation_freq, epoch + 1)) {
      EpochReader validation(*args.validation, limited_steps(args.validation_steps));
      const std::optional<Dict> val = evaluate_loop(validation, callbacks);
      if (!val && !validated)
        throw ValueError(
            "The validation data gave no batch: it is empty, or a generator that was read before. It must yield at "
            "least one batch.");
      if (!val)
        warn(text("The validation data gave no batch in epoch ", epoch + 1,
                  ". A generator can be read once; pass an iterable that starts over, or `validation_steps`."));
      else
        for (const auto& [key, v] : *val) training_logs.set("val_" + key, v);
      validated = true;
    }
    loop.epoch = epoch + 1, loop.batches = 0;
    callbacks.epoch(Method::on_epoch_end, epoch, training_logs);
    callbacks.settled();
    if (stop_training) break;
  }
  callbacks.phase(Method::on_train_end, training_logs);
  return history;
}

std::optional<Dict> Model::evaluate_loop(EpochReader& reader, CallbackList& callbacks) {
  Dict logs, none;
  BatchEvents events(callbacks, Method::on_test_batch_begin, Method::on_test_batch_end,
                     compile_args_.steps_per_execution);
  stop_evaluating = false;
  callbacks.phase(Method::on_test_begin, none);
  reset_metrics();
  int64_t step = 0;
  reader.begin(0);
  while (std::optional<Batch> batch = reader.next()) {
    events.before(step);
    logs = logs_of_step(StepKind::test, *batch);
    events.after(step++, [&] { return sorted(numbers(logs)); });
    check_interrupt();
    if (stop_evaluating) break;
  }
  if (!stop_evaluating) events.finish(step, [&] { return sorted(numbers(logs)); });
  reader.end();
  if (reader.empty()) return std::nullopt;
  logs = sorted(numbers(logs));
  Dict told = logs;
  callbacks.phase(Method::on_test_end, told);
  return logs;
}

Dict Model::evaluate(std::shared_ptr<DataSource> data, EvaluateArgs args) {
  require_compiled("evaluate");
  const int verbose = verbosity(args.verbose);
  EpochReader reader(*data, limited_steps(args.steps));
  Dict params{{"verbose", verbose}, {"epochs", 1}, {"steps", reader.steps() ? Value(*reader.steps()) : Value()}};
  CallbackList callbacks(with_defaults(args.callbacks, verbose, nullptr), *this, params);
  return beside_training([&] {
    const std::optional<Dict> logs = evaluate_loop(reader, callbacks);
    if (!logs)
      throw ValueError(
          "The data gave no batch to evaluate: it is empty, or a generator that was read before. It must yield at "
          "least one batch.");
    return *logs;
  });
}

Value Model::predict(std::shared_ptr<DataSource> data, EvaluateArgs args) {
  const int verbose = verbosity(args.verbose);
  EpochReader reader(*data, limited_steps(args.steps));
  Dict params{{"verbose", verbose}, {"epochs", 1}, {"steps", reader.steps() ? Value(*reader.steps()) : Value()}};
  CallbackList callbacks(with_defaults(args.callbacks, verbose, nullptr), *this, params);
  BatchEvents events(callbacks, Method::on_predict_batch_begin, Method::on_predict_batch_end,
                     compile_args_.steps_per_execution);
  stop_predicting = false;
  Dict none;
  callbacks.phase(Method::on_predict_begin, none);
  std::vector<Tensors> collected;
  size_t told = 0;  // batches whose outputs callbacks have seen
  Value structure;
  auto outputs = [&] {
    return Dict{
        {"outputs", joined(structure, {collected.begin() + std::exchange(told, collected.size()), collected.end()})}};
  };
  int64_t step = 0;
  reader.begin(0);
  while (std::optional<Batch> batch = reader.next()) {
    events.before(step);
    structure = run_step(StepKind::predict, List{batch->x, Value(), Value()});
    collected.push_back(flatten_tensors(structure));
    events.after(step++, outputs);
    check_interrupt();
    if (stop_predicting) break;
  }
  if (!stop_predicting) events.finish(step, outputs);
  reader.end();
  none = {};
  callbacks.phase(Method::on_predict_end, none);
  if (collected.empty())
    throw ValueError(
        "The data gave no batch to predict: it is empty, or a generator that was read before. It must yield at least "
        "one batch.");
  return joined(structure, collected);
}

// ---- arrays ----

std::shared_ptr<History> Model::fit(const Value& x, const Value& y, FitArgs args, const Value& sample_weight) {
  require_compiled("fit");
  Batch train{x, y, sample_weight, 0};
  int64_t batch_size = args.batch_size.value_or(32);
  if (args.validation_split > 0 && !args.validation) {
    auto [first, last] = ArrayData::split(x, y, sample_weight, args.validation_split);
    train = first;
    args.validation =
        std::make_shared<ArrayData>(last.x, last.y, last.sample_weight,
                                    ArrayData::Options{.batch_size = args.validation_batch_size.value_or(batch_size)});
  }
  auto data = std::make_shared<ArrayData>(
      train.x, train.y, train.sample_weight,
      ArrayData::Options{.batch_size = batch_size, .shuffle = args.shuffle, .class_weight = args.class_weight});
  return fit(std::move(data), std::move(args));
}

Dict Model::evaluate(const Value& x, const Value& y, EvaluateArgs args, const Value& sample_weight) {
  return evaluate(
      std::make_shared<ArrayData>(x, y, sample_weight, ArrayData::Options{.batch_size = args.batch_size.value_or(32)}),
      args);
}

Value Model::predict(const Value& x, EvaluateArgs args) {
  return predict(
      std::make_shared<ArrayData>(x, Value(), Value(), ArrayData::Options{.batch_size = args.batch_size.value_or(32)}),
      args);
}

Dict Model::train_on_batch(const Value& x, const Value& y, const Value& sample_weight, const Dict& class_weight) {
  require_compiled("train_on_batch");
  Value weight = sample_weight;
  if (!class_weight.empty()) {
    if (!sample_weight.is_none())
      throw ValueError("Arguments `sample_weight` and `class_weight` cannot be specified at the same time.");
    weight = class_weights_to_sample_weights(flatten_tensors(y).at(0), class_weight);
  }
  return on_batch(StepKind::train, {x, y, weight, 0});
}

Dict Model::test_on_batch(const Value& x, const Value& y, const Value& sample_weight) {
  require_compiled("test_on_batch");
  return on_batch(StepKind::test, {x, y, sample_weight, 0});
}

// The figures of this batch alone.
Dict Model::on_batch(StepKind kind, const Batch& batch) {
  return beside_training([&] {
    reset_metrics();
    return sorted(numbers(logs_of_step(kind, batch)));
  });
}

Value Model::predict_on_batch(const Value& x) {
  if (x.is_tensor())
    if (Tensor out = run_lone(StepKind::predict, x.as_tensor()); out.defined()) return out;
  return run_step(StepKind::predict, List{x, Value(), Value()});
}

}  // namespace lamina
