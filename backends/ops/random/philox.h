#pragma once
// The float32 generators, built once per instruction set. A group is 64 numbers from 16 consecutive Philox blocks:
// number 16 w + l of a group is word w of its block l, which lets the loops run over blocks.
#include <cstdint>

namespace lamina {

inline constexpr int64_t kPhiloxGroup = 64;

struct PhiloxStream {
  uint32_t key0, key1;
  uint32_t stream;
};

// The generator's loops, built once per instruction set. A group has kPhiloxGroup numbers.
struct PhiloxTable {
  void (*bits)(PhiloxStream s, int64_t group, uint32_t* out);  // one group
  void (*uniform)(PhiloxStream s, int64_t group, float* out);
  void (*normal)(PhiloxStream s, int64_t group, float* out);
  void (*at_least)(PhiloxStream s, int64_t group, uint32_t least, bool* out);  // whether the upper 24 bits are
};

// The loops for the processor's instruction set.
const PhiloxTable& philox_table();

// One block, for generators that draw as they need. (constexpr lets GPUs call it.)
struct PhiloxBlock {
  uint32_t word[4];
};
// Four random words: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
constexpr PhiloxBlock philox_block(PhiloxStream s, uint64_t counter, uint32_t draw) {
  PhiloxBlock w{{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), draw, s.stream}};
  for (int r = 0; r < 10; ++r) {
    uint64_t a = uint64_t{0xD2511F53u} * w.word[0], b = uint64_t{0xCD9E8D57u} * w.word[2];
    w = {{static_cast<uint32_t>(b >> 32) ^ w.word[1] ^ s.key0, static_cast<uint32_t>(b),
          static_cast<uint32_t>(a >> 32) ^ w.word[3] ^ s.key1, static_cast<uint32_t>(a)}};
    s.key0 += 0x9E3779B9u, s.key1 += 0xBB67AE85u;
  }
  return w;
}

// In (0, 1), from 53 of 64 bits.
constexpr double philox_unit(uint32_t high, uint32_t low) {
  return (static_cast<double>((uint64_t{high} << 32 | low) >> 11) + 0.5) * 0x1p-53;
}

}  // namespace lamina
