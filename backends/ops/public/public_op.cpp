#include "backends/ops/public/public_op.h"

#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"

namespace lamina {

DType Operand::dtype() const {
  if (!is_scalar()) return tensor_.dtype();
  return weak_ == DType::float32 ? settings().floatx() : weak_;
}

Tensor Operand::as(DType dtype) const {
  return is_scalar() ? prim::full({}, number_, dtype) : prim::cast(tensor_, dtype);
}

namespace {

void scan(const Value& v, int depth, Shape& shape, bool& any_real, bool& all_bool, Tensors* tensors) {
  if (!v.is_sequence()) {
    if (depth != shape.rank()) throw ValueError("a nested list must be rectangular.");
    if (v.is_tensor()) {
      if (tensors) tensors->push_back(v.as_tensor());
      return;
    }
    if (!v.is_number()) throw TypeError("expected numbers, received ", v.repr(), " (", v.kind_name(), ").");
    any_real |= v.is_real();
    all_bool &= v.is_bool();
    return;
  }
  const List& items = v.as_list();
  if (depth == shape.rank()) shape.push_back(static_cast<int64_t>(items.size()));
  if (shape[depth] != static_cast<int64_t>(items.size()))
    throw ValueError("a nested list must be rectangular; found lengths ", shape[depth], " and ", items.size(), ".");
  for (const Value& item : items) scan(item, depth + 1, shape, any_real, all_bool, tensors);
}

template <class T>
void fill(const Value& v, T*& to) {
  if (v.is_sequence())
    for (const Value& item : v.as_list()) fill(item, to);
  else if constexpr (std::is_integral_v<T>)
    *to++ = v.as_int();
  else
    *to++ = v.as_number();
}

// Whether the first of what a nested list holds is a string.
bool starts_with_string(const Value& v) {
  if (!v.is_sequence()) return v.is_string();
  for (const Value& item : v.as_list())
    if (!item.is_sequence() || !item.as_list().empty()) return starts_with_string(item);
  return false;
}

void take_strings(const Value& v, int depth, Shape& shape, std::vector<std::string>& out) {
  if (v.is_sequence()) {
    const auto count = static_cast<int64_t>(v.as_list().size());
    if (depth == shape.rank()) shape.push_back(count);
    if (shape[depth] != count)
      throw ValueError("a nested list must be rectangular; found lengths ", shape[depth], " and ", count, ".");
    for (const Value& item : v.as_list()) take_strings(item, depth + 1, shape, out);
    return;
  }
  if (depth != shape.rank()) throw ValueError("a nested list must be rectangular.");
  if (!v.is_string()) throw TypeError("expected strings alone, received ", v.repr(), " (", v.kind_name(), ").");
  out.push_back(v.as_string());
}

Shape leading_shape(const Value& v) {
  Shape s;
  const Value* at = &v;
  while (at->is_sequence()) {
    s.push_back(static_cast<int64_t>(at->as_list().size()));
    if (at->as_list().empty()) break;
    at = &at->as_list()[0];
  }
  return s;
}

// A list that holds tensors: stacked, innermost lists first.
Tensor stack_list(const Value& v, DType dtype) {
  if (!v.is_sequence()) return value_to<Operand>(v).as(dtype);
  Tensors parts;
  for (const Value& item : v.as_list()) parts.push_back(prim::expand_dims(stack_list(item, dtype), 0));
  return prim::concat(parts, 0);
}

DType list_dtype(const Value& v) {
  if (v.is_sequence()) {
    std::vector<PromotionType> types;
    for (const Value& item : v.as_list()) types.push_back({list_dtype(item), false});
    return result_type(types.data(), types.size());
  }
  return value_to<Operand>(v).dtype();
}

}  // namespace

Tensor tensor_from_list(const Value& nested, std::optional<DType> dtype) {
  if (holds_tensor(nested)) return stack_list(nested, dtype ? *dtype : list_dtype(nested));
  bool any_real = false, all_bool = true;
  if (starts_with_string(nested)) {
    if (dtype && *dtype != DType::string) refuse_strings();
    std::vector<std::string> strings;
    Shape found;
    take_strings(nested, 0, found, strings);
    return Tensor::of(std::move(strings), found);
  }
  Shape shape = leading_shape(nested), checked;
  if (shape.elements() == 0) return Tensor::empty(shape, dtype.value_or(settings().floatx()));
  checked = shape;
  scan(nested, 0, checked, any_real, all_bool, nullptr);
  if (dtype == DType::int64 && !any_real) {  // exactly
    Tensor out = Tensor::empty(shape, DType::int64);
    int64_t* to = out.mutable_data<int64_t>();
    fill(nested, to);
    return out;
  }
  Tensor wide = Tensor::empty(shape, DType::float64);
  double* to = wide.mutable_data<double>();
  fill(nested, to);
  DType natural = any_real ? settings().floatx() : all_bool ? DType::boolean : DType::int32;
  EagerScope eager;
  return prim::cast(wide, dtype.value_or(natural));
}

void from_value(const Value& v, Operand& out) {
  if (v.is_tensor())
    out = Operand(v.as_tensor());
  else if (v.is_bool())
    out = Operand(v.as_bool());
  else if (v.is_int())
    out = Operand(static_cast<long>(v.as_int()));
  else if (v.is_real())
    out = Operand(v.as_number());
  else if (v.is_sequence())
    out = Operand(tensor_from_list(v));
  else
    throw TypeError("Expected a tensor, a number or a nested list of numbers, received ", v.repr(), " (", v.kind_name(),
                    ").");
}

Value to_value(const Operand& o) {
  if (!o.is_scalar()) return o.tensor();
  PromotionType t = o.type();
  if (t.dtype == DType::boolean) return o.number() != 0;
  if (t.dtype == DType::int32) return static_cast<int64_t>(o.number());
  return o.number();
}

Value to_value(const Axes& axes) {
  if (!axes) return {};
  if (axes->size() == 1) return axes->front();
  return Value::tuple(List(axes->begin(), axes->end()));
}

void from_value(const Value& v, std::vector<Operand>& out) {
  out.clear();
  if (v.is_tensor()) {  // a tensor where a list is taken: its rows
    const Tensor& t = v.as_tensor();
    for (int64_t i = 0; i < t.shape()[0]; ++i) out.push_back(prim::squeeze(prim::slice_axis(t, 0, i, i + 1), 0));
    return;
  }
  for (const Value& item : v.as_list()) out.push_back(value_to<Operand>(item));
}
Value to_value(const std::vector<Operand>& v) {
  List out;
  for (const Operand& o : v) out.push_back(to_value(o));
  return out;
}

DType result_type(std::initializer_list<const Operand*> operands) {
  PromotionType types[16];
  size_t n = 0;
  for (const Operand* o : operands) types[n++] = o->type();
  return result_type(types, n);
}

namespace {
struct OpTable {
  std::map<std::string, std::unique_ptr<OpInfo>, std::less<>> by_name;
  std::map<std::string, const OpInfo*, std::less<>> by_class;
};
OpTable& op_table() {
  static OpTable instance;
  return instance;
}
OpRecorder recorder = nullptr;
}  // namespace

void register_op(std::unique_ptr<OpInfo> info) {
  if (!info->class_name.empty()) op_table().by_class.emplace(info->class_name, info.get());
  std::string name = info->name;
  if (!op_table().by_name.emplace(name, std::move(info)).second)
    throw ValueError("The op ", name, " is registered twice.");
}
const OpInfo* find_op(std::string_view name) {
  auto found = op_table().by_name.find(name);
  return found == op_table().by_name.end() ? nullptr : found->second.get();
}
const OpInfo* find_op_class(std::string_view name) {
  auto found = op_table().by_class.find(name);
  return found == op_table().by_class.end() ? nullptr : found->second;
}
std::vector<const OpInfo*> all_ops() {
  std::vector<const OpInfo*> out;
  for (const auto& [name, info] : op_table().by_name) out.push_back(info.get());
  return out;
}

Documentation describe(const OpInfo& op) {
  Documentation out;
  const size_t dot = op.name.rfind('.');
  const std::string space = dot == std::string::npos ? "" : op.name.substr(0, dot);
  out.name = dot == std::string::npos ? op.name : op.name.substr(dot + 1);
  out.module = space.empty() ? "keras.ops" : space == "image" ? "keras.ops.image" : "keras." + space;
  out.summary = op.doc;
  out.doc = op.description;
  for (const OpArgument& a : op.arguments)
    out.arguments.push_back({a.collects_named() ? "*" + a.name : a.name,  // two stars: variadic ones have one
                             a.required || a.collects ? "" : a.default_value.repr(), a.required, a.collects, a.doc});
  return out;
}

std::vector<Value> bind_arguments(const OpInfo& op, List args, const Dict& kwargs) {
  for (size_t i = 0; i < op.arguments.size() && i < args.size(); ++i) {
    if (!op.arguments[i].collects || op.arguments[i].collects_named()) continue;
    Value rest(List(std::make_move_iterator(args.begin() + static_cast<long>(i)), std::make_move_iterator(args.end())));
    args.resize(i);
    args.push_back(std::move(rest));
  }
  const bool takes_names = !op.arguments.empty() && op.arguments.back().collects_named();
  const size_t most = op.arguments.size() - takes_names;
  if (args.size() > most)
    throw TypeError(op.name, "() takes at most ", most, " arguments, received ", args.size(), ".");
  std::vector<Value> out(op.arguments.size());
  std::vector<bool> given(op.arguments.size());
  for (size_t i = 0; i < args.size(); ++i) out[i] = std::move(args[i]), given[i] = true;
  for (const auto& [key, value] : kwargs) {
    size_t i = 0;
    while (i < most && op.arguments[i].name != key) ++i;
    if (i == most && takes_names) {
      if (!given[i]) out[i] = Dict{}, given[i] = true;
      out[i].as_dict().set(key, value);
      continue;
    }
    if (i == most) {
      std::vector<std::string> names;
      for (const auto& a : op.arguments) names.push_back(a.name);
      std::string near = nearest_name(key, names);
      throw TypeError(op.name, "() got an unexpected keyword argument '", key, "'.",
                      near.empty() ? "" : text(" Did you mean '", near, "'?"));
    }
    if (given[i]) throw TypeError(op.name, "() got multiple values for argument '", key, "'.");
    out[i] = value;
    given[i] = true;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (given[i]) continue;
    if (op.arguments[i].required)
      throw TypeError(op.name, "() is missing the required argument '", op.arguments[i].name, "'.");
    out[i] = op.arguments[i].default_value;
  }
  return out;
}

bool holds_symbolic(const Value& v) {
  if (v.is_tensor()) return v.as_tensor().symbolic();
  if (v.is_sequence()) {
    for (const Value& item : v.as_list())
      if (holds_symbolic(item)) return true;
  } else if (v.is_dict()) {
    for (const auto& [key, item] : v.as_dict())
      if (holds_symbolic(item)) return true;
  }
  return false;
}

Value call_op(const OpInfo& op, std::span<const Value> arguments) {
  for (const Value& v : arguments)
    if (holds_symbolic(v)) return record_op(op, arguments);
  return op.call(arguments);
}

void set_op_recorder(OpRecorder r) { recorder = r; }
Value record_op(const OpInfo& op, std::span<const Value> arguments) {
  if (!recorder)
    throw RuntimeError("No functional-model recorder is installed; cannot call ", op.name, " on a symbolic tensor.");
  return recorder(op, arguments);
}

}  // namespace lamina
