// How a layer is called: arguments bound to names, the layer built, its own or a user's call() run, masks passed on,
// and a node recorded if a symbolic tensor is among the arguments.
#include "backends/core/settings.h"
#include "backends/core/stack.h"
#include "backends/core/symbolic_call.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "layers/built_for.h"
#include "layers/filled_shapes.h"
#include "layers/layer.h"

namespace lamina {

namespace {

thread_local std::optional<bool> training_flag;
thread_local int call_depth = 0;

class TrainingScope {
 public:
  explicit TrainingScope(std::optional<bool> training) : saved_(training_flag) { training_flag = training; }
  ~TrainingScope() { training_flag = saved_; }

 private:
  std::optional<bool> saved_;
};

// The training flag and the autocast dtype that hold inside one layer's call.
class CallScope {
 public:
  CallScope(std::optional<bool> training, std::optional<DType> autocast) : training_(training), autocast_(autocast) {
    ++call_depth;
  }
  ~CallScope() { --call_depth; }

 private:
  TrainingScope training_;
  AutocastScope autocast_;
};

// What a call is told, or else what the call around it was told.
std::optional<bool> training_or_inherited(const std::optional<bool>& training) {
  return training ? training : training_flag;
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}
bool any_tensor(const Value& v) { return !flatten_tensors(v).empty(); }

// The structure with f(tensor) in place of each tensor, and f() elsewhere.
template <class F>
Value map_tensors(const Value& v, F&& f, bool keep_others) {
  return map_structure(v, [&](const Value& leaf) -> Value {
    if (!leaf.is_tensor()) return keep_others ? leaf : Value();
    return f(leaf.as_tensor());
  });
}
Value shapes_of(const Value& v) {
  return map_tensors(
      v, [](const Tensor& t) { return Value(t.shape()); }, false);
}
Value masks_of(const Value& v) {
  return map_tensors(
      v, [](const Tensor& t) { return Value(t.mask()); }, false);
}
// Tensors as symbolic ones of their shapes and dtypes.
Value as_symbolic(const Value& v) {
  return map_tensors(
      v, [](const Tensor& t) { return Value(symbolic_tensor(t.shape(), t.dtype())); }, true);
}

}  // namespace

std::optional<bool> inherited_training() { return training_flag; }

bool Layer::accepts_training() const {
  if (!overrides(Method::call)) return call_takes_training();
  auto names = user_class->arguments(Method::call);
  return contains(names, "training");
}

struct Layer::Bound {
  List inputs;                     // positional input arguments, None where absent
  std::vector<std::string> names;  // of inputs
  Dict extras;                     // the other arguments
  std::optional<bool> training;
  std::optional<Value> mask;
  bool symbolic = false;      // some argument is a symbolic tensor
  Value marked, marked_mask;  // then: the first input and its mask with their marks, for masks that are to be recorded
};

Layer::Bound Layer::bind(List args, Dict kwargs, bool users_call) const {
  Bound b;
  if (const Value* v = kwargs.find("training")) {
    if (!v->is_none()) b.training = v->as_bool();
    kwargs.erase("training");
  }
  if (users_call) {
    auto names = user_class->arguments(Method::call);
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
Value Layer::users_output_shape(const Bound& b) const {
  Dict shapes;
  for (size_t i = 0; i < b.inputs.size(); ++i)
    shapes.set(b.names[i], map_structure(b.inputs[i], [](const Value& leaf) -> Value {
                 return leaf.is_tensor() ? Value(leaf.as_tensor().shape()) : Value();
               }));
  Value out = user_class->call(Method::compute_output_shape, {Value(std::move(shapes))}, {});
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
    return v.with_items(std::move(list));
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
  if (takes_plain_data()) {
    for (Value& v : args) v = plain_input(v);
    for (auto& [key, v] : kwargs)
      if (key != "training" && key != "mask") v = plain_input(v);
  }
  if (call_depth == 0) {
    if (Value result; shortcut(args, kwargs, result)) return result;
    clear_losses();  // the outermost call starts afresh, as in Keras
  }
  Bound b = bind(args, kwargs, overrides(Method::call));
  prepare(b);
  if (!built_) build_for(b);
  const CallContext context = context_of(b);
  const Value result = compute(b, context);
  pass_masks(b, context, result);
  if (!b.symbolic) return result;
  clear_losses();  // of shapes: not values to train on
  return record(std::move(args), std::move(kwargs), result);
}

// Takes the marks of symbolic tensors off, casts to the compute dtype, and checks against input_spec.
void Layer::prepare(Bound& b) const {
  for (const Value& v : b.inputs) b.symbolic |= holds_symbolic(v);
  for (const auto& [key, v] : b.extras) b.symbolic |= holds_symbolic(v);
  if (b.mask) b.symbolic |= holds_symbolic(*b.mask);
  if (b.symbolic) {
    if (!b.inputs.empty()) b.marked = b.inputs[0];
    b.marked_mask = b.mask ? *b.mask : masks_of(b.marked);
    for (Value& v : b.inputs) v = strip_symbolic(v);
    for (auto& [key, v] : b.extras) v = strip_symbolic(v);
    if (b.mask) b.mask = strip_symbolic(*b.mask);
  }
  for (Value& v : b.inputs) v = convert(v);
  for (auto& [key, v] : b.extras) v = convert(v);
  check_input_spec(b.inputs);
}

static thread_local std::optional<DType> built_for;
BuiltFor::BuiltFor(std::optional<DType> dtype) : saved_(built_for) { built_for = dtype; }
BuiltFor::~BuiltFor() { built_for = saved_; }
std::optional<DType> BuiltFor::dtype() { return built_for; }

void Layer::build_for(const Bound& b) {
  const SymbolicCall with_values(false);
  if (!overrides(Method::build) && !overrides(Method::call) && !b.inputs.empty() && b.inputs[0].is_sequence() &&
      b.inputs[0].as_list().empty())
    throw TypeError("The ", describe(), " cannot be built from an empty list of inputs.");
  Dict shapes;
  for (size_t i = 0; i < b.inputs.size(); ++i)
    if (i == 0 || any_tensor(b.inputs[i])) shapes.set(b.names[i], shapes_of(b.inputs[i]));
  if (overrides(Method::call))
    for (const auto& [key, v] : b.extras)
      if (any_tensor(v)) shapes.set(key, shapes_of(v));
  if (!shapes.empty() && shapes.begin()->second.is_none()) shapes.erase(shapes.begin()->first);
  const BuiltFor tensor(!b.inputs.empty() && b.inputs[0].is_tensor() ? std::optional(b.inputs[0].as_tensor().dtype())
                                                                     : std::nullopt);
  build_from(BuildShapes(std::move(shapes)));
}

CallContext Layer::context_of(const Bound& b) const {
  CallContext context;
  context.training = training_or_inherited(b.training).value_or(false);
  const Value carried = b.inputs.empty() ? Value() : masks_of(b.inputs[0]);
  context.mask = b.mask ? *b.mask : any_tensor(carried) ? carried : Value();
  context.kwargs = b.extras;
  return context;
}

// The outputs, by this layer's call() or what the user's class has in its place. Errors name the layer.
Value Layer::compute(const Bound& b, const CallContext& context) {
  std::optional<DType> autocast;
  if (autocast_ && is_float(compute_dtype())) autocast = compute_dtype();
  const std::optional<bool> training = training_or_inherited(b.training);
  CallScope scope(training, autocast);
  NameScope named(name_, this);
  const SymbolicCall shapes_alone(b.symbolic || SymbolicCall::current());
  Value result;
  try {
    if (b.symbolic && overrides(Method::compute_output_spec)) {
      List inputs;
      for (const Value& v : b.inputs) inputs.push_back(as_symbolic(v));
      result = strip_symbolic(
          user_class->call(Method::compute_output_spec, std::move(inputs), as_symbolic(Value(b.extras)).as_dict()));
    } else if (b.symbolic && overrides(Method::compute_output_shape)) {
      result = users_output_shape(b);
    } else {
      const bool quantized = !quantization_mode().empty();
      if (quantized) require_quantized_call();
      auto run = [&] {
        return overrides(Method::call) && !quantized ? call_users(b, context, training) : call(b.inputs, context);
      };
      result = remat_ && !b.symbolic && computes_anew() ? computed_anew(run) : run();
    }
  } catch (Error& e) {
    e.add({ErrorFrame::Kind::layer, describe()});
    throw;
  }
  if (activity_regularizer_ && !b.symbolic) add_activity_loss(result);
  return result;
}

// The user's call(), with `training` and the masks that its signature asks for.
Value Layer::call_users(const Bound& b, const CallContext& context, std::optional<bool> training) {
  const std::vector<std::string> names = user_class->arguments(Method::call);
  Dict given = b.extras;
  if (contains(names, "training") && training) given.set("training", *training);
  if (contains(names, "mask") && !context.mask.is_none() && !given.contains("mask")) given.set("mask", context.mask);
  Dict tensors;
  for (size_t i = 0; i < b.inputs.size(); ++i) tensors.set(b.names[i], b.inputs[i]);
  for (const auto& [name, v] : b.extras)
    if (any_tensor(v)) tensors.set(name, v);
  for (const auto& [name, v] : tensors) {  // query_mask and the like
    const std::string key = name + "_mask";
    if (tensors.size() < 2 || !contains(names, key) || given.contains(key)) continue;
    if (const Value m = masks_of(v); any_tensor(m)) given.set(key, m);
  }
  if (!b.symbolic && !SymbolicCall::current()) return user_class->call(Method::call, b.inputs, std::move(given));
  const Value inputs(b.inputs);
  const bool unknown = has_unknown_size(inputs) || has_unknown_size(Value(given));
  const auto call_filled = [&] {
    return with_filled_shapes([&](const auto& fill) {
      return user_class->call(Method::call, fill(inputs).as_list(), fill(Value(given)).as_dict());
    });
  };
  try {
    Value result = user_class->call(Method::call, b.inputs, given);
    return unknown && has_no_elements(result) && !has_no_elements(inputs) ? call_filled() : result;
  } catch (...) {
    if (!unknown) throw;  // else it may have computed with sizes that are unknown so far
    const std::exception_ptr first = std::current_exception();
    try {
      return call_filled();
    } catch (...) { std::rethrow_exception(first); }
  }
}

// The regularizer's penalty per sample, as in Keras.
void Layer::add_activity_loss(const Value& result) {
  for (const Tensor& t : flatten_tensors(result)) {
    Tensor penalty = (*activity_regularizer_)(t);
    const int64_t batch = t.rank() ? t.shape()[0] : 1;
    if (batch > 0) penalty = prim::multiply(penalty, 1.0 / static_cast<double>(batch));
    add_loss(penalty);
  }
}

// Masks of the outputs, where the call did not set them itself.
void Layer::pass_masks(const Bound& b, const CallContext& context, const Value& result) {
  if (loses_masks() && any_tensor(context.mask)) report_lost_mask();
  const bool users = overrides(Method::compute_mask);
  const bool wanted = supports_masking_ && (!context.mask.is_none() || users);
  if (!wanted && (overrides(Method::call) || b.inputs.empty())) return;
  // Of symbolic tensors masks are recorded like outputs, so that a model may use or return them.
  const Value first = b.symbolic ? b.marked : b.inputs.empty() ? Value() : b.inputs[0];
  const Value mask = b.symbolic && any_tensor(context.mask) ? b.marked_mask : context.mask;
  const Value masks = users ? user_class->call(Method::compute_mask, {first, mask}, {}) : compute_mask(first, mask);
  if (masks.is_none()) return;
  const std::vector<Value> flat = flatten(masks);
  const Tensors outs = flatten_tensors(result);
  for (size_t i = 0; i < outs.size() && i < flat.size(); ++i)
    if (flat[i].is_tensor() && (!outs[i].mask().defined() || flat[i].as_tensor().symbolic()))
      outs[i].set_mask(flat[i].as_tensor());
}

void Layer::report_lost_mask() const {
  const std::string message = text("Layer '", name(), "' (of type ", public_class_name(),
                                   ") was passed an input with a mask attached to it. However, this layer does not "
                                   "support masking and will therefore destroy the mask information. "
                                   "Downstream layers will not see the mask. Set `supports_masking = True` in the "
                                   "layer if it leaves the mask as it is.");
  if (settings().lost_masks_fail())
    throw ValueError(message, " (An error because \"lost_masks\" is \"error\" in the configuration.)");
  warn(message);
}

Value Layer::call_base(List args, Dict kwargs) {
  if (takes_plain_data())
    for (Value& v : args) v = plain_input(v);
  Bound b = bind(std::move(args), std::move(kwargs), false);
  CallContext context;
  const std::optional<bool> training = training_or_inherited(b.training);
  context.training = training.value_or(false);
  const TrainingScope scope(training);  // what this call was told counts, also for layers whose default is another one
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

}  // namespace lamina
