#include "backends/core/value.h"

#include <algorithm>
#include <cmath>

#include "backends/core/constant_value.h"
#include "backends/core/object.h"

namespace lamina {

Dict::Dict(std::initializer_list<Entry> entries) : entries_(entries) {}
Dict::Dict(std::vector<Entry> entries) : entries_(std::move(entries)) {}
Dict::Dict(const Dict&) = default;
Dict::Dict(Dict&&) noexcept = default;
Dict& Dict::operator=(const Dict&) = default;
Dict& Dict::operator=(Dict&&) noexcept = default;
Dict::~Dict() = default;
size_t Dict::size() const { return entries_.size(); }
std::vector<Dict::Entry>::const_iterator Dict::begin() const { return entries_.begin(); }
std::vector<Dict::Entry>::const_iterator Dict::end() const { return entries_.end(); }
std::vector<Dict::Entry>::iterator Dict::begin() { return entries_.begin(); }
std::vector<Dict::Entry>::iterator Dict::end() { return entries_.end(); }

const Value* Dict::find(std::string_view key) const {
  for (const auto& e : entries_)
    if (e.first == key) return &e.second;
  return nullptr;
}
Value* Dict::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }
const Value& Dict::at(std::string_view key) const {
  if (const Value* v = find(key)) return *v;
  std::vector<std::string> names;
  for (const auto& e : entries_) names.push_back(e.first);
  throw KeyError("The key '", key, "' is missing; present are ", names, ".");
}
Value& Dict::operator[](std::string_view key) {
  if (Value* v = find(key)) return *v;
  entries_.emplace_back(std::string(key), Value());
  return entries_.back().second;
}
void Dict::set(std::string_view key, Value value) {
  if (Value* v = find(key))
    *v = std::move(value);
  else
    entries_.emplace_back(std::string(key), std::move(value));
}
bool Dict::erase(std::string_view key) {
  for (auto it = entries_.begin(); it != entries_.end(); ++it)
    if (it->first == key) return entries_.erase(it), true;
  return false;
}

void List::no_such_place(size_t i, size_t count) {
  throw IndexError("list index out of range: ", static_cast<int64_t>(i), " of a list or tuple with ", count,
                   " entries.");
}

Value::Value(const Shape& shape) {
  List items;
  for (int64_t d : shape) items.push_back(d == Shape::kUnknown ? Value() : Value(d));
  data_ = Tuple{std::move(items)};
}
Value::Value(const std::vector<Tensor>& tensors) : data_(List(tensors.begin(), tensors.end())) {}

std::string_view Value::kind_name() const {
  static constexpr std::string_view names[] = {"None", "bool",  "int",  "float",  "str",   "Tensor",
                                               "list", "tuple", "dict", "object", "slice", "Ellipsis"};
  return names[data_.index()];
}

namespace {
[[noreturn]] void mismatch(const char* expected, const Value& v) {
  throw TypeError("Expected ", expected, ", received ", v.repr(), " (", v.kind_name(), ").");
}
}  // namespace

