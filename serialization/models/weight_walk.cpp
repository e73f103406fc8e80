#include "serialization/models/weight_walk.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/sequential.h"
#include "layers/lora.h"

namespace lamina {

namespace {

using Attributes = std::vector<std::pair<std::string, Value>>;

// What may hold state or name a place: all that Keras calls saveable.
bool is_saveable(const ObjectPtr& object) {
  return dynamic_cast<Operation*>(object.get()) || dynamic_cast<Optimizer*>(object.get()) ||
         dynamic_cast<Metric*>(object.get()) || dynamic_cast<Loss*>(object.get());
}

std::string join_path(const std::string& a, const std::string& b) { return a.empty() ? b : a + "/" + b; }

class Walk {
 public:
  Walk(const std::function<bool(const Saveable&)>& visit, const std::vector<ObjectPtr>& skip) : visit_(visit) {
    for (const ObjectPtr& o : skip) done_.insert(o.get());
  }

  void object(const ObjectPtr& pointer, const std::string& path) {
    constexpr int kMaxTries = 16;  // an object that never finds its place, in a web of references
    if (done_.count(pointer.get()) || ++tries_[pointer.get()] > kMaxTries || !open_.insert(pointer.get()).second)
      return;
    Saveable saveable{path, pointer, dynamic_cast<Layer*>(pointer.get()), dynamic_cast<Optimizer*>(pointer.get())};
    if (visit_(saveable)) done_.insert(pointer.get());
    if (auto* model = dynamic_cast<Model*>(saveable.layer);
        model && (model->is_functional() || dynamic_cast<Sequential*>(model)))
      container(layers_of(*model), join_path(path, "layers"), 0);
    for (const auto& [name, value] : attributes_of(saveable)) any(value, join_path(path, name), 0);
    open_.erase(pointer.get());
  }

 private:
  static List layers_of(const Model& model) {
    List out;
    for (const LayerPtr& l : model.layers()) out.push_back(Value(l));
    return out;
  }

  static Attributes attributes_of(const Saveable& s) {
    Attributes out;
    if (s.object->overrides(Method::saveables)) {  // the user's class knows its attributes, in order
      const Value found = s.object->user_class->call(Method::saveables, {}, {});
      for (const Value& item : found.as_list())
        out.emplace_back(item.as_list().at(0).as_string(), item.as_list().at(1));
      return out;
    }
    if (s.optimizer) return s.optimizer->tracked();
    if (!s.layer) return out;
    out = s.layer->tracked();
    if (auto* model = dynamic_cast<Model*>(s.layer)) {
      if (model->optimizer()) out.emplace_back("optimizer", Value(model->optimizer()));
      if (!model->is_functional() && !dynamic_cast<Sequential*>(model)) out.emplace_back("layers", layers_of(*model));
    }
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
      bool ua = a.first.starts_with("_"), ub = b.first.starts_with("_");
      return ua != ub ? ub : a.first < b.first;
    });
    return out;
  }

  void any(const Value& value, const std::string& path, int depth) {
    if (value.is_object()) {
      if (is_saveable(value.as_object())) object(value.as_object(), path);
    } else if (value.is_sequence()) {
      container(value.as_list(), path, depth);
    } else if (value.is_dict()) {
      List items;
      for (const auto& [key, v] : value.as_dict()) items.push_back(v);
      container(items, path, depth);
    }
  }

  void container(const List& items, const std::string& path, int depth) {
    constexpr int kMaxDepth = 64;
    if (depth > kMaxDepth) return;
    std::map<std::string, int> used;
    for (const Value& item : items) {
      std::string base;
      if (item.is_object() && is_saveable(item.as_object()))
        base = snake_case(item.as_object()->public_class_name());
      else if (item.is_sequence() || item.is_dict())
        base = "container";
      else
        continue;
      int n = used[base]++;
      any(item, join_path(path, n ? text(base, "_", n) : base), depth + 1);
    }
  }

  const std::function<bool(const Saveable&)>& visit_;
  std::set<const Object*> done_, open_;
  std::map<const Object*, int> tries_;
};

}  // namespace

std::string Saveable::name() const {
  if (auto* operation = dynamic_cast<Operation*>(object.get())) return operation->name();
  if (optimizer) return optimizer->name();
  if (auto* metric = dynamic_cast<Metric*>(object.get())) return metric->name();
  if (auto* loss = dynamic_cast<Loss*>(object.get())) return loss->name();
  return "";
}

std::string Saveable::repr() const {
  return text("<", object->public_class_name(), " name=", name(),
              layer ? text(", built=", layer->built() ? "True" : "False") : "", ">");
}

Variables Saveable::variables() const {
  return layer ? stored_variables(*layer) : optimizer ? optimizer->variables() : Variables{};
}

Tensors Saveable::values() const {
  if (layer) return stored_values(*layer);
  Tensors out;
  for (const Variable& v : variables()) out.push_back(v.state().value);
  return out;
}

void walk_saveables(const Layer& model, const std::function<bool(const Saveable&)>& visit,
                    const std::vector<ObjectPtr>& skip) {
  Walk(visit, skip).object(const_cast<Layer&>(model).self(), "");
}

}  // namespace lamina
