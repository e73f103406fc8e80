#include "backends/cuda/kernel.cuh"
#include "backends/ops/cumulative/cumulative.h"

namespace lamina::gpu {

namespace {

// A thread a line.
template <class T>
__global__ void cumulate(const T* x, T* y, int64_t lines, int64_t n, int64_t inner, bool product, bool reverse, bool exclusive) {
  for (int64_t line = first(); line < lines; line += step()) {
    Wide<T> sum = product ? 1 : 0;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = (line / inner * n + (reverse ? n - 1 - i : i)) * inner + line % inner;
      const Wide<T> before = sum, value = widen(x[at]);
      sum = static_cast<Wide<T>>(product ? sum * value : sum + value);
      y[at] = narrow<T>(exclusive ? before : sum);
    }
  }
}

BoundKernel bind_cumulative(const KernelRequest& r) {
  const auto& op = static_cast<const CumulativeOp&>(r.op);
  const Shape& x = r.inputs[0].shape;
  int64_t inner = 1;
  for (int i = op.axis + 1; i < x.rank(); ++i) inner *= x[i];
  const int64_t n = x[op.axis], lines = n ? x.elements() / n : 0;
  BoundKernel k;
  k.run = [n, lines, inner, product = op.kind == CumulativeOp::Kind::prod, reverse = op.reverse, exclusive = op.exclusive, dtype = r.inputs[0].dtype, queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(cumulate<T>, lines, static_cast<const T*>(in[0]), static_cast<T*>(out[0]), lines, n, inner, product, reverse, exclusive);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Cumulative", "lines", 20, bind_cumulative);

}  // namespace
}  // namespace lamina::gpu
