// 3x3 convolutions of int8 by Winograd's transforms, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/int8_convolution/int8_winograd.h"

#if LAMINA_SIMD_LEVEL >= 1
#include <immintrin.h>
#endif

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {

#if LAMINA_SIMD_LEVEL >= 1

namespace {

constexpr int kPanel = Int8Winograd::kPanel;

inline int64_t padded(int64_t channels) { return (channels + 1) / 2 * 2; }

// From three numbers four: first, sum, alternating sum, last.
template <class T>
inline void spread(const T* from, int step, T* to, int to_step) {
  const T a = from[0], b = from[step], c = from[2 * step];
  to[0] = a;
  to[to_step] = a + b + c;
  to[2 * to_step] = a - b + c;
  to[3 * to_step] = c;
}

void pack(const int8_t* w, int64_t channels, int64_t filters, int columns, int16_t* packed) {
  const int64_t depth = padded(channels), plane = depth * kPanel;
  for (int64_t c = 0; c < depth; ++c)
    for (int f = 0; f < kPanel; ++f) {
      int all[16] = {}, given[9] = {}, wide[12] = {};
      if (c < channels && f < columns)
        for (int t = 0; t < 9; ++t) given[t] = w[(t * channels + c) * filters + f];
      for (int j = 0; j < 3; ++j) spread(given + j, 3, wide + j, 3);        // down
      for (int i = 0; i < 4; ++i) spread(wide + 3 * i, 1, all + 4 * i, 1);  // across
      for (int p = 0; p < 16; ++p) packed[p * plane + (c / 2 * kPanel + f) * 2 + c % 2] = static_cast<int16_t>(all[p]);
    }
}

// 16 channels of four places, widened, as differences and sums.
inline void spread_tile(const __m256i* d, int step, __m256i* to, int to_step) {
  to[0] = _mm256_sub_epi16(d[0], d[2 * step]);
  to[to_step] = _mm256_add_epi16(d[step], d[2 * step]);
  to[2 * to_step] = _mm256_sub_epi16(d[2 * step], d[step]);
  to[3 * to_step] = _mm256_sub_epi16(d[step], d[3 * step]);
}

void tile(const int8_t* const* places, int64_t channels, int16_t* to, int64_t plane) {
  int64_t c = 0;
  for (; c + 16 <= channels; c += 16) {
    __m256i d[16], t[16];
#pragma GCC unroll 16
    for (int p = 0; p < 16; ++p)
      d[p] = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(places[p] + c)));
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) spread_tile(d + j, 4, t + j, 4);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) spread_tile(t + 4 * i, 1, d + 4 * i, 1);
#pragma GCC unroll 16
    for (int p = 0; p < 16; ++p) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + p * plane + c), d[p]);
  }
  for (; c < padded(channels); ++c) {
    int d[16], t[16];
    for (int p = 0; p < 16; ++p) d[p] = c < channels ? places[p][c] : 0;
    for (int j = 0; j < 4; ++j)
      t[j] = d[j] - d[8 + j], t[4 + j] = d[4 + j] + d[8 + j], t[8 + j] = d[8 + j] - d[4 + j],
      t[12 + j] = d[4 + j] - d[12 + j];
    for (int i = 0; i < 4; ++i) {
      const int* r = t + 4 * i;
      const int row[4] = {r[0] - r[2], r[1] + r[2], r[2] - r[1], r[1] - r[3]};
      for (int j = 0; j < 4; ++j) to[(4 * i + j) * plane + c] = static_cast<int16_t>(row[j]);
    }
  }
}

#include "backends/ops/matmul/unrolled_simd.inc"

template <int kCount>
void rows_by_panel(const int16_t* a, const int16_t* packed, int64_t depth, int32_t* y) {
  __m256i sum[kCount][2];
  each<kCount>([&](auto r) __attribute__((always_inline)) { sum[r][0] = sum[r][1] = _mm256_setzero_si256(); });
  const auto* b = reinterpret_cast<const __m256i*>(packed);
  for (int64_t l = 0; l < depth; l += 2, b += 2) {
    const __m256i first = _mm256_loadu_si256(b), second = _mm256_loadu_si256(b + 1);
    each<kCount>([&](auto r) __attribute__((always_inline)) {
      int32_t pair;
      __builtin_memcpy(&pair, a + r * depth + l, 4);
      const __m256i factor = _mm256_set1_epi32(pair);
      sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(factor, first));
      sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(factor, second));
    });
  }
  each<kCount>([&](auto r) __attribute__((always_inline)) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + r * kPanel), sum[r][0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + r * kPanel + 8), sum[r][1]);
  });
}

template <int kCount>
void rest_by_panel(int64_t rows, const int16_t* a, const int16_t* packed, int64_t depth, int32_t* y) {
  if (rows == kCount)
    rows_by_panel<kCount>(a, packed, depth, y);
  else if constexpr (kCount > 1)
    rest_by_panel<kCount - 1>(rows, a, packed, depth, y);
}

void multiply(const int16_t* tiles, int64_t plane, const int16_t* packed, int64_t rows, int64_t channels,
              int32_t* products) {
  const int64_t depth = padded(channels);
  for (int p = 0; p < 16; ++p) {
    const int16_t *a = tiles + p * plane, *b = packed + p * depth * kPanel;
    int32_t* y = products + p * rows * kPanel;
    int64_t r = 0;
    for (; r + 6 <= rows; r += 6) rows_by_panel<6>(a + r * depth, b, depth, y + r * kPanel);
    if (r < rows) rest_by_panel<5>(rows - r, a + r * depth, b, depth, y + r * kPanel);
  }
}

// Four numbers as two, twice the transform: 2a + b + c, b - c - 2d. Sums may wrap around on their way.
inline void gather_pair(const __m256i* m, int step, __m256i* to, int to_step) {
  const __m256i b = m[step], c = m[2 * step];
  to[0] = _mm256_add_epi32(_mm256_slli_epi32(m[0], 1), _mm256_add_epi32(b, c));
  to[to_step] = _mm256_sub_epi32(_mm256_sub_epi32(b, c), _mm256_slli_epi32(m[3 * step], 1));
}

void back(const int32_t* products, int64_t rows, int columns, int32_t* const* places) {
  for (int half = 0; half < kPanel; half += 8) {
    __m256i m[16], t[8], y[4];
#pragma GCC unroll 16
    for (int p = 0; p < 16; ++p)
      m[p] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(products + p * rows * kPanel + half));
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) gather_pair(m + j, 4, t + j, 4);
    gather_pair(t, 1, y, 1);
    gather_pair(t + 4, 1, y + 2, 1);
    for (int p = 0; p < 4; ++p) {
      if (!places[p]) continue;
      const __m256i value = _mm256_srai_epi32(y[p], 2);
      if (half + 8 <= columns) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(places[p] + half), value);
        continue;
      }
      int32_t part[8];
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(part), value);
      for (int f = half; f < columns; ++f) places[p][f] = part[f - half];
    }
  }
}

constexpr Int8Winograd kLoops = {pack, tile, multiply, back};

}  // namespace

const Int8Winograd* int8_winograd_of_level() { return &kLoops; }

#else

const Int8Winograd* int8_winograd_of_level() { return nullptr; }

#endif

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
