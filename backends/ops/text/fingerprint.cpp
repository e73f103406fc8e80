#include "backends/ops/text/fingerprint.h"

#include <bit>
#include <cstring>

namespace lamina {

// Aumasson & Bernstein 2012, "SipHash: a fast short-input PRF"; c = 2 rounds per word, d = 4 at the end.
uint64_t siphash64(const HashKey& key, std::string_view bytes) {
  uint64_t v0 = key[0] ^ 0x736f6d6570736575u, v1 = key[1] ^ 0x646f72616e646f6du, v2 = key[0] ^ 0x6c7967656e657261u,
           v3 = key[1] ^ 0x7465646279746573u;
  auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
      v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
    }
  };
  auto take = [&](uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  const size_t whole = bytes.size() / 8 * 8;
  for (size_t at = 0; at < whole; at += 8) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) word |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    take(word);
  }
  uint64_t last = uint64_t{bytes.size() & 0xff} << 56;
  for (size_t i = whole; i < bytes.size(); ++i)
    last |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * (i - whole));
  take(last);
  v2 ^= 0xff;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

// TensorFlow's FingerprintCat64.
uint64_t combine_fingerprints(uint64_t first, uint64_t second) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995u;
  auto shift_mix = [](uint64_t x) { return x ^ (x >> 47); };
  uint64_t out = first ^ kMultiplier;
  out ^= shift_mix(second * kMultiplier) * kMultiplier;
  out *= kMultiplier;
  out = shift_mix(out) * kMultiplier;
  return shift_mix(out);
}

}  // namespace lamina
