#pragma once
// Value: what a call argument or a config entry can be. None, bool, int, float, str, Tensor, list, tuple, dict
// (ordered, string keys), Object (layers, initializers, callables, foreign things), slice and Ellipsis: the Python
// values that occur in Keras' files and call arguments.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "backends/core/tensor.h"

namespace lamina {

class Value;
class Object;
using ObjectPtr = std::shared_ptr<Object>;

struct None {
  bool operator==(const None&) const = default;
};
// Python's `...` in an index.
struct Ellipsis {
  bool operator==(const Ellipsis&) const = default;
};
// Python's start:stop:step in an index.
struct SliceValue {
  std::optional<int64_t> start, stop, step;
  bool operator==(const SliceValue&) const = default;
};

// A vector of values whose places are checked: what a caller's list holds is nobody's to assume. IndexError beyond the
// end.
class List : public std::vector<Value> {
 public:
  using Base = std::vector<Value>;
  using Base::Base;
  List() = default;
  List(Base values) : Base(std::move(values)) {}
  const Value& operator[](size_t i) const;
  Value& operator[](size_t i);
  const Value& front() const { return (*this)[0]; }
  const Value& back() const;

 private:
  [[noreturn]] static void no_such_place(size_t i, size_t count);
};
struct Tuple {  // told apart from a list because Keras does
  List items;
  ObjectPtr type = nullptr;  // Python's class of a namedtuple, which C++ only carries
};

// Values by name, in the order in which the names came. Looked up one by one: configs are short.
class Dict {
 public:
  using Entry = std::pair<std::string, Value>;
  Dict() = default;
  Dict(std::initializer_list<Entry> entries);
  explicit Dict(std::vector<Entry> entries);  // no two of one name
  Dict(const Dict&);
  Dict(Dict&&) noexcept;
  Dict& operator=(const Dict&);
  Dict& operator=(Dict&&) noexcept;
  ~Dict();
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  const Value& at(std::string_view key) const;  // KeyError naming the key
  Value& operator[](std::string_view key);      // appended as None if absent
  void set(std::string_view key, Value value);
  bool erase(std::string_view key);
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  size_t size() const;
  bool empty() const { return size() == 0; }
  std::vector<Entry>::const_iterator begin() const;
  std::vector<Entry>::const_iterator end() const;
  std::vector<Entry>::iterator begin();
  std::vector<Entry>::iterator end();

 private:
  std::vector<Entry> entries_;
};

// Anything that an argument, a config or a file holds: None, numbers, text, tensors, lists, tuples, dicts and objects.
// A value: copies are independent, but tensors and objects in them are shared. TypeError where it is read as what it is
// not.
class Value {
 public:
  enum class Kind { none, boolean, integer, real, string, tensor, list, tuple, dict, object, slice, ellipsis };

