#pragma once
// Row functions of the softmax family in float32, built once per instruction set. A row has n >= 1 elements; out may be
// the same pointer as an input.
#include <cstdint>

namespace lamina {

struct SoftmaxLoops {
  void (*softmax)(const float* x, float* y, int64_t n);
  void (*log_softmax)(const float* x, float* y, int64_t n);
  void (*softmax_grad)(const float* y, const float* g, float* out, int64_t n);
  void (*log_softmax_grad)(const float* y, const float* g, float* out, int64_t n);
  float (*log_sum_exp)(const float* x, int64_t n);
  float (*weighted_loss)(const float* x, const float* t, float z, int64_t n);    // sum t (z - x)
  void (*sparse_grad)(const float* x, float z, float g, float* out, int64_t n);  // g exp(x - z)
  void (*weighted_grad)(const float* x, const float* t, float z, float g, float* out, int64_t n);
};

// The loops for the processor's instruction set.
const SoftmaxLoops& softmax_rows();

}  // namespace lamina
