#include "serialization/models/legacy_h5.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "backends/core/engine.h"
#include "backends/core/warning.h"
#include "serialization/formats/json/json.h"
#include "serialization/models/cudnn_weights.h"
#include "serialization/models/keras2_meaning.h"
#include "serialization/models/legacy_config.h"
#include "serialization/objects/object_config.h"
#include "serialization/objects/weight_budget.h"

namespace lamina {

namespace {

constexpr const char* kTopLevel = "top_level_model_weights";

Variables weights_of(const Layer& layer) {
  Variables out = layer.trainable_weights();
  for (const Variable& v : layer.non_trainable_weights()) out.push_back(v);
  return out;
}

Variables own_weights(const Model& model) {
  Variables out = model.own_trainable();
  for (const Variable& v : model.own_non_trainable()) out.push_back(v);
  return out;
}

// HDF5 keeps no checksums of attributes: beside each text stands one of ours, under a name that other readers pass
// over.
std::string checksum_name(const std::string& attribute) { return attribute + "_crc32"; }
std::string checksum(const std::string& text) {
  uLong crc = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t part = std::min<size_t>(text.size() - at, 1 << 30);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(text.data() + at), static_cast<uInt>(part));
    at += part;
  }
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08lx", crc);
  return digits;
}

// ---- reading ----

class WeightReader {
 public:
  WeightReader(Model& model, const Hdf5Reader& file, std::string group, bool skip)
      : model_(model), file_(file), group_(std::move(group)), skip_(skip) {}

  void by_order() {
    std::vector<LayerPtr> layers;
    for (const LayerPtr& l : model_.layers())
      if (!weights_of(*l).empty()) layers.push_back(l);
    std::vector<std::string> names;
    for (const std::string& name : file_.strings(group_, "layer_names"))
      if (!weight_names(name).empty()) names.push_back(name);
    if (names.size() != layers.size())
      throw ValueError("Layer count mismatch when loading weights from file. Model expected ", layers.size(),
                       " layers, found ", names.size(), " saved layers. (in '", file_.name(), "')");
    for (size_t k = 0; k < names.size(); ++k) {
      Variables expected = weights_of(*layers[k]);
      std::vector<std::string> stored = weight_names(names[k]);
      if (stored.size() != expected.size())
        throw ValueError("Weight count mismatch for layer #", k, " (named ", layers[k]->name(),
                         " in the current model, ", names[k], " in the save file). Layer expects ", expected.size(),
                         " weight(s). Received ", stored.size(), " saved weight(s)");
      assign(expected, names[k], stored, text("layer #", k, " (named ", layers[k]->name(), ")"));
    }
    top_level("Weight count mismatch for top-level weights when loading weights from file. Model expects ");
  }

  void by_name() {
    std::vector<LayerPtr> layers = model_.layers();
    std::vector<std::string> names = file_.strings(group_, "layer_names");
    for (size_t k = 0; k < names.size(); ++k) {
      auto found = std::find_if(layers.begin(), layers.end(), [&](const LayerPtr& l) { return l->name() == names[k]; });
      if (found == layers.end()) continue;
      Variables expected = weights_of(**found);
      std::vector<std::string> stored = weight_names(names[k]);
      if (stored.size() != expected.size()) {
        std::string counts =
            text("Layer expects ", expected.size(), " weight(s). Received ", stored.size(), " saved weight(s)");
        if (!skip_) throw ValueError("Weight count mismatch for layer #", k, " (named ", names[k], "). ", counts);
        warn(text("Skipping loading of weights for layer #", k, " (named ", names[k],
                  ") due to mismatch in number of weights. ", counts));
        continue;
      }
      assign(expected, names[k], stored, text("layer #", k, " (named ", names[k], ")"));
    }
    top_level("Weight count mismatch for top-level weights of model. Model expects ");
  }

  void finish() {
    EagerScope eager;
    Tensors values;
    for (const Item& item : plan_) values.push_back(from_stored(file_.read(item.path), item.form));
    for (size_t i = 0; i < plan_.size(); ++i) plan_[i].variable.assign(values[i]);
    for (const LayerPtr& l : model_.flatten_layers()) l->weights_loaded();
  }

 private:
  std::string at(const std::string& layer) const { return group_ + "/" + layer; }
  std::vector<std::string> weight_names(const std::string& layer) const {
    return file_.find_strings(at(layer), "weight_names").value_or(std::vector<std::string>{});
  }

