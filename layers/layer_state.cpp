// Layer's weights, sublayers and losses.
#include <set>
#include <unordered_map>

#include "backends/core/engine.h"
#include "backends/core/stack.h"
#include "backends/ops/primitives.h"
#include "layers/layer.h"
#include "serialization/objects/weight_budget.h"

namespace lamina {

Variable Layer::add_weight(const std::string& weight_name, const Shape& shape, WeightOptions o) {
  require_unlocked();
  DType dtype = o.dtype.value_or(variable_dtype());
  if (!shape.known())
    throw ValueError("Cannot make the weight '", weight_name, "' of ", describe(), " with unknown sizes: shape=", shape,
                     ". Give the layer an input whose sizes beyond the batch are known.");
  if (!user_class) WeightBudget::spend(text("'", weight_name, "' of ", describe()), shape, dtype);
  EagerScope eager;
  AutocastScope off(std::nullopt);
  InitializerRef initializer = o.initializer;
  if (!initializer) initializer = InitializerRef(is_float(dtype) ? "glorot_uniform" : "zeros");
  Tensor first = (*initializer)(shape, dtype);
  if (first.shape() != shape)
    throw ValueError("The initializer of the weight '", weight_name, "' of ", describe(), " gave shape ", first.shape(),
                     "; expected ", shape, ".");
  Variable::Options options;
  options.name = weight_name.empty() ? "variable" : weight_name;
  options.trainable = o.trainable;
  options.autocast = o.autocast;
  options.aggregation = o.aggregation;
  Variable v(prim::cast(first, dtype), options);
  // A layer that was built within a model keeps its place there for what is added later.
  const bool later = built_ && !path_.empty() && NameScope::current().empty();
  NameScope scope(later ? path_ : name_.empty() ? snake_case(public_class_name()) : name_, this);
  std::string at = NameScope::current();
  v.state().path = at.empty() ? options.name : at + "/" + options.name;
  v.state().initializer = initializer.pointer();
  v.state().regularizer = o.regularizer.pointer();
  v.state().constraint = o.constraint.pointer();
  v.state().overwrite_with_gradient = o.overwrite_with_gradient;
  track_variable(v);
  return v;
}

void Layer::track_variable(const Variable& v) {
  (v.trainable() ? own_trainable_ : own_non_trainable_).push_back(v);
  if (!trainable_) v.set_trainable(false);
}

void Layer::untrack_variable(const Variable& v) {
  require_unlocked();
  auto same = [&](const Variable& w) { return &w.state() == &v.state(); };
  std::erase_if(own_trainable_, same);
  std::erase_if(own_non_trainable_, same);
}

void Layer::require_unlocked() const {
  if (locked_)
    throw ValueError(
        "You cannot add new elements of state (variables or sub-layers) to a layer that is already built. All state "
        "must be created in the `__init__()` method or in the "
        "`build()` method. Layer: ",
        describe(), ".");
}

void Layer::track(const std::string& attribute, const Value& value) {
  for (auto& [key, v] : tracked_)
    if (key == attribute) {
      v = value;
      return;
    }
  tracked_.emplace_back(attribute, value);
}

void Layer::untrack(const std::string& attribute) {
  std::erase_if(tracked_, [&](const auto& e) { return e.first == attribute; });
}

LayerPtr Layer::add_layer(const std::string& attribute, LayerPtr layer) {
  track(attribute, Value(layer));
  return layer;
}

void Layer::track_seed_generator(ObjectPtr generator, Variable state) {
  seed_generators_.emplace_back(std::move(generator), std::move(state));
}

std::vector<LayerPtr> Layer::sublayers() const {
  std::vector<LayerPtr> out;
  for (const auto& [key, value] : tracked_) {
    std::function<void(const Value&)> visit = [&](const Value& v) {
      if (v.is_sequence()) {
        for (const Value& item : v.as_list()) visit(item);
      } else if (v.is_dict()) {
        for (const auto& [k, item] : v.as_dict()) visit(item);
      } else if (auto layer = v.object_as<Layer>()) {
        if (std::find(out.begin(), out.end(), layer) == out.end()) {
          bool again = false;  // keep-alive pointers differ though the layer is one
          for (const auto& l : out) again |= l.get() == layer.get();
          if (!again) out.push_back(layer);
        }
      }
    };
    visit(value);
  }
  return out;
}

std::vector<LayerPtr> Layer::flatten_layers(bool include_self, bool recursive) {
  std::vector<LayerPtr> out;
  std::set<const Layer*> seen;
  std::function<void(Layer&, LayerPtr, int)> visit = [&](Layer& layer, LayerPtr pointer, int depth) {
    check_stack("A layer in layers");
    if (!seen.insert(&layer).second) return;
    if (depth > 0 || include_self) out.push_back(pointer);
    if (depth > 0 && !recursive) return;
    for (const LayerPtr& sub : layer.sublayers()) visit(*sub, sub, depth + 1);
  };
  visit(*this, std::dynamic_pointer_cast<Layer>(self()), 0);
  return out;
}

namespace {
template <class F>
void each_layer(const Layer& root, F&& f) {
  std::set<const Layer*> seen;
  std::function<void(const Layer&)> visit = [&](const Layer& layer) {
    check_stack("A layer in layers");
    if (!seen.insert(&layer).second) return;
    f(layer);
    for (const LayerPtr& sub : layer.sublayers()) visit(*sub);
  };
  visit(root);
}

void add_unique(Variables& out, std::set<const VariableState*>& seen, const Variable& v) {
  if (seen.insert(&v.state()).second) out.push_back(v);
}
}  // namespace

uint64_t Layer::stamp() const {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a's, over words
  each_layer(*this, [&](const Layer& layer) { hash = (hash ^ layer.stamp_) * 1099511628211ull; });
  return hash;
}

Variables Layer::weights() const {
  Variables out;
  std::set<const VariableState*> seen;
  each_layer(*this, [&](const Layer& layer) {
    for (const Variable& v : layer.own_trainable_) add_unique(out, seen, v);
    for (const Variable& v : layer.own_non_trainable_) add_unique(out, seen, v);
  });
  return out;
}

Variables Layer::trainable_weights() const {
  Variables out;
  if (!trainable_) return out;
  for (const Variable& v : weights())
    if (v.trainable()) out.push_back(v);
  return out;
}

Variables Layer::non_trainable_weights() const {
  if (!trainable_) return weights();
  Variables out;
  for (const Variable& v : weights())
    if (!v.trainable()) out.push_back(v);
  return out;
}

Variables Layer::variables() const {
  Variables out;
  std::set<const VariableState*> seen;
  each_layer(*this, [&](const Layer& layer) {
    for (const Variable& v : layer.own_trainable_) add_unique(out, seen, v);
    for (const Variable& v : layer.own_non_trainable_) add_unique(out, seen, v);
    for (const auto& [generator, state] : layer.seed_generators_) add_unique(out, seen, state);
  });
  return out;
}

int64_t Layer::count_params() const {
  if (!built_)
    throw ValueError("You tried to call `count_params` on ", describe(),
                     ", but the layer isn't built. You can build it manually via: `layer.build(input_shape)`.");
  int64_t count = 0;
  for (const Variable& v : weights()) count += v.shape().elements();
  return count;
}

Tensors Layer::get_weights() const {
  Tensors out;
  for (const Variable& v : weights()) out.push_back(v.state().value);
  return out;
}

void Layer::set_weights(const Tensors& values) {
  Variables all = weights();
  if (all.size() != values.size())
    throw ValueError("You called `set_weights(weights)` on ", describe(), " with a weight list of length ",
                     values.size(), ", but the layer was expecting ", all.size(), " weights.");
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i].shape() != values[i].shape())
      throw ValueError("Layer '", name(), "' weight shape ", all[i].shape(), " (", all[i].path(),
                       ") is not compatible with provided weight shape ", values[i].shape(), ".");
  for (size_t i = 0; i < all.size(); ++i) all[i].assign(values[i]);  // only once all fit
}

