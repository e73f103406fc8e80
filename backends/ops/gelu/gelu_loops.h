#pragma once
// gelu in float32, built once per instruction set. The output may be an input's memory.
#include <cstdint>

namespace lamina {

struct GeluLoops {
  void (*exact)(const float* x, float* y, int64_t n);
  void (*exact_grad)(const float* x, const float* g, float* out, int64_t n);
  void (*approximate)(const float* x, float* y, int64_t n);
  void (*approximate_grad)(const float* x, const float* g, float* out, int64_t n);
};
// The loops for the processor's instruction set.
const GeluLoops& gelu_loops();

}  // namespace lamina
