#include "api/model.h"

#include "backends/core/engine.h"
#include "layers/core/input_layer.h"

namespace lamina {

Model::Model(LayerArgs args) : Layer(std::move(args)) {}
Model::Model(Value inputs, Value outputs, LayerArgs args) : Layer(std::move(args)) {
  set_graph(std::move(inputs), std::move(outputs));
}

void Model::set_graph(Value inputs, Value outputs) {
  graph_ = std::make_unique<FunctionalGraph>(std::move(inputs), std::move(outputs));
  if (this->name().empty()) set_name(auto_name(snake_case(public_class_name())));
  set_built(true);
  supports_masking_ = true;
  users_code_ = false;
  for (const LayerPtr& layer : sublayers())
    for (const LayerPtr& inner : layer->flatten_layers()) users_code_ |= inner->user_class != nullptr;
  for (const auto& op : graph_->map().operations)
    users_code_ |= op->user_class != nullptr || op->class_name() == "Lambda";
  input_spec_ = class_name() == "Sequential" ? std::vector<InputSpec>()
                                             : graph_->input_specs();  // a stack takes what its layers take
  invalidate_functions();
}

Value Model::named_inputs() const {
  if (!graph_ || !graph_->inputs().is_dict()) return {};
  List keys;
  for (const auto& [key, v] : graph_->inputs().as_dict()) keys.push_back(key);
  return keys;
}

Dict Model::get_config() const {
  if (!graph_) {
    Dict config = Layer::get_config();
    return config;
  }
  Dict config{{"name", name()}, {"trainable", trainable()}};
  for (auto& [key, v] : graph_->config()) config.set(key, v);
  return config;
}

Value Model::call(const List& inputs, const CallContext& context) {
  if (!graph_)
    throw UnsupportedError("The model '", name(), "' (", public_class_name(),
                           ") does not define call(): build it from symbolic inputs and outputs, or override call().");
  // Untold, each layer does what is its own default.
  const std::optional<bool> training = context.training ? std::optional<bool>(true) : inherited_training();
  Value out = graph_->run(inputs[0], training, context.mask);
  // A list of one output is, outside the making of further models, that output.
  if (out.is_sequence() && out.as_list().size() == 1 &&
      !(out.as_list()[0].is_tensor() && out.as_list()[0].as_tensor().shape_only()))
    return Value(out.as_list()[0]);
  return out;
}

std::vector<LayerPtr> Model::sublayers() const {
  std::vector<LayerPtr> out = graph_ ? graph_->layers() : std::vector<LayerPtr>{};
  for (const LayerPtr& l : Layer::sublayers()) {
    bool known = false;
    for (const LayerPtr& o : out) known |= o.get() == l.get();
    if (!known) out.push_back(l);
  }
  return out;
}

Value Model::get_build_config() const {
  if (graph_) return Dict{{"input_shape", Value()}};
  return Layer::get_build_config();
}

LayerPtr Model::get_layer(const std::string& wanted) const {
  std::vector<std::string> names;
  for (const LayerPtr& l : layers()) {
    if (l->name() == wanted) return l;
    names.push_back(l->name());
  }
  throw ValueError("No such layer: ", wanted, ". Existing layers are: ", names, ".");
}

LayerPtr Model::get_layer(int index) const {
  auto all = layers();
  int i = index < 0 ? index + static_cast<int>(all.size()) : index;
  if (i < 0 || i >= static_cast<int>(all.size()))
    throw ValueError("Was asked to retrieve layer at index ", index, " but model only has ", all.size(), " layers.");
  return all[i];
}

std::vector<std::string> Model::output_names() const {
  std::vector<std::string> out;
  if (!graph_) return out;
  for (const Tensor& t : flatten_tensors(graph_->outputs())) out.push_back(t.find_notes()->history->operation->name());
  return out;
}

void Model::track_metric(const MetricPtr& metric) {
  for (const MetricPtr& m : tracked_metrics_)
    if (m.get() == metric.get()) return;
  tracked_metrics_.push_back(metric);
}

// ---- files ----

void Model::extend_serialized(Dict& out) const {
  Layer::extend_serialized(out);
  Value compile = overrides(Method::get_compile_config) ? user_class->call(Method::get_compile_config, {}, {})
                                                        : get_compile_config();
  out.set("compile_config", compile.is_none() ? Value(Dict{}) : serialize_value(compile));
}

void Model::finish_deserialize(const Dict& d) {
  Layer::finish_deserialize(d);
  const Value* config = d.find("compile_config");
  if (!config || !config->is_dict() || config->as_dict().empty()) return;
  if (overrides(Method::compile_from_config))
    user_class->call(Method::compile_from_config, {*config}, {});
  else
    compile_from_config(config->as_dict());
}

namespace {
struct FunctionalRegistration {
  FunctionalRegistration() {
    for (const char* name : {"Functional", "Model"}) {
      ClassInfo info;
      info.name = name;
      info.module = "keras.models";
      info.base = "Layer";
      info.doc = "A model from symbolic inputs and outputs.";
      info.make = [](const Dict& config) -> ObjectPtr {
        if (!config.contains("layers"))
          throw ValueError(
              "This config has no graph: it belongs to a subclassed model, whose class must be registered and give a "
              "from_config of its own.");
        FunctionalGraph graph = FunctionalGraph::from_config(config);
        LayerArgs args;
        if (const Value* name = config.find("name"); name && name->is_string()) args.name = name->as_string();
        auto model = std::make_shared<Model>(graph.inputs(), graph.outputs(), args);
        if (const Value* t = config.find("trainable"); t && t->is_bool() && !t->as_bool()) model->set_trainable(false);
        return model;
      };
      register_class(std::move(info));
    }
  }
} functional_registration;
}  // namespace

}  // namespace lamina
