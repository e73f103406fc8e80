// Pieces of int8 matrix products, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/matmul/int8_blocks.h"

#if LAMINA_SIMD_LEVEL >= 1
#include <immintrin.h>
#endif

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/matmul/unrolled_simd.inc"

// A panel's values: group g of column c begins at (g * kPanel + c) * kGroup. Behind them stands what a column's sum
// begins with, where the left matrix is kOffset more than it was.
template <int kPanel, int kGroup, int kOffset>
void pack(const int8_t* b, int64_t k_stride, int64_t n_stride, int64_t k, int columns, void* packed) {
  auto* values = static_cast<int8_t*>(packed);
  const int64_t padded = int8_padded(k);
  int32_t sums[kPanel] = {};
  for (int64_t l = 0; l < padded; ++l)
    for (int c = 0; c < kPanel; ++c) {
      const int8_t value = l < k && c < columns ? b[l * k_stride + c * n_stride] : int8_t{0};
      values[(l / kGroup * kPanel + c) * kGroup + l % kGroup] = value;
      sums[c] += value;
    }
  auto* first = reinterpret_cast<int32_t*>(values + padded * kPanel);
  for (int c = 0; c < kPanel; ++c) first[c] = -kOffset * sums[c];
}

template <class T, int kOffset>
void prepare(const int8_t* a, int64_t row_stride, int64_t k_stride, int64_t rows, int64_t k, void* prepared) {
  auto* out = static_cast<T*>(prepared);
  const int64_t padded = int8_padded(k);
  for (int64_t r = 0; r < rows; ++r, out += padded) {
    const int8_t* row = a + r * row_stride;
    if (k_stride == 1)
      for (int64_t l = 0; l < k; ++l) out[l] = static_cast<T>(row[l] + kOffset);
    else
      for (int64_t l = 0; l < k; ++l) out[l] = static_cast<T>(row[l * k_stride] + kOffset);
    for (int64_t l = k; l < padded; ++l) out[l] = static_cast<T>(kOffset);  // zero, which meets zeros
  }
}

// Rows in tiles of kRows, the rest in one smaller tile.
template <class Tile, int kRows>
struct Tiles {
  template <int kCount>
  static void rest(int64_t rows, const typename Tile::Left* a, const void* packed, int64_t k, int columns, int32_t* y,
                   int64_t stride) {
    if (rows == kCount)
      Tile::template run<kCount>(a, packed, k, columns, y, stride);
    else if constexpr (kCount > 1)
      rest<kCount - 1>(rows, a, packed, k, columns, y, stride);
  }
  static void multiply(const void* prepared, const void* packed, int64_t rows, int64_t k, int columns, int32_t* y,
                       int64_t stride) {
    const auto* a = static_cast<const typename Tile::Left*>(prepared);
    const int64_t padded = int8_padded(k);
    int64_t r = 0;
    for (; r + kRows <= rows; r += kRows)
      Tile::template run<kRows>(a + r * padded, packed, padded, columns, y + r * stride, stride);
    if (r < rows) rest<kRows - 1>(rows - r, a + r * padded, packed, padded, columns, y + r * stride, stride);
  }
};

#if LAMINA_SIMD_LEVEL == 0

struct PlainTile {
  using Left = int16_t;
  static constexpr int kPanel = 16, kGroup = 2;
  template <int kCount>
  static void run(const int16_t* a, const void* packed, int64_t k, int columns, int32_t* y, int64_t stride) {
    int32_t sum[kCount][kPanel] = {};
    const auto* b = static_cast<const int8_t*>(packed);
    for (int64_t l = 0; l < k; l += kGroup, b += kPanel * kGroup)
      for (int r = 0; r < kCount; ++r) {
        const int32_t first = a[r * k + l], second = a[r * k + l + 1];
        for (int c = 0; c < kPanel; ++c) sum[r][c] += first * b[2 * c] + second * b[2 * c + 1];
      }
    for (int r = 0; r < kCount; ++r)
      for (int c = 0; c < columns; ++c) y[r * stride + c] = sum[r][c];
  }
};
constexpr Int8Blocks kBlocks = {"int8 pairs of 16",           16, 2, pack<16, 2, 0>, prepare<int16_t, 0>,
                                Tiles<PlainTile, 4>::multiply};

#elif LAMINA_SIMD_LEVEL == 1

// Pairs of 16-bit values are multiplied and added exactly. (The instruction for pairs of bytes saturates.)
struct PairTile {
  using Left = int16_t;
  static constexpr int kPanel = 16;
  template <int kCount>
  static void run(const int16_t* a, const void* packed, int64_t k, int columns, int32_t* y, int64_t stride) {
    __m256i sum[kCount][2];
    each<kCount>([&](auto r) __attribute__((always_inline)) { sum[r][0] = sum[r][1] = _mm256_setzero_si256(); });
    const auto* b = static_cast<const __m128i*>(packed);
    for (int64_t l = 0; l < k; l += 2, b += 2) {
      const __m256i first = _mm256_cvtepi8_epi16(_mm_loadu_si128(b)),
                    second = _mm256_cvtepi8_epi16(_mm_loadu_si128(b + 1));
      each<kCount>([&](auto r) __attribute__((always_inline)) {
        int32_t pair;
        __builtin_memcpy(&pair, a + r * k + l, 4);
        const __m256i factor = _mm256_set1_epi32(pair);
        sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(factor, first));
        sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(factor, second));
      });
    }
    each<kCount>([&](auto r) __attribute__((always_inline)) { store(y + r * stride, columns, sum[r][0], sum[r][1]); });
  }
  static void store(int32_t* y, int columns, __m256i first, __m256i second) {
    int32_t part[kPanel], *to = columns == kPanel ? y : part;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), first);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), second);
    if (columns < kPanel)
      for (int c = 0; c < columns; ++c) y[c] = part[c];
  }
};
constexpr Int8Blocks kBlocks = {"int8 pairs of 16",          16, 2, pack<16, 2, 0>, prepare<int16_t, 0>,
                                Tiles<PairTile, 6>::multiply};

