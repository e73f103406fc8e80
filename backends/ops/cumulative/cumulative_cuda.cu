#include "backends/cuda/kernel.cuh"
#include "backends/ops/cumulative/cumulative.h"

namespace lamina::gpu {

namespace {

// Lines of n elements, `inner` apart, each cut into pieces of which a thread runs through one.
struct Lines {
  int64_t count, n, inner, piece, pieces;
  bool product, reverse, exclusive;
  __device__ int64_t at(int64_t line, int64_t i) const {
    return (line / inner * n + (reverse ? n - 1 - i : i)) * inner + line % inner;
  }
  __device__ int64_t end(int64_t p) const { return p + 1 == pieces ? n : (p + 1) * piece; }
  template <class W>
  __device__ W start() const {
    return product ? W(1) : W(0);
  }
  template <class W>
  __device__ W fold(W a, W b) const {
    return static_cast<W>(product ? a * b : a + b);
  }
};

// What each piece comes to.
template <class T>
__global__ void sum_pieces(const T* x, Wide<T>* sums, Lines l) {
  for (int64_t i = first(); i < l.count * l.pieces; i += step()) {
    const int64_t line = i / l.pieces, p = i % l.pieces;
    Wide<T> sum = l.start<Wide<T>>();
    for (int64_t k = p * l.piece; k < l.end(p); ++k) sum = l.fold(sum, widen(x[l.at(line, k)]));
    sums[i] = sum;
  }
}
// What stands before each piece, in place.
template <class T>
__global__ void sum_before(Wide<T>* sums, Lines l) {
  for (int64_t line = first(); line < l.count; line += step()) {
    Wide<T> sum = l.start<Wide<T>>();
    for (int64_t p = 0; p < l.pieces; ++p) {
      const Wide<T> own = sums[line * l.pieces + p];
      sums[line * l.pieces + p] = sum;
      sum = l.fold(sum, own);
    }
  }
}
// before: what stands before each piece; null where lines are whole.
template <class T>
__global__ void cumulate(const T* x, const Wide<T>* before, T* y, Lines l) {
  for (int64_t i = first(); i < l.count * l.pieces; i += step()) {
    const int64_t line = i / l.pieces, p = i % l.pieces;
    Wide<T> sum = before ? before[i] : l.start<Wide<T>>();
    for (int64_t k = p * l.piece; k < l.end(p); ++k) {
      const int64_t at = l.at(line, k);
      const Wide<T> old = sum;
      sum = l.fold(sum, widen(x[at]));
      y[at] = narrow<T>(l.exclusive ? old : sum);
    }
  }
}

BoundKernel bind_cumulative(const CumulativeOp& op, const KernelRequest& r) {
  const TensorSpec& x = r.inputs[0];
  int64_t inner = 1;
  for (int i = op.axis + 1; i < x.shape.rank(); ++i) inner *= x.shape[i];
  const int64_t n = x.shape[op.axis], lines = n ? x.shape.elements() / n : 0;
  // Few long lines are cut, so that more than a few threads have work: into as many pieces as each has elements.
  const bool cut = n >= 512 && lines < 8192;
  const int64_t piece = cut ? static_cast<int64_t>(std::sqrt(static_cast<double>(n))) : std::max<int64_t>(1, n);
  const Lines l{lines,      n,           inner, piece, (n + piece - 1) / piece, op.kind == CumulativeOp::Kind::prod,
                op.reverse, op.exclusive};
  BoundKernel k;
  if (cut) k.scratch_bytes = static_cast<size_t>(lines * l.pieces) * 8;  // of the widest type
  k.run = [l, cut, dtype = x.dtype, queue = Queue(r.device)](const void* const* in, void* const* out, void* scratch) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      auto* sums = cut ? static_cast<Wide<T>*>(scratch) : nullptr;
      if (cut) {
        queue.elements(sum_pieces<T>, l.count * l.pieces, static_cast<const T*>(in[0]), sums, l);
        queue.elements(sum_before<T>, l.count, sums, l);
      }
      queue.elements(cumulate<T>, l.count * l.pieces, static_cast<const T*>(in[0]), static_cast<const Wide<T>*>(sums),
                     static_cast<T*>(out[0]), l);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Cumulative", "lines", 20, bind_cumulative);

}  // namespace
}  // namespace lamina::gpu
