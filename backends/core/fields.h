#pragma once
// The arguments of a class, listed once: `void fields(Fields& f) { f("units", units, "Output size.").required(); ...
// }`. From that list come construction from a config, get_config, the Python signature and the error for a wrong key.
#include <optional>
#include <typeinfo>

#include "backends/core/object.h"

namespace lamina {

// An integer above 0; from_value's ValueError says so of anything else.
struct PositiveInt {
  int64_t value = 0;
  PositiveInt() = default;
  PositiveInt(int64_t v) : value(v) {}
  operator int64_t() const { return value; }
};

// Conversions between C++ argument types and Values; specialised or overloaded for each type used as a field.
// from_value throws TypeError/ValueError without context; Fields adds the class and the argument.
void from_value(const Value& v, Value& out);
void from_value(const Value& v, bool& out);
void from_value(const Value& v, int& out);
void from_value(const Value& v, int64_t& out);
void from_value(const Value& v, PositiveInt& out);
void from_value(const Value& v, double& out);
void from_value(const Value& v, std::string& out);
void from_value(const Value& v, Tensor& out);
void from_value(const Value& v, Tensors& out);
void from_value(const Value& v, Shape& out);
void from_value(const Value& v, DType& out);
void from_value(const Value& v, List& out);
void from_value(const Value& v, Dict& out);
void from_value(const Value& v, ObjectPtr& out);
void from_value(const Value& v, std::vector<int>& out);  // an int stands for [int]
void from_value(const Value& v, std::vector<int64_t>& out);
void from_value(const Value& v, std::vector<double>& out);
void from_value(const Value& v, std::vector<std::string>& out);
template <class T>
void from_value(const Value& v, std::optional<T>& out) {
  if (v.is_none()) {
    out.reset();
    return;
  }
  T inner{};
  from_value(v, inner);
  out = std::move(inner);
}
// A C++ value from a dynamic one, by from_value(); what from_value() throws where it does not fit.
template <class T>
T value_to(const Value& v) {
  T out{};
  from_value(v, out);
  return out;
}

// A dynamic value of a C++ one, as configs hold it.
template <class T>
Value to_value(const T& v) {
  return Value(v);
}
// A dynamic value of a C++ one, as configs hold it.
Value to_value(DType v);
Value to_value(PositiveInt v);
Value to_value(const Tensors& v);
Value to_value(const std::vector<int>& v);
Value to_value(const std::vector<int64_t>& v);
Value to_value(const std::vector<double>& v);
Value to_value(const std::vector<std::string>& v);
// None for an empty optional.
template <class T>
Value to_value(const std::optional<T>& v) {
  return v ? to_value(*v) : Value();
}

// A visitor of an object's arguments: each is named once, in the class' fields(), for configs, signatures, messages and
// docs alike.
class Fields {
 public:
  virtual ~Fields() = default;

  class Entry {
   public:
    Entry(Fields& owner) : owner_(owner) {}
    Entry& required() {
      owner_.mark_required();
      return *this;
    }
    Entry& hidden() {
      owner_.mark_hidden();
      return *this;
    }  // accepted, but left out of get_config (and of signatures' tail)
    // What descriptions show as the default, where the class puts this in place of None.
    Entry& shown(Value value) {
      owner_.mark_shown(std::move(value));
      return *this;
    }

   private:
    Fields& owner_;
  };

  template <class T>
  Entry operator()(const char* name, T& member, const char* doc = "") {
    visit(
        name, doc, [&member](const Value& v) { from_value(v, member); }, [&member] { return to_value(member); });
    mark_type(typeid(T));
    return Entry(*this);
  }

 protected:
  using Setter = std::function<void(const Value&)>;
  using Getter = std::function<Value()>;
  virtual void visit(const char* name, const char* doc, const Setter& set, const Getter& get) = 0;
  virtual void mark_type(const std::type_info&) {}
  virtual void mark_required() {}
  virtual void mark_hidden() {}
  virtual void mark_shown(Value) {}
};

// Reads `config` into the fields that `list` visits. `owner` names the class in errors. Keys that no field takes are
// a TypeError with the nearest known name, unless `extra` is given to collect them. Missing required ones are a
// TypeError.
void read_fields(const std::string& owner, const Dict& config, const std::function<void(Fields&)>& list,
                 Dict* extra = nullptr);
// Sets the one field called `name`, if there is one. TypeError or ValueError as from read_fields.
bool set_field(const std::string& owner, const std::string& name, const Value& value,
               const std::function<void(Fields&)>& list);
// An object's attribute of that name; nothing if it has none.
std::optional<Value> attribute_of(const Object& object, const std::string& name);
// Sets it; false if there is none. TypeError or ValueError as from read_fields.
bool set_attribute(Object& object, const std::string& name, const Value& value);
// Fields as config entries, in order; hidden ones left out.
void write_fields(Dict& config, const std::function<void(Fields&)>& list);
std::vector<FieldInfo> describe_fields(const std::function<void(Fields&)>& list);

// The same of a struct that lists its own fields (which is one list for reading and writing, hence not const).
template <class A>
void write_fields(Dict& config, const A& args) requires requires(A& a, Fields& f) {
  a.fields(f);
}
{
  write_fields(config, [&](Fields& f) { const_cast<A&>(args).fields(f); });
}

// A class over Base whose constructor arguments are the struct A, which lists them in `void fields(Fields&)`. Its
// config is Base's and then those; where both have a key, Base's value stands.
template <class Base, class A>
class Configured : public Base {
 public:
  using Args = A;
  template <class... B>
  explicit Configured(const A& a, B&&... base) : Base(std::forward<B>(base)...), args(a) {}
  Dict get_config() const override {
    Dict config = Base::get_config(), own;
    write_fields(own, args);
    for (const auto& [key, value] : own)
      if (!config.contains(key)) config.set(key, value);
    return config;
  }
  A args;
};

}  // namespace lamina
