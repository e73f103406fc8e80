#pragma once
// How one input of an elementwise kernel meets the index space of the output: the broadcast, as a way to get a block.
#include "backends/core/tensor.h"

namespace lamina {

struct Feed {
  enum class Kind : uint8_t { contiguous, scalar, periodic, general } kind = Kind::contiguous;
  int64_t period = 1;            // periodic: the input repeats every `period` elements (bias rows)
  std::vector<int64_t> strides;  // general: element stride an output axis
  size_t size = 4;               // bytes per element
};

// How an input is walked through for a result of shape `out`.
Feed make_feed(const TensorSpec& in, const Shape& out);

// The n elements from `begin` on, as a pointer into the input where they lie together there, else copied to `block`.
const char* feed_block(const Feed& feed, const Shape& shape, const void* input, char* block, int64_t begin, int64_t n);

}  // namespace lamina
