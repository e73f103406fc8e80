// Built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/gelu/gelu_loops.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

inline float inner(float x) { return 0.7978845608f * x * (1.0f + 0.044715f * x * x); }

// exp(-x^2 / 2), for P(X <= x) and the density alike; 0 where it is below the smallest normal number.
inline float bell(float x) {
  const float u = -0.5f * x * x, t = u * 1.44269504f + 12582912.0f,
              n = t - 12582912.0f;  // n also stands in t's last bits
  float r = u - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  const float y = bits_to_float(static_cast<int32_t>(static_cast<uint32_t>(float_to_bits(exp_core(r))) +
                                                     (static_cast<uint32_t>(float_to_bits(t)) << 23)));
  return u < -87.0f ? 0.0f : y;
}
// P(X <= x) with the bell at x: Abramowitz and Stegun, 7.1.26; the error is below 1e-7.
inline float share(float x, float e) {
  const float a = x < 0 ? -x : x, t = 1.0f / (1.0f + 0.23164190f * a);
  float q = 0.5307027145f * t - 0.7265760135f;
  q = q * t + 0.7107068705f;
  q = q * t - 0.1422483680f;
  q = q * t + 0.1274147960f;
  const float tail = q * t * e;
  return x > 0 ? 1.0f - tail : tail;
}

void exact(const float* x, float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * share(x[i], bell(x[i]));
}

void exact_grad(const float* x, const float* g, float* out, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float e = bell(x[i]);
    out[i] = g[i] * (share(x[i], e) + x[i] * 0.39894228f * e);
  }
}

void approximate(const float* x, float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = 0.5f * x[i] * (1.0f + fast_tanh(inner(x[i])));
}

void approximate_grad(const float* x, const float* g, float* out, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float t = fast_tanh(inner(x[i]));
    out[i] = g[i] *
             (0.5f * (1.0f + t) + 0.5f * x[i] * (1.0f - t * t) * 0.7978845608f * (1.0f + 3 * 0.044715f * x[i] * x[i]));
  }
}

constexpr GeluLoops kLoops = {exact, exact_grad, approximate, approximate_grad};

}  // namespace

const GeluLoops& gelu_loops_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
