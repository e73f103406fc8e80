#include "backends/cuda/kernel.cuh"
#include "backends/ops/sort/sort.h"

namespace lamina::gpu {

namespace {

// A candidate for the largest or smallest of a line; the earlier of equals, and a NaN before everything.
template <class W>
struct Best {
  W value;
  int place;
};

template <class W>
__device__ bool before(const Best<W>& a, const Best<W>& b, bool largest) {
  const bool nan_a = a.value != a.value, nan_b = b.value != b.value;
  if (a.place < 0 || b.place < 0) return b.place < 0;
  if (nan_a || nan_b) return nan_a && (!nan_b || a.place < b.place);
  return a.value == b.value ? a.place < b.place : (a.value > b.value) == largest;
}

// A block a line: first the best value, then its first place.
template <class T>
__global__ void arg_reduce(const T* x, int32_t* y, int64_t lines, int64_t n, int64_t inner, bool largest) {
  using W = Wide<T>;
  for (int64_t line = blockIdx.x; line < lines; line += gridDim.x) {
    const T* from = x + line / inner * n * inner + line % inner;
    Best<W> best{W(0), -1};
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      const Best<W> other{widen(from[j * inner]), static_cast<int>(j)};
      if (before(other, best, largest)) best = other;
    }
    // Threads compare what they found: a NaN's place, else the value, else the place.
    const bool nan = best.place >= 0 && best.value != best.value;
    const int first_nan = block_reduce(nan ? best.place : 0x7fffffff, [](int a, int b) { return a < b ? a : b; });
    if (first_nan != 0x7fffffff) {
      if (threadIdx.x == 0) y[line] = first_nan;
      continue;
    }
    const W most = block_reduce(best.place >= 0 ? best.value : widen(from[0]), [largest](W a, W b) { return (a > b) == largest ? a : b; });
    const int place = block_reduce(best.place >= 0 && best.value == most ? best.place : 0x7fffffff, [](int a, int b) { return a < b ? a : b; });
    if (threadIdx.x == 0) y[line] = place;
  }
}

BoundKernel bind_arg(const KernelRequest& r) {
  const auto& op = static_cast<const ArgReduceOp&>(r.op);
  const Shape& x = r.inputs[0].shape;
  if (size_of(r.inputs[0].dtype) < 4 && !is_float(r.inputs[0].dtype)) return r.decline("small integers");  // which threads cannot exchange
  int64_t inner = 1;
  for (int i = op.axis + 1; i < x.rank(); ++i) inner *= x[i];
  const int64_t n = x[op.axis], lines = n ? x.elements() / n : 0;
  BoundKernel k;
  k.run = [n, lines, inner, largest = op.largest, dtype = r.inputs[0].dtype, queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (sizeof(Wide<T>) >= 4) queue.rows(arg_reduce<T>, lines, n, static_cast<const T*>(in[0]), static_cast<int32_t*>(out[0]), lines, n, inner, largest);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("ArgReduce", "blocks", 20, bind_arg);

}  // namespace
}  // namespace lamina::gpu
