// Floats as integers and back, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/int8_quantize/int8_loops.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

// The greater of the two; NaN if one is.
inline float greater(float a, float b) { return b < a || a != a ? a : b; }

float greatest(const float* x, int64_t n) {
  constexpr int kLanes = 32;
  float lanes[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] = greater(lanes[l], __builtin_fabsf(x[j + l]));
  float most = 0;
  for (int l = 0; l < kLanes; ++l) most = greater(most, lanes[l]);
  for (; j < n; ++j) most = greater(most, __builtin_fabsf(x[j]));
  return most;
}

void quantize(const float* x, int64_t n, float scale, float low, float high, int8_t* q) {
  // Added to a number below 2^22 it leaves no places behind the point: rounding as the processor does.
  constexpr float kWhole = 12582912.0f;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    float v = x[i] * scale;
    v = v > low ? v : low;  // of NaN, too
    v = v < high ? v : high;
    q[i] = static_cast<int8_t>(static_cast<int32_t>(v + kWhole - kWhole));
  }
}

void dequantize(const int32_t* sums, const float* scale, float factor, int64_t n, float* y) {
#pragma GCC ivdep
  for (int64_t j = 0; j < n; ++j) y[j] = static_cast<float>(sums[j]) / (scale[j] * factor);
}

constexpr Int8Loops kLoops = {greatest, quantize, dequantize};

}  // namespace

const Int8Loops& int8_loops_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
