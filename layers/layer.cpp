#include "layers/layer.h"

#include <atomic>
#include <set>

#include "backends/core/engine.h"
#include "backends/core/patient_lock.h"
#include "backends/core/settings.h"
#include "backends/core/stack.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "layers/absolute_path.h"
#include "layers/filled_shapes.h"

namespace lamina {

namespace {

thread_local std::string scope_path;
thread_local const void* scope_owner = nullptr;

std::atomic<uint64_t> changes{0}, stamps{0};
uint64_t next_stamp() { return stamps.fetch_add(1, std::memory_order_relaxed); }
}  // namespace
uint64_t layer_changes() { return changes.load(std::memory_order_relaxed); }
void Layer::note_change() {
  stamp_ = next_stamp();
  changes.fetch_add(1, std::memory_order_release);
}

NameScope::NameScope(const std::string& name, const void* owner) : length_(scope_path.size()), owner_(scope_owner) {
  if (owner && owner == scope_owner) return;
  if (!scope_path.empty()) scope_path += '/';
  scope_path += name;
  scope_owner = owner;
}
NameScope::~NameScope() {
  scope_path.resize(length_);
  scope_owner = owner_;
}
std::string NameScope::current() { return scope_path; }

AbsolutePath::AbsolutePath(std::string path) : around_(std::move(scope_path)) { scope_path = std::move(path); }
AbsolutePath::~AbsolutePath() { scope_path = std::move(around_); }

bool is_shape(const Value& v) {
  if (!v.is_sequence()) return false;
  for (const Value& d : v.as_list())
    if (!d.is_none() && !d.is_int()) return false;
  return true;
}

const Value& BuildShapes::first() const {
  if (shapes_.empty()) throw ValueError("Expected the shape of an input, received none.");
  return shapes_.begin()->second;
}
bool BuildShapes::single() const { return shapes_.size() == 1 && is_shape(first()); }
Shape BuildShapes::shape() const {
  if (shapes_.empty() || !is_shape(first()))
    throw ValueError("Expected the shape of a single input, received ",
                     shapes_.empty() ? std::string("none") : first().repr(), ".");
  return first().as_shape();
}
std::vector<Shape> BuildShapes::shapes() const {
  std::vector<Shape> out;
  if (is_shape(first())) return {first().as_shape()};
  for (const Value& v : first().as_list()) out.push_back(v.as_shape());
  return out;
}
Shape BuildShapes::of(std::string_view argument) const {
  const Value* v = shapes_.find(argument);
  if (!v) throw ValueError("No shape was given for the argument '", argument, "'.");
  return v->as_shape();
}

LayerArgs LayerArgs::take(Dict& config) {
  LayerArgs out;
  auto take = [&](const char* key) -> std::optional<Value> {
    const Value* v = config.find(key);
    if (!v) return {};
    Value copy = *v;
    config.erase(key);
    return copy;
  };
  if (auto v = take("name"); v && !v->is_none()) out.name = v->as_string();
  if (auto v = take("trainable")) {
    if (!v->is_bool()) throw ValueError("Expected `trainable` to be a boolean. Received: trainable=", v->repr());
    out.trainable = v->as_bool();
  }
  if (auto v = take("dtype")) out.dtype = *v;
  if (auto v = take("autocast")) out.autocast = v->as_bool();
  if (auto v = take("activity_regularizer")) out.activity_regularizer = RegularizerRef::from(*v);
  if (auto v = take("input_shape")) out.input_shape = *v;
  if (auto v = take("batch_shape")) out.batch_shape = *v;
  if (auto v = take("batch_input_shape")) out.batch_shape = *v;
  return out;
}

Layer::Layer(LayerArgs args) : args_(std::move(args)), stamp_(next_stamp()), id_(stamp_) {
  name_ = args_.name;
  trainable_ = args_.trainable;
  autocast_ = args_.autocast;
  policy_ = get_dtype_policy(args_.dtype);
  activity_regularizer_ = args_.activity_regularizer;
  path_ = NameScope::current();
  remat_ = current_remat_mode();
}
std::string Layer::describe() const { return text("layer '", name(), "' (", public_class_name(), ")"); }

Dict Layer::get_config() const {
  Dict config{{"name", name()}, {"trainable", trainable_}, {"dtype", serialize_object(policy_)}};
  if (activity_regularizer_) config.set("activity_regularizer", serialize_object(activity_regularizer_.pointer()));
  return config;
}

// ---- default overridables ----

void Layer::build(const BuildShapes& shapes) {
  if (shapes.single()) build(shapes.shape());
}

Value Layer::call(const List& inputs, const CallContext& context) {
  if (inputs.empty()) throw ValueError("The ", describe(), " was called without inputs.");
  if (inputs[0].is_tensor()) return call(inputs[0].as_tensor(), context);
  return call(value_to<Tensors>(inputs[0]), context);
}
Tensor Layer::call(const Tensor&, const CallContext&) {
  throw UnsupportedError("The ", describe(), " does not define call() for a single tensor.");
}
Tensor Layer::call(const Tensors& xs, const CallContext&) {
  if (xs.empty()) throw TypeError("The ", describe(), " takes a single tensor, received an empty list.");
  throw ValueError("The ", describe(), " takes a single tensor, received a list of ", xs.size(), ".");
}
Value Layer::compute_mask(const Value&, const Value& mask) { return supports_masking_ ? mask : Value(); }

Value Layer::compute_output_shape(const BuildShapes& shapes) {
  List args;
  for (const auto& [key, v] : shapes.all()) {
    std::function<Value(const Value&)> spec = [&](const Value& s) -> Value {
      if (is_shape(s)) return symbolic_tensor(s.as_shape(), compute_dtype());
      if (s.is_none()) return {};
      if (s.is_dict()) {
        Dict out;
        for (const auto& [k, item] : s.as_dict()) out.set(k, spec(item));
        return out;
      }
      List out;
      for (const Value& item : s.as_list()) out.push_back(spec(item));
      return out;
    };
    args.push_back(spec(v));
  }
  return map_structure(compute_output_spec(std::move(args)), [](const Value& leaf) -> Value {
    return leaf.is_tensor() ? Value(leaf.as_tensor().shape()) : leaf;
  });
}

void Layer::build_from(const BuildShapes& shapes) {
  check_stack("A build of layers");
  if (built_) return;
  const PatientLock building(building_);  // threads that call a new model at once make its weights once
  if (built_) return;
  if (name_.empty()) set_name(auto_name(snake_case(public_class_name())));
  NameScope scope(name_, this);
  path_ = NameScope::current();
  placed_ = true;
  EagerScope eager;  // weights are made at once, also while a step is traced
  AutocastScope off(std::nullopt);
  const BuildShapes known(without_filling(Value(shapes.all())).as_dict());
  build_shapes_ = known.all();
  single_input_build_ = known.all().size() <= 1;
  if (overrides(Method::build))
    user_class->call(Method::build, {Value(known.all())}, {});
  else
    build(known);
  built_ = locked_ = true;
}

Value Layer::get_build_config() const {
  if (!build_shapes_.is_dict()) return {};
  if (build_shapes_.as_dict().empty()) return Dict{{"shapes_dict", Dict{}}};  // it was built without any
  if (single_input_build_) return Dict{{"input_shape", build_shapes_.as_dict().begin()->second}};
  Dict shapes;
  for (const auto& [key, v] : build_shapes_.as_dict()) shapes.set(key + "_shape", v);
  return Dict{{"shapes_dict", shapes}};
}

void Layer::build_from_config(const Dict& config) {
  if (built_ || config.empty()) return;
  Dict shapes;
  if (const Value* v = config.find("input_shape")) {
    if (v->is_none()) return;
    shapes.set(call_arguments().empty() ? "inputs" : call_arguments()[0], *v);
  } else if (const Value* v = config.find("shapes_dict")) {
    for (const auto& [key, s] : v->as_dict())
      shapes.set(key.ends_with("_shape") ? key.substr(0, key.size() - 6) : key, s);
  } else {
    return;
  }
  build_from(BuildShapes(std::move(shapes)));
}

void Layer::extend_serialized(Dict& out) const {
  Value build =
      overrides(Method::get_build_config) ? user_class->call(Method::get_build_config, {}, {}) : get_build_config();
  if (!build.is_none()) out.set("build_config", serialize_value(build));
}

void Layer::finish_deserialize(const Dict& d) {
  const Value* config = d.find("build_config");
  if (!config || !config->is_dict() || config->as_dict().empty()) return;
  if (overrides(Method::build_from_config))
    user_class->call(Method::build_from_config, {*config}, {});
  else
    build_from_config(config->as_dict());
}

}  // namespace lamina
