#pragma once
// What an op gives where Keras has a tuple of tensors: x[ops.nonzero(x)] means another thing with a list.
#include <utility>

#include "backends/core/fields.h"

namespace lamina::ops {

// Tensors that Python gets as a tuple. In C++ they are a list of tensors like any other.
struct TensorTuple : Tensors {
  using Tensors::Tensors;
  TensorTuple() = default;
  TensorTuple(Tensors tensors) : Tensors(std::move(tensors)) {}
};
inline Value to_value(const TensorTuple& tensors) { return Value::tuple(List(tensors.begin(), tensors.end())); }

}  // namespace lamina::ops
