// Philox-4x32-10 over 16 blocks at a time, built once an instruction set. The bits must not depend on the set: products
// and sums are kept apart (no fused multiply-add), and only exactly rounded operations are used.
#pragma GCC optimize("fp-contract=off")
#include <cmath>

#include "backends/ops/random/philox.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

constexpr int kBlocks = 16;

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
    for (int l = 0; l < kBlocks; ++l) out[i * kBlocks + l] = static_cast<float>(static_cast<int32_t>(w[i][l] >> 8)) * 5.9604644775390625e-8f;
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

constexpr PhiloxTable kTable = {bits, uniform, normal};

}  // namespace

const PhiloxTable& philox_level() { return kTable; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
