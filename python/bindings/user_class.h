#pragma once
// The tie between a C++ object and its Python wrapper: which wrapper is alive, and which methods the user's class
// overrides.
#include <bitset>
#include <map>

#include "bindings/convert.h"

namespace lamina::bindings {

class Link final : public UserClass {
 public:
  PyObject* self = nullptr;  // borrowed; null once the wrapper died
  std::bitset<kMethodCount> overridden;
  std::string user_class, user_module, user_registered;

  bool overrides(Method method) const override { return self && overridden[static_cast<size_t>(method)]; }
  Value call(Method method, List args, Dict kwargs) override;
  std::vector<std::string> arguments(Method method) const override;
  std::string class_name() const override { return user_class; }
  std::string module() const override { return user_module; }
  std::string registered_name() const override { return user_registered; }
  void override_method(Method method) {
    overridden.set(static_cast<size_t>(method));
    arguments_.erase(method);
  }

 private:
  mutable std::map<Method, std::vector<std::string>> arguments_;
};

// Ties `self` (a freshly made wrapper) to its object. `user` says what a class of the user overrides: None for a
// built-in class, else (class name, module, registered name, set of methods).
void attach(py::object self, py::object user, bool owned_by_python);
// `self` got an attribute in place of this method, be its class a user's or built in. False for what is no such method.
bool override_method(py::object self, const std::string& name);

}  // namespace lamina::bindings
