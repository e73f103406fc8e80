// Depthwise convolutions of int8, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/int8_convolution/int8_depthwise.h"

#if LAMINA_SIMD_LEVEL >= 1
#include <immintrin.h>
#endif

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

void pack(const int8_t* w, int64_t taps, int64_t channels, int16_t* packed) {
  for (int64_t t = 0; t < taps; t += 2)
    for (int64_t c = 0; c < channels; ++c) {
      *packed++ = w[t * channels + c];
      *packed++ = t + 1 < taps ? w[(t + 1) * channels + c] : int16_t{0};
    }
}

// Channels from `from` on.
void rest_of(const int8_t* const* x, int64_t pairs, const int16_t* packed, int64_t channels, int64_t from, int32_t* y) {
  for (int64_t c = from; c < channels; ++c) {
    int32_t sum = 0;
    for (int64_t p = 0; p < pairs; ++p) {
      const int16_t* w = packed + (p * channels + c) * 2;
      sum += x[2 * p][c] * w[0] + x[2 * p + 1][c] * w[1];
    }
    y[c] = sum;
  }
}

#if LAMINA_SIMD_LEVEL >= 1

// kVectors times 8 channels from channel c on. Bytes of two taps are put side by side and widened to 16 bits.
template <int kVectors>
inline void tile(const int8_t* const* x, int64_t pairs, const int16_t* packed, int64_t channels, int64_t c,
                 int32_t* y) {
  static_assert(kVectors % 2 == 0);
  __m256i sum[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) sum[v] = _mm256_setzero_si256();
  for (int64_t p = 0; p < pairs; ++p) {
    const int8_t *first = x[2 * p] + c, *second = x[2 * p + 1] + c;
    const auto* w = reinterpret_cast<const __m256i*>(packed + (p * channels + c) * 2);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v += 2) {
      const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first + v * 8)),
                    b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second + v * 8));
      const __m256i low = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b)),
                    high = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b));
      sum[v] = _mm256_add_epi32(sum[v], _mm256_madd_epi16(low, _mm256_loadu_si256(w + v)));
      sum[v + 1] = _mm256_add_epi32(sum[v + 1], _mm256_madd_epi16(high, _mm256_loadu_si256(w + v + 1)));
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + c + v * 8), sum[v]);
}

void place(const int8_t* const* x, int64_t pairs, const int16_t* packed, int64_t channels, int32_t* y) {
  int64_t c = 0;
  for (; c + 64 <= channels; c += 64) tile<8>(x, pairs, packed, channels, c, y);
  for (; c + 16 <= channels; c += 16) tile<2>(x, pairs, packed, channels, c, y);
  rest_of(x, pairs, packed, channels, c, y);
}

#else

void place(const int8_t* const* x, int64_t pairs, const int16_t* packed, int64_t channels, int32_t* y) {
  rest_of(x, pairs, packed, channels, 0, y);
}

#endif

constexpr Int8Depthwise kLoops = {pack, place};

}  // namespace

const Int8Depthwise& int8_depthwise_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
