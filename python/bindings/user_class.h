#pragma once
// The tie between a C++ object and its Python wrapper: which wrapper is alive, and which methods the user's class
// overrides.
#include <unordered_set>

#include "bindings/convert.h"

namespace lamina::bindings {

class Link final : public MethodHook {
 public:
  PyObject* self = nullptr;  // borrowed; null once the wrapper died
  std::unordered_set<std::string> overridden;
  std::string user_class, user_module, user_registered;

  bool overrides(std::string_view method) const override { return self && overridden.count(std::string(method)); }
  Value invoke(std::string_view method, List args, Dict kwargs) override;
  std::vector<std::string> arguments(std::string_view method) const override;
  std::string class_name() const override { return user_class; }
  std::string module() const override { return user_module; }
  std::string registered_name() const override { return user_registered; }

 private:
  mutable std::unordered_map<std::string, std::vector<std::string>> arguments_;
};

// Ties `self` (a freshly made wrapper) to its object. `user` says what a class of the user overrides: None for a
// built-in class, else (class name, module, registered name, set of methods).
void attach(py::object self, py::object user, bool owned_by_python);

}  // namespace lamina::bindings