void Layer::set_trainable(bool value) {
  each_layer(*this, [&](const Layer& layer) {
    const_cast<Layer&>(layer).trainable_ = value;
    for (const Variable& v : layer.own_trainable_) v.set_trainable(value);
  });
}

namespace {

// The losses that calls on this thread have added, by the layer's id. A layer may outlive the thread, and the main
// thread's map a layer.
struct AddedLosses {
  std::unordered_map<uint64_t, Tensors> of_layer;
  ~AddedLosses();
};
thread_local bool losses_gone = false;
thread_local AddedLosses added_losses;
AddedLosses::~AddedLosses() { losses_gone = true; }

}  // namespace

Layer::~Layer() {
  if (!losses_gone && !added_losses.of_layer.empty()) added_losses.of_layer.erase(id_);
}

void Layer::add_loss(const Value& loss) {
  Tensors& own = added_losses.of_layer[id_];
  for (const Tensor& t : flatten_tensors(loss)) own.push_back(t);
}

Tensors Layer::losses() {
  Tensors out;
  if (!added_losses.of_layer.empty())
    each_layer(*this, [&](const Layer& layer) {
      if (auto found = added_losses.of_layer.find(layer.id_); found != added_losses.of_layer.end())
        out.insert(out.end(), found->second.begin(), found->second.end());
    });
  for (const Variable& v : trainable_weights())
    if (auto r = std::dynamic_pointer_cast<Regularizer>(v.state().regularizer)) out.push_back((*r)(v.value()));
  return out;
}

void Layer::clear_losses() {
  if (added_losses.of_layer.empty()) return;  // few models add any, and every outermost call asks
  each_layer(*this, [](const Layer& layer) { added_losses.of_layer.erase(layer.id_); });
}

}  // namespace lamina
