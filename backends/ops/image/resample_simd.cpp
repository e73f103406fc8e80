// Built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/image/resample_rows.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

void rows(const float* x, const int64_t* columns, const float* weights, int64_t taps, float* y, int64_t n) {
  if (taps == 0) {
    for (int64_t i = 0; i < n; ++i) y[i] = 0;
    return;
  }
  const float* first = x + columns[0] * n;
  const float w = weights[0];
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = w * first[i];
  for (int64_t t = 1; t < taps; ++t) {
    const float* row = x + columns[t] * n;
    const float v = weights[t];
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] += v * row[i];
  }
}

}  // namespace

WeightedRows weighted_rows_of_level() { return rows; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
