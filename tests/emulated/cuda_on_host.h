#pragma once
// Enough of CUDA's language to compile *_cuda.cu files for the host: one thread per block, three blocks or one per row,
// one after another. What it cannot show is how threads of a block meet.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backends/core/kernel.h"
#include "tests/emulated/addresses.h"
#include "tests/emulated/recording.h"

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __restrict__
#define __launch_bounds__(...)
#define LAMINA_GPU emulated

namespace lamina::gpu {

struct Dim {
  unsigned x = 1;
};
inline thread_local Dim threadIdx{0}, blockIdx{0}, blockDim{1}, gridDim{1};
inline void __syncthreads() {}

class Queue {
 public:
  explicit Queue(Device device) : index_(device.index) {}
  template <class... P, class... A>
  void elements(void (*kernel)(P...), int64_t n, A... arguments) const {
    if (n) start(kernel, 3, arguments...);
  }
  template <class... P, class... A>
  void rows(void (*kernel)(P...), int64_t count, int64_t, A... arguments) const {
    if (count) start(kernel, std::min<int64_t>(count, 5), arguments...);
  }
  void fill_zero(void* memory, size_t bytes) const {
    if (bytes)
      emulated::do_or_keep([memory = emulated::host_address(memory, index_), bytes] { std::memset(memory, 0, bytes); });
  }
  void copy(void* to, const void* from, size_t bytes) const {
    if (bytes && to != from)
      emulated::do_or_keep([to = emulated::host_address(to, index_), from = emulated::host_address(from, index_),
                            bytes] { std::memcpy(to, from, bytes); });
  }

 private:
  template <class T>
  static T readable(T value, int index) {
    if constexpr (std::is_pointer_v<T>)
      return emulated::host_address(value, index);
    else if constexpr (requires { value.each_pointer([](auto&) {}); })
      value.each_pointer([&](auto& p) { p = emulated::host_address(p, index); });
    return value;
  }
  template <class... P, class... A>
  void start(void (*kernel)(P...), int64_t blocks, A... arguments) const {
    emulated::do_or_keep([=, index = index_] {
      gridDim.x = static_cast<unsigned>(blocks);
      for (unsigned b = 0; b < gridDim.x; ++b) {
        blockIdx.x = b;
        kernel(readable(static_cast<P>(arguments), index)...);
      }
    });
  }
  int index_;
};

}  // namespace lamina::gpu
