#pragma once
#include "layers/layer.h"

namespace lamina {

// What a Lambda layer holds, for those who ask it.
class FunctionHolder {
 public:
  virtual ~FunctionHolder() = default;
  // A callable object, the name of an op, or the config of what was not allowed to be loaded.
  virtual Value function() const = 0;
};

}  // namespace lamina
