// The loops of a recurrence with int8 products, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/int8_recurrent/int8_steps.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

float quantize(const float* h, int64_t n, float low, float high, float epsilon, int8_t* q) {
  constexpr int kLanes = 16;
  float greatest[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    for (int l = 0; l < kLanes; ++l) {
      const float size = __builtin_fabsf(h[j + l]);
      greatest[l] = size < greatest[l] ? greatest[l] : size;  // keeps a NaN that comes
    }
  float most = 0;
  for (int l = 0; l < kLanes; ++l) most = greatest[l] < most ? most : greatest[l];
  for (; j < n; ++j) {
    const float size = __builtin_fabsf(h[j]);
    most = size < most ? most : size;
  }
  const float scale = high / (most + epsilon);
  // Added to a number below 2^22 it leaves no places behind the point: rounding as the processor does.
  constexpr float kWhole = 12582912.0f;
  for (int64_t i = 0; i < n; ++i) {
    float v = h[i] * scale;
    v = v > low ? v : low;  // of NaN, too
    v = v < high ? v : high;
    q[i] = static_cast<int8_t>(static_cast<int32_t>(v + kWhole - kWhole));
  }
  return scale;
}

void dequantize(const int32_t* sums, const float* scale, float state_scale, int64_t n, float* p) {
  for (int64_t j = 0; j < n; ++j) p[j] = static_cast<float>(sums[j]) / (scale[j] * state_scale);
}

constexpr Int8Steps kLoops = {quantize, dequantize};

}  // namespace

const Int8Steps& int8_steps_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
