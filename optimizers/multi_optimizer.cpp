#include "optimizers/multi_optimizer.h"

#include <regex>

#include "backends/ops/primitives.h"
#include "optimizers/loss_scale_optimizer.h"

namespace lamina {

namespace {

class FunctionSelector final : public OptimizerSelector {
 public:
  using F = std::function<std::shared_ptr<Optimizer>(const Variable&)>;
  explicit FunctionSelector(F f) : function_(std::move(f)) {}
  std::shared_ptr<Optimizer> select(const Variable& variable) override { return function_(variable); }
  std::string class_name() const override { return "function"; }
  Dict get_config() const override { return {}; }

 private:
  F function_;
};

std::function<std::shared_ptr<OptimizerSelector>(const ObjectPtr&)>& selector_maker() {
  static std::function<std::shared_ptr<OptimizerSelector>(const ObjectPtr&)> maker;
  return maker;
}

std::shared_ptr<Optimizer> optimizer_in(const Value& v) { return std::dynamic_pointer_cast<Optimizer>(v.as_object()); }

OptimizerArgs base_args(const MultiOptimizer::Args& args) {
  OptimizerArgs out;
  out.learning_rate = 0.0;
  out.loss_scale_factor = args.loss_scale_factor;
  out.name = args.name;
  return out;
}

}  // namespace

std::shared_ptr<OptimizerSelector> OptimizerSelector::adapt(const ObjectPtr& object) {
  return selector_maker() ? selector_maker()(object) : nullptr;
}
void set_selector_maker(std::function<std::shared_ptr<OptimizerSelector>(const ObjectPtr&)> maker) {
  selector_maker() = std::move(maker);
}
std::shared_ptr<OptimizerSelector> select_by(std::function<std::shared_ptr<Optimizer>(const Variable&)> function) {
  return std::make_shared<FunctionSelector>(std::move(function));
}

// ---- OptimizerMap ----

void OptimizerMap::Args::fields(Fields& f) {
  f("default_optimizer", default_optimizer, "For variables that no key matches.").required();
  f("optimizer_map", optimizer_map, "Optimizers by path or by pattern of paths.");
}

OptimizerMap::OptimizerMap(Args args) : default_(args.default_optimizer.pointer()) {
  if (!default_) throw TypeError("default_optimizer must be a Keras Optimizer instance. Received: None");
  for (const auto& [key, v] : args.optimizer_map) entries_.set(key, Value(OptimizerRef::from(v).pointer()));
}

std::shared_ptr<Optimizer> OptimizerMap::find(const std::string& path) const {
  if (const Value* exact = entries_.find(path)) return optimizer_in(*exact);
  std::shared_ptr<Optimizer> found;
  for (const auto& [key, v] : entries_) {
    if (!std::regex_match(path, std::regex(key))) continue;
    if (found) throw ValueError("Multiple optimizers assigned to variable ", path, ".");
    found = optimizer_in(v);
  }
  return found ? found : default_;
}

std::vector<std::shared_ptr<Optimizer>> OptimizerMap::known() const {
  std::vector<std::shared_ptr<Optimizer>> out;
  for (const auto& [key, v] : entries_) out.push_back(optimizer_in(v));
  out.push_back(default_);
  return out;
}

void OptimizerMap::set(const std::string& key, const std::shared_ptr<Optimizer>& optimizer) {
  if (const Value* there = entries_.find(key))
    throw ValueError("'", key, "' already exists in the OptimizerMap with value ", there->repr(),
                     ". Please make sure to not use duplicated keys.");
  if (!optimizer) throw ValueError("optimizer must be a Keras Optimizer instance. Received: None");
  if (dynamic_cast<LossScaleOptimizer*>(optimizer.get())) throw ValueError("optimizer cannot be LossScaleOptimizer.");
  if (dynamic_cast<MultiOptimizer*>(optimizer.get())) throw ValueError("optimizer cannot be MultiOptimizer.");
  entries_.set(key, Value(optimizer));
}

void OptimizerMap::erase(const std::string& key) {
  if (!entries_.erase(key)) throw KeyError("The OptimizerMap has no key '", key, "'.");
}

Dict OptimizerMap::get_config() const {
  Dict map;
  for (const auto& [key, v] : entries_) map.set(key, serialize_object(v.as_object()));
  return {{"default_optimizer", serialize_object(default_)}, {"optimizer_map", map}};
}

LAMINA_CLASS(OptimizerMap, "keras.optimizers", "Optimizers by variables' paths, for MultiOptimizer.",
             {"optimizer_map", "optimizermap"},
             Doc{.raises = "TypeError: if the default is no optimizer.", .example = R"py(
>>> rates = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5))
>>> rates[".*bias"] = keras.optimizers.SGD(0.1)
>>> float(rates["dense/bias"].learning_rate)
0.10000000149011612)py"});

