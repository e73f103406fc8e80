#include "serialization/model_io.h"

#include <ctime>
#include <filesystem>
#include <set>

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "serialization/atomic_file.h"
#include "serialization/hdf5_store.h"
#include "serialization/json.h"
#include "serialization/zip_archive.h"

namespace lamina {

namespace {

// What a weights file visits: an object with variables, at a path.
struct Place {
  std::string path;
  std::string name;       // of the object
  Variables variables;
  Layer* layer = nullptr;  // null for an optimizer
};

class Walk {
 public:
  explicit Walk(const Model& model) { visit(const_cast<Model&>(model), ""); }
  std::vector<Place> places;

 private:
  void visit(Layer& layer, const std::string& path) {
    if (!seen_.insert(&layer).second) return;
    Variables variables = layer.own_trainable();
    for (const Variable& v : layer.own_non_trainable()) variables.push_back(v);
    places.push_back({path, layer.name(), variables, &layer});
    auto* model = dynamic_cast<Model*>(&layer);
    if (model && (model->is_functional() || model->class_name() == "Sequential")) container(List(to_values(model->layers())), join(path, "layers"));
    std::vector<std::pair<std::string, Value>> attributes = layer.tracked();
    if (model && model->optimizer()) attributes.emplace_back("optimizer", Value(model->optimizer()));
    // Names in order, those with a leading underscore last: Keras' order decides under which alias an object is stored.
    std::stable_sort(attributes.begin(), attributes.end(), [](const auto& a, const auto& b) {
      bool ua = a.first.starts_with("_"), ub = b.first.starts_with("_");
      return ua != ub ? ub : a.first < b.first;
    });
    for (const auto& [name, value] : attributes) any(value, join(path, name));
  }

  void any(const Value& value, const std::string& path) {
    if (auto layer = value.object_as<Layer>()) {
      visit(*layer, path);
    } else if (auto optimizer = value.object_as<Optimizer>()) {
      if (!seen_.insert(optimizer.get()).second) return;
      places.push_back({path, optimizer->name(), optimizer->variables(), nullptr});
      for (const auto& [name, inner] : optimizer->tracked()) any(inner, join(path, name));
    } else if (value.is_sequence() || value.is_dict()) {
      List items;
      if (value.is_dict())
        for (const auto& [key, v] : value.as_dict()) items.push_back(v);
      else items = value.as_list();
      container(items, path);
    }
  }

  void container(const List& items, const std::string& path) {
    std::map<std::string, int> used;
    for (const Value& item : items) {
      std::string base;
      if (item.is_object()) base = snake_case(item.as_object()->public_class_name());
      else if (item.is_sequence() || item.is_dict()) base = "container";
      else continue;
      int n = used[base]++;
      any(item, join(path, n ? text(base, "_", n) : base));
    }
  }

