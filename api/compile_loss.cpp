#include "api/compile.h"
#include "api/structure.h"
#include "backends/core/autodiff.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

enum class Labels { binary, sparse, categorical };

// Keras' guess of what labels and predictions are.
Labels labels_of(const Value& y_true, const Value& y_pred) {
  Shape p = y_pred.is_tensor() ? y_pred.as_tensor().shape() : Shape(),
        t = y_true.is_tensor() ? y_true.as_tensor().shape() : Shape();
  int64_t last_p = p.rank() ? p.back() : 1, last_t = t.rank() ? t.back() : 1;
  if (last_p == 1 || p.rank() == 0) return Labels::binary;
  return t.rank() < p.rank() || (last_t == 1 && last_p > 1) ? Labels::sparse : Labels::categorical;
}

ObjectPtr built_in(const std::string& class_name, std::string_view module, const std::string& name) {
  return get_object(Dict{{"class_name", class_name},
                         {"module", std::string(module)},
                         {"config", Dict{{"name", name}}},
                         {"registered_name", Value()}},
                    module);
}

// A loss times what it counts. A variable's value is asked for at each step.
Tensor weighted(const Tensor& value, const Value& weight) {
  if (weight.is_none()) return value;
  if (auto current = weight.object_as<Callable>()) return weighted(value, (*current)({}));
  if (weight.is_tensor()) {
    const Tensor& w = weight.as_tensor();
    const Tensor factor = prim::cast(w, value.dtype());
    return prim::multiply(value, w.shape().elements() == 1 ? prim::reshape(factor, {}) : factor);
  }
  return prim::multiply(value, weight.as_number());
}

}  // namespace

MetricPtr make_mean(const std::string& name) {
  return std::dynamic_pointer_cast<Metric>(built_in("Mean", Metric::kModule, name));
}

std::shared_ptr<Loss> get_loss(const Value& identifier, const Value& y_true, const Value& y_pred) {
  Value wanted = identifier;
  if (identifier.is_string() && (identifier.as_string() == "crossentropy" || identifier.as_string() == "ce"))
    switch (labels_of(y_true, y_pred)) {
      case Labels::binary: wanted = "binary_crossentropy"; break;
      case Labels::sparse: wanted = "sparse_categorical_crossentropy"; break;
      case Labels::categorical: wanted = "categorical_crossentropy"; break;
    }
  if (auto metric = identifier.object_as<Metric>())  // what it is when it is called: a function of y_true and y_pred
    wanted = make_callable(metric->name(), [metric](List args, Dict kwargs) {
      metric->update_state(std::move(args), std::move(kwargs));
      return metric->result();
    });
  auto loss = LossRef::from(wanted).pointer();
  if (identifier.is_string())
    loss->set_name(identifier.as_string());
  else if (auto f = wanted.object_as<Callable>())
    loss->set_name(f->function_name());
  return loss;
}

MetricPtr get_metric(const Value& identifier, const Value& y_true, const Value& y_pred) {
  if (identifier.is_string() && (identifier.as_string() == "accuracy" || identifier.as_string() == "acc")) {
    Labels kind = labels_of(y_true, y_pred);
    const char* name = kind == Labels::binary   ? "BinaryAccuracy"
                       : kind == Labels::sparse ? "SparseCategoricalAccuracy"
                                                : "CategoricalAccuracy";
    return std::dynamic_pointer_cast<Metric>(built_in(name, Metric::kModule, identifier.as_string()));
  }
  MetricPtr metric = MetricRef::from(identifier).pointer();
  // A function's name ("mae") names the log; a class ("Precision") keeps its own.
  if (metric && identifier.is_string() && identifier.as_string() != metric->class_name())
    metric->set_name(identifier.as_string());
  return metric;
}

CompileLoss::CompileLoss(Value loss, Value weights, std::vector<std::string> output_names)
    : loss_(std::move(loss)), weights_(std::move(weights)), output_names_(std::move(output_names)) {
  if (!weights_.is_none() && !weights_.is_real() && !is_nested(weights_))
    throw ValueError(
        "Expected `loss_weights` argument to be a float (single output case) or a list, tuple, or dict (multiple "
        "output case). Received instead: loss_weights=",
        weights_.repr());
}