#else

// Vector v of a row of a tile with so many columns.
inline void store_vector(int32_t* y, int columns, int v, __m512i values) {
  const int left = columns - v * 16;
  if (left >= 16)
    _mm512_storeu_si512(y + v * 16, values);
  else if (left > 0)
    _mm512_mask_storeu_epi32(y + v * 16, static_cast<__mmask16>((1 << left) - 1), values);
}

// For processors whose AVX-512 has no dot products of bytes: as with AVX2, twice as wide.
struct PairTile {
  using Left = int16_t;
  static constexpr int kPanel = 32;
  template <int kCount>
  static void run(const int16_t* a, const void* packed, int64_t k, int columns, int32_t* y, int64_t stride) {
    __m512i sum[kCount][2];
    each<kCount>([&](auto r) __attribute__((always_inline)) { sum[r][0] = sum[r][1] = _mm512_setzero_si512(); });
    const auto* b = static_cast<const __m256i*>(packed);
    for (int64_t l = 0; l < k; l += 2, b += 2) {
      const __m512i first = _mm512_cvtepi8_epi16(_mm256_loadu_si256(b)),
                    second = _mm512_cvtepi8_epi16(_mm256_loadu_si256(b + 1));
      each<kCount>([&](auto r) __attribute__((always_inline)) {
        int32_t pair;
        __builtin_memcpy(&pair, a + r * k + l, 4);
        const __m512i factor = _mm512_set1_epi32(pair);
        sum[r][0] = _mm512_add_epi32(sum[r][0], _mm512_madd_epi16(factor, first));
        sum[r][1] = _mm512_add_epi32(sum[r][1], _mm512_madd_epi16(factor, second));
      });
    }
    each<kCount>([&](auto r) __attribute__((always_inline)) {
      each<2>([&](auto v) __attribute__((always_inline)) { store_vector(y + r * stride, columns, v, sum[r][v]); });
    });
  }
};
constexpr Int8Blocks kPairs = {"int8 pairs of 32",          32, 2, pack<32, 2, 0>, prepare<int16_t, 0>,
                               Tiles<PairTile, 8>::multiply};

// Unsigned bytes times signed ones, four at a time: the left matrix is 128 more than it was, and sums begin with what
// that adds to them, taken off. The instruction adds without saturation.
struct QuadTile {
  using Left = uint8_t;
  static constexpr int kPanel = 64, kVectors = 4;
  // Written out, as the file is built for processors that do not have it, too.
  static void add_dots(__m512i& sum, __m512i factor, __m512i column) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(factor), "v"(column));
  }
  template <int kCount>
  static void run(const uint8_t* a, const void* packed, int64_t k, int columns, int32_t* y, int64_t stride) {
    const auto* b = static_cast<const int8_t*>(packed);
    const auto* beginnings = reinterpret_cast<const int32_t*>(b + k * kPanel);
    __m512i sum[kCount][kVectors];
    each<kVectors>([&](auto v) __attribute__((always_inline)) {
      const __m512i beginning = _mm512_loadu_si512(beginnings + v * 16);
      each<kCount>([&](auto r) __attribute__((always_inline)) { sum[r][v] = beginning; });
    });
    for (int64_t l = 0; l < k; l += 4, b += 4 * kPanel) {
      __m512i column[kVectors];
      each<kVectors>([&](auto v) __attribute__((always_inline)) { column[v] = _mm512_loadu_si512(b + v * 64); });
      each<kCount>([&](auto r) __attribute__((always_inline)) {
        int32_t quad;
        __builtin_memcpy(&quad, a + r * k + l, 4);
        const __m512i factor = _mm512_set1_epi32(quad);
        each<kVectors>([&](auto v) __attribute__((always_inline)) { add_dots(sum[r][v], factor, column[v]); });
      });
    }
    each<kCount>([&](auto r) __attribute__((always_inline)) {
      each<kVectors>([&](auto v)
                         __attribute__((always_inline)) { store_vector(y + r * stride, columns, v, sum[r][v]); });
    });
  }
};
constexpr Int8Blocks kQuads = {"int8 quads of 64",          64, 1, pack<64, 4, 128>, prepare<uint8_t, 128>,
                               Tiles<QuadTile, 6>::multiply};

#endif

}  // namespace

#if LAMINA_SIMD_LEVEL == 2
const Int8Blocks& int8_blocks_of_level() {
  static const bool quads = __builtin_cpu_supports("avx512vnni");
  return quads ? kQuads : kPairs;
}
#else
const Int8Blocks& int8_blocks_of_level() { return kBlocks; }
#endif

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
