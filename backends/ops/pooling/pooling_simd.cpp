// The loops of rows.h (see cmake/LaminaToolchain.cmake). Channels are taken in blocks that stay in registers while the places
// of the window go by.
#include "backends/ops/pooling/rows.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

constexpr int64_t kBlock = 32;

// Calls f(first channel, whole) for blocks of kBlock channels; `whole` is a constant, so that full blocks have fixed loops.
template <class F>
inline void over_blocks(int64_t channels, F&& f) {
  int64_t at = 0;
  for (; at + kBlock <= channels; at += kBlock) f(at, kBlock);
  if (at + 16 <= channels) f(at, int64_t{16}), at += 16;
  if (at + 8 <= channels) f(at, int64_t{8}), at += 8;
  if (at < channels) f(at, channels - at);
}

void max(const float* const* places, int64_t count, int64_t channels, float* y) {
  over_blocks(channels, [&](int64_t from, int64_t n) __attribute__((always_inline)) {
    float best[kBlock];
    for (int64_t i = 0; i < n; ++i) best[i] = places[0][from + i];
    for (int64_t p = 1; p < count; ++p) {
      const float* x = places[p] + from;
      for (int64_t i = 0; i < n; ++i) best[i] = (x[i] > best[i]) | (x[i] != x[i]) ? x[i] : best[i];
    }
    for (int64_t i = 0; i < n; ++i) y[from + i] = best[i];
  });
}

void max_indexed(const float* const* places, int64_t count, int64_t channels, float* y, uint8_t* index) {
  over_blocks(channels, [&](int64_t from, int64_t n) __attribute__((always_inline)) {
    float best[kBlock];
    int32_t which[kBlock];
    for (int64_t i = 0; i < n; ++i) best[i] = places[0][from + i], which[i] = 0;
    for (int64_t p = 1; p < count; ++p) {
      const float* x = places[p] + from;
      const int32_t number = static_cast<int32_t>(p);
      for (int64_t i = 0; i < n; ++i) {
        const bool larger = (x[i] > best[i]) | (x[i] != x[i]);
        best[i] = larger ? x[i] : best[i];
        which[i] = larger ? number : which[i];
      }
    }
    for (int64_t i = 0; i < n; ++i) y[from + i] = best[i];
    for (int64_t i = 0; i < n; ++i) index[from + i] = static_cast<uint8_t>(which[i]);
  });
}

template <bool kAdded>
void scatter(const float* g, const uint8_t* index, float* const* places, int64_t count, int64_t channels) {
  over_blocks(channels, [&](int64_t from, int64_t n) __attribute__((always_inline)) {
    int32_t which[kBlock];
    float values[kBlock];
    for (int64_t i = 0; i < n; ++i) which[i] = index[from + i], values[i] = g[from + i];
    for (int64_t p = 0; p < count; ++p) {
      float* x = places[p] + from;
      const int32_t number = static_cast<int32_t>(p);
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const float v = which[i] == number ? values[i] : 0.0f;
        x[i] = kAdded ? x[i] + v : v;
      }
    }
  });
}

void average(const float* const* places, int64_t count, int64_t channels, float factor, float* y) {
  over_blocks(channels, [&](int64_t from, int64_t n) __attribute__((always_inline)) {
    float sum[kBlock];
    for (int64_t i = 0; i < n; ++i) sum[i] = places[0][from + i];
    for (int64_t p = 1; p < count; ++p) {
      const float* x = places[p] + from;
      for (int64_t i = 0; i < n; ++i) sum[i] += x[i];
    }
    for (int64_t i = 0; i < n; ++i) y[from + i] = sum[i] * factor;
  });
}

template <bool kAdded>
void spread(const float* g, float* const* places, int64_t count, int64_t channels, float factor) {
  over_blocks(channels, [&](int64_t from, int64_t n) __attribute__((always_inline)) {
    float values[kBlock];
    for (int64_t i = 0; i < n; ++i) values[i] = g[from + i] * factor;
    for (int64_t p = 0; p < count; ++p) {
      float* x = places[p] + from;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) x[i] = kAdded ? x[i] + values[i] : values[i];
    }
  });
}

constexpr PoolRows kRows = {max, max_indexed, scatter<false>, scatter<true>, average, spread<false>, spread<true>};

}  // namespace

const PoolRows& pool_rows_table() { return kRows; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
