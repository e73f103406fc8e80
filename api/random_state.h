#pragma once
#include <cstdint>

namespace lamina {

// The order of shuffled epochs: a sequence that set_random_seed restarts.
uint64_t next_shuffle_seed();
void set_shuffle_seed(uint64_t seed);

}  // namespace lamina
