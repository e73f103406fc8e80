#include "serialization/models/legacy_config.h"

#include <algorithm>

#include "backends/core/error.h"
#include "backends/core/object.h"
#include "backends/core/warning.h"

namespace lamina {

namespace {

bool is_object(const Value& v) {
  return v.is_dict() && v.as_dict().contains("class_name") && v.as_dict().contains("config");
}

std::string class_of(const Dict& entry) {
  const Value* name = entry.find("class_name");
  if (!name || !name->is_string())
    throw ValueError("Expected a config with a 'class_name'; received ", Value(entry).repr().substr(0, 200), ".");
  return name->as_string();
}

bool holds_layers(const std::string& class_name, const Value& config) {
  if (class_name == "Sequential") return true;
  return config.is_dict() && config.as_dict().contains("layers") && config.as_dict().contains("input_layers");
}

Value modern_layer(const Value& legacy);

void modern_dtype(Dict& config) {
  Value* dtype = config.find("dtype");
  if (!dtype || !is_object(*dtype)) return;
  const Value* inner = dtype->as_dict().find("config");
  if (inner->is_dict() && inner->as_dict().contains("name")) dtype->as_dict().set("class_name", "DTypePolicy");
}

// Arguments that Keras 3 took away and whose value never changed a result.
void drop_outdated(const std::string& class_name, Dict& config) {
  const ClassInfo* info = find_class(class_name, "keras.layers");
  if (!info || !info->fields) return;
  std::vector<std::string> known{
      "name",        "trainable",         "dtype",    "autocast", "activity_regularizer", "input_shape",
      "batch_shape", "batch_input_shape", "input_dim"};
  for (const FieldInfo& field : info->fields()) known.push_back(field.name);
  static const std::vector<std::string> kHarmless{"implementation", "fused",       "input_dtype", "input_length",
                                                  "input_spec",     "cache_input", "unroll"};
  std::vector<std::string> gone;
  for (const auto& [key, value] : config) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    bool off = value.is_none() || (value.is_bool() && !value.as_bool());
    if (off || std::find(kHarmless.begin(), kHarmless.end(), key) != kHarmless.end()) gone.push_back(key);
  }
  for (const auto& key : gone) config.erase(key);
}

void modern_lambda(Dict& config) {
  for (const char* key : {"module", "function_type", "output_shape_type", "output_shape_module"}) config.erase(key);
  Value* function = config.find("function");
  if (!function || !function->is_sequence() || function->as_list().empty()) return;
  const List parts = function->as_list();
  *function = Dict{{"class_name", "__lambda__"},
                   {"config", Dict{{"code", parts[0]},
                                   {"defaults", parts.size() > 1 ? parts[1] : Value()},
                                   {"closure", parts.size() > 2 ? parts[2] : Value()}}}};
}

void modern_arguments(const std::string& class_name, Dict& config) {
  if (Value* shape = config.find("batch_input_shape"); shape && class_name == "InputLayer") {
    Value copy = *shape;
    config.erase("batch_input_shape");
    config.set("batch_shape", copy);
  }
  if (Value* axis = config.find("axis");
      axis && axis->is_list() && axis->as_list().size() == 1 && class_name == "BatchNormalization")
    *axis = Value(axis->as_list()[0]);
  modern_dtype(config);
  if (class_name == "Lambda") modern_lambda(config);
  for (auto& [key, value] : config) {
    if (!is_object(value)) continue;
    if (key.ends_with("_initializer") && value.as_dict().at("config").is_dict())
      value.as_dict().find("config")->as_dict().erase("dtype");
    if (key == "layer" || key == "cell" || key == "forward_layer" || key == "backward_layer" ||
        key == "backward_layer_config")
      value = modern_layer(value);
  }
  if (Value* cells = config.find("cells"); cells && cells->is_sequence())
    for (Value& cell : cells->as_list())
      if (is_object(cell)) cell = modern_layer(cell);
  drop_outdated(class_name, config);
}

// [["input_1", 0, 0, {}]] stands for one node in some versions, [[["input_1", 0, 0, {}]]] in others.
void modern_nodes(Dict& entry) {
  Value* nodes = entry.find("inbound_nodes");
  if (!nodes || !nodes->is_sequence()) return;
  for (Value& node : nodes->as_list())
    if (node.is_sequence() && !node.as_list().empty() && node.as_list()[0].is_string()) node = List{node};
}

// Keras 2 lists the only input and the only output of a model, too; its models take and give the tensor itself.
void unwrap_ends(Dict& config) {
  bool nested = false;
  for (const Value& layer : config.at("layers").as_list()) {
    const Value* nodes = layer.is_dict() ? layer.as_dict().find("inbound_nodes") : nullptr;
    nested |= nodes && nodes->is_sequence() && !nodes->as_list().empty() && nodes->as_list()[0].is_sequence();
  }
  for (const char* key : {"input_layers", "output_layers"}) {
    Value* ends = config.find(key);
    if (nested && ends && ends->is_sequence() && ends->as_list().size() == 1 && ends->as_list()[0].is_sequence())
      *ends = Value(ends->as_list()[0]);
  }
}

Value modern_layer(const Value& legacy) {
  if (!legacy.is_dict()) throw ValueError("Expected a layer's config; received ", legacy.repr().substr(0, 200), ".");
  Dict entry = legacy.as_dict();
  std::string class_name = class_of(entry);
  Value* config = entry.find("config");
  if (!config) throw ValueError("The config of a ", class_name, " is missing.");
  if (config->is_sequence() && class_name == "Sequential")
    *config = Dict{{"name", None{}}, {"layers", *config}};  // up to Keras 2.2
  if (!config->is_dict())
    throw ValueError("Expected a dict as the config of a ", class_name, "; received ", config->kind_name(), ".");
  if (holds_layers(class_name, *config)) {
    if (class_name == "Model") entry.set("class_name", "Functional");
    Value* layers = entry.find("config")->as_dict().find("layers");
    if (!layers || !layers->is_sequence()) throw ValueError("The config of a ", class_name, " must hold its 'layers'.");
    for (Value& layer : layers->as_list()) layer = modern_layer(layer);
    modern_dtype(entry.find("config")->as_dict());
    unwrap_ends(entry.find("config")->as_dict());
  } else {
    Dict& arguments = config->as_dict();
    // An op of a graph has a layer's class name here ("Add"), but no layer's arguments.
    const Value* module = entry.find("module");
    bool op = entry.contains("inbound_nodes") && class_name != "InputLayer" && !arguments.contains("trainable") &&
              !arguments.contains("dtype") && (!module || module->is_none()) && class_name.find('>') == class_name.npos;
    if (op)
      entry.set("module", "keras.src.ops.numpy");
    else
      modern_arguments(class_name, arguments);
  }
  modern_nodes(entry);
  return entry;
}

// ---- training ----

std::string after_package(const std::string& name) {
  size_t at = name.rfind('>');
  return at == name.npos ? name : name.substr(at + 1);
}

Value modern_optimizer(const Value& legacy) {
  if (!is_object(legacy)) return legacy;
  Dict entry = legacy.as_dict();
  std::string name = class_of(entry);
  if (!entry.at("config").is_dict()) return legacy;
  if (after_package(name) == "LossScaleOptimizer") {  // the inner one is what compile() was given
    const Dict& config = entry.at("config").as_dict();
    for (const char* key : {"inner_optimizer", "optimizer"})
      if (const Value* inner = config.find(key)) return modern_optimizer(*inner);
  }
  const ClassInfo* info = find_class(after_package(name), "keras.optimizers");
  if (!info) return legacy;  // the user's own
  if (name.starts_with("Custom>")) entry.set("class_name", info->name);
  Dict& config = entry.find("config")->as_dict();
  if (const Value* lr = config.find("lr")) {
    Value rate = *lr;
    config.erase("lr");
    if (!config.contains("learning_rate")) config.set("learning_rate", rate);
  }
  if (const Value* decay = config.find("decay"); decay && decay->is_number() && decay->as_number() != 0)
    warn(text("The optimizer's argument `decay` (", decay->as_number(),
              ") is no longer supported and will be ignored. Use a learning-rate schedule."));
  std::vector<std::string> known, gone;
  for (const FieldInfo& field : info->fields()) known.push_back(field.name);
  for (const auto& [key, value] : config)
    if (std::find(known.begin(), known.end(), key) == known.end()) gone.push_back(key);
  for (const auto& key : gone) config.erase(key);
  return entry;
}

Value modern_objects(const Value& v, std::string_view module) {
  if (v.is_sequence()) {
    List out;
    for (const Value& item : v.as_list()) out.push_back(modern_objects(item, module));
    return out;
  }
  if (!v.is_dict()) return v;
  if (!is_object(v)) {
    Dict out;
    for (const auto& [key, item] : v.as_dict()) out.set(key, modern_objects(item, module));
    return out;
  }
  Dict entry = v.as_dict();
  Value* config = entry.find("config");
  if (!config->is_dict()) return v;
  Dict& arguments = config->as_dict();
  if (Value* reduction = arguments.find("reduction");
      reduction && reduction->is_string() && reduction->as_string() == "auto")
    *reduction = "sum_over_batch_size";
  std::string name = class_of(entry);
  const Value* function = arguments.find("fn");
  if (function && function->is_string() && name == "LossFunctionWrapper") return *function;
  if (function && name != "MeanMetricWrapper") arguments.erase("fn");
  if (find_class(name, module)) entry.set("module", std::string(module));
  return entry;
}

}  // namespace

