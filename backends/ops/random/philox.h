#pragma once
// The float32 generators, built once an instruction set. A group is 64 numbers from 16 consecutive Philox blocks: number
// 16 w + l of a group is word w of its block l, which lets the loops run over blocks.
#include <cstdint>

namespace lamina {

inline constexpr int64_t kPhiloxGroup = 64;

struct PhiloxStream {
  uint32_t key0, key1;
  uint32_t stream;
};

struct PhiloxTable {
  void (*bits)(PhiloxStream s, int64_t group, uint32_t* out);  // one group
  void (*uniform)(PhiloxStream s, int64_t group, float* out);
  void (*normal)(PhiloxStream s, int64_t group, float* out);
  void (*at_least)(PhiloxStream s, int64_t group, uint32_t least, bool* out);  // whether the upper 24 bits are
};

const PhiloxTable& philox_table();

// One block, for generators that draw as they need.
struct PhiloxBlock { uint32_t word[4]; };
PhiloxBlock philox_block(PhiloxStream s, uint64_t counter, uint32_t draw);

}  // namespace lamina
