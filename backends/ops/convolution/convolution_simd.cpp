// The loops of rows.h (see cmake/LaminaToolchain.cmake).
#pragma GCC diagnostic ignored "-Wpsabi"  // nothing leaves this file
#include <cstring>

#include "backends/ops/convolution/convolution_loops.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

void accumulate(float* to, const float* from, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) to[i] += from[i];
}

typedef float Floats __attribute__((vector_size(32)));

inline Floats load(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store(float* to, Floats v) { std::memcpy(to, &v, sizeof v); }

constexpr int kMost = 9;  // sums in registers

template <int kCount, bool kBias>
void outer_block(const float* x, int64_t step, const int64_t* offsets, const float* g, int64_t places, int64_t filters,
                 float* sum, float* bias) {
  Floats acc[kCount], total = {};
  const float* from[kCount];
  for (int j = 0; j < kCount; ++j) acc[j] = load(sum + j * filters), from[j] = x + offsets[j];
  for (int64_t p = 0; p < places; ++p) {
    const Floats v = load(g + p * filters);
    for (int j = 0; j < kCount; ++j) acc[j] += from[j][p * step] * v;
    if (kBias) total += v;
  }
  for (int j = 0; j < kCount; ++j) store(sum + j * filters, acc[j]);
  if (kBias) store(bias, load(bias) + total);
}

template <bool kBias>
void outer_counted(const float* x, int64_t step, const int64_t* offsets, int64_t count, const float* g, int64_t places,
                   int64_t filters, float* sum, float* bias) {
  switch (count) {
    case 1: return outer_block<1, kBias>(x, step, offsets, g, places, filters, sum, bias);
    case 2: return outer_block<2, kBias>(x, step, offsets, g, places, filters, sum, bias);
    case 3: return outer_block<3, kBias>(x, step, offsets, g, places, filters, sum, bias);
    case 4: return outer_block<4, kBias>(x, step, offsets, g, places, filters, sum, bias);
    case 5: return outer_block<5, kBias>(x, step, offsets, g, places, filters, sum, bias);
    case 6: return outer_block<6, kBias>(x, step, offsets, g, places, filters, sum, bias);
    case 7: return outer_block<7, kBias>(x, step, offsets, g, places, filters, sum, bias);
    case 8: return outer_block<8, kBias>(x, step, offsets, g, places, filters, sum, bias);
    default: return outer_block<kMost, kBias>(x, step, offsets, g, places, filters, sum, bias);
  }
}

void outer_products(const float* x, int64_t step, const int64_t* offsets, int64_t count, const float* g, int64_t places,
                    int64_t filters, float* sum, float* bias) {
  for (int64_t f = 0; f < filters; f += 8)
    for (int64_t j = 0; j < count; j += kMost) {
      const int64_t some = count - j < kMost ? count - j : kMost;
      if (bias && j == 0)
        outer_counted<true>(x, step, offsets, some, g + f, places, filters, sum + f, bias + f);
      else
        outer_counted<false>(x, step, offsets + j, some, g + f, places, filters, sum + j * filters + f, nullptr);
    }
}

typedef int Ints __attribute__((vector_size(32)));
typedef uint8_t Bytes __attribute__((vector_size(8)));
#define UNROLL _Pragma("GCC unroll 9")

// kVectors of filters at a time: four sums each stay in registers.
template <int kVectors>
void pooled_block(const float* x, int64_t step, int64_t row, const int64_t* offsets, int64_t count, const float* w,
                  const float* bias, bool relu, int64_t places, int64_t filters, float* y, uint8_t* index) {
  const int64_t begin[4] = {0, step, row, row + step};
  for (int64_t p = 0; p < places; ++p, x += 2 * step, y += filters) {
    Floats sum[4][kVectors];
    UNROLL for (int q = 0; q < 4; ++q) UNROLL for (int v = 0; v < kVectors; ++v) sum[q][v] = load(bias + 8 * v);
    for (int64_t i = 0; i < count; ++i) {
      Floats factor[kVectors];
      UNROLL for (int v = 0; v < kVectors; ++v) factor[v] = load(w + i * filters + 8 * v);
      UNROLL for (int q = 0; q < 4; ++q) {
        const float value = x[begin[q] + offsets[i]];
        UNROLL for (int v = 0; v < kVectors; ++v) sum[q][v] += value * factor[v];
      }
    }
    UNROLL for (int v = 0; v < kVectors; ++v) {
      const Floats zero = {};
      if (relu) UNROLL for (int q = 0; q < 4; ++q) sum[q][v] = sum[q][v] < zero ? zero : sum[q][v];
      Floats best = sum[0][v];
      Ints which = {}, number = {};
      UNROLL for (int q = 1; q < 4; ++q) {
        const Ints larger = (sum[q][v] > best) | (sum[q][v] != sum[q][v]);
        number += 1;
        best = larger ? sum[q][v] : best;
        which = larger ? number : which;
      }
      store(y + 8 * v, best);
      if (index) {
        const Bytes bytes = __builtin_convertvector(which, Bytes);
        std::memcpy(index + p * filters + 8 * v, &bytes, sizeof bytes);
      }
    }
  }
}

void pooled_row(const float* x, int64_t step, int64_t row, const int64_t* offsets, int64_t count, const float* w,
                const float* bias, bool relu, int64_t places, int64_t filters, float* y, uint8_t* index) {
  int64_t f = 0;
  for (; f + 16 <= filters; f += 16)
    pooled_block<2>(x, step, row, offsets, count, w + f, bias + f, relu, places, filters, y + f,
                    index ? index + f : nullptr);
  if (f < filters)
    pooled_block<1>(x, step, row, offsets, count, w + f, bias + f, relu, places, filters, y + f,
                    index ? index + f : nullptr);
}

template <int kCount, bool kBias>
void pooled_outer_block(const float* x, int64_t step, int64_t row, const int64_t* offsets, const float* g,
                        const uint8_t* index, int64_t places, int64_t filters, float* sum, float* bias) {
  const int64_t begin[4] = {0, step, row, row + step};
  Floats acc[kCount], total = {};
  const float* from[kCount];
  UNROLL for (int j = 0; j < kCount; ++j) acc[j] = load(sum + j * filters), from[j] = x + offsets[j];
  for (int64_t p = 0; p < places; ++p) {
    const Floats value = load(g + p * filters), zero = {};
    Bytes bytes;
    std::memcpy(&bytes, index + p * filters, sizeof bytes);
    const Ints which = __builtin_convertvector(bytes, Ints);
    Ints number = {};
    if (kBias) total += value;
    UNROLL for (int q = 0; q < 4; ++q) {
      const Floats v = which == number ? value : zero;
      const int64_t at = 2 * p * step + begin[q];
      UNROLL for (int j = 0; j < kCount; ++j) acc[j] += from[j][at] * v;
      number += 1;
    }
  }
  UNROLL for (int j = 0; j < kCount; ++j) store(sum + j * filters, acc[j]);
  if (kBias) store(bias, load(bias) + total);
}

template <bool kBias, int kCount = kMost>
void pooled_outer_counted(const float* x, int64_t step, int64_t row, const int64_t* offsets, int64_t count,
                          const float* g, const uint8_t* index, int64_t places, int64_t filters, float* sum,
                          float* bias) {
  if constexpr (kCount > 1)
    if (count < kCount)
      return pooled_outer_counted<kBias, kCount - 1>(x, step, row, offsets, count, g, index, places, filters, sum,
                                                     bias);
  pooled_outer_block<kCount, kBias>(x, step, row, offsets, g, index, places, filters, sum, bias);
}

void pooled_outer_products(const float* x, int64_t step, int64_t row, const int64_t* offsets, int64_t count,
                           const float* g, const uint8_t* index, int64_t places, int64_t filters, float* sum,
                           float* bias) {
  for (int64_t f = 0; f < filters; f += 8)
    for (int64_t j = 0; j < count; j += kMost) {
      const int64_t some = count - j < kMost ? count - j : kMost;
      if (bias && j == 0)
        pooled_outer_counted<true>(x, step, row, offsets, some, g + f, index + f, places, filters, sum + f, bias + f);
      else
        pooled_outer_counted<false>(x, step, row, offsets + j, some, g + f, index + f, places, filters,
                                    sum + j * filters + f, nullptr);
    }
}

constexpr ConvolutionLoops kRows = {accumulate, outer_products, pooled_row, pooled_outer_products};

}  // namespace

const ConvolutionLoops& convolution_rows_of_level() { return kRows; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
