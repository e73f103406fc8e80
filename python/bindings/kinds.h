#pragma once
// What the Python bases of the configurable kinds share: their constructors, and the C++ half of a user's subclass.
#include "bindings/user_class.h"
#include "serialization/objects/object_config.h"

namespace lamina::bindings {

// The C++ object of a user's subclass: names come from the user's class.
template <class Base>
class User : public Base {
 public:
  using Base::Base;
  std::string class_name() const override { return this->user_class ? this->user_class->class_name() : "Object"; }
  std::string module() const override { return this->user_class ? this->user_class->module() : ""; }
  std::string registered_name() const override { return this->user_class ? this->user_class->registered_name() : ""; }
};

inline ObjectPtr make_registered(const std::string& class_name, const std::string& module, const Dict& config) {
  const ClassInfo* info = find_class(class_name, module);
  if (!info) throw ValueError("There is no class ", module, ".", class_name, ".");
  return info->make(config);
}

template <class T>
std::shared_ptr<T> unbox(const ObjectBox& box) {
  auto out = std::dynamic_pointer_cast<T>(box.pointer);
  if (!out) throw TypeError("Expected ", typeid(T).name(), ", received ", box.pointer->repr(), ".");
  return out;
}

// A kind's Python base: constructible from a box, from a built-in class name and config, or (user classes) from a
// config.
template <class T, class C, class UserMaker>
void add_constructors(C& c, const char* module, UserMaker user) {
  c.def(py::init([](const ObjectBox& box) { return unbox<T>(box); }));
  c.def(py::init([module = std::string(module)](const std::string& class_name, py::dict config) {
    return std::dynamic_pointer_cast<T>(make_registered(class_name, module, to_value(config).as_dict()));
  }));
  c.def(py::init([user](py::none, py::dict config) { return std::shared_ptr<T>(user(to_value(config).as_dict())); }));
}

void bind_callbacks(py::module_& m);

}  // namespace lamina::bindings
