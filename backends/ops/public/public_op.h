#pragma once
// Public ops: the Keras names. Each is described once - name, Keras class (what a functional model's file calls it),
// arguments, documentation, function - and from that come the typed C++ function, the Python function, and the node
// that a call on a symbolic tensor records.
//
//   namespace {
//   Tensor relu_impl(const Operand& x) { ... }
//   const auto relu_op = public_op("relu", "keras.src.ops.nn.Relu", "Rectified linear unit: max(x, 0).", relu_impl,
//                                  {{"x", required, about::tensor}}, {.returns = ..., .example = ...});
//   }
//   Tensor relu(const Operand& x) { return relu_op(x); }
#include <tuple>

#include "backends/ops/public/operand.h"

namespace lamina {

struct Required {};
inline constexpr Required required;  // in place of a default

// An argument of a public op: its name, default and line of doc.
struct OpArgument {
  OpArgument(const char* name, Required, const char* doc) : name(name), required(true), doc(doc) {}
  OpArgument(const char* name, Value default_value, const char* doc)
      : name(name), default_value(std::move(default_value)), doc(doc) {}
  // Keras' operation classes take tensors in call() and everything else in the constructor, whose arguments go to the
  // node's config. in_call() marks a non-tensor that goes with the call (the key of GetItem), in_config() a tensor or
  // number that goes to the constructor (the bounds of Clip).
  OpArgument& in_call() {
    call = true;
    return *this;
  }
  OpArgument& in_config() {
    config = true;
    return *this;
  }
  // A tuple and a list mean different things, but files know lists only: those are read as tuples, and a list is
  // recorded as a tensor.
  OpArgument& tuple_in_files() {
    tuple = true;
    return *this;
  }
  // Python's *args: a list of the positional arguments from here on.
  OpArgument& variadic() {
    collects = true;
    required = false;
    default_value = List{};
    return *this;
  }
  // Python's **kwargs, the last argument: a dict of what is given by names that the op does not have.
  OpArgument& named() {
    collects = true;
    required = false;
    default_value = Dict{};
    return *this;
  }
  bool collects_named() const { return collects && default_value.is_dict(); }
  std::string name;
  Value default_value;
  bool required = false;
  bool call = false;  // passed in call(): set by public_op from the argument's C++ type, or by in_call()
  bool config = false;
  bool collects = false;
  bool tuple = false;
  const char* doc = "";
};

// What is known of a public op.
struct OpInfo {
  std::string name;        // "relu"
  std::string class_name;  // "Relu"; "" for functions without an operation class (zeros, shape)
  std::string module;      // "keras.src.ops.nn"
  std::string doc;
  std::vector<OpArgument> arguments;
  std::function<Value(std::span<const Value>)> call;  // arguments in order, all present
  Doc description;                                    // what is told beside `doc` and the arguments
};

// The op of a name or of the class that files store; null where there is none.
const OpInfo* find_op(std::string_view name);
const OpInfo* find_op_class(std::string_view class_name);
std::vector<const OpInfo*> all_ops();  // sorted by name
// What help(), stubs and the pages of the documentation are made from.
Documentation describe(const OpInfo& op);
// Called by public_op() while the library is loaded.
void register_op(std::unique_ptr<OpInfo> info);

// Binds Python-like arguments to the op's list. TypeError naming the op for missing, unknown or repeated ones.
std::vector<Value> bind_arguments(const OpInfo& op, List args, const Dict& kwargs);
// Runs the op, or records it if an argument holds a symbolic tensor.
Value call_op(const OpInfo& op, std::span<const Value> arguments);

// Installed by layers/ (which knows nodes): records a call on symbolic tensors and returns symbolic results.
using OpRecorder = Value (*)(const OpInfo& op, std::span<const Value> arguments);
void set_op_recorder(OpRecorder recorder);
Value record_op(const OpInfo& op, std::span<const Value> arguments);

// Whether an argument is, or holds, a symbolic tensor: the call is then a node of a functional model.
bool holds_symbolic(const Value& v);
inline bool holds_symbolic(const Tensor& t) { return t.defined() && t.symbolic(); }
inline bool holds_symbolic(const Operand& o) { return o.symbolic(); }
inline bool holds_symbolic(const Tensors& list) {
  for (const Tensor& t : list)
    if (holds_symbolic(t)) return true;
  return false;
}
inline bool holds_symbolic(const std::vector<Operand>& list) {
  for (const Operand& o : list)
    if (o.symbolic()) return true;
  return false;
}
template <class T>
requires(!std::is_convertible_v<T, Value> || std::is_arithmetic_v<T>) bool holds_symbolic(const T&) { return false; }
inline bool holds_symbolic(const std::string&) { return false; }
inline bool holds_symbolic(const Shape&) { return false; }
template <class T>
bool holds_symbolic(const std::optional<T>& o) {
  return o && holds_symbolic(*o);
}

// Errors name the public op that the user called, not the primitive that noticed.

// Arguments of these types are Keras' call() arguments; the others belong to the constructor.
template <class T>
inline constexpr bool is_call_argument = false;
template <>
inline constexpr bool is_call_argument<Operand> = true;
template <>
inline constexpr bool is_call_argument<Tensor> = true;
template <>
inline constexpr bool is_call_argument<Tensors> = true;
template <>
inline constexpr bool is_call_argument<std::vector<Operand>> = true;
template <class T>
inline constexpr bool is_call_argument<std::optional<T>> = is_call_argument<T>;

// A public op as a C++ callable, which records a node where an argument is symbolic.
template <class R, class... Args>
class TypedOp {
 public:
  TypedOp(const OpInfo* info, R (*function)(Args...)) : info_(info), function_(function) {}
  R operator()(const std::decay_t<Args>&... given) const {
    if ((holds_symbolic(given) || ...)) {
      Value values[] = {to_value(given)...};
      return value_to<R>(record_op(*info_, values));
    }
    try {
      return function_(given...);
    } catch (Error& e) {
      e.add({ErrorFrame::Kind::op, info_->name});
      throw;
    }
  }

