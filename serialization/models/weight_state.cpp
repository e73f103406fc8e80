#include "serialization/models/weight_state.h"

#include <algorithm>

#include "backends/core/engine.h"
#include "backends/core/warning.h"
#include "layers/lora.h"
#include "serialization/models/weight_walk.h"

namespace lamina {

namespace {

// Where the states of a layer's seed generators are, below the layer: a place that Keras, which does not store them,
// passes over. Its layers have an attribute of this name that holds nothing of their own files, so nothing else can be
// there.
std::string seeds_of(const std::string& layer_path) {
  return layer_path.empty() ? "_seed_generators" : layer_path + "/_seed_generators";
}

void save_seeds(const Saveable& s, WeightSink& sink) {
  if (!s.layer || s.layer->seed_generators().empty()) return;
  sink.begin(seeds_of(s.path), "");
  int index = 0;
  for (const auto& [generator, state] : s.layer->seed_generators()) sink.put(text(index++), state.state().value);
}

}  // namespace

void save_variables(const Layer& model, WeightSink& sink, const std::vector<ObjectPtr>& skip) {
  auto save = [&](const Saveable& s) {
    if (!s.has_own_state()) return true;
    sink.begin(s.path, s.name());
    if (s.object->overrides(Method::save_own_variables)) {
      const Value store = s.object->user_class->call(Method::save_own_variables, {}, {});
      for (const auto& [key, value] : store.as_dict()) sink.put(key, value.as_tensor());
    } else if (const auto named = s.named_values()) {
      for (const auto& [key, value] : *named) sink.put(key, value.as_tensor());
    } else {
      int index = 0;
      for (const Tensor& value : s.values()) sink.put(text(index++), value);
    }
    save_seeds(s, sink);
    return true;
  };
  walk_saveables(model, save, skip);
}

bool save_assets(const Layer& model, const AssetFolder& assets) {
  bool any = false;
  walk_saveables(model, [&](const Saveable& s) {
    if (s.object->overrides(Method::save_assets))
      s.object->user_class->call(Method::save_assets, {assets.of(s.path, true)}, {});
    else if (s.layer && s.layer->has_assets())
      s.layer->save_assets(assets.of(s.path, true));
    else
      return true;
    return any = true;
  });
  return any;
}

namespace {

class Loader {
 public:
  Loader(Layer& model, WeightSource& source, const AssetFolder* assets, bool skip_mismatch,
         const std::vector<ObjectPtr>& skip)
      : source_(source), assets_(assets), skip_(skip_mismatch) {
    walk_saveables(
        model, [this](const Saveable& s) { return visit(s); }, skip);
    if (!skip_) raise_failures();
    for (const Saveable& s : optimizers_to_skip_) warn_skipped(s);
    EagerScope eager;
    Tensors values;
    for (const Assignment& a : plan_)
      values.push_back(source_.read(a.path, a.key));  // all is read before anything changes
    std::vector<Dict> stores;
    for (const Own& own : own_) stores.push_back(read_store(own.saveable.path));
    for (size_t i = 0; i < plan_.size(); ++i) plan_[i].variable.assign(values[i]);
    for (size_t i = 0; i < own_.size(); ++i) load_own(own_[i].saveable, std::move(stores[i]));
    if (assets_) load_assets(model);
    raise_failures();
    for (LoraLayer* l : adapted_) l->clear_lora();
    for (const LayerPtr& l : model.flatten_layers()) l->weights_loaded();
  }

 private:
  struct Assignment {
    Variable variable;
    std::string path, key;
  };
  struct Own {  // an object whose class reads its variables itself
    Saveable saveable;
    bool found;
  };
  struct Failure {
    std::string object, reason;
  };

  // By object, in the order they were met.
  struct Failures {
    std::vector<std::pair<const Object*, Failure>> items;
    Failure& operator[](const Object* o) {
      for (auto& [key, f] : items)
        if (key == o) return f;
      return items.emplace_back(o, Failure{}).second;
    }
    void erase(const Object* o) {
      std::erase_if(items, [&](const auto& e) { return e.first == o; });
    }
    bool empty() const { return items.empty(); }
  };

  bool visit(const Saveable& s) {
    if (!s.has_own_state()) return true;
    if (s.object->overrides(Method::load_own_variables) || s.named_values()) return visit_own(s);
    std::vector<std::string> keys = source_.keys(s.path);
    std::vector<Assignment> fitting;
    if (std::string fault = match(s, keys, fitting); !fault.empty()) {
      failures_[s.object.get()] = {s.repr(), fault};
      return false;
    }
    failures_.erase(s.object.get());
    plan_.insert(plan_.end(), fitting.begin(), fitting.end());
    if (auto* lora = dynamic_cast<LoraLayer*>(s.layer)) adapted_.push_back(lora);
    plan_seeds(s);
    return true;
  }

  // The states of the layer's seed generators, where the file has them and they fit: files of Keras have none.
  void plan_seeds(const Saveable& s) {
    if (!s.layer || s.layer->seed_generators().empty()) return;
    const auto& generators = s.layer->seed_generators();
    const std::string path = seeds_of(s.path);
    const std::vector<std::string> keys = source_.contains(path) ? source_.keys(path) : std::vector<std::string>{};
    if (keys.size() != generators.size()) return;
    std::vector<Assignment> fitting;
    for (size_t i = 0; i < generators.size(); ++i) {
      const Variable& state = generators[i].second;
      if (std::find(keys.begin(), keys.end(), text(i)) == keys.end()) return;
      TensorSpec stored = source_.spec(path, text(i));
      if (stored.shape != state.shape() || stored.dtype != state.dtype()) return;
      fitting.push_back({state, path, text(i)});
    }
    plan_.insert(plan_.end(), fitting.begin(), fitting.end());
  }