// ---- MultiOptimizer ----

void MultiOptimizer::Args::fields(Fields& f) {
  f("optimizer_map", optimizer_map, "An OptimizerMap, or a function that gives a variable's optimizer.").required();
  f("loss_scale_factor", loss_scale_factor,
    "The loss is multiplied and gradients are divided by it, in place of the optimizers' own factors.");
  f("name", name, "The optimizer's name.");
}

MultiOptimizer::MultiOptimizer(Args args) : Optimizer(base_args(args), "MultiOptimizer"), args_of_(std::move(args)) {
  Value& map = args_of_.optimizer_map;
  if (is_serialized_object(map)) map = Value(get_object(map, kModule));
  if (map.is_object()) {
    selector_ = map.object_as<OptimizerSelector>();
    if (!selector_ && !map.object_as<Optimizer>()) selector_ = OptimizerSelector::adapt(map.as_object());
  }
  if (selector_)
    for (const auto& optimizer : selector_->known()) place(optimizer);
}

// The optimizer's place among the known ones, to which it is added if it is new.
size_t MultiOptimizer::place(const std::shared_ptr<Optimizer>& optimizer) {
  auto found = std::find(optimizers_.begin(), optimizers_.end(), optimizer);
  if (found != optimizers_.end()) return found - optimizers_.begin();
  optimizer->set_loss_scale_factor(args_.loss_scale_factor);
  optimizers_.push_back(optimizer);
  return optimizers_.size() - 1;
}

void MultiOptimizer::build(const Variables& trainable) {
  if (built_) return;
  if (!selector_)
    throw TypeError(
        "The argument `optimizer_map` of MultiOptimizer must be an OptimizerMap or a function of a variable. Received: "
        "optimizer_map=",
        args_of_.optimizer_map.repr());
  std::vector<size_t> places;
  for (const Variable& v : trainable) {
    std::shared_ptr<Optimizer> optimizer = selector_->select(v);
    if (!optimizer) throw ValueError("Optimizer for variable ", v.path(), " is not an Optimizer instance.");
    if (dynamic_cast<LossScaleOptimizer*>(optimizer.get()))
      throw ValueError("LossScaleOptimizer cannot be used inside an MultiOptimizer.");
    if (dynamic_cast<MultiOptimizer*>(optimizer.get()))
      throw ValueError("MultiOptimizer cannot be used inside an MultiOptimizer.");
    places.push_back(place(optimizer));
  }
  places_ = std::move(places);
  Optimizer::build(trainable);
  auto parts = by_optimizer(trainable);
  for (size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].empty()) optimizers_[i]->ensure_built(parts[i]);
}

std::vector<Variables> MultiOptimizer::by_optimizer(const Variables& variables) const {
  std::vector<Variables> parts(optimizers_.size());
  for (const Variable& v : variables) parts[place_of(v)].push_back(v);
  return parts;
}