 private:
  const OpInfo* info_;
  R (*function_)(Args...);
};

// Lists of operands from and to the values of a call.
void from_value(const Value& v, std::vector<Operand>& out);
Value to_value(const std::vector<Operand>& v);

template <class R, class... Args>
TypedOp<R, Args...> public_op(const char* name, const char* class_path, const char* doc, R (*function)(Args...),
                              std::vector<OpArgument> arguments, Doc description) {
  auto info = std::make_unique<OpInfo>();
  info->name = name;
  std::string path = class_path;
  size_t dot = path.rfind('.');
  info->module = path.substr(0, dot);
  info->class_name = path.substr(dot + 1);
  info->doc = doc;
  info->description = description;
  info->arguments = std::move(arguments);
  info->call = [function, self = info.get()](std::span<const Value> v) -> Value {
    try {
      return [&]<size_t... I>(std::index_sequence<I...>) {
        return to_value(function(value_to<std::decay_t<Args>>(v[I])...));
      }
      (std::index_sequence_for<Args...>{});
    } catch (Error& e) {
      e.add({ErrorFrame::Kind::op, self->name});
      throw;
    }
  };
  if (info->arguments.size() != sizeof...(Args))
    throw RuntimeError("The op ", info->name, " describes ", info->arguments.size(), " arguments of ", sizeof...(Args),
                       ".");
  size_t next = 0;
  ((info->arguments[next].call =
        !info->arguments[next].config && (info->arguments[next].call || is_call_argument<std::decay_t<Args>>),
    ++next),
   ...);
  const OpInfo* kept = info.get();
  register_op(std::move(info));
  return {kept, function};
}

}  // namespace lamina
