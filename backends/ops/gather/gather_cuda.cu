#include "backends/ops/gather/filler.h"
#include "backends/ops/gather/gather.h"
#include "backends/ops/gather/indexed.cuh"

namespace lamina::gpu {

namespace {

template <class T, class I>
__global__ void gather(const T* x, const I* indices, T* y, Indexed l, T fill, int64_t n) {
  for (int64_t at = first(); at < n; at += step()) {
    const int64_t row = at / l.inner, i = index_at(indices, row % l.count, l.n);
    y[at] = i < 0 ? fill : x[(row / l.count * l.n + i) * l.inner + at % l.inner];
  }
}

BoundKernel bind_gather(const GatherOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [l = indexed(r.inputs[0].shape, r.inputs[1], op.axis), fill = filler(r.inputs[0].dtype, op.fill),
           index = r.inputs[1].dtype, n = r.outputs[0].shape.elements(),
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_bits(fill.bytes(), [&](auto value) {
      using T = decltype(value);
      std::memcpy(&value, fill.raw(), sizeof value);
      with_index(index, in[1], [&](auto* indices) {
        queue.elements(gather<T, std::remove_cvref_t<decltype(*indices)>>, n, static_cast<const T*>(in[0]), indices,
                       static_cast<T*>(out[0]), l, value, n);
      });
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Gather", "elements", 20, bind_gather);

}  // namespace
}  // namespace lamina::gpu