// The targets in the structure of the outputs.
Value CompileLoss::targets_like(const Value& y_true, const Value& y_pred) const {
  if (same_structure(y_true, y_pred)) return y_true;
  Value given = y_true;
  if (!is_nested(given) && is_nested(y_pred) && structure_leaves(y_pred).size() == 1) given = List{given};
  if (y_pred.is_sequence() && given.is_dict() &&
      given.as_dict().size() == output_names_.size()) {  // targets by output name
    List in_order;
    for (const std::string& name : output_names_)
      if (const Value* v = given.as_dict().find(name)) in_order.push_back(*v);
    if (in_order.size() == output_names_.size()) given = in_order;
  }
  if (given.is_dict() && y_pred.is_sequence()) {
    std::vector<std::string> keys;
    for (const auto& [key, v] : given.as_dict()) keys.push_back(key);
    throw ValueError("The targets are a dict with keys ", keys, ", which do not name the model's outputs ",
                     output_names_, ".");
  }
  std::vector<Value> leaves = structure_leaves(given), outputs = structure_leaves(y_pred);
  if (leaves.size() == outputs.size() &&
      (same_structure(given, y_pred, false) || (given.is_sequence() && given.as_list().size() == leaves.size())))
    return structure_like(y_pred, leaves);
  // Targets for those outputs only that have a loss.
  std::vector<Value> losses = structure_leaves(loss_), placed;
  size_t used = 0;
  for (const Value& loss : losses)
    placed.push_back(loss.is_none() ? Value() : used < leaves.size() ? leaves[used] : Value()), used += !loss.is_none();
  if (is_nested(loss_) && used == leaves.size() && same_structure(loss_, y_pred, false))
    return structure_like(y_pred, placed);
  throw ValueError("y_true and y_pred have different structures.\ny_true: ", structure_text(y_true),
                   "\ny_pred: ", structure_text(y_pred));
}

void CompileLoss::build(const Value& y_true, const Value& y_pred) {
  Value loss = loss_, weights = weights_, outputs = y_pred, targets = y_true;
  auto has_all_names = [&](const Dict& d) {
    return d.size() == output_names_.size() &&
           std::all_of(output_names_.begin(), output_names_.end(), [&](const std::string& n) { return d.contains(n); });
  };
  if (is_nested(loss) && loss.is_dict() && !y_pred.is_dict() && !output_names_.empty()) {
    if (!has_all_names(loss.as_dict())) {
      std::vector<std::string> keys;
      for (const auto& [key, v] : loss.as_dict()) keys.push_back("'" + key + "'");
      std::vector<std::string> names;
      for (const std::string& n : output_names_) names.push_back("'" + n + "'");
      throw ValueError("Expected keys [", join(names, ", "), "] in loss dict, but found loss.keys()=[",
                       join(keys, ", "), "]");
    }
    List in_order, weights_in_order;
    for (const std::string& name : output_names_) in_order.push_back(loss.as_dict().at(name));
    if (weights.is_dict())
      for (const std::string& name : output_names_)
        weights_in_order.push_back(weights.as_dict().contains(name) ? weights.as_dict().at(name) : Value());
    loss = in_order;
    if (weights.is_dict()) weights = weights_in_order;
  }
  if (!weights.is_none() && !same_structure(loss, weights)) {
    std::vector<Value> flat = structure_leaves(weights);
    if (flat.size() != structure_leaves(loss).size())
      throw ValueError("`loss_weights` must match the number of losses, got ", structure_leaves(loss).size(),
                       " losses and ", flat.size(), " weights.");
    weights = structure_like(loss, flat);
  }
  std::vector<Value> names(structure_leaves(outputs).size());
  if (output_names_.size() == names.size()) names.assign(output_names_.begin(), output_names_.end());
  if (!is_nested(loss)) {
    std::vector<Value> each(names.size(), loss), each_weight(names.size(), weights);
    loss = structure_like(outputs, each), weights = structure_like(outputs, each_weight);
  }
  build_nested(targets, outputs, loss, weights, structure_like(outputs, names), {});
  if (entries_.size() > 1)
    for (Entry& e : entries_) e.tracker = make_mean(e.name + "_loss");
  built_ = true;
}