  bool visit_own(const Saveable& s) {
    bool found = source_.contains(s.path);
    if (found) plan_seeds(s);
    for (Own& own : own_)
      if (own.saveable.object.get() == s.object.get()) {
        if (found) own = {s, true};
        return found;
      }
    own_.push_back({s, found});
    return found;
  }

  // What does not fit, or "" and the assignments.
  std::string match(const Saveable& s, const std::vector<std::string>& keys, std::vector<Assignment>& out) {
    Variables variables = s.variables();
    if (keys.size() != variables.size()) {
      if (s.optimizer) {
        optimizers_to_skip_.push_back(s);
        return "";
      }
      return count_fault(s, variables, keys.size());
    }
    for (size_t i = 0; i < variables.size(); ++i) {
      std::string key = text(i);
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        return text(kind(s), " '", s.name(), "' expected a variable '", key, "' at ", variables_group(s.path),
                    ", but the file holds ", join(keys, ", "),
                    ". It was saved by a class with a save_own_variables() of its own.");
      TensorSpec stored = source_.spec(s.path, key);  // before any memory is taken
      if (stored.shape != variables[i].shape())
        return text(
            "The shape of the target variable and the shape of the target value in `variable.assign(value)` must "
            "match. ",
            kind(s), " '", s.name(), "' expected shape ", variables[i].shape(), " for its variable '",
            variables[i].path(), "'; received shape ", stored.shape, " from ", variables_group(s.path), "/", key, ".");
      out.push_back({variables[i], s.path, key});
    }
    return "";
  }

  static std::string_view kind(const Saveable& s) { return s.optimizer ? "Optimizer" : "Layer"; }

  static std::string count_fault(const Saveable& s, const Variables& variables, size_t found) {
    if (variables.empty() && s.layer && !s.layer->built())
      return text("Layer '", s.name(),
                  "' was never built and thus it doesn't have any variables. However the weights file lists ", found,
                  " variables for this layer.\nIn most cases, this error indicates that either:\n\n1. The layer is "
                  "owned by a parent layer "
                  "that implements a `build()` method, but calling the parent's `build()` method did NOT create the "
                  "state of the child "
                  "layer '",
                  s.name(),
                  "'.\n\n2. You need to implement the `def build_from_config(self, config)` method on layer '",
                  s.name(), "', to specify how to rebuild it during loading.");
    std::vector<std::string> names;
    for (const Variable& v : variables) names.push_back("'" + v.name() + "'");
    return text("Layer '", s.name(), "' expected ", variables.size(), " variables, but received ", found,
                " variables during loading. Expected: [", join(names, ", "), "]");
  }

  void warn_skipped(const Saveable& s) {
    warn(text("Skipping variable loading for optimizer '", s.name(), "', because it has ", s.variables().size(),
              " variables whereas the saved optimizer has ", source_.keys(s.path).size(), " variables. ",
              s.variables().empty() ? "This is likely because the optimizer has not been called/built yet." : ""));
  }

  Dict read_store(const std::string& path) {
    Dict out;
    for (const std::string& key : source_.keys(path)) out.set(key, source_.read(path, key));
    return out;
  }

  void load_own(const Saveable& s, Dict store) {
    if (s.object->overrides(Method::load_own_variables))
      return call_user(s, Method::load_own_variables, std::move(store));
    try {
      s.layer->load_named_values(store);
    } catch (const Error& e) { failures_[s.object.get()] = {s.repr(), e.what()}; }
  }

  // The user's method; what it raises comes back as text, and becomes one of the failures.
  void call_user(const Saveable& s, Method method, Value argument) {
    Value raised = s.object->user_class->call(method, {std::move(argument)}, {});
    if (raised.is_string()) failures_[s.object.get()] = {s.repr(), raised.as_string()};
  }

  void load_assets(const Layer& model) {
    walk_saveables(model, [&](const Saveable& s) {
      const bool users = s.object->overrides(Method::load_assets);
      if (!users && !(s.layer && s.layer->has_assets())) return true;
      std::string folder = assets_->of(s.path, false);
      if (users) return call_user(s, Method::load_assets, folder.empty() ? Value() : Value(folder)), true;
      if (folder.empty()) return true;  // it stands in the config, or was never there
      try {
        s.layer->load_assets(folder);
      } catch (const Error& e) { failures_[s.object.get()] = {s.repr(), e.what()}; }
      return true;
    });
  }

  void raise_failures() {
    if (failures_.empty()) return;
    std::vector<std::string> all;
    for (const auto& [object, failure] : failures_.items) all.push_back(failure.object);
    const Failure& first = failures_.items.front().second;
    std::string message =
        text("A total of ", all.size(), " objects could not be loaded. Example error message for object ", first.object,
             ":\n\n", first.reason, "\n\nList of objects that could not be loaded:\n[", join(all, ", "), "]");
    if (!skip_) throw ValueError(message, " (in '", source_.name(), "')");
    warn(message);
  }

  WeightSource& source_;
  const AssetFolder* assets_;
  bool skip_;
  Failures failures_;
  std::vector<Assignment> plan_;
  std::vector<Own> own_;
  std::vector<Saveable> optimizers_to_skip_;
  std::vector<LoraLayer*> adapted_;  // layers whose kernels come from the file
};

}  // namespace

void load_state(Layer& model, WeightSource& source, const AssetFolder* assets, bool skip_mismatch,
                const std::vector<ObjectPtr>& skip) {
  Loader(model, source, assets, skip_mismatch, skip);
}

}  // namespace lamina