void MultiOptimizer::apply(const Tensors& gradients, const Variables& trainable) {
  if (gradients.empty()) return;
  if (!trainable.empty()) ensure_built(trainable);
  if (!built_)
    throw ValueError(
        "When passing `grads` without `variables`, the optimizer must already be built on a list of variables. Call "
        "`optimizer.build(trainable_variables)` first.");
  const Variables& given = trainable.empty() ? trainable_ : trainable;
  if (gradients.size() != given.size())
    throw ValueError("Gradients must match trainable variables one-to-one. Received ", gradients.size(),
                     " gradients and ", given.size(), " variables.");
  auto parts = by_optimizer(given);
  std::vector<Tensors> shares(parts.size());
  for (size_t i = 0; i < given.size(); ++i) shares[place_of(given[i])].push_back(gradients[i]);
  for (size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].empty()) optimizers_[i]->apply(shares[i], parts[i]);
  iterations().assign_add(prim::full({}, 1, iterations().dtype()));
}

void MultiOptimizer::update_step(const Tensor& gradient, const Variable& variable, const Tensor& learning_rate) {
  optimizers_[place_of(variable)]->update_step(gradient, variable, learning_rate);
}

void MultiOptimizer::set_loss_scale_factor(std::optional<double> factor) {
  args_.loss_scale_factor = factor;
  for (const auto& optimizer : optimizers_) optimizer->set_loss_scale_factor(factor);
}

void MultiOptimizer::finalize_variable_values(const Variables& trainable) {
  auto parts = by_optimizer(trainable);
  for (size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].empty()) optimizers_[i]->finalize_variable_values(parts[i]);
}

Tensor MultiOptimizer::learning_rate() const {
  throw AttributeError(
      "Learning rate cannot be accessed on a MultiOptimizer. Access the learning rate on the individual sub-optimizers "
      "instead.");
}
void MultiOptimizer::set_learning_rate(const Value&) {
  throw AttributeError(
      "Learning rate cannot be set on a MultiOptimizer. Set the learning rate on the individual sub-optimizers "
      "instead.");
}

Variables MultiOptimizer::variables() const {
  Variables out = variables_;
  for (const auto& optimizer : optimizers_)
    for (const Variable& v : optimizer->variables()) out.push_back(v);
  return out;
}

std::vector<std::pair<std::string, Value>> MultiOptimizer::tracked() const {
  List list;
  for (const auto& optimizer : optimizers_) list.push_back(Value(optimizer));
  return {{"optimizers", Value(list)}};
}

Dict MultiOptimizer::get_config() const {
  return {{"optimizer_map", serialize_value(args_of_.optimizer_map)},
          {"loss_scale_factor", to_value(args_.loss_scale_factor)},
          {"name", name()}};
}

std::vector<Optimizer*> optimizers_with_rates(Optimizer& optimizer) {
  std::vector<Optimizer*> out;
  if (dynamic_cast<MultiOptimizer*>(&optimizer))
    for (const auto& o : optimizer.wrapped()) out.push_back(o.get());
  else
    out.push_back(&optimizer);
  return out;
}

LAMINA_CLASS(MultiOptimizer, "keras.optimizers", "Several optimizers, each for its own variables.",
             {"multi_optimizer", "multioptimizer"},
             Doc{.raises = "ValueError: if a variable has no optimizer.", .example = R"py(
>>> kernel, bias = keras.Variable([1.0], name="kernel"), keras.Variable([1.0], name="bias")
>>> rates = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5))
>>> rates[".*bias"] = keras.optimizers.SGD(0.1)
>>> optimizer = keras.optimizers.MultiOptimizer(rates)
>>> optimizer.apply([keras.ops.array([1.0]), keras.ops.array([1.0])], [kernel, bias])
>>> kernel.numpy(), bias.numpy()
(array([0.5], dtype=float32), array([0.9], dtype=float32)))py"});

}  // namespace lamina