Value modern_model_config(const Value& legacy) { return modern_layer(legacy); }

Dict modern_compile_config(const Value& legacy) {
  if (!legacy.is_dict()) throw ValueError("Expected a dict as the training config; received ", legacy.kind_name(), ".");
  const Dict& config = legacy.as_dict();
  Dict out;
  if (const Value* v = config.find("optimizer_config"))
    out.set("optimizer", modern_optimizer(*v));
  else if (const Value* v = config.find("optimizer"))
    out.set("optimizer", modern_optimizer(*v));
  if (const Value* v = config.find("loss")) out.set("loss", modern_objects(*v, "keras.losses"));
  for (const char* key : {"metrics", "weighted_metrics"})
    if (const Value* v = config.find(key)) out.set(key, modern_objects(*v, "keras.metrics"));
  for (const char* key : {"loss_weights", "run_eagerly", "steps_per_execution", "jit_compile"})
    if (const Value* v = config.find(key); v && !v->is_none()) out.set(key, *v);
  return out;
}

// ---- writing ----

namespace {

// {"class_name", "config"} of a serialized object; a registered class of the user under its registered name.
Dict bare(const Dict& entry) {
  const Value* registered = entry.find("registered_name");
  std::string name = class_of(entry);
  if (registered && registered->is_string() && registered->as_string().find('>') != std::string::npos)
    name = registered->as_string();
  return {{"class_name", name}, {"config", entry.at("config")}};
}

Value legacy_layer(const Value& serialized, bool root) {
  const Dict& entry = serialized.as_dict();
  Dict out = bare(entry);
  if (root) out.set("class_name", class_of(entry));
  if (holds_layers(class_of(entry), out.at("config"))) {
    Value* layers = out.find("config")->as_dict().find("layers");
    for (Value& layer : layers->as_list()) layer = legacy_layer(layer, false);
  }
  for (const char* key : {"name", "inbound_nodes"})
    if (const Value* v = entry.find(key)) out.set(key, *v);
  return out;
}

Value legacy_objects(const Value& v) {
  if (v.is_sequence()) {
    List out;
    for (const Value& item : v.as_list()) out.push_back(legacy_objects(item));
    return out;
  }
  if (!v.is_dict()) return v;
  if (is_object(v)) {
    const Dict& entry = v.as_dict();
    if (entry.at("config").is_string()) return entry.at("config");  // a function by its name
    return bare(entry);
  }
  Dict out;
  for (const auto& [key, item] : v.as_dict()) out.set(key, legacy_objects(item));
  return out;
}

}  // namespace

Value legacy_model_config(const Value& serialized) { return legacy_layer(serialized, true); }

Dict legacy_training_config(const Dict& compile_config) {
  Dict out;
  for (const char* key :
       {"loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution", "jit_compile"}) {
    const Value* v = compile_config.find(key);
    out.set(key, v ? legacy_objects(*v) : Value());
  }
  if (const Value* optimizer = compile_config.find("optimizer"); optimizer && is_object(*optimizer))
    out.set("optimizer_config", bare(optimizer->as_dict()));
  return out;
}

}  // namespace lamina
