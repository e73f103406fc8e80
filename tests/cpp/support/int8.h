#pragma once
#include "backends/ops/primitives.h"

namespace lamina::testing {

inline Tensor bytes(const Tensor& x) { return prim::cast(x, DType::int8); }

// Values over all of int8, without pattern.
inline Tensor bytes_of(const Shape& shape, int64_t seed) {
  Tensor out = Tensor::empty(shape, DType::int8);
  auto* to = static_cast<int8_t*>(out.mutable_raw());
  for (int64_t i = 0; i < out.size(); ++i) to[i] = static_cast<int8_t>((i * 7919 + seed) * 104729 >> 5);
  return out;
}

}  // namespace lamina::testing
