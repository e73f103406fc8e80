// What the call that builds a layer was given, beyond shapes.
#pragma once

#include <optional>

#include "backends/core/dtype.h"

namespace lamina {

// The dtype of the tensor that the layer being built on this thread was called with; none outside of calls, and for
// several tensors.
class BuiltFor {
 public:
  explicit BuiltFor(std::optional<DType> dtype);
  ~BuiltFor();
  BuiltFor(const BuiltFor&) = delete;
  BuiltFor& operator=(const BuiltFor&) = delete;
  static std::optional<DType> dtype();

 private:
  std::optional<DType> saved_;
};

}  // namespace lamina
