#include "serialization/models/keras2_meaning.h"

#include <cctype>

namespace lamina {

namespace {

constexpr const char* kOldHardSigmoid = "hard_sigmoid_keras2";

// clip(0.2 x + 0.5, 0, 1) then, clip(x / 6 + 0.5, 0, 1) since Keras 3.
void old_activation(Value& v) {
  auto old = [](const Value& name) { return name.is_string() && name.as_string() == "hard_sigmoid"; };
  if (old(v)) v = kOldHardSigmoid;
  if (!v.is_dict()) return;
  Dict& entry = v.as_dict();
  const Value *kind = entry.find("class_name"), *config = entry.find("config");
  if (kind && kind->is_string() && kind->as_string() == "function" && config && old(*config))
    v = kOldHardSigmoid;
  else if (kind && old(*kind))
    v = kOldHardSigmoid;
}

void set_default(Dict& config, const char* key, Value value) {
  if (!config.contains(key)) config.set(key, std::move(value));
}

void layer_meaning(Dict& entry) {
  const Value* kind = entry.find("class_name");
  Value* config = entry.find("config");
  if (!kind || !kind->is_string() || !config || !config->is_dict()) return;
  const std::string name = kind->as_string();
  Dict& arguments = config->as_dict();
  if (name == "CuDNNLSTM" || name == "CuDNNGRU") {
    entry.set("class_name", name == "CuDNNLSTM" ? "LSTM" : "GRU");
    set_default(arguments, "activation", "tanh");
    set_default(arguments, "recurrent_activation", "sigmoid");
    if (name == "CuDNNGRU") arguments.set("reset_after", true);
  } else if (name == "GRU" || name == "GRUCell") {
    set_default(arguments, "reset_after", false);
  } else if (name == "ThresholdedReLU") {
    entry.set("class_name", "ReLU");
    if (const Value* theta = arguments.find("theta")) {
      Value threshold = *theta;
      arguments.erase("theta");
      arguments.set("threshold", threshold);
    } else {
      set_default(arguments, "threshold", 1.0);
    }
  }
  for (const char* key : {"activation", "recurrent_activation"})
    if (Value* v = arguments.find(key)) old_activation(*v);
}

void meaning(Value& v) {
  if (v.is_sequence()) {
    for (Value& item : v.as_list()) meaning(item);
  } else if (v.is_dict()) {
    layer_meaning(v.as_dict());
    for (auto& [key, item] : v.as_dict()) meaning(item);
  }
}

}  // namespace

bool before_keras3(const std::string& keras_version) {
  int major = 0;
  for (char c : keras_version) {
    if (!std::isdigit(static_cast<unsigned char>(c))) break;
    major = major * 10 + (c - '0');
    if (major > 100) break;
  }
  return major < 3;
}

Value with_keras2_meaning(const Value& config) {
  Value out = config;
  meaning(out);
  return out;
}

}  // namespace lamina
