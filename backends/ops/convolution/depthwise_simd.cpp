// The loops of depthwise_loops.h (see cmake/LaminaToolchain.cmake).
#pragma GCC diagnostic ignored "-Wpsabi"  // nothing leaves this file
#include <cstring>

#include "backends/ops/convolution/depthwise_loops.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#if LAMINA_SIMD_LEVEL >= 2
constexpr int kWidth = 16;
#else
constexpr int kWidth = 8;
#endif
typedef float Floats __attribute__((vector_size(kWidth * sizeof(float))));

inline Floats load(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Floats v) { std::memcpy(to, &v, sizeof v); }

#define UNROLL _Pragma("GCC unroll 8")

// kPlaces places and kVectors vectors of channels: their sums stay in registers, and a tap's weights are read once.
template <int kPlaces, int kVectors>
inline void tile(const float* x, int64_t x_step, const float* w, const DepthwiseTap* taps, int64_t count, float* y,
                 int64_t y_step) {
  Floats sum[kPlaces][kVectors] = {};
  for (int64_t t = 0; t < count; ++t) {
    const float *from = x + taps[t].x, *weights = w + taps[t].w;
    UNROLL for (int v = 0; v < kVectors; ++v) {
      const Floats weight = load(weights + v * kWidth);
      UNROLL for (int p = 0; p < kPlaces; ++p) sum[p][v] += load(from + p * x_step + v * kWidth) * weight;
    }
  }
  UNROLL for (int p = 0; p < kPlaces; ++p) UNROLL for (int v = 0; v < kVectors; ++v)
      store(y + p * y_step + v * kWidth, sum[p][v]);
}

template <int kVectors>
void tiles(const float* x, int64_t x_step, const float* w, const DepthwiseTap* taps, int64_t count, int64_t places,
           float* y, int64_t y_step) {
  int64_t p = 0;
  for (; p + 4 <= places; p += 4) tile<4, kVectors>(x + p * x_step, x_step, w, taps, count, y + p * y_step, y_step);
  for (; p < places; ++p) tile<1, kVectors>(x + p * x_step, x_step, w, taps, count, y + p * y_step, y_step);
}

void row(const float* x, int64_t x_step, const float* w, const DepthwiseTap* taps, int64_t count, int64_t places,
         int64_t channels, float* y, int64_t y_step) {
  int64_t c = 0;
  for (; c + 2 * kWidth <= channels; c += 2 * kWidth)
    tiles<2>(x + c, x_step, w + c, taps, count, places, y + c, y_step);
  for (; c + kWidth <= channels; c += kWidth) tiles<1>(x + c, x_step, w + c, taps, count, places, y + c, y_step);
  for (; c < channels; ++c)
    for (int64_t p = 0; p < places; ++p) {
      float sum = 0;
      for (int64_t t = 0; t < count; ++t) sum += x[p * x_step + taps[t].x + c] * w[taps[t].w + c];
      y[p * y_step + c] = sum;
    }
}

template <int kVectors>
inline void sums(const float* x, int64_t x_step, const float* g, int64_t g_step, int64_t places, float* sum) {
  Floats acc[kVectors];
  UNROLL for (int v = 0; v < kVectors; ++v) acc[v] = load(sum + v * kWidth);
  for (int64_t p = 0; p < places; ++p)
    UNROLL for (int v = 0; v < kVectors; ++v) acc[v] +=
        load(x + p * x_step + v * kWidth) * load(g + p * g_step + v * kWidth);
  UNROLL for (int v = 0; v < kVectors; ++v) store(sum + v * kWidth, acc[v]);
}

void products(const float* x, int64_t x_step, const float* g, int64_t g_step, int64_t places, int64_t channels,
              float* sum) {
  int64_t c = 0;
  for (; c + 4 * kWidth <= channels; c += 4 * kWidth) sums<4>(x + c, x_step, g + c, g_step, places, sum + c);
  for (; c + kWidth <= channels; c += kWidth) sums<1>(x + c, x_step, g + c, g_step, places, sum + c);
  for (; c < channels; ++c)
    for (int64_t p = 0; p < places; ++p) sum[c] += x[p * x_step + c] * g[p * g_step + c];
}

constexpr DepthwiseLoops kLoops = {row, products};

}  // namespace

const DepthwiseLoops& depthwise_loops_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
