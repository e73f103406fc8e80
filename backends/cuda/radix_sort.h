#pragma once
// Lines of (key, place) pairs in the order of their keys, ascending, equal keys in their old order: CUB's radix sort.
// The emulated device has a sort of its own.
#include <cstddef>
#include <cstdint>

#include "backends/core/device.h"

namespace lamina::gpu {

class RadixSort {
 public:
  // `lines` lines of n pairs; keys are unsigned, of 4 or 8 bytes, of which the low `bits` bits count. At most 2^31 - 1
  // pairs.
  RadixSort(Device device, int64_t lines, int64_t n, size_t key_bytes, int bits);
  size_t scratch_bytes() const { return scratch_; }
  void operator()(const void* keys, void* sorted_keys, const int32_t* places, int32_t* sorted_places,
                  void* scratch) const;

 private:
  Device device_;
  int64_t lines_, n_;
  size_t key_bytes_, scratch_ = 0;
  int bits_;
};

}  // namespace lamina::gpu