bool Value::as_bool() const {
  if (is_bool()) return std::get<bool>(data_);
  if (is_int()) return std::get<int64_t>(data_) != 0;
  if (is_none()) return false;
  mismatch("a bool", *this);
}
int64_t Value::as_int() const {
  if (is_int()) return std::get<int64_t>(data_);
  if (is_bool()) return std::get<bool>(data_);
  if (is_real() && std::get<double>(data_) == std::floor(std::get<double>(data_))) {
    const double v = std::get<double>(data_);
    if (!(std::abs(v) < 0x1p63)) throw OverflowError("Expected an integer of 64 bits, received ", repr(), ".");
    return static_cast<int64_t>(v);
  }
  if (is_tensor() && as_tensor().shape().elements() == 1 && !is_float(as_tensor().dtype()))
    if (const Tensor known = constant_value(as_tensor()); known.defined()) return static_cast<int64_t>(known.item());
  mismatch("an integer", *this);
}
double Value::as_number() const {
  if (is_real()) return std::get<double>(data_);
  if (is_int()) return static_cast<double>(std::get<int64_t>(data_));
  if (is_bool()) return std::get<bool>(data_);
  if (is_tensor() && as_tensor().shape().elements() == 1)
    if (const Tensor known = constant_value(as_tensor()); known.defined()) return known.item();
  if (is_tensor() && as_tensor().has_data()) return as_tensor().item();  // which says what is wrong
  mismatch("a number", *this);
}
const std::string& Value::as_string() const {
  if (!is_string()) mismatch("a string", *this);
  return std::get<std::string>(data_);
}
const Tensor& Value::as_tensor() const {
  if (!is_tensor()) mismatch("a tensor", *this);
  return std::get<Tensor>(data_);
}
const List& Value::as_list() const {
  if (is_list()) return std::get<List>(data_);
  if (is_tuple()) return std::get<Tuple>(data_).items;
  mismatch("a list or tuple", *this);
}
const Tuple& Value::as_tuple() const {
  if (!is_tuple()) mismatch("a tuple", *this);
  return std::get<Tuple>(data_);
}
Value Value::with_items(List items) const {
  return is_tuple() ? Value(Tuple{std::move(items), as_tuple().type}) : Value(std::move(items));
}
List& Value::as_list() { return const_cast<List&>(std::as_const(*this).as_list()); }
const Dict& Value::as_dict() const {
  if (!is_dict()) mismatch("a dict", *this);
  return std::get<Dict>(data_);
}
Dict& Value::as_dict() { return const_cast<Dict&>(std::as_const(*this).as_dict()); }
const ObjectPtr& Value::as_object() const {
  if (!is_object()) mismatch("an object", *this);
  return std::get<ObjectPtr>(data_);
}
const SliceValue& Value::as_slice() const {
  if (!is_slice()) mismatch("a slice", *this);
  return std::get<SliceValue>(data_);
}
Value whole_numbers(const Value& v) {
  if (!v.is_tensor() || v.as_tensor().rank() > 1 || is_float(v.as_tensor().dtype())) return v;
  const Tensor known = constant_value(v.as_tensor());
  if (!known.defined()) return v;
  List list;
  for (int64_t i = 0; i < known.size(); ++i) list.emplace_back(static_cast<int64_t>(known.at(i)));
  return Value(std::move(list));
}

namespace {
// The numbers of `t` from `first` on, below the axes up to `axis`.
Value numbers_from(const Tensor& t, int axis, int64_t& first) {
  if (axis == t.rank()) {
    const double x = t.at(first++);
    return t.dtype() == DType::boolean ? Value(x != 0)
           : is_float(t.dtype())       ? Value(x)
                                       : Value(static_cast<int64_t>(x));
  }
  List list;
  for (int64_t i = 0; i < t.shape()[axis]; ++i) list.push_back(numbers_from(t, axis + 1, first));
  return Value(std::move(list));
}
}  // namespace

Value plain_numbers(const Value& v) {
  if (v.is_tensor()) {
    const Tensor known = constant_value(v.as_tensor());
    int64_t first = 0;
    return known.defined() ? numbers_from(known, 0, first) : v;
  }
  if (!v.is_sequence()) return v;
  List out;
  for (const Value& item : v.as_list()) out.push_back(plain_numbers(item));
  return v.with_items(std::move(out));
}

Shape Value::as_shape() const {
  if (is_int()) return Shape{as_int()};
  if (is_tensor())
    if (const Value list = whole_numbers(*this); !list.is_tensor()) return list.as_shape();
  Shape out;
  for (const Value& v : as_list()) {
    int64_t d = v.is_none() ? Shape::kUnknown : v.as_int();
    if (d < Shape::kUnknown || d > Shape::kMostSize)
      throw ValueError("A shape must hold sizes of at least 0 (or None) and at most 2**56, received ", repr(), ".");
    out.push_back(d);
  }
  return out;
}

