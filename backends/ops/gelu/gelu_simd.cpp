// Built once an instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/gelu/gelu_loops.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

inline float inner(float x) { return 0.7978845608f * x * (1.0f + 0.044715f * x * x); }

void exact(const float* x, float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = 0.5f * x[i] * (1.0f + fast_erf(x[i] * 0.70710678f));
}

void exact_grad(const float* x, const float* g, float* out, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = g[i] * (0.5f * (1.0f + fast_erf(x[i] * 0.70710678f)) + x[i] * 0.39894228f * fast_exp(-0.5f * x[i] * x[i]));
}

void approximate(const float* x, float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = 0.5f * x[i] * (1.0f + fast_tanh(inner(x[i])));
}

void approximate_grad(const float* x, const float* g, float* out, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float t = fast_tanh(inner(x[i]));
    out[i] = g[i] * (0.5f * (1.0f + t) + 0.5f * x[i] * (1.0f - t * t) * 0.7978845608f * (1.0f + 3 * 0.044715f * x[i] * x[i]));
  }
}

constexpr GeluLoops kLoops = {exact, exact_grad, approximate, approximate_grad};

}  // namespace

const GeluLoops& gelu_loops_table() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
