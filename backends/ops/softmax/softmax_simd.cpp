// The softmax rows, built once per instruction set (see cmake/LaminaToolchain.cmake). Sums run over a fixed number of
// lanes, so that a row gives the same bits wherever it stands.
#include <cmath>

#include "backends/ops/softmax/softmax_loops.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

constexpr int kLanes = 32;

inline float fold(float* lanes) {
  for (int width = kLanes / 2; width; width /= 2)
    for (int l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  return lanes[0];
}

template <class F>
inline float sum_of(int64_t n, F term) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] += term(i + l);
  for (int l = 0; i < n; ++i, ++l) lanes[l] += term(i);
  return fold(lanes);
}

inline float max_of(const float* x, int64_t n) {
  float lanes[kLanes];
  for (int l = 0; l < kLanes; ++l) lanes[l] = x[0];
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
  for (int l = 0; i < n; ++i, ++l) lanes[l] = x[i] > lanes[l] ? x[i] : lanes[l];
  float best = lanes[0];
  for (int l = 1; l < kLanes; ++l) best = lanes[l] > best ? lanes[l] : best;
  return best;  // a NaN elsewhere in the row reaches the result through the sum
}

// y = exp(x - shift), returning the sum.
inline float exp_row(const float* x, float shift, float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = fast_exp(x[i] - shift);
  return sum_of(n, [y](int64_t i) { return y[i]; });
}

void softmax(const float* x, float* y, int64_t n) {
  float scale = 1.0f / exp_row(x, max_of(x, n), y, n);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] *= scale;
}

float log_sum_exp(const float* x, int64_t n) {
  float shift = max_of(x, n);
  if (shift - shift != 0.0f) {  // an infinite maximum: the sum is it, unless a NaN stands in the row
    float total = sum_of(n, [x](int64_t i) { return x[i] != x[i] ? x[i] : 0.0f; });
    return shift + total;
  }
  float total = sum_of(n, [x, shift](int64_t i) { return fast_exp(x[i] - shift); });
  return shift + fast_log(total);
}

void log_softmax(const float* x, float* y, int64_t n) {
  float z = log_sum_exp(x, n);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] - z;
}

void softmax_grad(const float* y, const float* g, float* out, int64_t n) {
  float dot = sum_of(n, [y, g](int64_t i) { return y[i] * g[i]; });
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = y[i] * (g[i] - dot);
}

void log_softmax_grad(const float* y, const float* g, float* out, int64_t n) {
  float total = sum_of(n, [g](int64_t i) { return g[i]; });
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = g[i] - fast_exp(y[i]) * total;
}

float weighted_loss(const float* x, const float* t, float z, int64_t n) {
  return sum_of(n, [x, t, z](int64_t i) { return t[i] * (z - x[i]); });
}

void sparse_grad(const float* x, float z, float g, float* out, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = g * fast_exp(x[i] - z);
}

void weighted_grad(const float* x, const float* t, float z, float g, float* out, int64_t n) {
  float total = sum_of(n, [t](int64_t i) { return t[i]; });
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = g * (fast_exp(x[i] - z) * total - t[i]);
}

constexpr SoftmaxLoops kRows = {softmax,     log_softmax,   softmax_grad, log_softmax_grad,
                                log_sum_exp, weighted_loss, sparse_grad,  weighted_grad};

}  // namespace

const SoftmaxLoops& softmax_rows_of_level() { return kRows; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
