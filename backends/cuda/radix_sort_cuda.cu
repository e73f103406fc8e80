#include "backends/cuda/radix_sort.h"

#include "backends/cuda/kernel.cuh"

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_segmented_radix_sort.cuh>

namespace lamina::gpu {

namespace {

template <class F>
void with_key(size_t bytes, F&& f) {
  if (bytes == 8)
    f(uint64_t{});
  else
    f(uint32_t{});
}

struct Times {
  int64_t n;
  __host__ __device__ int64_t operator()(int64_t line) const { return line * n; }
};

// Sorts, or where `scratch` is null says in `bytes` how much of it that needs.
template <class K>
void sort(int64_t lines, int64_t n, int bits, void* scratch, size_t& bytes, const K* keys, K* sorted_keys,
          const int32_t* places, int32_t* sorted_places, cudaStream_t stream) {
  if (lines == 1) {
    cuda::check(
        cub::DeviceRadixSort::SortPairs(scratch, bytes, keys, sorted_keys, places, sorted_places, n, 0, bits, stream),
        "sorting");
    return;
  }
  const auto begin = thrust::make_transform_iterator(thrust::make_counting_iterator(int64_t{0}), Times{n});
  cuda::check(cub::DeviceSegmentedRadixSort::SortPairs(scratch, bytes, keys, sorted_keys, places, sorted_places,
                                                       lines * n, lines, begin, begin + 1, 0, bits, stream),
              "sorting");
}

}  // namespace

RadixSort::RadixSort(Device device, int64_t lines, int64_t n, size_t key_bytes, int bits)
    : device_(device), lines_(lines), n_(n), key_bytes_(key_bytes), bits_(bits) {
  cuda::cuda_driver(device).use();
  with_key(key_bytes, [&](auto key) {
    sort<decltype(key)>(lines, n, bits, nullptr, scratch_, nullptr, nullptr, nullptr, nullptr, nullptr);
  });
}

void RadixSort::operator()(const void* keys, void* sorted_keys, const int32_t* places, int32_t* sorted_places,
                           void* scratch) const {
  with_key(key_bytes_, [&](auto key) {
    using K = decltype(key);
    const K* from = static_cast<const K*>(keys);
    K* to = static_cast<K*>(sorted_keys);
    size_t bytes = scratch_;
    sort<K>(lines_, n_, bits_, scratch, bytes, from, to, places, sorted_places, cuda::cuda_driver(device_).use());
  });
}

}  // namespace lamina::gpu
