#include "backends/cuda/kernel.cuh"
#include "backends/ops/creation/creation.h"

namespace lamina::gpu {

namespace {

template <class T>
__global__ void fill(T value, T* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) y[i] = value;
}

template <class T>
__global__ void count_up(double start, double by, T* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const double v = start + by * static_cast<double>(i);
    if constexpr (std::is_integral_v<T>)
      y[i] = static_cast<T>(static_cast<int64_t>(v));
    else
      y[i] = narrow<T>(v);
  }
}

BoundKernel bind_full(const FullOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [value = Tensor::scalar_of(op.value, op.dtype), n = r.outputs[0].shape.elements(), queue = Queue(r.device)](
              const void* const*, void* const* out, void*) {
    with_bits(value.bytes(), [&](auto bits) {
      std::memcpy(&bits, value.raw(), sizeof bits);
      queue.elements(fill<decltype(bits)>, n, bits, static_cast<decltype(bits)*>(out[0]), n);
    });
  };
  return k;
}

BoundKernel bind_iota(const IotaOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [n = op.count, start = op.start, by = op.step, dtype = op.dtype, queue = Queue(r.device)](
              const void* const*, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(count_up<T>, n, start, by, static_cast<T*>(out[0]), n);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Full", "fill", 20, bind_full);
LAMINA_GPU_KERNEL("Iota", "loop", 20, bind_iota);

}  // namespace
}  // namespace lamina::gpu