std::string Value::repr() const {
  std::string out;
  auto items = [&](const List& list, char open, char close, bool tuple) {
    out += open;
    for (size_t i = 0; i < list.size(); ++i) {
      if (i) out += ", ";
      out += list[i].repr();
    }
    if (tuple && list.size() == 1) out += ',';
    out += close;
  };
  switch (kind()) {
    case Kind::none: return "None";
    case Kind::boolean: return std::get<bool>(data_) ? "True" : "False";
    case Kind::integer: return std::to_string(std::get<int64_t>(data_));
    case Kind::real: return text(std::get<double>(data_));
    case Kind::string: return "'" + std::get<std::string>(data_) + "'";
    case Kind::tensor: return std::get<Tensor>(data_).str();
    case Kind::list: items(std::get<List>(data_), '[', ']', false); return out;
    case Kind::tuple: items(std::get<Tuple>(data_).items, '(', ')', true); return out;
    case Kind::dict: {
      out = "{";
      for (const auto& [key, value] : std::get<Dict>(data_)) {
        if (out.size() > 1) out += ", ";
        out += text("'", key, "': ", value.repr());
      }
      return out + "}";
    }
    case Kind::object: return std::get<ObjectPtr>(data_)->repr();
    case Kind::slice: {
      const auto& s = std::get<SliceValue>(data_);
      return text("slice(", Value(s.start), ", ", Value(s.stop), ", ", Value(s.step), ")");
    }
    case Kind::ellipsis: return "Ellipsis";
  }
  return out;
}

bool Value::operator==(const Value& other) const {
  if (is_number() && other.is_number()) return as_number() == other.as_number();
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::tensor: return as_tensor().same(other.as_tensor());
    case Kind::list:
    case Kind::tuple: return as_list() == other.as_list();
    case Kind::dict: {
      const Dict &a = as_dict(), &b = other.as_dict();
      return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& e) {
               const Value* v = b.find(e.first);
               return v && *v == e.second;
             });
    }
    case Kind::object: return as_object() == other.as_object();
    case Kind::string: return as_string() == other.as_string();
    case Kind::slice: return as_slice() == other.as_slice();
    default: return true;
  }
}

void flatten(const Value& structure, std::vector<Value>& leaves) {
  if (structure.is_sequence()) {
    for (const Value& v : structure.as_list()) flatten(v, leaves);
  } else if (structure.is_dict()) {
    std::vector<const Dict::Entry*> sorted;
    for (const auto& e : structure.as_dict()) sorted.push_back(&e);
    std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->first < b->first; });
    for (auto* e : sorted) flatten(e->second, leaves);
  } else {
    leaves.push_back(structure);
  }
}

List flatten(const Value& structure) {
  List leaves;
  flatten(structure, leaves);
  return leaves;
}

bool holds_tensor(const Value& structure) {
  if (structure.is_sequence()) return std::any_of(structure.as_list().begin(), structure.as_list().end(), holds_tensor);
  if (structure.is_dict())
    return std::any_of(structure.as_dict().begin(), structure.as_dict().end(),
                       [](const auto& item) { return holds_tensor(item.second); });
  return structure.is_tensor();
}

Tensors flatten_tensors(const Value& structure) {
  Tensors out;
  for (const Value& leaf : flatten(structure))
    if (leaf.is_tensor()) out.push_back(leaf.as_tensor());
  return out;
}

namespace {
Value pack(const Value& structure, std::span<const Value> leaves, size_t& next) {
  if (structure.is_sequence()) {
    List items;
    for (const Value& v : structure.as_list()) items.push_back(pack(v, leaves, next));
    return structure.with_items(std::move(items));
  }
  if (structure.is_dict()) {
    Dict out = structure.as_dict();
    std::vector<Dict::Entry*> sorted;
    for (auto& e : out) sorted.push_back(&e);
    std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->first < b->first; });
    for (auto* e : sorted) e->second = pack(e->second, leaves, next);
    return out;
  }
  if (next >= leaves.size()) throw ValueError("Too few values for the structure ", structure.repr(), ".");
  return leaves[next++];
}
}  // namespace

Value pack_like(const Value& structure, std::span<const Value> leaves) {
  size_t next = 0;
  Value out = pack(structure, leaves, next);
  if (next != leaves.size())
    throw ValueError("Too many values (", leaves.size(), ") for the structure ", structure.repr(), ".");
  return out;
}

}  // namespace lamina
