#pragma once
// The poolings' loops over the channels of one window in float32, built once per instruction set. Channels are
// contiguous.
#include <cstdint>

namespace lamina {

struct PoolLoops {
  // Of `count` places: the maxima, and the number of the first largest one.
  void (*max)(const float* const* places, int64_t count, int64_t channels, float* y);
  void (*max_indexed)(const float* const* places, int64_t count, int64_t channels, float* y, uint8_t* index);
  // Place p gets (or, added: adds) g where the index is p, zero elsewhere.
  void (*scatter)(const float* g, const uint8_t* index, float* const* places, int64_t count, int64_t channels);
  void (*scatter_added)(const float* g, const uint8_t* index, float* const* places, int64_t count, int64_t channels);
  void (*average)(const float* const* places, int64_t count, int64_t channels, float factor, float* y);
  void (*spread)(const float* g, float* const* places, int64_t count, int64_t channels,
                 float factor);  // place = g factor
  void (*spread_added)(const float* g, float* const* places, int64_t count, int64_t channels, float factor);
};

// The loops for the processor's instruction set.
const PoolLoops& pool_rows();

}  // namespace lamina
