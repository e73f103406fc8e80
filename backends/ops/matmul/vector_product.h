#pragma once
// Products of a float32 vector and a row-major matrix, built once per instruction set. They read the matrix once, in
// order, and add up in an order that depends on the shape alone.
#include <cstdint>

namespace lamina {

struct VectorProducts {
  // y[j] = sum over i of x[i] * w[i * stride + j], for j < n, i < k: a row vector times a matrix.
  void (*combine_rows)(const float* x, const float* w, int64_t stride, int64_t k, int64_t n, float* y);
  // The same with y in memory: reads the matrix in the order in which it lies, for matrices larger than a core's own
  // caches.
  void (*stream_rows)(const float* x, const float* w, int64_t stride, int64_t k, int64_t n, float* y);
  // y[j] = sum over i of x[i] * w[j * stride + i]: a matrix times a column vector.
  void (*dot_rows)(const float* x, const float* w, int64_t stride, int64_t k, int64_t n, float* y);
};

// Of the best instruction set that the processor has.
const VectorProducts& vector_products();

}  // namespace lamina
