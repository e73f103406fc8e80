#pragma once
// How the convolutions' fast kernels cut their work, independently of the thread count, and the memory of a task.
#include <cstdlib>

#include "backends/core/buffer.h"
#include "backends/ops/convolution/dims.h"

namespace lamina {

// A batch in chunks of equal size, the last perhaps smaller.
struct BatchSplit {
  int64_t batch, chunk, tasks;
  // Chunks of about `work` multiplications, at most `most` of them.
  BatchSplit(const ConvolutionDims& d, int64_t work, int64_t most) : batch(d.batch) {
    const int64_t sample = std::max<int64_t>(1, d.multiplications());
    chunk = std::clamp<int64_t>((work + sample - 1) / sample, 1, std::max<int64_t>(1, batch));
    chunk = std::max(chunk, (batch + most - 1) / most);
    tasks = (batch + chunk - 1) / chunk;
    chunk = (batch + tasks - 1) / tasks;  // even
    tasks = (batch + chunk - 1) / chunk;
  }
  int64_t begin(int64_t t) const { return t * chunk; }
  int64_t size(int64_t t) const { return std::min(chunk, batch - t * chunk); }
};

// Weight gradients: each chunk has a sum of its own, which are then added in order.
inline BatchSplit weight_grad_split(const ConvolutionDims& d) {
  constexpr int64_t kBytes = 16 << 20;  // of all sums
  const int64_t most = std::clamp<int64_t>(kBytes / (d.weight_elements() * 8), 2, 16);
  return {d, 8 << 20, most};
}

// Adds the sums of `parts` chunks, each of n elements, into `to` (which may be the first), in order.
template <class T>
void add_parts(const T* sums, int64_t parts, int64_t stride, T* to, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) to[i] = sums[i];
  for (int64_t p = 1; p < parts; ++p) {
    const T* from = sums + p * stride;
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) to[i] += from[i];
  }
}

// Memory of the calling thread, at least `bytes` and 64-byte aligned, good until the next call on this thread. A kernel that
// runs others inside its tasks takes another slot than they.
template <int kSlot = 0>
void* task_scratch(size_t bytes) {
  struct Memory {
    void* data = nullptr;
    size_t size = 0;
    ~Memory() { std::free(data); }
  };
  thread_local Memory memory;
  if (memory.size < bytes) {
    std::free(memory.data);
    memory.size = (bytes + 4095) / 4096 * 4096;
    memory.data = std::aligned_alloc(64, memory.size);
    if (!memory.data) {
      memory.size = 0;
      throw MemoryError("no memory for ", bytes, " bytes of a convolution.");
    }
  }
  return memory.data;
}

}  // namespace lamina
