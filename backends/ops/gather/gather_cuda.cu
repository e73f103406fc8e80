#include "backends/cuda/kernel.cuh"
#include "backends/ops/gather/filler.h"
#include "backends/ops/gather/gather.h"
#include "backends/ops/gather/scatter_sum.h"

namespace lamina::gpu {

namespace {

// An indexed tensor as (outer, n, inner), with `count` indices into n.
struct Layout {
  int64_t outer = 1, n = 1, inner = 1, count = 1;
};

Layout layout_of(const Shape& x, const TensorSpec& indices, int axis) {
  Layout l;
  for (int i = 0; i < axis; ++i) l.outer *= x[i];
  l.n = x[axis];
  for (int i = axis + 1; i < x.rank(); ++i) l.inner *= x[i];
  l.count = indices.shape.elements();
  return l;
}

// As index_at() on the host: from the end if negative, -1 if outside.
template <class I>
__device__ int64_t index_at(const I* indices, int64_t k, int64_t n) {
  int64_t i = indices[k];
  if (i < 0) i += n;
  return i >= 0 && i < n ? i : -1;
}

template <class F>
void with_index(DType type, const void* indices, F&& f) {
  if (type == DType::int64) f(static_cast<const int64_t*>(indices));
  else f(static_cast<const int32_t*>(indices));
}

template <class T, class I>
__global__ void gather(const T* x, const I* indices, T* y, Layout l, T fill, int64_t n) {
  for (int64_t at = first(); at < n; at += step()) {
    const int64_t row = at / l.inner, i = index_at(indices, row % l.count, l.n);
    y[at] = i < 0 ? fill : x[(row / l.count * l.n + i) * l.inner + at % l.inner];
  }
}

BoundKernel bind_gather(const KernelRequest& r) {
  const auto& op = static_cast<const GatherOp&>(r.op);
  BoundKernel k;
  k.run = [l = layout_of(r.inputs[0].shape, r.inputs[1], op.axis), fill = filler(r.inputs[0].dtype, op.fill), index = r.inputs[1].dtype, n = r.outputs[0].shape.elements(),
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_bits(fill.bytes(), [&](auto value) {
      using T = decltype(value);
      std::memcpy(&value, fill.raw(), sizeof value);
      with_index(index, in[1], [&](auto* indices) { queue.elements(gather<T, std::remove_cvref_t<decltype(*indices)>>, n, static_cast<const T*>(in[0]), indices, static_cast<T*>(out[0]), l, value, n); });
    });
  };
  return k;
}

template <class T>
__device__ T combine(Scatter kind, T a, T b) {
  if constexpr (std::is_same_v<T, bool>) return kind == Scatter::update ? b : kind == Scatter::mul || kind == Scatter::min ? a && b : a || b;
  else {
    const auto x = widen(a), y = widen(b);
    switch (kind) {
      case Scatter::update: return b;
      case Scatter::add: return narrow<T>(x + y);
      case Scatter::mul: return narrow<T>(x * y);
      case Scatter::max: return x > y || x != x ? a : b;
      default: return x < y || x != x ? a : b;
    }
  }
}

// A block an index: that which is the first to name its row combines all updates of the row, in the order of the indices, so that
// the result is the same in every run. Looks at every pair of indices, which is little work for as many as a batch has.
template <class T, class I>
__global__ void scatter(const I* indices, const T* updates, T* y, Layout l, Scatter kind) {
  for (int64_t block = blockIdx.x; block < l.outer * l.count; block += gridDim.x) {
    const int64_t o = block / l.count, k = block % l.count, row = index_at(indices, k, l.n);
    int earlier = row < 0;
    for (int64_t j = threadIdx.x; j < k; j += blockDim.x) earlier |= index_at(indices, j, l.n) == row;
    if (block_max(earlier)) continue;
    for (int64_t e = threadIdx.x; e < l.inner; e += blockDim.x) {
      T& to = y[(o * l.n + row) * l.inner + e];
      T value = to;
      for (int64_t j = k; j < l.count; ++j)
        if (index_at(indices, j, l.n) == row) value = combine(kind, value, updates[(o * l.count + j) * l.inner + e]);
      to = value;
    }
  }
}
constexpr int64_t kMostIndices = 1 << 16;

void run_scatter(const Queue& queue, const Layout& l, Scatter kind, DType dtype, DType index, const void* indices, const void* updates, void* out) {
  with_stored(dtype, [&](auto zero) {
    using T = decltype(zero);
    with_index(index, indices, [&](auto* places) {
      queue.rows(scatter<T, std::remove_cvref_t<decltype(*places)>>, l.outer * l.count, std::max(l.inner, l.count / 4), places, static_cast<const T*>(updates), static_cast<T*>(out), l, kind);
    });
  });
}

BoundKernel bind_scatter(const KernelRequest& r) {
  const auto& op = static_cast<const ScatterOp&>(r.op);
  const Layout l = layout_of(r.inputs[0].shape, r.inputs[1], op.axis);
  if (l.count > kMostIndices) return r.decline("more than 65536 indices");
  BoundKernel k;
  k.sharing = {{0, 0}};
  k.run = [l, kind = op.kind, dtype = r.inputs[0].dtype, index = r.inputs[1].dtype, bytes = static_cast<size_t>(r.outputs[0].shape.elements()) * size_of(r.outputs[0].dtype), queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    queue.copy(out[0], in[0], bytes);
    run_scatter(queue, l, kind, dtype, index, in[1], in[2], out[0]);
  };
  return k;
}

BoundKernel bind_scatter_sum(const KernelRequest& r) {
  const TensorSpec& y = r.outputs[0];
  const Layout l = layout_of(y.shape, r.inputs[0], static_cast<const ScatterSumOp&>(r.op).axis);
  if (l.count > kMostIndices) return r.decline("more than 65536 indices");
  BoundKernel k;
  k.run = [l, dtype = y.dtype, index = r.inputs[0].dtype, bytes = static_cast<size_t>(y.shape.elements()) * size_of(y.dtype), queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    queue.fill_zero(out[0], bytes);
    run_scatter(queue, l, Scatter::add, dtype, index, in[0], in[1], out[0]);
  };
  return k;
}

LAMINA_GPU_KERNEL("Gather", "elements", 20, bind_gather);
LAMINA_GPU_KERNEL("Scatter", "pairs", 20, bind_scatter);
LAMINA_GPU_KERNEL("ScatterSum", "pairs", 20, bind_scatter_sum);

}  // namespace
}  // namespace lamina::gpu
