#pragma once
#include "layers/layer.h"

namespace lamina {

// The activation argument of a layer: a function's name, a config, a callable, or none (linear).
class Activation {
 public:
  Activation() = default;
  Activation(const char* name) : Activation(from(Value(name))) {}
  static Activation from(const Value& v);
  Tensor operator()(const Tensor& x) const;
  Value serialized() const;
  explicit operator bool() const { return function_ != nullptr; }

 private:
  ObjectPtr function_;  // null: linear
};
// From a name, a config, a function or None; and as configs hold it.
void from_value(const Value& v, Activation& out);
Value to_value(const Activation& a);

}  // namespace lamina
