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

 private:
  mutable std::map<Method, std::vector<std::string>> arguments_;
};

// Ties `self` (a freshly made wrapper) to its object. `user` says what a class of the user overrides: None for a
// built-in class, else (class name, module, registered name, set of methods).
void attach(py::object self, py::object user, bool owned_by_python);

}  // namespace lamina::bindings
