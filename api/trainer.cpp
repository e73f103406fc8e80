// fit, evaluate, predict: the loops over a data source.
#include "api/model.h"
#include "backends/core/engine.h"
#include "backends/core/profiler.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

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

std::optional<Batch> next_batch(DataSource& data) {
  ProfileSpan span(profiling() ? data_label() : nullptr);
  return data.next();
}

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
      std::optional<Batch> batch = next_batch(*data);
      if (!batch && args.steps_per_epoch && step > 0 && !ended && data->batches()) {  // arrays start over
        data->begin_epoch(epoch);
        batch = next_batch(*data);
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
    std::optional<Batch> batch = next_batch(data);
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
    std::optional<Batch> batch = next_batch(*data);
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

Value Model::predict_on_batch(const Value& x) {
  if (x.is_tensor())
    if (Tensor out = run_lone(StepKind::predict, x.as_tensor()); out.defined()) return out;
  return run_step(StepKind::predict, List{x, Value(), Value()});
}

}  // namespace lamina
