#pragma once
// How the convolutions' fast kernels cut their work, independently of the thread count, and the memory of a task.
#include <cstring>

#include "backends/core/kernel.h"
#include "backends/cpu/task_scratch.h"
#include "backends/cpu/thread_pool.h"
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

// A kernel that sums over the batch into out[0] (size) and, with a bias, out[1] (filters), a chunk's sums at a time.
// add(in, first sample, end, sums, the bias's sums or null).
template <class F>
BoundKernel sum_over_batch(const BatchSplit& split, int64_t size, int64_t filters, bool bias, F add) {
  const int64_t part = (size + filters + 15) / 16 * 16;
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(split.tasks * part) * sizeof(float);
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    float* sums = static_cast<float*>(scratch);
    parallel_for(split.tasks, [&](int64_t task) {
      float* sum = sums + task * part;
      std::memset(sum, 0, static_cast<size_t>(part) * sizeof(float));
      add(in, split.begin(task), split.begin(task) + split.size(task), sum, bias ? sum + size : nullptr);
    });
    constexpr int64_t kStrip = 1 << 14;
    parallel_for((size + kStrip - 1) / kStrip, [&](int64_t t) {
      add_parts(sums, split.tasks, part, static_cast<float*>(out[0]), t * kStrip, std::min(size, (t + 1) * kStrip));
    });
    if (bias) add_parts(sums + size, split.tasks, part, static_cast<float*>(out[1]), 0, filters);
  };
  return k;
}

}  // namespace lamina
