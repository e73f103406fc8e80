#include "backends/cuda/kernel.cuh"
#include "backends/ops/reduce/layout.h"

namespace lamina::gpu {

namespace {

constexpr int kRuns = 6;
// An index over some of the axes to a place in the input.
struct Walk {
  int runs = 0;
  Array<int64_t, kRuns> size{}, stride{};  // the innermost first
  __device__ int64_t at(int64_t index) const {
    int64_t place = 0;
    for (int i = 0; i < runs; ++i) {
      place += index % size.at[i] * stride.at[i];
      index /= size.at[i];
    }
    return place;
  }
};

// A block an output.
template <class T>
__global__ void rows(const T* x, T* y, int64_t kept, int64_t reduced, Walk keep, Walk over, Reduce kind) {
  using A = Wide<T>;
  for (int64_t row = blockIdx.x; row < kept; row += gridDim.x) {
    const T* from = x + keep.at(row);
    A sum = reduce_start<A>(kind);
    for (int64_t i = threadIdx.x; i < reduced; i += blockDim.x) reduce_fold(kind, sum, widen(from[over.at(i)]));
    sum = block_reduce(sum, [kind](A a, A b) {
      reduce_fold(kind, a, b);
      return a;
    });
    if (threadIdx.x == 0) y[row] = narrow<T>(sum);
  }
}

// A thread an output: where neighbouring outputs read neighbouring inputs.
template <class T>
__global__ void columns(const T* x, T* y, int64_t kept, int64_t reduced, Walk keep, Walk over, Reduce kind) {
  for (int64_t column = first(); column < kept; column += step()) {
    const T* from = x + keep.at(column);
    Wide<T> sum = reduce_start<Wide<T>>(kind);
    for (int64_t i = 0; i < reduced; ++i) reduce_fold(kind, sum, widen(from[over.at(i)]));
    y[column] = narrow<T>(sum);
  }
}

BoundKernel bind_reduce(const ReduceOp& op, const KernelRequest& r) {
  const ReduceLayout l = reduce_layout(r.inputs[0].shape, op.axes);
  Walk keep, over;
  for (size_t i = l.runs.size(); i-- > 0;) {
    Walk& walk = l.runs[i].reduced ? over : keep;
    if (walk.runs == kRuns) return r.decline("more than 6 runs of axes");
    walk.size.at[walk.runs] = l.runs[i].size;
    walk.stride.at[walk.runs++] = l.runs[i].stride;
  }
  BoundKernel k;
  k.run = [l, keep, over, by_column = reduces_by_column(l), kind = op.kind, dtype = r.inputs[0].dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      const T* x = static_cast<const T*>(in[0]);
      T* y = static_cast<T*>(out[0]);
      if (by_column)
        queue.elements(columns<T>, l.kept, x, y, l.kept, l.reduced, keep, over, kind);
      else
        queue.rows(rows<T>, l.kept, l.reduced, x, y, l.kept, l.reduced, keep, over, kind);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Reduce", "blocks", 20, bind_reduce);

}  // namespace
}  // namespace lamina::gpu