  void top_level(std::string_view mismatch) {
    if (!file_.contains(at(kTopLevel))) return;
    Variables expected = own_weights(model_);
    std::vector<std::string> stored = weight_names(kTopLevel);
    if (stored.size() != expected.size()) {
      std::string counts =
          text(expected.size(), " top-level weight(s). Received ", stored.size(), " saved top-level weight(s)");
      if (!skip_) throw ValueError(mismatch, counts);
      warn(text("Skipping loading top-level weights for model due to mismatch in number of weights. Model expects ",
                counts));
      return;
    }
    assign(expected, kTopLevel, stored, "top-level model");
  }

  void assign(const Variables& expected, const std::string& layer, const std::vector<std::string>& stored,
              const std::string& who) {
    std::vector<Shape> wanted, found;
    for (size_t i = 0; i < expected.size(); ++i)
      wanted.push_back(expected[i].shape()), found.push_back(file_.spec(at(layer) + "/" + stored[i]).shape);
    std::vector<StoredForm> forms = stored_forms(wanted, found);
    for (size_t i = 0; i < expected.size(); ++i) {
      if (wanted[i] == found[i] || forms[i].kind != StoredForm::Kind::same) {
        plan_.push_back({expected[i], at(layer) + "/" + stored[i], forms[i]});
        continue;
      }
      std::string shapes = text(" for weight ", expected[i].path(), ". Weight expects shape ", wanted[i],
                                ". Received saved weight with shape ", found[i]);
      if (!skip_) throw ValueError("Shape mismatch in ", who, shapes);
      warn(text("Skipping loading weights for ", who, " due to mismatch in shape", shapes));
    }
  }

  Model& model_;
  const Hdf5Reader& file_;
  std::string group_;
  bool skip_;
  struct Item {
    Variable variable;
    std::string path;
    StoredForm form;
  };
  std::vector<Item> plan_;
};

std::string text_attribute(const Hdf5Reader& file, const std::string& name) {
  auto value = file.find_attribute("", name);
  return value && value->is_string() ? value->as_string() : "";
}

// A text that save_legacy_model() wrote with its checksum; files of others have none.
std::string checked_text(const Hdf5Reader& file, const std::string& name) {
  const std::string found = text_attribute(file, name), stored = text_attribute(file, checksum_name(name));
  if (!stored.empty() && stored != checksum(found))
    throw ValueError("The attribute '", name, "' of the file at ", file.name(), " has the checksum ", checksum(found),
                     "; expected ", stored,
                     ", which it was written with. The file is damaged. If the attribute was changed on purpose, "
                     "delete the attribute '",
                     checksum_name(name), "'.");
  return found;
}

void write_text(Hdf5Writer& file, const std::string& name, const std::string& value) {
  file.string_attribute("", name, value, StringTag::ascii);
  file.string_attribute("", checksum_name(name), checksum(value), StringTag::ascii);
}

void load_optimizer(Model& model, const Hdf5Reader& file) {
  const auto& optimizer = model.optimizer();
  if (!optimizer || !file.contains("optimizer_weights")) return;
  if (!optimizer->built()) optimizer->build(model.trainable_weights());
  std::vector<std::string> names =
      file.find_strings("optimizer_weights", "weight_names").value_or(std::vector<std::string>{});
  const Variables& variables = optimizer->variables();
  bool fits = names.size() == variables.size();
  for (size_t i = 0; fits && i < names.size(); ++i)
    fits = file.spec("optimizer_weights/" + names[i]).shape == variables[i].shape();
  if (!fits) {
    warn(
        "Error in loading the saved optimizer state. As a result, your model is starting with a freshly initialized "
        "optimizer.");
    return;
  }
  EagerScope eager;
  Tensors values;
  for (const auto& name : names) values.push_back(file.read("optimizer_weights/" + name));
  for (size_t i = 0; i < values.size(); ++i) Variable(variables[i]).assign(values[i]);
}

}  // namespace

