#include "api/compile.h"

#include "backends/core/autodiff.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

// Names of a structure's leaves where it is a dict of single entries, else empty.
std::vector<std::string> leaf_names(const Value& structure, const std::vector<std::string>& fallback) {
  std::vector<std::string> names;
  if (structure.is_dict())
    for (const auto& [key, v] : structure.as_dict()) names.push_back(key);
  std::sort(names.begin(), names.end());
  return names.empty() ? fallback : names;
}

// One entry of a compile argument for each output: a single one goes to all, a list by place, a dict by name.
std::vector<Value> per_output(const Value& given, const std::vector<std::string>& names, size_t outputs, const char* what) {
  std::vector<Value> out(outputs);
  if (given.is_none()) return out;
  if (given.is_dict() && !is_serialized_object(given)) {
    for (const auto& [key, v] : given.as_dict()) {
      auto at = std::find(names.begin(), names.end(), key);
      if (at == names.end() || static_cast<size_t>(at - names.begin()) >= outputs)
        throw ValueError("In the dict argument `", what, "`, key '", key, "' does not correspond to any model output. Received: ", what, "=", given.repr(), ". Outputs: ", names, ".");
      out[at - names.begin()] = v;
    }
    return out;
  }
  if (given.is_sequence()) {
    std::vector<Value> flat;
    for (const Value& v : given.as_list()) flat.push_back(v);
    if (flat.size() != outputs)
      throw ValueError("For a model with ", outputs, " output(s), the `", what, "` argument must have as many entries. Received: ", what, "=", given.repr(), ".");
    return flat;
  }
  for (Value& v : out) v = given;
  return out;
}

MetricPtr mean_tracker(const std::string& name) {
  auto metric = std::dynamic_pointer_cast<Metric>(get_object(Dict{{"class_name", "Mean"}, {"module", "keras.metrics"}, {"config", Dict{{"name", name}}}, {"registered_name", Value()}}, Metric::kModule));
  return metric;
}

}  // namespace

MetricPtr make_loss_tracker() { return mean_tracker("loss"); }

CompileLoss::CompileLoss(Value loss, Value weights, std::vector<std::string> output_names)
    : loss_(std::move(loss)), weights_(std::move(weights)), output_names_(std::move(output_names)) {}

void CompileLoss::build(const Value& y_true, const Value& y_pred) {
  Tensors preds = flatten_tensors(y_pred);
  auto names = leaf_names(y_pred, output_names_);
  auto losses = per_output(loss_, names, preds.size(), "loss");
  std::vector<Value> weights = preds.size() == 1 && weights_.is_sequence() ? weights_.as_list() : per_output(weights_, names, preds.size(), "loss_weights");
  size_t used = 0;
  for (const Value& v : losses) used += !v.is_none();
  for (size_t i = 0; i < preds.size(); ++i) {
    if (losses[i].is_none()) continue;
    Entry e;
    e.output = i;
    e.loss = LossRef::from(losses[i]).pointer();
    if (i < weights.size() && !weights[i].is_none()) e.weight = weights[i].as_number();
    e.name = i < names.size() ? names[i] : text("output_", i);
    if (used > 1) e.tracker = mean_tracker(e.name + "_loss");
    entries_.push_back(std::move(e));
  }
  built_ = true;
}

Tensor CompileLoss::operator()(const Value& y_true, const Value& y_pred, const Value& sample_weight) {
  if (!built_) build(y_true, y_pred);
  std::vector<Value> preds = flatten(y_pred), trues;
  if (y_true.is_dict() && !y_pred.is_dict()) {  // targets by output name
    for (const auto& name : output_names_) {
      const Value* v = y_true.as_dict().find(name);
      trues.push_back(v ? *v : Value());
    }
  } else {
    trues = flatten(y_true);
  }
  std::vector<Value> weights = flatten(sample_weight);
  if (trues.size() != preds.size() && !(trues.size() == 1 && trues[0].is_none()))
    throw ValueError("y_true and y_pred have different structures: the model has ", preds.size(), " output(s), and ", trues.size(), " target(s) were given.");
  Tensor total;
  for (Entry& e : entries_) {
    Value y = e.output < trues.size() ? trues[e.output] : Value();
    Tensor w;
    if (weights.size() > 1 && e.output < weights.size() && weights[e.output].is_tensor()) w = weights[e.output].as_tensor();
    else if (weights.size() == 1 && weights[0].is_tensor()) w = weights[0].as_tensor();
    Tensor value = (*e.loss)(y, preds[e.output], w);
    if (e.tracker) {
      NoGradScope off;
      Dict by_batch;
      int64_t batch = preds[e.output].as_tensor().rank() ? preds[e.output].as_tensor().shape()[0] : 1;
      e.tracker->update({value}, {{"sample_weight", Tensor::scalar_of(static_cast<double>(batch), DType::float32)}});
    }
    if (e.weight) value = prim::multiply(value, *e.weight);
    total = total.defined() ? prim::add(total, prim::cast(value, total.dtype())) : value;
  }
  return total;
}

std::vector<MetricPtr> CompileLoss::metrics() const {
  std::vector<MetricPtr> out;
  for (const Entry& e : entries_)
    if (e.tracker) out.push_back(e.tracker);
  return out;
}

