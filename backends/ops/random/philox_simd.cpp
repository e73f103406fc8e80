// Philox-4x32-10 over 16 blocks at a time, built once per instruction set. The bits must not depend on the set:
// products and sums are kept apart (no fused multiply-add), and only exactly rounded operations are used.
#pragma GCC optimize("fp-contract=off")
#include <cmath>
#if LAMINA_SIMD_LEVEL > 0
#include <immintrin.h>
#endif

#include "backends/ops/random/philox.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

constexpr int kBlocks = 16;

#if LAMINA_SIMD_LEVEL > 0
// A block a 64-bit lane, of which a product reads the lower half: what stands in the upper halves never matters, so
// both halves of a product are had with one multiplication and one shift.
typedef uint64_t Lanes __attribute__((vector_size(32)));
inline Lanes product(Lanes a, Lanes b) { return (Lanes)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
inline void store_lower(Lanes a, uint32_t* to) {
  const __m256i even = _mm256_permutevar8x32_epi32((__m256i)a, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
  _mm_storeu_si128((__m128i*)to, _mm256_castsi256_si128(even));
}

inline void rounds(PhiloxStream s, int64_t group, uint32_t (&w)[4][kBlocks]) {
  constexpr int kLanes = sizeof(Lanes) / sizeof(uint64_t), kVectors = 2,
                kStep = kLanes * kVectors;  // as many as registers hold
  const Lanes m0 = Lanes{} + 0xD2511F53u, m1 = Lanes{} + 0xCD9E8D57u;
  for (int from = 0; from < kBlocks; from += kStep) {
    Lanes x[4][kVectors] = {};
    for (int v = 0; v < kVectors; ++v) {
      x[0][v] = Lanes{0, 1, 2, 3} + (static_cast<uint64_t>(group) * kBlocks + static_cast<uint64_t>(from + v * kLanes));
      x[1][v] = x[0][v] >> 32;
      x[3][v] = Lanes{} + s.stream;
    }
    uint32_t k0 = s.key0, k1 = s.key1;
    for (int r = 0; r < 10; ++r) {
      const Lanes key0 = Lanes{} + k0, key1 = Lanes{} + k1;
      for (int v = 0; v < kVectors; ++v) {
        const Lanes a = product(m0, x[0][v]), b = product(m1, x[2][v]);
        x[0][v] = (b >> 32) ^ x[1][v] ^ key0, x[1][v] = b, x[2][v] = (a >> 32) ^ x[3][v] ^ key1, x[3][v] = a;
      }
      k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; ++i)
      for (int v = 0; v < kVectors; ++v) store_lower(x[i][v], &w[i][from + v * kLanes]);
  }
}
#else
inline void rounds(PhiloxStream s, int64_t group, uint32_t (&w)[4][kBlocks]) {
  for (int l = 0; l < kBlocks; ++l) {
    uint64_t counter = static_cast<uint64_t>(group) * kBlocks + l;
    w[0][l] = static_cast<uint32_t>(counter);
    w[1][l] = static_cast<uint32_t>(counter >> 32);
    w[2][l] = 0;
    w[3][l] = s.stream;
  }
  uint32_t k0 = s.key0, k1 = s.key1;
  for (int r = 0; r < 10; ++r) {
    for (int l = 0; l < kBlocks; ++l) {
      uint64_t a = static_cast<uint64_t>(0xD2511F53u) * w[0][l], b = static_cast<uint64_t>(0xCD9E8D57u) * w[2][l];
      uint32_t x0 = static_cast<uint32_t>(b >> 32) ^ w[1][l] ^ k0, x2 = static_cast<uint32_t>(a >> 32) ^ w[3][l] ^ k1;
      w[0][l] = x0, w[1][l] = static_cast<uint32_t>(b), w[2][l] = x2, w[3][l] = static_cast<uint32_t>(a);
    }
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
}
#endif

void bits(PhiloxStream s, int64_t group, uint32_t* out) {
  uint32_t w[4][kBlocks];
  rounds(s, group, w);
  for (int i = 0; i < 4; ++i)
    for (int l = 0; l < kBlocks; ++l) out[i * kBlocks + l] = w[i][l];
}

void uniform(PhiloxStream s, int64_t group, float* out) {
  uint32_t w[4][kBlocks];
  rounds(s, group, w);
  for (int i = 0; i < 4; ++i)
    for (int l = 0; l < kBlocks; ++l)
      out[i * kBlocks + l] = static_cast<float>(static_cast<int32_t>(w[i][l] >> 8)) * 5.9604644775390625e-8f;
}

void normal(PhiloxStream s, int64_t group, float* out) {
  uint32_t w[4][kBlocks];
  rounds(s, group, w);
  for (int i = 0; i < 4; i += 2)
    for (int l = 0; l < kBlocks; ++l) {
      // u in (0, 1], in steps of 2^-24 but with the full 31 bits near 0, where the tails come from
      float u = (static_cast<float>(static_cast<int32_t>(w[i][l] >> 1)) + 1.0f) * 4.656612873077393e-10f;
      float angle = static_cast<float>(static_cast<int32_t>(w[i + 1][l] >> 8)) * 3.7450704e-7f;  // 2 pi / 2^24
      float square = -2.0f * fast_log(u);
      float radius = std::sqrt(square > 0.0f ? square : 0.0f);
      out[i * kBlocks + l] = radius * fast_sincos(angle, 1);
      out[(i + 1) * kBlocks + l] = radius * fast_sincos(angle, 0);
    }
}

void at_least(PhiloxStream s, int64_t group, uint32_t least, bool* out) {
  uint32_t w[4][kBlocks];
  rounds(s, group, w);
  uint8_t keep[4 * kBlocks];  // apart from `out`, which the compiler must take for an alias of anything
  for (int i = 0; i < 4; ++i)
    for (int l = 0; l < kBlocks; ++l) {
      const int32_t above = static_cast<int32_t>(w[i][l] >> 8) -
                            static_cast<int32_t>(least);  // its sign: a comparison would not be vectorised
      keep[i * kBlocks + l] = static_cast<uint8_t>((static_cast<uint32_t>(above) >> 31) ^ 1u);
    }
  __builtin_memcpy(out, keep, sizeof keep);
}

constexpr PhiloxTable kTable = {bits, uniform, normal, at_least};

}  // namespace

const PhiloxTable& philox_table_of_level() { return kTable; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
