#pragma once
// Objects as Keras' config dictionaries: {"module", "class_name", "config", "registered_name"} and back.
#include "backends/core/fields.h"

namespace lamina {

// Objects, tensors, slices, ... inside `v` become plain JSON values (keras-format: __tensor__, __slice__, ...).
Value serialize_value(const Value& v);
Value serialize_object(const ObjectPtr& object);  // None for null; built-in functions give their name

// The inverse. Strings stay strings. `module` limits where a bare class name is looked up.
Value deserialize_value(const Value& v);
// Configs come from elsewhere, and may not lead to files of this machine. Bindings tell of which loads users have said
// that they may.
bool reading_config();            // an object is being made of a config
bool reading_untrusted_config();  // of one that may not
void set_trust_query(bool (*trusted)());
// A config dictionary, a class or function name, or an object: an object of one of the registered classes in `module`.
// ValueError naming the nearest known name if it is unknown. None gives null.
ObjectPtr get_object(const Value& identifier, std::string_view module);
// An op as an object that calls it; null if there is none of this name.
ObjectPtr function_named(const std::string& op);
// Where a built-in class stands in files: its public module and name.
inline bool is_serialized_object(const Value& v) {
  return v.is_dict() && v.as_dict().contains("class_name") && v.as_dict().contains("config");
}

// A typed field: an object of kind T given as such, by name, or as a config.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::shared_ptr<T> p) : pointer_(std::move(p)) {}
  template <class U>
  requires std::is_convertible_v<U*, T*> Ref(std::shared_ptr<U> p) : pointer_(std::move(p)) {}
  Ref(const char* name) : Ref(from(Value(name))) {}
  Ref(const std::string& name) : Ref(from(Value(name))) {}
  static Ref from(const Value& v) {
    ObjectPtr object = get_object(v, T::kModule);
    auto typed = std::dynamic_pointer_cast<T>(object);
    if (!typed && object) typed = T::adapt(object);
    if (!typed && object) throw TypeError("Expected ", T::kKind, ", received ", object->repr(), ".");
    return Ref(std::move(typed));
  }
  // A built-in class by name: OptimizerRef::make("Adam", {{"learning_rate", 1e-3}}).
  static Ref make(const std::string& class_name, const Dict& config = {}) {
    return from(Value(
        Dict{{"module", T::kModule}, {"class_name", class_name}, {"config", config}, {"registered_name", Value()}}));
  }
  T* operator->() const { return pointer_.get(); }
  T& operator*() const { return *pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }
  const std::shared_ptr<T>& pointer() const { return pointer_; }
  operator std::shared_ptr<T>() const { return pointer_; }

 private:
  std::shared_ptr<T> pointer_;
};
// Fields that hold objects: from an object, a name or a config, and back to a config.
template <class T>
void from_value(const Value& v, Ref<T>& out) {
  out = Ref<T>::from(v);
}
template <class T>
Value to_value(const Ref<T>& r) {
  return serialize_object(r.pointer());
}

// --- Classes with an argument list ----------------------------------------------------------------------------------
// A class whose arguments stay attributes that may be changed: initializers, schedules, callbacks, ...
template <class Base, class A>
class Config : public Configured<Base, A> {
 public:
  explicit Config(const A& a = {}) : Configured<Base, A>(a) {}
  void attributes(Fields& f) override {
    Base::attributes(f);
    this->args.fields(f);
  }
};

// Registers a class while the library is loaded (LAMINA_CLASS).
template <class T>
struct ClassRegistration {
  template <std::same_as<Doc> D>  // braces alone are aliases
  ClassRegistration(const char* name, const char* module, const char* doc, D description)
      : ClassRegistration(name, module, doc, {}, description) {}
  ClassRegistration(const char* name, const char* module, const char* doc, std::vector<std::string> aliases,
                    Doc description) {
    ClassInfo info;
    info.name = name;
    info.module = module;
    info.doc = doc;
    info.aliases = std::move(aliases);
    info.description = description;
    info.make = [name](const Dict& config) -> ObjectPtr { return make(name, config); };
    info.fields = [] {
      typename T::Args args;
      return describe_fields([&](Fields& f) { args.fields(f); });
    };
    register_class(std::move(info));
  }
  static ObjectPtr make(const char* name, const Dict& config) {
    typename T::Args args;
    read_fields(name, config, [&](Fields& f) { args.fields(f); });
    return std::make_shared<T>(std::move(args));
  }
};
// LAMINA_CLASS(Zeros, "keras.initializers", "doc", {"zeros"}, Doc{.example = "..."}): the class constructible from a
// config, by its C++ name.
#define LAMINA_CLASS(T, MODULE, DOC, ...) \
  static const ::lamina::ClassRegistration<T> T##_registration(#T, MODULE, DOC __VA_OPT__(, ) __VA_ARGS__)

}  // namespace lamina