void CompileLoss::build_nested(const Value& y_true, const Value& y_pred, const Value& loss, const Value& weights,
                               const Value& names, std::vector<Value> path) {
  if (!is_nested(loss)) {
    if (loss.is_none()) return;
    Entry e;
    e.loss = get_loss(loss, y_true, y_pred);
    e.weight = weights;
    std::vector<Value> named = path;
    if (!is_nested(names)) {
      Value own = names.is_none() ? Value(e.loss->name()) : names;
      if (named.empty())
        named = {own};
      else if (named.back().is_int())
        named.back() = own;
    }
    std::vector<std::string> parts;
    for (const Value& part : named) parts.push_back(part.is_string() ? part.as_string() : text(part.as_int()));
    e.name = join(parts, "/");
    if (e.name.empty()) {  // one loss over several outputs
      if (names.is_dict())
        for (const auto& [key, v] : names.as_dict()) parts.push_back(key);
      else
        for (const Value& v : structure_leaves(names)) parts.push_back(v.is_string() ? v.as_string() : "None");
      e.name = join(parts, "_");
    }
    e.path = std::move(path);
    entries_.push_back(std::move(e));
    return;
  }
  auto weight_at = [&](const Value& key) -> Value {
    if (!is_nested(weights)) return {};
    return at_path(weights, std::span<const Value>(&key, 1));
  };
  if (loss.is_sequence()) {
    const List& items = loss.as_list();
    size_t outputs = structure_leaves(y_pred).size();
    if (std::none_of(items.begin(), items.end(), is_nested) && items.size() == outputs) {
      if (!is_nested(y_pred))
        return build_nested(y_true, y_pred, items[0], is_nested(weights) ? weights.as_list()[0] : Value(), names, path);
      Value packed = structure_like(y_pred, items);
      Value packed_weights = is_nested(weights) ? structure_like(y_pred, weights.as_list()) : Value();
      if (!same_structure(packed, loss)) return build_nested(y_true, y_pred, packed, packed_weights, names, path);
    } else if (y_pred.kind() != loss.kind()) {  // several losses at one place
      for (size_t i = 0; i < items.size(); ++i)
        build_nested(y_true, y_pred, items[i], weight_at(static_cast<int64_t>(i)), names, path);
      return;
    }
  }
  auto where = [&](const std::vector<Value>& at) { return Value::tuple(at).repr(); };
  if (loss.kind() != y_pred.kind())
    throw KeyError("The path: ", where(path),
                   " in the `loss` argument, can't be found in the model's output (`y_pred`).");
  auto enter = [&](const Value& key, const Value& inner) {
    if (inner.is_none()) return;
    auto there = [&](const Value& v) {
      if (key.is_string()) return is_nested(v) && v.is_dict() && v.as_dict().contains(key.as_string());
      return v.is_sequence() && static_cast<size_t>(key.as_int()) < v.as_list().size();
    };
    std::vector<Value> at = path;
    at.push_back(key);
    if (!there(y_true) || !there(y_pred))
      throw KeyError("The path: ", where(at),
                     " in the `loss` argument, can't be found in either the model's output (`y_pred`) or in the labels "
                     "(`y_true`).");
    std::span<const Value> step(&key, 1);
    build_nested(at_path(y_true, step), at_path(y_pred, step), inner, weight_at(key), at_path(names, step), at);
  };
  if (loss.is_dict())
    for (const auto& [key, inner] : loss.as_dict()) enter(key, inner);
  else
    for (size_t i = 0; i < loss.as_list().size(); ++i) enter(static_cast<int64_t>(i), loss.as_list()[i]);
}

Tensor CompileLoss::operator()(const Value& y_true, const Value& y_pred, const Value& sample_weight) {
  Value targets = targets_like(y_true, y_pred), weights = sample_weight;
  if (is_nested(weights) && !same_structure(weights, y_pred)) {
    std::vector<Value> flat = structure_leaves(weights);
    if (flat.size() != structure_leaves(y_pred).size())
      throw ValueError("`sample_weight` must be one array, or have the structure of the outputs. sample_weight: ",
                       structure_text(weights), ", y_pred: ", structure_text(y_pred));
    weights = structure_like(y_pred, flat);
  }
  if (!built_) build(targets, y_pred);
  Tensor total;
  for (Entry& e : entries_) {
    const Value& output = at_path(y_pred, e.path);
    const Value& weight = is_nested(weights) ? at_path(weights, e.path) : weights;
    // One weight per sample stays that, whatever axes a sample's losses have: all but the output's last.
    const int rank = output.is_tensor() ? output.as_tensor().rank() - 1 : 0;
    Tensor value = (*e.loss)(at_path(targets, e.path), output,
                             weight.is_tensor() ? weights_by_sample(weight.as_tensor(), rank) : Tensor());
    if (e.tracker) {
      NoGradScope off;
      Tensors outputs = flatten_tensors(output);
      int64_t batch = !outputs.empty() && outputs[0].rank() ? outputs[0].shape()[0] : 1;
      e.tracker->update({value}, {{"sample_weight", Tensor::scalar_of(static_cast<double>(batch), DType::float32)}});
    }
    value = weighted(value, e.weight);
    total = total.defined() ? prim::add(total, prim::cast(value, total.dtype())) : value;
  }
  return total;
}

bool CompileLoss::uses(const Object& loss) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.loss.get() == &loss; });
}

std::vector<MetricPtr> CompileLoss::metrics() const {
  std::vector<MetricPtr> out;
  for (const Entry& e : entries_)
    if (e.tracker) out.push_back(e.tracker);
  return out;
}

}  // namespace lamina
