#pragma once
// What kernels in *_cuda.cu files are written with. nvcc compiles them for GPUs. The tests compile the same files for
// the host, with one thread per block, and run them on the emulated device (tests/emulated; its build includes
// cuda_on_host.h first), so that their arithmetic is tested everywhere. A kernel therefore must be right for any number
// of threads and blocks:
// elements in steps of step(), rows in steps of gridDim.x, and threads of a block meet in the functions below only.
#include "backends/core/kernel.h"

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "backends/cuda/cuda_driver.h"
#include "backends/cuda/launch.h"
#define LAMINA_GPU cuda
#endif

// As LAMINA_KERNEL, for GPUs.
#define LAMINA_GPU_KERNEL(PRIMITIVE, NAME, RANK, BIND) LAMINA_KERNEL(LAMINA_GPU, PRIMITIVE, NAME, RANK, BIND)

namespace lamina::gpu {

// The two short float types as the device has them; arithmetic on them is done in float.
#if defined(__CUDACC__)
using F16 = __half;
using BF16 = __nv_bfloat16;
#else
using F16 = Half;
using BF16 = BFloat16;
#endif

template <class T>
inline constexpr bool is_short = std::is_same_v<T, F16> || std::is_same_v<T, BF16>;
template <class T>
using Wide = std::conditional_t<is_short<T>, float, T>;

template <class T>
__device__ inline Wide<T> widen(T v) {
  if constexpr (is_short<T>)
    return static_cast<float>(v);
  else
    return v;
}
template <class T, class W>
__device__ inline T narrow(W v) {
  if constexpr (is_short<T>)
    return T(static_cast<float>(v));
  else
    return static_cast<T>(v);
}

// Calls f with a value of the type that stores `type` on the device.
template <class F>
decltype(auto) with_stored(DType type, F&& f) {
  if (type == DType::float16) return f(F16{});
  if (type == DType::bfloat16) return f(BF16{});
  return with_dtype(type, [&](auto zero) -> decltype(auto) {
    if constexpr (std::is_arithmetic_v<decltype(zero)>)
      return f(zero);
    else
      return f(float{});  // not reached
  });
}
template <class F>
decltype(auto) with_stored_float(DType type, F&& f) {
  if (type == DType::float16) return f(F16{});
  if (type == DType::bfloat16) return f(BF16{});
  if (type == DType::float64) return f(double{});
  return f(float{});
}
// float32 or float64, where a primitive takes no others.
template <class F>
decltype(auto) with_full_float(DType type, F&& f) {
  if (type == DType::float64) return f(double{});
  return f(float{});
}
// By the size of an element, where only bits move.
template <class F>
decltype(auto) with_bits(size_t size, F&& f) {
  if (size == 1) return f(uint8_t{});
  if (size == 2) return f(uint16_t{});
  if (size == 4) return f(uint32_t{});
  return f(uint64_t{});
}

// One name for both types.
__device__ inline float exponential(float x) { return expf(x); }
__device__ inline double exponential(double x) { return exp(x); }
__device__ inline float logarithm(float x) { return logf(x); }
__device__ inline double logarithm(double x) { return log(x); }
__device__ inline float tangent(float x) { return tanhf(x); }
__device__ inline double tangent(double x) { return tanh(x); }
__device__ inline float root(float x) { return sqrtf(x); }
__device__ inline double root(double x) { return sqrt(x); }

// An element-wise kernel's loop: for (int64_t i = first(); i < n; i += step()).
__device__ inline int64_t first() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int64_t step() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

// combine() over the values of all threads of a block, which must be 32 or a whole multiple; every thread gets the
// result. The order is fixed.
template <class T, class F>
__device__ inline T block_reduce(T value, F combine) {
#if defined(__CUDACC__)
  __shared__ T part[32];
  for (int distance = 16; distance; distance /= 2)
    value = combine(value, __shfl_xor_sync(0xffffffffu, value, distance));
  const unsigned warps = blockDim.x / 32;
  if (warps == 1) return value;
  __syncthreads();  // `part` may still be read from the last call
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = value;
  __syncthreads();
  value = part[0];
  for (unsigned w = 1; w < warps; ++w) value = combine(value, part[w]);
#endif
  return value;
}
template <class T>
__device__ inline T block_sum(T value) {
  return block_reduce(value, [](T a, T b) { return a + b; });
}
template <class T>
__device__ inline T block_max(T value) {  // a NaN wins
  return block_reduce(value, [](T a, T b) { return a > b || a != a ? a : b; });
}

// A few values of one type that go to a kernel by value.
template <class T, int kSize>
struct Array {
  T at[kSize];
};

// Starts kernels on one device.
#if defined(__CUDACC__)
class Queue {
 public:
  explicit Queue(Device device) : driver_(&cuda::cuda_driver(device)) {}

  template <class... P, class... A>
  void elements(void (*kernel)(P...), int64_t n, A... arguments) const {
    if (n) start(kernel, cuda::launch_elements(n, driver_->multiprocessors()), arguments...);
  }
  template <class... P, class... A>
  void rows(void (*kernel)(P...), int64_t count, int64_t width, A... arguments) const {
    if (count) start(kernel, cuda::launch_rows(count, width), arguments...);
  }
  void fill_zero(void* memory, size_t bytes) const {
    if (bytes) cuda::check(cudaMemsetAsync(memory, 0, bytes, driver_->use()), "filling memory");
  }
  void copy(void* to, const void* from, size_t bytes) const {
    if (bytes && to != from) driver_->copy(to, from, bytes);
  }

 private:
  template <class... P, class... A>
  void start(void (*kernel)(P...), cuda::Launch launch, A... arguments) const {
    kernel<<<static_cast<unsigned>(launch.blocks), launch.threads, 0, driver_->use()>>>(static_cast<P>(arguments)...);
    cuda::check(cudaGetLastError(), "starting a kernel");
  }
  cuda::CudaDriver* driver_;
};
#endif

}  // namespace lamina::gpu
