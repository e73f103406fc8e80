#pragma once
// What gathering and scattering on GPUs share.
#include "backends/cuda/kernel.cuh"

namespace lamina::gpu {

// An indexed tensor as (outer, n, inner), with `count` indices into n.
struct Indexed {
  int64_t outer = 1, n = 1, inner = 1, count = 1;
};

inline Indexed indexed(const Shape& x, const TensorSpec& indices, int axis) {
  Indexed l;
  for (int i = 0; i < axis; ++i) l.outer *= x[i];
  l.n = x[axis];
  for (int i = axis + 1; i < x.rank(); ++i) l.inner *= x[i];
  l.count = indices.shape.elements();
  return l;
}

// As index_at() on the host: from the end if negative, -1 if outside.
template <class I>
__device__ int64_t index_at(const I* indices, int64_t k, int64_t n) {
  int64_t i = indices[k];
  if (i < 0) i += n;
  return i >= 0 && i < n ? i : -1;
}

template <class F>
void with_index(DType type, const void* indices, F&& f) {
  if (type == DType::int64)
    f(static_cast<const int64_t*>(indices));
  else
    f(static_cast<const int32_t*>(indices));
}

}  // namespace lamina::gpu
