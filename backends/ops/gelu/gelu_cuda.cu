#include "backends/cuda/kernel.cuh"
#include "backends/ops/gelu/gelu.h"

namespace lamina::gpu {

namespace {

__device__ inline float error_function(float x) { return erff(x); }
__device__ inline double error_function(double x) { return erf(x); }

template <class T>
struct Parts {
  T share, slope;  // y = x share, dy/dx = slope
};
template <class T>
__device__ Parts<T> parts_of(T x, bool approximate) {
  if (!approximate) {
    const T share = T(0.5) * (T(1) + error_function(x * T(0.70710678118654752)));
    return {share, share + x * exponential(T(-0.5) * x * x) * T(0.3989422804014327)};
  }
  const T c = T(0.7978845608028654), t = tangent(c * (x + T(0.044715) * x * x * x));
  return {T(0.5) * (T(1) + t),
          T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * c * (T(1) + T(3 * 0.044715) * x * x)};
}

template <class T>
__global__ void gelu(const T* x, T* y, int64_t n, bool approximate) {
  for (int64_t i = first(); i < n; i += step()) y[i] = x[i] * parts_of(x[i], approximate).share;
}
template <class T>
__global__ void gelu_grad(const T* x, const T* g, T* y, int64_t n, bool approximate) {
  for (int64_t i = first(); i < n; i += step()) y[i] = g[i] * parts_of(x[i], approximate).slope;
}

BoundKernel bind_gelu(const GeluOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.in_place = true;
  k.run = [a = op.approximate, n = r.inputs[0].shape.elements(), dtype = r.inputs[0].dtype, queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    with_full_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(gelu<T>, n, static_cast<const T*>(in[0]), static_cast<T*>(out[0]), n, a);
    });
  };
  return k;
}

BoundKernel bind_gelu_grad(const GeluGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.in_place = true;
  k.run = [a = op.approximate, n = r.inputs[0].shape.elements(), dtype = r.inputs[0].dtype, queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    with_full_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(gelu_grad<T>, n, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]),
                     static_cast<T*>(out[0]), n, a);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("Gelu", "elements", 20, bind_gelu);
LAMINA_GPU_KERNEL("GeluGrad", "elements", 20, bind_gelu_grad);

}  // namespace
}  // namespace lamina::gpu
