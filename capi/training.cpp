#include <limits>

#include "api/callbacks/callback.h"
#include "capi/handles.h"
#include "serialization/objects/object_config.h"

namespace lamina::capi {
namespace {

lamina_logs* logs_handle(const Dict& logs) {
  auto out = std::make_unique<lamina_logs>();
  for (const auto& [name, value] : logs) {
    std::vector<double> numbers;
    if (value.is_sequence())
      for (const Value& v : value.as_list()) numbers.push_back(v.as_number());
    else
      numbers.push_back(value.as_number());
    out->entries.emplace_back(name, std::move(numbers));
  }
  return out.release();
}

// Targets of one output are that tensor, of several a structure like the model's outputs.
Value targets_for(const lamina_model& model, const lamina_tensor* const* handles, size_t count) {
  std::vector<Value> tensors = tensors_of(handles, count, "targets");
  if (count == 0) return {};
  if (count == 1) return tensors[0];
  const FunctionalGraph* graph = model.model->graph();
  return structured(model, graph ? &graph->outputs() : nullptr, std::move(tensors), "outputs", "targets");
}

// Tells the caller of each epoch.
class EpochCallback final : public Callback {
 public:
  EpochCallback(lamina_epoch_function function, void* context) : function_(function), context_(context) {}
  void on_epoch_end(int64_t epoch, Dict& logs) override {
    std::unique_ptr<lamina_logs> handle(logs_handle(logs));
    if (function_(context_, epoch, handle.get())) model()->stop_training = true;
  }
  std::string class_name() const override { return "EpochCallback"; }

 private:
  lamina_epoch_function function_;
  void* context_;
};

// fit()'s arguments as a struct that names its own fields, so that a wrong name is told with the nearest right one.
struct FitArguments {
  std::optional<int64_t> batch_size{}, steps_per_epoch{};
  int64_t epochs = 1, initial_epoch = 0;
  double validation_split = 0;
  bool shuffle = true;
  Value class_weight{}, validation_freq = 1, verbose = 0, callbacks = List{};
  void fields(Fields& f) {
    f("batch_size", batch_size);
    f("epochs", epochs);
    f("verbose", verbose);
    f("callbacks", callbacks);
    f("validation_split", validation_split);
    f("shuffle", shuffle);
    f("class_weight", class_weight);
    f("initial_epoch", initial_epoch);
    f("steps_per_epoch", steps_per_epoch);
    f("validation_freq", validation_freq);
  }
};

FitArgs fit_arguments(const char* json, lamina_epoch_function on_epoch, void* context) {
  FitArguments read;
  read_fields("fit", arguments_of(json, "the arguments of fit()"), [&](Fields& f) { read.fields(f); });
  FitArgs args{.batch_size = read.batch_size,
               .epochs = read.epochs,
               .verbose = read.verbose,
               .validation_split = read.validation_split,
               .shuffle = read.shuffle,
               .class_weight = read.class_weight.is_none() ? Dict{} : read.class_weight.as_dict(),
               .initial_epoch = read.initial_epoch,
               .steps_per_epoch = read.steps_per_epoch,
               .validation_freq = read.validation_freq};
  for (const Value& config : read.callbacks.as_list()) {
    auto callback = std::dynamic_pointer_cast<Callback>(get_object(config, Callback::kModule));
    if (!callback) throw TypeError("`callbacks` takes configs of callbacks, received ", config.repr(), ".");
    args.callbacks.push_back(std::move(callback));
  }
  if (on_epoch) args.callbacks.push_back(std::make_shared<EpochCallback>(on_epoch, context));
  return args;
}

}  // namespace
}  // namespace lamina::capi

using namespace lamina;
using namespace lamina::capi;

extern "C" {

lamina_status lamina_model_compile(lamina_model* model, const char* arguments) {
  return guarded([&] {
    Model& m = *given(model, "model").model;
    CompileArgs args;
    read_fields("compile", arguments_of(arguments, "the arguments of compile()"), [&](Fields& f) { args.fields(f); });
    m.compile(std::move(args));
  });
}

lamina_status lamina_model_train_on_batch(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                                          const lamina_tensor* const* targets, size_t target_count,
                                          const lamina_tensor* sample_weight, lamina_logs** logs) {
  return guarded([&] {
    lamina_model& m = given(model, "model");
    const Dict result =
        m.model->train_on_batch(inputs_for(m, inputs, input_count), targets_for(m, targets, target_count),
                                sample_weight ? Value(sample_weight->value) : Value());
    describe_ends(m);
    if (logs) *logs = logs_handle(result);
  });
}

lamina_status lamina_model_fit(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                               const lamina_tensor* const* targets, size_t target_count, const char* arguments,
                               lamina_epoch_function on_epoch, void* context, lamina_logs** logs) {
  return guarded([&] {
    lamina_model& m = given(model, "model");
    auto history = m.model->fit(inputs_for(m, inputs, input_count), targets_for(m, targets, target_count),
                                fit_arguments(arguments, on_epoch, context));
    describe_ends(m);
    if (logs) *logs = logs_handle(history->history);
  });
}

lamina_status lamina_model_evaluate(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                                    const lamina_tensor* const* targets, size_t target_count, int64_t batch_size,
                                    lamina_logs** logs) {
  return guarded([&] {
    lamina_model& m = given(model, "model");
    given(logs, "logs");
    if (batch_size < 0) throw ValueError("Expected a batch size of 0 (32) or more, received ", batch_size, ".");
    *logs = logs_handle(m.model->evaluate(inputs_for(m, inputs, input_count), targets_for(m, targets, target_count),
                                          {.batch_size = batch_size ? batch_size : 32, .verbose = 0}));
  });
}

size_t lamina_logs_count(const lamina_logs* logs) { return logs ? logs->entries.size() : 0; }

const char* lamina_logs_name(const lamina_logs* logs, size_t entry) {
  return entry < lamina_logs_count(logs) ? logs->entries[entry].first.c_str() : nullptr;
}

const double* lamina_logs_values(const lamina_logs* logs, size_t entry, size_t* count) {
  const bool there = entry < lamina_logs_count(logs);
  if (count) *count = there ? logs->entries[entry].second.size() : 0;
  return there ? logs->entries[entry].second.data() : nullptr;
}

double lamina_logs_value(const lamina_logs* logs, const char* name) {
  for (size_t i = 0; name && i < lamina_logs_count(logs); ++i)
    if (const auto& [known, values] = logs->entries[i]; known == name && !values.empty()) return values.back();
  return std::numeric_limits<double>::quiet_NaN();
}

void lamina_logs_free(lamina_logs* logs) { delete logs; }

}  // extern "C"
