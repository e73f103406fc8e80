#include "backends/cuda/kernel.cuh"
#include "backends/ops/image/resample.h"

namespace lamina::gpu {

namespace {

struct Layout {
  int64_t in, out, inner;
};

template <class T>
__global__ void resample(const T* x, const int64_t* starts, const int64_t* columns, const double* weights, T* y,
                         Layout l, int64_t n) {
  using A = Wide<T>;
  for (int64_t e = first(); e < n; e += step()) {
    const int64_t j = e % l.inner, i = e / l.inner % l.out, o = e / (l.inner * l.out);
    A sum = A(0);
    for (int64_t k = starts[i]; k < starts[i + 1]; ++k) {
      const A v = widen(x[(o * l.in + columns[k]) * l.inner + j]);
      sum = static_cast<A>(sum + static_cast<A>(v * static_cast<A>(weights[k])));
    }
    y[e] = narrow<T>(sum);
  }
}

BoundKernel bind_resample(const ResampleOp& op, const KernelRequest& r) {
  const Shape &x = r.inputs[0].shape, &y = r.outputs[0].shape;
  Layout l{x[op.axis], y[op.axis], 1};
  for (int i = op.axis + 1; i < x.rank(); ++i) l.inner *= x[i];
  const Taps taps = taps_of(op);
  auto there = [&](const auto& numbers) { return copy_on(r.device, Tensor::of(numbers).node()->buffer); };
  BoundKernel k;
  k.run = [l, starts = there(taps.starts), columns = there(taps.columns), weights = there(taps.weights),
           n = y.elements(), dtype = r.inputs[0].dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(resample<T>, n, static_cast<const T*>(in[0]), static_cast<const int64_t*>(starts->data()),
                     static_cast<const int64_t*>(columns->data()), static_cast<const double*>(weights->data()),
                     static_cast<T*>(out[0]), l, n);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Resample", "elements", 20, bind_resample);

}  // namespace
}  // namespace lamina::gpu
