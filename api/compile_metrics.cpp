#include <map>

#include "api/compile.h"
#include "api/structure.h"

namespace lamina {

namespace {
void check_argument(const Value& v, const char* what) {
  if (!v.is_none() && !is_nested(v))
    throw ValueError("Expected `", what, "` argument to be a list, tuple, or dict. Received instead: ", what, "=",
                     v.repr());
}
bool empty(const Value& v) {
  return v.is_none() || (v.is_sequence() && v.as_list().empty()) || (v.is_dict() && v.as_dict().empty());
}
}  // namespace

CompileMetrics::CompileMetrics(Value metrics, Value weighted, std::vector<std::string> output_names)
    : Metric("compile_metrics"),
      metrics_(std::move(metrics)),
      weighted_(std::move(weighted)),
      output_names_(std::move(output_names)) {
  check_argument(metrics_, "metrics");
  check_argument(weighted_, "weighted_metrics");
}

std::vector<Value> CompileMetrics::flat(const Value& y) const {
  if (!y.is_dict() || order_.empty()) return structure_leaves(y);
  std::vector<Value> out;
  for (const std::string& name : order_) out.push_back(y.as_dict().at(name));
  return out;
}

void CompileMetrics::add(const Value& given, bool weighted, size_t output, const Value& y_true, const Value& y_pred,
                         const std::string& name) {
  for (const Value& item : is_nested(given) ? structure_leaves(given) : std::vector<Value>{given})
    if (!item.is_none()) entries_.push_back({output, get_metric(item, y_true, y_pred), name, weighted});
}

void CompileMetrics::build_set(const Value& given, bool weighted, const Value& y_true, const Value& y_pred) {
  if (empty(given)) return;
  std::vector<Value> outputs = flat(y_pred), targets = flat(y_true);
  const size_t n = outputs.size();
  const std::vector<std::string>& names = order_.empty() ? output_names_ : order_;
  auto name_of = [&](size_t i) { return i < names.size() ? names[i] : std::string(); };
  auto target = [&](size_t i) { return i < targets.size() ? targets[i] : Value(); };
  if (n == 1) return add(given, weighted, 0, target(0), outputs[0], "");
  bool one_level = is_nested(y_pred) && (y_pred.is_dict() ? y_pred.as_dict().size() : y_pred.as_list().size()) == n;
  if (one_level && given.is_sequence() && given.as_list().size() == n) {  // one entry an output
    for (size_t i = 0; i < n; ++i) add(given.as_list()[i], weighted, i, target(i), outputs[i], name_of(i));
    return;
  }
  if (one_level && given.is_dict()) {
    bool known = std::all_of(given.as_dict().begin(), given.as_dict().end(), [&](const auto& e) {
      return std::find(names.begin(), names.end(), e.first) != names.end();
    });
    if (known) {
      for (size_t i = 0; i < n; ++i)
        if (const Value* v = given.as_dict().find(name_of(i))) add(*v, weighted, i, target(i), outputs[i], name_of(i));
      return;
    }
  }
  // Deeper structures: the argument must have the outputs' own.
  size_t next = 0;
  std::vector<std::pair<Value, size_t>> found;
  auto walk = [&](auto&& self, const Value& shape, const Value& metrics) -> bool {
    if (!is_nested(shape)) {
      found.push_back({metrics, next++});
      return true;
    }
    if (shape.is_dict()) {
      if (!metrics.is_dict() || metrics.as_dict().size() != shape.as_dict().size()) return false;
      std::vector<std::string> keys;
      for (const auto& [key, v] : shape.as_dict()) keys.push_back(key);
      std::sort(keys.begin(), keys.end());
      for (const std::string& key : keys)
        if (!metrics.as_dict().contains(key) || !self(self, shape.as_dict().at(key), metrics.as_dict().at(key)))
          return false;
      return true;
    }
    if (!metrics.is_sequence() || metrics.as_list().size() != shape.as_list().size()) return false;
    for (size_t i = 0; i < shape.as_list().size(); ++i)
      if (!self(self, shape.as_list()[i], metrics.as_list()[i])) return false;
    return true;
  };
  if (!walk(walk, y_pred, given)) {
    const char* what = weighted ? "weighted_metrics" : "metrics";
    std::string by_name = output_names_.empty()
                              ? ""
                              : text("either be a dict or a list matching the output names of the functional model ",
                                     output_names_, " or ");
    throw ValueError("Invalid `", what, "`. `", what, "` should contain metrics objects and ", by_name,
                     "match the output structure of the model: ", structure_text(y_pred), ".\nReceived: ", what, "=",
                     given.repr());
  }
  for (const auto& [metrics, i] : found) add(metrics, weighted, i, target(i), outputs[i], name_of(i));
}

void CompileMetrics::build(const Value& y_true, const Value& y_pred) {
  size_t outputs = structure_leaves(y_pred).size();
  if (y_pred.is_dict() && outputs > 1 && y_pred.as_dict().size() == outputs) {  // keys stand before the layers' names
    for (const auto& [key, v] : y_pred.as_dict()) order_.push_back(key);
    std::sort(order_.begin(), order_.end());
    std::vector<std::string> names = output_names_;
    std::sort(names.begin(), names.end());
    if (names == order_) order_ = output_names_;
  } else if (outputs > 1 && y_pred.is_sequence() && y_true.is_dict() && y_pred.as_list().size() == outputs) {
    order_ = output_names_;  // targets by output name
  }
  build_set(metrics_, false, y_true, y_pred);
  build_set(weighted_, true, y_true, y_pred);
  built_ = true;
}

void CompileMetrics::update_all(const Value& y_true, const Value& y_pred, const Value& sample_weight) {
  if (!built_) build(y_true, y_pred);
  std::vector<Value> outputs = flat(y_pred), targets = flat(y_true), weights = flat(sample_weight);
  if (weights.size() < targets.size()) weights.assign(targets.size(), weights.empty() ? Value() : weights[0]);
  for (Entry& e : entries_) {
    if (e.output >= targets.size()) continue;
    Dict kwargs;
    if (e.weighted && weights[e.output].is_tensor()) kwargs.set("sample_weight", weights[e.output]);
    e.metric->update({targets[e.output], outputs[e.output]}, std::move(kwargs));
  }
}

// Names that occur twice get "weighted_" before or a number behind, as in Keras.
Dict CompileMetrics::results() {
  Dict out;
  std::map<std::string, int> seen;
  auto full = [](const Entry& e, const std::string& prefix) {
    return (e.output_name.empty() ? "" : e.output_name + "_") + prefix + e.metric->name();
  };
  for (const Entry& e : entries_) {
    std::string name = full(e, "");
    if (e.weighted && seen.count(name)) name = full(e, "weighted_");
    if (int& count = seen[name]; count++) name += text("_", count - 1);
    out.set(name, e.metric->read());
  }
  return out;
}

void CompileMetrics::update_state(List args, Dict kwargs) {
  const std::vector<Value> given =
      bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(args), kwargs);
  update_all(given[0], given[1], given[2]);
}

void CompileMetrics::reset_state() {
  for (Entry& e : entries_) e.metric->reset();
}

Variables CompileMetrics::variables() const {
  Variables out;
  for (const Entry& e : entries_)
    for (const Variable& v : e.metric->variables()) out.push_back(v);
  return out;
}

Variables CompileMetrics::all_variables() const {
  Variables out;
  for (const Entry& e : entries_)
    for (const Variable& v : e.metric->all_variables()) out.push_back(v);
  return out;
}

Value CompileMetrics::attribute(std::string_view name) const {
  if (name != "metrics") return {};
  const std::vector<MetricPtr> all = metrics();
  return List(all.begin(), all.end());
}

std::vector<MetricPtr> CompileMetrics::metrics() const {
  std::vector<MetricPtr> out;
  for (const Entry& e : entries_) out.push_back(e.metric);
  return out;
}

}  // namespace lamina