  Value() = default;
  Value(None) {}
  Value(std::nullptr_t) {}
  Value(bool v) : data_(v) {}
  Value(int v) : data_(int64_t{v}) {}
  Value(long v) : data_(int64_t{v}) {}
  Value(long long v) : data_(int64_t{v}) {}
  Value(unsigned v) : data_(int64_t{v}) {}
  Value(unsigned long v) : data_(static_cast<int64_t>(v)) {}
  Value(float v) : data_(double{v}) {}
  Value(double v) : data_(v) {}
  Value(const char* v) : data_(std::string(v)) {}
  Value(std::string_view v) : data_(std::string(v)) {}
  Value(std::string v) : data_(std::move(v)) {}
  Value(Tensor v) {
    if (v.defined()) data_ = std::move(v);
  }
  Value(List v) : data_(std::move(v)) {}
  Value(Tuple v) : data_(std::move(v)) {}
  Value(Dict v) : data_(std::move(v)) {}
  Value(ObjectPtr v) {
    if (v) data_ = std::move(v);
  }
  template <class T>
  requires std::is_convertible_v<T*, Object*> Value(const std::shared_ptr<T>& v) : Value(ObjectPtr(v)) {}
  Value(SliceValue v) : data_(v) {}
  Value(Ellipsis v) : data_(v) {}
  Value(const Shape& shape);  // a tuple of sizes, None where unknown
  Value(const std::vector<Tensor>& tensors);
  template <class T>
  Value(const std::optional<T>& v) {
    if (v) *this = Value(*v);
  }
  static Value tuple(List items) { return Value(Tuple{std::move(items)}); }
  // Other items in a list, tuple or namedtuple as this one is.
  Value with_items(List items) const;

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_none() const { return kind() == Kind::none; }
  bool is_bool() const { return kind() == Kind::boolean; }
  bool is_int() const { return kind() == Kind::integer; }
  bool is_real() const { return kind() == Kind::real; }
  bool is_number() const { return is_int() || is_real() || is_bool(); }
  bool is_string() const { return kind() == Kind::string; }
  bool is_tensor() const { return kind() == Kind::tensor; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_tuple() const { return kind() == Kind::tuple; }
  bool is_sequence() const { return is_list() || is_tuple(); }
  bool is_dict() const { return kind() == Kind::dict; }
  bool is_object() const { return kind() == Kind::object; }
  bool is_slice() const { return kind() == Kind::slice; }
  bool is_ellipsis() const { return kind() == Kind::ellipsis; }

  // Each throws a TypeError that says what the value is if it is of another kind.
  bool as_bool() const;
  int64_t as_int() const;    // an int, a bool, or a float that is whole; OverflowError beyond 64 bits
  double as_number() const;  // any number, or a one-element tensor with data
  const std::string& as_string() const;
  const Tensor& as_tensor() const;
  const List& as_list() const;  // of a list or a tuple
  const Tuple& as_tuple() const;
  List& as_list();
  const Dict& as_dict() const;
  Dict& as_dict();
  const ObjectPtr& as_object() const;
  const SliceValue& as_slice() const;
  Shape as_shape() const;  // a sequence of ints and Nones
  // The object as a T, or null if it is none.
  template <class T>
  std::shared_ptr<T> object_as() const {
    return is_object() ? std::dynamic_pointer_cast<T>(std::get<ObjectPtr>(data_)) : nullptr;
  }

  std::string repr() const;  // as Python would print it
  std::string_view kind_name() const;
  bool operator==(const Value& other) const;  // tensors and objects by identity

 private:
  std::variant<None, bool, int64_t, double, std::string, Tensor, List, Tuple, Dict, ObjectPtr, SliceValue, Ellipsis>
      data_;
};

inline const Value& List::operator[](size_t i) const {
  if (i >= size()) [[unlikely]]
    no_such_place(i, size());
  return begin()[static_cast<std::ptrdiff_t>(i)];
}
inline Value& List::operator[](size_t i) {
  if (i >= size()) [[unlikely]]
    no_such_place(i, size());
  return begin()[static_cast<std::ptrdiff_t>(i)];
}
inline const Value& List::back() const { return (*this)[size() - 1]; }

// As Python's repr().
inline void append_text(std::string& out, const Value& v) { out += v.repr(); }

// Structures of tensors: nested lists, tuples and dicts (in key order, as Keras' tree). A leaf is anything else.
void flatten(const Value& structure, std::vector<Value>& leaves);
List flatten(const Value& structure);
Tensors flatten_tensors(const Value& structure);  // only the tensors
bool holds_tensor(const Value& structure);
// The same structure with leaves replaced in order; dict keys keep their order.
Value pack_like(const Value& structure, std::span<const Value> leaves);
template <class F>
Value map_structure(const Value& structure, F&& f) {
  std::vector<Value> leaves = flatten(structure);
  for (Value& leaf : leaves) leaf = f(leaf);
  return pack_like(structure, leaves);
}

}  // namespace lamina