void load_legacy_weights(Model& model, const Hdf5Reader& file, bool by_name, bool skip_mismatch) {
  std::string group = !file.find_strings("", "layer_names") && file.contains("model_weights") ? "model_weights" : "";
  if (!file.find_strings(group, "layer_names"))
    throw ValueError("The file '", file.name(), "' holds no legacy weights: expected the attribute 'layer_names'. ",
                     file.contains("vars") || file.contains("layers")
                         ? "It looks like a `.weights.h5` file; give it that ending."
                         : "It may be of another format.");
  WeightReader reader(model, file, group, skip_mismatch);
  if (by_name)
    reader.by_name();
  else
    reader.by_order();
  reader.finish();
}

ModelPtr load_legacy_model(const Hdf5Reader& file, bool compile) {
  std::string config = checked_text(file, "model_config");
  if (config.empty())
    throw ValueError("No model config found in the file at ", file.name(),
                     ". If it holds weights only, make the model and call load_weights().");
  Value stored = parse_json(config, file.name() + ":model_config");
  if (before_keras3(text_attribute(file, "keras_version"))) stored = with_keras2_meaning(stored);
  Value modern = modern_model_config(stored);
  WeightBudget budget(file.name(), [&] { return file.bytes_of_datasets(); });
  auto model = std::dynamic_pointer_cast<Model>(get_object(modern, "keras.models"));
  if (!model) throw ValueError("The file ", file.name(), " does not hold a model.");
  load_legacy_weights(*model, file, false, false);
  if (!compile) return model;
  std::string training = checked_text(file, "training_config");
  if (training.empty()) {
    warn("No training configuration found in the save file, so the model was *not* compiled. Compile it manually.");
    return model;
  }
  model->compile_from_config(modern_compile_config(parse_json(training, file.name() + ":training_config")));
  load_optimizer(*model, file);
  return model;
}

// ---- writing ----

namespace {

void write_subset(Hdf5Writer& file, const std::string& group, const Variables& variables) {
  file.group(group);
  std::vector<std::string> names;
  std::map<std::string, int> used;
  for (const Variable& v : variables) {
    std::string name = v.path();
    int again = used[name]++;
    names.push_back(again ? text(name, "_", again) : name);  // variables of unnamed scopes may share a path
  }
  file.strings(group, "weight_names", names);
  for (size_t i = 0; i < variables.size(); ++i) file.dataset(group + "/" + names[i], variables[i].state().value);
}

// Keras 3 reads losses back from objects only, not from their names.
Value loss_as_object(const Value& loss) {
  if (loss.is_string()) {
    const ClassInfo* info = find_class(loss.as_string(), "keras.losses");
    return info ? serialize_object(info->make({})) : loss;
  }
  if (loss.is_sequence()) {
    List out;
    for (const Value& item : loss.as_list()) out.push_back(loss_as_object(item));
    return out;
  }
  if (loss.is_dict() && !is_serialized_object(loss)) {
    Dict out;
    for (const auto& [key, item] : loss.as_dict()) out.set(key, loss_as_object(item));
    return out;
  }
  return loss;
}

}  // namespace

void save_legacy_model(const Model& model, const std::string& path, bool include_optimizer) {
  Value config = serialize_object(std::const_pointer_cast<Object>(model.shared_from_this()));
  Hdf5Writer file(path);
  file.string_attribute("", "keras_version", "3.15.1");
  file.string_attribute("", "backend", "lamina");
  write_text(file, "model_config", to_json(legacy_model_config(config)));
  if (include_optimizer && model.compiled() && model.optimizer()) {
    Dict compile = serialize_value(model.get_compile_config()).as_dict();
    if (const Value* loss = compile.find("loss")) compile.set("loss", loss_as_object(*loss));
    write_text(file, "training_config", to_json(legacy_training_config(compile)));
  }
  const std::string weights = "model_weights";
  file.group(weights);
  std::vector<std::string> names;
  std::vector<LayerPtr> layers = model.layers();
  for (const LayerPtr& l : layers) names.push_back(l->name());
  file.strings(weights, "layer_names", names);
  file.string_attribute(weights, "backend", "lamina", StringTag::ascii);
  file.string_attribute(weights, "keras_version", "3.15.1", StringTag::ascii);
  for (const LayerPtr& l : layers) write_subset(file, weights + "/" + l->name(), weights_of(*l));
  write_subset(file, weights + "/" + kTopLevel, own_weights(model));
  if (include_optimizer && model.optimizer()) write_subset(file, "optimizer_weights", model.optimizer()->variables());
  file.finish();
}

}  // namespace lamina
