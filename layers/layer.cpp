#include "layers/layer.h"

#include <atomic>
#include <set>

#include "backends/core/engine.h"
#include "backends/core/patient_lock.h"
#include "backends/core/settings.h"
#include "backends/core/stack.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "layers/filled_shapes.h"

namespace lamina {

namespace {

thread_local std::string scope_path;
thread_local const void* scope_owner = nullptr;
thread_local std::optional<bool> training_flag;
thread_local int call_depth = 0;

// The training flag and the autocast dtype that hold inside one layer's call.
class CallScope {
 public:
  CallScope(std::optional<bool> training, std::optional<DType> autocast) : saved_(training_flag), autocast_(autocast) {
    training_flag = training;
    ++call_depth;
  }
  ~CallScope() {
    training_flag = saved_;
    --call_depth;
  }

 private:
  std::optional<bool> saved_;
  AutocastScope autocast_;
};

template <class T>
bool contains(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

namespace {
std::atomic<uint64_t> changes{0}, stamps{0};
uint64_t next_stamp() { return stamps.fetch_add(1, std::memory_order_relaxed); }
}  // namespace
uint64_t layer_changes() { return changes.load(std::memory_order_relaxed); }
void Layer::note_change() {
  stamp_ = next_stamp();
  changes.fetch_add(1, std::memory_order_release);
}

std::optional<bool> inherited_training() { return training_flag; }
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

bool Layer::accepts_training() const {
  if (!hooked("call")) return call_takes_training();
  auto names = hook->arguments("call");
  return contains<std::string>(names, "training");
}

// ---- calling ----

struct Layer::Bound {
  List inputs;                     // positional input arguments, None where absent
  std::vector<std::string> names;  // of inputs
  Dict extras;                     // the other arguments
  std::optional<bool> training;
  std::optional<Value> mask;
};

Layer::Bound Layer::bind(List args, Dict kwargs, bool users_call) const {
  Bound b;
  if (const Value* v = kwargs.find("training")) {
    if (!v->is_none()) b.training = v->as_bool();
    kwargs.erase("training");
  }
  if (users_call) {
    auto names = hook->arguments("call");
    for (size_t i = 0; i < args.size(); ++i) {
      std::string name = i < names.size() && !names[i].starts_with("*") ? names[i] : text("arg", i);
      if (name == "training") {
        if (!args[i].is_none()) b.training = args[i].as_bool();
        continue;
      }
      b.names.push_back(name);
      b.inputs.push_back(std::move(args[i]));
    }
    if (const Value* v = kwargs.find("mask")) {
      b.mask = *v;
      kwargs.erase("mask");
    }
    b.extras = std::move(kwargs);
    return b;
  }
  if (const Value* v = kwargs.find("mask")) {
    b.mask = *v;
    kwargs.erase("mask");
  }
  std::vector<std::string> all = call_arguments();
  const size_t inputs = all.size();
  for (auto& extra : call_extras()) all.push_back(extra);
  // Keras' order after the inputs: mask and training close the list of positional arguments where the call takes them.
  if (call_takes_mask()) all.push_back("mask");
  if (call_takes_training()) all.push_back("training");
  if (args.size() > all.size())
    throw TypeError("The ", describe(), " takes at most ", all.size(), " arguments (", join(all, ", "), "), received ",
                    args.size(), ".");
  b.inputs.resize(inputs);
  for (size_t i = 0; i < inputs; ++i) b.names.push_back(all[i]);
  for (size_t i = 0; i < args.size(); ++i) {
    // Some of Keras' layers have `training` before `mask`: what is given tells them apart.
    if (i < inputs)
      b.inputs[i] = std::move(args[i]);
    else if (all[i] == "training" || (all[i] == "mask" && args[i].is_bool() && call_takes_training())) {
      if (args[i].is_tensor() && call_takes_mask())
        b.mask = std::move(args[i]);
      else if (!args[i].is_none())
        b.training = args[i].as_bool();
    } else if (all[i] == "mask")
      b.mask = std::move(args[i]);
    else
      b.extras.set(all[i], std::move(args[i]));
  }
  for (auto& [key, value] : kwargs) {
    auto at = std::find(all.begin(), all.begin() + inputs, key);
    if (at != all.begin() + inputs)
      b.inputs[at - all.begin()] = value;
    else if (contains(all, key))
      b.extras.set(key, value);
    else {
      std::string near = nearest_name(key, all);
      throw TypeError("The ", describe(), " got an unexpected keyword argument '", key, "' in its call.",
                      near.empty() ? "" : text(" Did you mean '", near, "'?"), " It takes: ", join(all, ", "), ".");
    }
  }
  while (b.inputs.size() > 1 && b.inputs.back().is_none()) b.inputs.pop_back(), b.names.pop_back();
  return b;
}

Value Layer::convert(const Value& v) const {
  return map_structure(v, [&](const Value& leaf) -> Value {
    if (!leaf.is_tensor()) return leaf;
    const Tensor& t = leaf.as_tensor();
    if (!autocast_ || !is_float(t.dtype()) || t.dtype() == compute_dtype() || t.symbolic()) return leaf;
    Tensor cast = prim::cast(t, compute_dtype());
    cast.set_mask(t.mask());
    return cast;
  });
}

// What a user's compute_output_shape says of the outputs of a symbolic call.
Value Layer::hooked_output_spec(const Bound& b) const {
  Dict shapes;
  for (size_t i = 0; i < b.inputs.size(); ++i)
    shapes.set(b.names[i], map_structure(b.inputs[i], [](const Value& leaf) -> Value {
                 return leaf.is_tensor() ? Value(leaf.as_tensor().shape()) : Value();
               }));
  Value out = hook->invoke("compute_output_shape", {Value(std::move(shapes))}, {});
  std::function<Value(const Value&)> spec = [&](const Value& v) -> Value {
    if (is_shape(v)) return Tensor::spec_only(v.as_shape(), compute_dtype());
    if (v.is_dict()) {
      Dict d;
      for (const auto& [key, item] : v.as_dict()) d.set(key, spec(item));
      return d;
    }
    if (!v.is_sequence())
      throw ValueError("compute_output_shape() of ", describe(),
                       " must return a shape or a structure of shapes, received ", v.repr(), ".");
    List list;
    for (const Value& item : v.as_list()) list.push_back(spec(item));
    return v.is_tuple() ? Value::tuple(std::move(list)) : Value(std::move(list));
  };
  return spec(out);
}

Tensor Layer::operator()(const Tensor& x) {
  if (call_depth == 0)
    if (Tensor out = lone(x); out.defined()) return out;
  return invoke({x}).as_tensor();
}

Tensor Layer::operator()(const Tensor& x, bool training) {
  if (call_depth == 0 && !training)
    if (Tensor out = lone(x); out.defined()) return out;
  return invoke({x}, {{"training", training}}).as_tensor();
}

Value Layer::invoke(List args, Dict kwargs) {
  check_stack("A call of layers");
  if (name_.empty()) set_name(auto_name(snake_case(public_class_name())));
  if (call_depth == 0) {
    if (Value result; shortcut(args, kwargs, result)) return result;
    clear_losses();  // the outermost call starts afresh, as in Keras
  }
  Bound b = bind(args, kwargs, hooked("call"));
  bool symbolic = false;
  for (Value& v : b.inputs) symbolic |= holds_symbolic(v);
  for (auto& [key, v] : b.extras) symbolic |= holds_symbolic(v);
  if (b.mask) symbolic |= holds_symbolic(*b.mask);
  if (symbolic) {
    for (Value& v : b.inputs) v = strip_symbolic(v);
    for (auto& [key, v] : b.extras) v = strip_symbolic(v);
    if (b.mask) b.mask = strip_symbolic(*b.mask);
  }
  for (Value& v : b.inputs) v = convert(v);
  for (auto& [key, v] : b.extras) v = convert(v);
  check_input_spec(b.inputs);

  if (!built_) {
    if (!hooked("build") && !hooked("call") && !b.inputs.empty() && b.inputs[0].is_sequence() &&
        b.inputs[0].as_list().empty())
      throw TypeError("The ", describe(), " cannot be built from an empty list of inputs.");
    Dict shapes;
    auto shape_of = [](const Value& v) {
      return map_structure(
          v, [](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(leaf.as_tensor().shape()) : Value(); });
    };
    for (size_t i = 0; i < b.inputs.size(); ++i)
      if (i == 0 || !flatten_tensors(b.inputs[i]).empty()) shapes.set(b.names[i], shape_of(b.inputs[i]));
    if (hooked("call"))
      for (auto& [key, v] : b.extras)
        if (!flatten_tensors(v).empty()) shapes.set(key, shape_of(v));
    if (!shapes.empty() && shapes.begin()->second.is_none()) shapes.erase(shapes.begin()->first);
    build_from(BuildShapes(std::move(shapes)));
  }

  CallContext context;
  std::optional<bool> training = b.training ? b.training : training_flag;
  context.training = training.value_or(false);
  auto masks_of = [](const Value& v) {
    return map_structure(
        v, [](const Value& leaf) -> Value { return leaf.is_tensor() ? Value(leaf.as_tensor().mask()) : Value(); });
  };
  Value input_mask = b.inputs.empty() ? Value() : masks_of(b.inputs[0]);
  bool any_mask = !flatten_tensors(input_mask).empty();
  context.mask = b.mask ? *b.mask : any_mask ? input_mask : Value();
  context.kwargs = b.extras;

  Value result;
  {
    std::optional<DType> autocast;
    if (autocast_ && is_float(compute_dtype())) autocast = compute_dtype();
    CallScope scope(training, autocast);
    NameScope named(name_, this);
    try {
      if (symbolic && hooked("compute_output_spec")) {
        auto as_symbolic = [](const Value& v) {
          return map_structure(v, [](const Value& leaf) -> Value {
            return leaf.is_tensor() ? Value(symbolic_tensor(leaf.as_tensor().shape(), leaf.as_tensor().dtype())) : leaf;
          });
        };
        List inputs;
        for (const Value& v : b.inputs) inputs.push_back(as_symbolic(v));
        result = strip_symbolic(
            hook->invoke("compute_output_spec", std::move(inputs), as_symbolic(Value(b.extras)).as_dict()));
      } else if (symbolic && hooked("compute_output_shape")) {
        result = hooked_output_spec(b);
      } else if (hooked("call")) {
        auto names = hook->arguments("call");
        Dict given = b.extras;
        if (contains<std::string>(names, "training") && training) given.set("training", *training);
        if (contains<std::string>(names, "mask") && !context.mask.is_none() && !given.contains("mask"))
          given.set("mask", context.mask);
        Dict tensors;
        for (size_t i = 0; i < b.inputs.size(); ++i) tensors.set(b.names[i], b.inputs[i]);
        for (const auto& [name, v] : b.extras)
          if (!flatten_tensors(v).empty()) tensors.set(name, v);
        for (const auto& [name, v] : tensors) {  // query_mask and the like
          const std::string key = name + "_mask";
          if (tensors.size() < 2 || !contains(names, key) || given.contains(key)) continue;
          Value m = masks_of(v);
          if (!flatten_tensors(m).empty()) given.set(key, m);
        }
        if (!symbolic) {
          result = hook->invoke("call", b.inputs, std::move(given));
        } else {
          try {
            result = hook->invoke("call", b.inputs, given);
          } catch (...) {
            // It may have computed with sizes that are unknown so far.
            if (!has_unknown_size(Value(b.inputs)) && !has_unknown_size(Value(given))) throw;
            const std::exception_ptr first = std::current_exception();
            try {
              result = with_filled_shapes([&](const auto& fill) {
                return hook->invoke("call", fill(Value(b.inputs)).as_list(), fill(Value(given)).as_dict());
              });
            } catch (...) { std::rethrow_exception(first); }
          }
        }
      } else {
        result = call(b.inputs, context);
      }
    } catch (const Error& e) {
      std::string message = e.what();
      if (message.find("Exception encountered when calling") != std::string::npos || call_depth > 6) throw;
      throw Error(e.kind(), text("Exception encountered when calling ", describe(), ". ", message));
    }
    if (activity_regularizer_ && !symbolic) {
      for (const Tensor& t : flatten_tensors(result)) {
        Tensor penalty = (*activity_regularizer_)(t);
        int64_t batch = t.rank() ? t.shape()[0] : 1;
        if (batch > 0) penalty = prim::multiply(penalty, 1.0 / static_cast<double>(batch));
        add_loss(penalty);
      }
    }
  }
  // Masks of the outputs, where the call did not set them itself.
  if (loses_masks() && !flatten_tensors(context.mask).empty()) {
    const std::string message = text("Layer '", name(), "' (of type ", public_class_name(),
                                     ") was passed an input with a mask attached to it. However, this layer does not "
                                     "support masking and will therefore destroy the mask information. "
                                     "Downstream layers will not see the mask. Set `supports_masking = True` in the "
                                     "layer if it leaves the mask as it is.");
    if (settings().lost_masks_fail())
      throw ValueError(message, " (An error because \"lost_masks\" is \"error\" in the configuration.)");
    warn(message);
  }
  bool want_mask = supports_masking_ && (!context.mask.is_none() || hooked("compute_mask"));
  if (want_mask || (!hooked("call") && !b.inputs.empty())) {
    Value first = b.inputs.empty() ? Value() : b.inputs[0];
    Value masks = hooked("compute_mask") ? hook->invoke("compute_mask", {first, context.mask}, {})
                                         : compute_mask(first, context.mask);
    if (!masks.is_none()) {
      std::vector<Value> flat = flatten(masks);
      Tensors outs = flatten_tensors(result);
      for (size_t i = 0; i < outs.size() && i < flat.size(); ++i)
        if (flat[i].is_tensor() && !outs[i].mask().defined()) outs[i].set_mask(flat[i].as_tensor());
    }
  }
  if (!symbolic) return result;
  clear_losses();  // of shapes: not values to train on
  return record(std::move(args), std::move(kwargs), result);
}

Value Layer::call_base(List args, Dict kwargs) {
  Bound b = bind(std::move(args), std::move(kwargs), false);
  CallContext context;
  context.training = b.training ? *b.training : training_flag.value_or(false);
  if (b.mask) context.mask = *b.mask;
  context.kwargs = b.extras;
  return call(b.inputs, context);
}

Value Layer::compute_output_spec(List args, Dict kwargs) {
  auto to_spec = [](const Value& v) {
    return map_structure(v, [](const Value& leaf) -> Value {
      if (!leaf.is_tensor()) return leaf;
      const Tensor& t = leaf.as_tensor();
      Tensor s = Tensor::spec_only(t.shape(), t.dtype());
      s.notes().symbolic = true;
      return s;
    });
  };
  for (Value& v : args) v = to_spec(v);
  for (auto& [key, v] : kwargs) v = to_spec(v);
  size_t calls = inbound_nodes.size();
  Value out = invoke(std::move(args), std::move(kwargs));
  inbound_nodes.resize(calls);  // a question, not a call of the model
  return out;
}

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
  EagerScope eager;  // weights are made at once, also while a step is traced
  AutocastScope off(std::nullopt);
  const BuildShapes known(without_filling(Value(shapes.all())).as_dict());
  build_shapes_ = known.all();
  single_input_build_ = known.all().size() <= 1;
  if (hooked("build"))
    hook->invoke("build", {Value(known.all())}, {});
  else
    build(known);
  built_ = locked_ = true;
}

Value Layer::get_build_config() const {
  if (!build_shapes_.is_dict() || build_shapes_.as_dict().empty()) return {};
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
  Value build = hooked("get_build_config") ? hook->invoke("get_build_config", {}, {}) : get_build_config();
  if (!build.is_none()) out.set("build_config", serialize_value(build));
}

void Layer::finish_deserialize(const Dict& d) {
  const Value* config = d.find("build_config");
  if (!config || !config->is_dict() || config->as_dict().empty()) return;
  if (hooked("build_from_config"))
    hook->invoke("build_from_config", {*config}, {});
  else
    build_from_config(config->as_dict());
}

}  // namespace lamina
