#pragma once
#include <cmath>
#include <limits>

#include "backends/ops/gather/gather.h"

namespace lamina {

// The value that stands where an index is outside, as a tensor of shape ().
inline Tensor filler(DType dtype, GatherOp::Fill fill) {
  if (dtype == DType::string) return Tensor::empty({}, dtype);  // the empty one
  if (fill == GatherOp::Fill::zero) return Tensor::scalar_of(0, dtype);
  Tensor out = Tensor::empty({}, dtype);
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* at = out.mutable_data<T>();
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
      *at = T(NAN);
    else if constexpr (std::is_floating_point_v<T>)
      *at = static_cast<T>(NAN);
    else if constexpr (std::is_signed_v<T>)
      *at = std::numeric_limits<T>::min();
    else
      *at = std::numeric_limits<T>::max();
  });
  return out;
}

}  // namespace lamina
