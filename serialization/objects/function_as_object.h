#pragma once
#include "backends/core/object.h"

namespace lamina {

// What is a function in the place of an object of a kind: a regularizer, a constraint, an initializer. Configs name the
// function, and callers who ask for the object get it.
class FunctionAsObject {
 public:
  virtual ~FunctionAsObject() = default;
  virtual ObjectPtr held_function() const = 0;
};

}  // namespace lamina
