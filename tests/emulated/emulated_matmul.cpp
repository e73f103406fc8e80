// Products for the emulated device, which has no cuBLAS, as one kernel: so that what is made of products can be
// recorded there.
#include "tests/emulated/cuda_on_host.h"

#include "backends/cuda/kernel.cuh"
#include "backends/ops/matmul/matmul.h"

namespace lamina::gpu {
namespace {

template <class T>
void multiply(const T* a, const T* b, T* y, MatMulDims d, bool ta, bool tb, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t column = i % d.n, row = i / d.n % d.m, batch = i / (d.n * d.m);
    double sum = 0;
    for (int64_t l = 0; l < d.k; ++l)
      sum += static_cast<double>(widen(a[batch * d.m * d.k + (ta ? l * d.m + row : row * d.k + l)])) *
             widen(b[batch * d.k * d.n + (tb ? column * d.k + l : l * d.n + column)]);
    y[i] = narrow<T>(sum);
  }
}

BoundKernel bind(const KernelRequest& r) {
  const auto& op = static_cast<const MatMulOp&>(r.op);
  const MatMulDims d = matmul_dims(op, r.inputs[0].shape, r.inputs[1].shape);
  if (!is_float(r.inputs[0].dtype)) return r.decline("needs a float dtype");
  const int64_t n = r.outputs[0].shape.elements();
  BoundKernel k;
  k.run = [d, n, ta = op.transpose_a, tb = op.transpose_b, dtype = r.inputs[0].dtype, queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    with_stored_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(multiply<T>, n, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]),
                     static_cast<T*>(out[0]), d, ta, tb, n);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("MatMul", "plain", 20, bind);

}  // namespace
}  // namespace lamina::gpu