MetricPtr get_metric(const Value& identifier, const Tensor& y_true, const Tensor& y_pred) {
  if (identifier.is_string()) {
    std::string name = identifier.as_string();
    bool accuracy = name == "accuracy" || name == "acc", entropy = name == "crossentropy" || name == "ce";
    if (accuracy || entropy) {
      int64_t last = y_pred.rank() ? y_pred.shape().back() : 1;
      bool binary = y_pred.rank() < 2 || last == 1;
      bool categorical = !binary && y_true.defined() && y_true.shape() == y_pred.shape();
      std::string kind = binary ? "Binary" : categorical ? "Categorical" : "SparseCategorical";
      auto made = get_object(Dict{{"class_name", kind + (accuracy ? "Accuracy" : "Crossentropy")}, {"module", "keras.metrics"}, {"config", Dict{{"name", name}}}, {"registered_name", Value()}}, Metric::kModule);
      return std::dynamic_pointer_cast<Metric>(made);
    }
  }
  MetricPtr metric = MetricRef::from(identifier).pointer();
  // A function's name ("mae") names the log; a class ("Precision") keeps its own.
  if (metric && identifier.is_string() && identifier.as_string() != metric->class_name()) metric->set_name(identifier.as_string());
  return metric;
}

CompileMetrics::CompileMetrics(Value metrics, Value weighted, std::vector<std::string> output_names)
    : metrics_(std::move(metrics)), weighted_(std::move(weighted)), output_names_(std::move(output_names)) {}

void CompileMetrics::add(const Value& given, bool weighted, const Tensors& trues, const Tensors& preds, const std::vector<std::string>& names) {
  if (given.is_none()) return;
  const size_t n = preds.size();
  auto add_list = [&](const Value& list, size_t output, bool many) {
    List items = list.is_sequence() ? list.as_list() : List{list};
    for (const Value& item : items) {
      if (item.is_none()) continue;
      MetricPtr m = get_metric(item, output < trues.size() ? trues[output] : Tensor(), preds[output]);
      std::string prefix = output < names.size() ? names[output] : text("output_", output);
      entries_.push_back({output, m, many ? prefix + "_" + m->name() : m->name(), weighted});
    }
  };
  const char* what = weighted ? "weighted_metrics" : "metrics";
  if (given.is_dict() && !is_serialized_object(given)) {
    for (const auto& [key, v] : given.as_dict()) {
      auto at = std::find(names.begin(), names.end(), key);
      if (at == names.end() || static_cast<size_t>(at - names.begin()) >= n)
        throw ValueError("In the dict argument `", what, "`, key '", key, "' does not correspond to any model output. Received: ", what, "=", given.repr(), ". Outputs: ", names, ".");
      add_list(v, at - names.begin(), n > 1);
    }
  } else if (n == 1) {
    // One output: a flat list, or a list that holds that output's list.
    List items = given.is_sequence() ? given.as_list() : List{given};
    for (const Value& item : items) add_list(item, 0, false);
  } else {
    List items = given.is_sequence() ? given.as_list() : List{given};
    bool nested = false;
    for (const Value& item : items) nested |= item.is_sequence();
    if (items.size() != n && nested)
      throw ValueError("When providing the `", what, "` argument as a list, it should have as many entries as the model has outputs. Received: ", what, "=", given.repr(), " of length ", items.size(), " whereas the model has ", n, " outputs.");
    if (items.size() == n) {
      for (size_t i = 0; i < n; ++i) add_list(items[i], i, true);
    } else {
      for (size_t i = 0; i < n; ++i) add_list(Value(items), i, true);
    }
  }
}

void CompileMetrics::build(const Value& y_true, const Value& y_pred) {
  Tensors preds = flatten_tensors(y_pred), trues = flatten_tensors(y_true);
  auto names = leaf_names(y_pred, output_names_);
  add(metrics_, false, trues, preds, names);
  add(weighted_, true, trues, preds, names);
  built_ = true;
}

void CompileMetrics::update(const Value& y_true, const Value& y_pred, const Value& sample_weight) {
  if (!built_) build(y_true, y_pred);
  std::vector<Value> preds = flatten(y_pred), trues, weights = flatten(sample_weight);
  if (y_true.is_dict() && !y_pred.is_dict()) {
    for (const auto& name : output_names_) {
      const Value* v = y_true.as_dict().find(name);
      trues.push_back(v ? *v : Value());
    }
  } else {
    trues = flatten(y_true);
  }
  for (Entry& e : entries_) {
    if (e.output >= trues.size() || trues[e.output].is_none()) continue;
    Dict kwargs;
    if (e.weighted) {
      if (weights.size() == 1 && weights[0].is_tensor()) kwargs.set("sample_weight", weights[0]);
      else if (weights.size() > 1 && e.output < weights.size() && weights[e.output].is_tensor()) kwargs.set("sample_weight", weights[e.output]);
    } else if (preds[e.output].is_tensor() && preds[e.output].as_tensor().mask().defined()) {
      kwargs.set("sample_weight", prim::cast(preds[e.output].as_tensor().mask(), DType::float32));
    }
    e.metric->update({trues[e.output], preds[e.output]}, std::move(kwargs));
  }
}

Dict CompileMetrics::result() {
  Dict out;
  for (Entry& e : entries_) {
    Value r = e.metric->read();
    if (r.is_dict())
      for (const auto& [key, v] : r.as_dict()) out.set(key, v);
    else out.set(e.name, r);
  }
  return out;
}

void CompileMetrics::reset() {
  for (Entry& e : entries_) e.metric->reset();
}

std::vector<MetricPtr> CompileMetrics::metrics() const {
  std::vector<MetricPtr> out;
  for (const Entry& e : entries_) out.push_back(e.metric);
  return out;
}

}  // namespace lamina
