#include "serialization/models/model_io.h"

#include "capi/handles.h"

namespace lamina::capi {

void describe_ends(lamina_model& model) {
  const FunctionalGraph* graph = model.model->graph();
  if (!graph || !model.outputs.empty()) return;
  const auto describe = [](const Value& tensors, const std::vector<std::string>& names) {
    std::vector<lamina_model::Info> out;
    for (const Tensor& t : flatten_tensors(tensors))
      out.push_back({out.size() < names.size() ? names[out.size()] : "", t.spec()});
    return out;
  };
  model.inputs = describe(graph->inputs(), graph->input_names());
  model.outputs = describe(graph->outputs(), model.model->output_names());
}

lamina_model* model_handle(ModelPtr model) {
  auto handle = std::make_unique<lamina_model>();
  handle->model = std::move(model);
  describe_ends(*handle);
  return handle.release();
}

Value structured(const lamina_model& model, const Value* structure, std::vector<Value> tensors, const char* ends,
                 const char* received) {
  if (!structure) return tensors.size() == 1 ? tensors[0] : Value(List(std::move(tensors)));
  if (const size_t expected = flatten_tensors(*structure).size(); expected != tensors.size())
    throw ValueError("The model '", model.model->name(), "' has ", expected, " ", ends, ", received ", tensors.size(),
                     " ", received, ".");
  return pack_like(*structure, tensors);
}

Value inputs_for(const lamina_model& model, const lamina_tensor* const* handles, size_t count) {
  const FunctionalGraph* graph = model.model->graph();
  return structured(model, graph ? &graph->inputs() : nullptr, tensors_of(handles, count, "inputs"), "inputs",
                    "tensors");
}

namespace {

void tell(const std::vector<lamina_model::Info>& all, size_t place, const char* what, lamina_tensor_info* info) {
  given(info, "info");
  if (place >= all.size()) throw IndexError("There is no ", what, " ", place, ": the model has ", all.size(), ".");
  const auto& found = all[place];
  *info = {found.name.c_str(), number_of(found.spec.dtype), static_cast<size_t>(found.spec.shape.rank()),
           found.spec.shape.begin()};
}

Variable weight_of(const lamina_model& model, size_t place) {
  const Variables weights = model.model->weights();
  if (place >= weights.size()) throw IndexError("There is no weight ", place, ": the model has ", weights.size(), ".");
  return weights[place];
}

}  // namespace
}  // namespace lamina::capi

using namespace lamina;
using namespace lamina::capi;

extern "C" {

lamina_status lamina_model_load(const char* path, int32_t compile, lamina_model** model) {
  return guarded([&] { given(model, "model") = model_handle(load_model(&given(path, "path"), compile != 0)); });
}

lamina_status lamina_model_load_from_memory(const void* data, size_t bytes, int32_t compile, lamina_model** model) {
  return guarded([&] {
    given(model, "model");
    given_data(data, bytes);
    std::string file = bytes ? std::string(static_cast<const char*>(data), bytes) : std::string();
    *model = model_handle(load_model_from_bytes(std::move(file), compile != 0));
  });
}

lamina_status lamina_model_from_json(const char* json, lamina_model** model) {
  return guarded([&] { given(model, "model") = model_handle(model_from_json(&given(json, "json"))); });
}

void lamina_model_free(lamina_model* model) { delete model; }

lamina_status lamina_model_save(const lamina_model* model, const char* path, int32_t overwrite) {
  return guarded([&] { save_model(*given(model, "model").model, &given(path, "path"), overwrite != 0); });
}

lamina_status lamina_model_save_weights(const lamina_model* model, const char* path, int32_t overwrite) {
  return guarded([&] { save_weights(*given(model, "model").model, &given(path, "path"), overwrite != 0); });
}

lamina_status lamina_model_load_weights(lamina_model* model, const char* path) {
  return guarded([&] { load_weights(*given(model, "model").model, &given(path, "path")); });
}

lamina_status lamina_model_to_json(const lamina_model* model, char** json) {
  return guarded([&] { given(json, "json") = text_for_caller(model_to_json(*given(model, "model").model)); });
}

lamina_status lamina_model_summary(const lamina_model* model, char** text) {
  return guarded([&] { given(text, "text") = text_for_caller(given(model, "model").model->summary()); });
}

size_t lamina_model_input_count(const lamina_model* model) { return model ? model->inputs.size() : 0; }

size_t lamina_model_output_count(const lamina_model* model) { return model ? model->outputs.size() : 0; }

lamina_status lamina_model_input_info(const lamina_model* model, size_t input, lamina_tensor_info* info) {
  return guarded([&] { tell(given(model, "model").inputs, input, "input", info); });
}

lamina_status lamina_model_output_info(const lamina_model* model, size_t output, lamina_tensor_info* info) {
  return guarded([&] { tell(given(model, "model").outputs, output, "output", info); });
}

size_t lamina_model_weight_count(const lamina_model* model) {
  size_t count = 0;
  guarded([&] { count = given(model, "model").model->weights().size(); });
  return count;
}

lamina_status lamina_model_weight_path(const lamina_model* model, size_t weight, char** path) {
  return guarded([&] { given(path, "path") = text_for_caller(weight_of(given(model, "model"), weight).path()); });
}

lamina_status lamina_model_weight(const lamina_model* model, size_t weight, lamina_tensor** tensor) {
  return guarded([&] {
    given(tensor, "tensor");
    const Tensor value = weight_of(given(model, "model"), weight).value();
    // A copy: training changes a weight's memory where nobody else reads it.
    *tensor = tensor_handle(Tensor::from_bytes(value.raw(), value.shape(), value.dtype()));
  });
}

lamina_status lamina_model_set_weight(lamina_model* model, size_t weight, const lamina_tensor* tensor) {
  return guarded([&] { weight_of(given(model, "model"), weight).assign(given(tensor, "tensor").value); });
}

lamina_status lamina_model_predict(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                                   int64_t batch_size, lamina_tensor** outputs, size_t output_count) {
  return guarded([&] {
    lamina_model& m = given(model, "model");
    if (output_count) given(outputs, "outputs");
    if (batch_size < 0)
      throw ValueError("Expected a batch size of 0 (all at once) or more, received ", batch_size, ".");
    const Value x = inputs_for(m, inputs, input_count);
    const Value result =
        batch_size ? m.model->predict(x, {.batch_size = batch_size, .verbose = 0}) : m.model->predict_on_batch(x);
    const Tensors found = flatten_tensors(result);
    if (found.size() != output_count)
      throw ValueError("The model '", m.model->name(), "' has ", found.size(), " outputs, received room for ",
                       output_count, ".");
    std::vector<std::unique_ptr<lamina_tensor>> handles;
    for (const Tensor& t : found) handles.emplace_back(tensor_handle(t));
    for (size_t i = 0; i < output_count; ++i) outputs[i] = handles[i].release();
  });
}

}  // extern "C"