  static List to_values(const std::vector<LayerPtr>& layers) {
    List out;
    for (const LayerPtr& l : layers) out.push_back(Value(l));
    return out;
  }
  static std::string join(const std::string& a, const std::string& b) { return a.empty() ? b : a + "/" + b; }
  std::set<const Object*> seen_;
};

std::string vars_path(const Place& p) { return p.path.empty() ? "/vars" : "/" + p.path + "/vars"; }

std::string weights_image(const Model& model) {
  Hdf5Writer writer = Hdf5Writer::in_memory("model.weights.h5");
  for (const Place& p : Walk(model).places) {
    std::string at = vars_path(p);
    writer.group(at);
    writer.string_attribute(at, "name", p.name);
    for (size_t i = 0; i < p.variables.size(); ++i) writer.dataset(text(at, "/", i), p.variables[i].state().value);
  }
  return writer.take_bytes();
}

struct Assignment {
  Variable variable;
  std::string path;
};

void read_weights(Model& model, Hdf5Reader& file, bool skip_mismatch) {
  std::vector<Assignment> plan;
  for (const Place& p : Walk(model).places) {
    std::string at = vars_path(p);
    std::vector<std::string> keys = file.contains(at) ? file.keys(at) : std::vector<std::string>{};
    std::string who = p.layer ? p.layer->describe() : "optimizer '" + p.name + "'";
    if (keys.size() != p.variables.size()) {
      if (skip_mismatch || !p.layer) {
        if (!p.layer && !keys.empty())
          std::fprintf(stderr, "lamina: skipping the state of %s: it has %zu variables, the file %zu.\n", who.c_str(), p.variables.size(), keys.size());
        continue;
      }
      if (p.variables.empty() && !p.layer->built())
        throw ValueError("The ", who, " was never built and thus doesn't have any variables, but the file lists ", keys.size(),
                         " for it. Build the model (call it on data, or model.build(input_shape)) before loading.");
      throw ValueError("The ", who, " expected ", p.variables.size(), " variables, but the file holds ", keys.size(), " at ", at, ".");
    }
    bool fits = true;
    for (size_t i = 0; i < p.variables.size() && fits; ++i) {
      std::string path = text(at, "/", i);
      TensorSpec stored = file.spec(path);  // before any memory is taken
      if (!(stored.shape == p.variables[i].shape())) {
        if (!skip_mismatch && p.layer)
          throw ValueError("The weight '", p.variables[i].name(), "' of ", who, " has shape ", p.variables[i].shape(), ", but the file holds shape ", stored.shape, " at ", path, ".");
        fits = false;
      }
    }
    if (!fits) continue;
    for (size_t i = 0; i < p.variables.size(); ++i) plan.push_back({p.variables[i], text(at, "/", i)});
  }
  EagerScope eager;
  Tensors values;
  for (const Assignment& a : plan) values.push_back(file.read(a.path));  // everything is read before anything changes
  for (size_t i = 0; i < plan.size(); ++i) plan[i].variable.assign(values[i]);
  for (const LayerPtr& l : model.flatten_layers()) l->weights_loaded();
}

void refuse_existing(const std::string& path, bool overwrite) {
  if (!overwrite && std::filesystem::exists(path)) throw IOError("The file ", path, " exists and overwrite is false. Choose another path, or pass overwrite=True.");
}

std::string now() {
  std::time_t t = std::time(nullptr);
  std::tm local{};
  localtime_r(&t, &local);
  char buffer[40];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%d@%H:%M:%S", &local);
  return buffer;
}

Value model_config(const Model& model) { return serialize_object(std::const_pointer_cast<Object>(model.shared_from_this())); }

}  // namespace

void save_model(const Model& model, const std::string& path, bool overwrite, bool zipped) {
  if (zipped && !path.ends_with(".keras")) throw ValueError("Invalid filepath extension for saving. Expected a path ending in `.keras`. Received: filepath=", path);
  refuse_existing(path, overwrite);
  Value config = model_config(model);
  ArchiveWriter archive(path, zipped);
  archive.add("metadata.json", to_json(Dict{{"keras_version", "3.15.1"}, {"date_saved", now()}}));
  archive.add("config.json", to_json(config));
  archive.add("model.weights.h5", weights_image(model));
  archive.finish();
}

void save_weights(const Model& model, const std::string& path, bool overwrite) {
  if (!path.ends_with(".weights.h5")) throw ValueError("The filename must end in `.weights.h5`. Received: filepath=", path);
  refuse_existing(path, overwrite);
  write_file(path, weights_image(model));
}

void load_weights(Model& model, const std::string& path, bool skip_mismatch) {
  if (path.ends_with(".keras")) {
    ArchiveReader archive(path);
    std::string bytes = archive.read("model.weights.h5");
    Hdf5Reader file = Hdf5Reader::from_memory(bytes, path + ":model.weights.h5");
    read_weights(model, file, skip_mismatch);
    return;
  }
  Hdf5Reader file(path);
  read_weights(model, file, skip_mismatch);
}

ModelPtr load_model(const std::string& path, bool compile) {
  if (!std::filesystem::exists(path)) throw ValueError("File not found: filepath=", path, ". Please ensure the file is an accessible `.keras` zip file.");
  ArchiveReader archive(path);
  Value config = parse_json(archive.read("config.json"), path + ":config.json");
  if (!compile && config.is_dict()) config.as_dict().erase("compile_config");
  auto model = std::dynamic_pointer_cast<Model>(get_object(config, "keras.models"));
  if (!model) throw ValueError("The file ", path, " does not hold a model.");
  if (!archive.contains("model.weights.h5"))
    throw ValueError("The archive ", path, " holds no model.weights.h5", archive.contains("model.weights.npz") ? "; its .npz weights are pickled Python objects, which are not read." : ".");
  std::string bytes = archive.read("model.weights.h5");
  Hdf5Reader file = Hdf5Reader::from_memory(bytes, path + ":model.weights.h5");
  read_weights(*model, file, false);
  return model;
}

std::string model_to_json(const Model& model, int indent) { return to_json(model_config(model), indent); }

ModelPtr model_from_json(const std::string& json) {
  auto model = std::dynamic_pointer_cast<Model>(get_object(parse_json(json, "model JSON"), "keras.models"));
  if (!model) throw ValueError("The JSON does not describe a model.");
  return model;
}

}  // namespace lamina
