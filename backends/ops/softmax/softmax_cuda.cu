// A block a row; short floats are computed in float.
#include "backends/cuda/kernel.cuh"
#include "backends/ops/softmax/softmax.h"

namespace lamina::gpu {

namespace {

template <class W>
__device__ bool infinite(W x) {
  return x - x != 0 && x == x;
}

template <class T>
struct Exponentials {
  Wide<T> largest, sum;  // sum of exp(x - largest)
  __device__ Wide<T> log_sum() const { return infinite(largest) ? largest : largest + logarithm(sum); }
};

template <class T>
__device__ Exponentials<T> exponentials(const T* x, int64_t n) {
  using W = Wide<T>;
  W largest = -std::numeric_limits<W>::infinity(), sum = 0;
  for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
    const W v = widen(x[j]);
    largest = v > largest || v != v ? v : largest;
  }
  largest = block_max(largest);
  for (int64_t j = threadIdx.x; j < n; j += blockDim.x) sum += exponential(widen(x[j]) - largest);
  return {largest, block_sum(sum)};
}

template <class T>
__global__ void softmax(const T* in, T* out, int64_t rows, int64_t n, bool log) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* x = in + row * n;
    T* y = out + row * n;
    const Exponentials<T> e = exponentials(x, n);
    const bool no_share = log || infinite(e.largest);
    const Wide<T> shift = log ? e.log_sum() : e.largest, share = no_share ? Wide<T>(1) : e.sum;
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      const Wide<T> v = widen(x[j]) - shift;
      y[j] = narrow<T>(log ? v : exponential(v) / share);
    }
  }
}

template <class T>
__global__ void softmax_grad(const T* out, const T* grad, T* result, int64_t rows, int64_t n, bool log) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T *y = out + row * n, *g = grad + row * n;
    T* to = result + row * n;
    Wide<T> total = 0;
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) total += log ? widen(g[j]) : widen(y[j]) * widen(g[j]);
    total = block_sum(total);
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      const Wide<T> v = widen(y[j]), w = widen(g[j]);
      to[j] = narrow<T>(log ? w - exponential(v) * total : v * (w - total));
    }
  }
}

// `classes` or `weights` is null.
template <class T>
__global__ void cross_entropy(const T* in, const int32_t* classes, const T* weights, T* loss, T* log_sum, int64_t rows,
                              int64_t n) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* x = in + row * n;
    const Wide<T> z = exponentials(x, n).log_sum();
    Wide<T> sum = 0;
    if (classes) {
      const int32_t c = classes[row];
      sum = c >= 0 && c < n ? z - widen(x[c]) : Wide<T>(0);
    } else {
      for (int64_t j = threadIdx.x; j < n; j += blockDim.x) sum += widen(weights[row * n + j]) * (z - widen(x[j]));
      sum = block_sum(sum);
    }
    if (threadIdx.x == 0) loss[row] = narrow<T>(sum), log_sum[row] = narrow<T>(z);
  }
}

template <class T>
__global__ void cross_entropy_grad(const T* in, const int32_t* classes, const T* weights, const T* log_sum,
                                   const T* grad, T* out, int64_t rows, int64_t n) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* x = in + row * n;
    const Wide<T> z = widen(log_sum[row]), g = widen(grad[row]);
    Wide<T> total = 0;
    int64_t c = -1;
    if (classes) {
      c = classes[row];
      total = c >= 0 && c < n ? 1 : 0;
    } else {
      for (int64_t j = threadIdx.x; j < n; j += blockDim.x) total += widen(weights[row * n + j]);
      total = block_sum(total);
    }
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      const Wide<T> weight = classes ? Wide<T>(j == c) : widen(weights[row * n + j]);
      out[row * n + j] = narrow<T>(g * (exponential(widen(x[j]) - z) * total - weight));
    }
  }
}

struct Rows {
  int64_t count, n;
  explicit Rows(const Shape& x) : count(x.elements() / std::max<int64_t>(1, x.back())), n(x.back()) {}
};

// kernel(zero of the stored type, rows, in, out)
template <class F>
BoundKernel over_rows(const KernelRequest& r, F kernel) {
  BoundKernel k;
  k.run = [kernel, rows = Rows(r.inputs[0].shape), dtype = r.inputs[0].dtype](const void* const* in, void* const* out,
                                                                              void*) {
    with_stored_float(dtype, [&](auto zero) { kernel(zero, rows, in, out); });
  };
  return k;
}

BoundKernel bind_softmax(const SoftmaxOp& op, const KernelRequest& r) {
  BoundKernel k = over_rows(
      r, [log = op.log, queue = Queue(r.device)](auto zero, const Rows& rows, const void* const* in, void* const* out) {
        using T = decltype(zero);
        queue.rows(softmax<T>, rows.count, rows.n, static_cast<const T*>(in[0]), static_cast<T*>(out[0]), rows.count,
                   rows.n, log);
      });
  k.in_place = true;
  return k;
}

BoundKernel bind_softmax_grad(const SoftmaxGradOp& op, const KernelRequest& r) {
  BoundKernel k = over_rows(
      r, [log = op.log, queue = Queue(r.device)](auto zero, const Rows& rows, const void* const* in, void* const* out) {
        using T = decltype(zero);
        queue.rows(softmax_grad<T>, rows.count, rows.n, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]),
                   static_cast<T*>(out[0]), rows.count, rows.n, log);
      });
  k.in_place = true;
  return k;
}

BoundKernel bind_cross_entropy(const CrossEntropyOp& op, const KernelRequest& r) {
  return over_rows(r, [sparse = op.sparse, queue = Queue(r.device)](auto zero, const Rows& rows, const void* const* in,
                                                                    void* const* out) {
    using T = decltype(zero);
    queue.rows(cross_entropy<T>, rows.count, rows.n, static_cast<const T*>(in[0]),
               sparse ? static_cast<const int32_t*>(in[1]) : nullptr, sparse ? nullptr : static_cast<const T*>(in[1]),
               static_cast<T*>(out[0]), static_cast<T*>(out[1]), rows.count, rows.n);
  });
}

BoundKernel bind_cross_entropy_grad(const CrossEntropyGradOp& op, const KernelRequest& r) {
  return over_rows(r, [sparse = op.sparse, queue = Queue(r.device)](auto zero, const Rows& rows, const void* const* in,
                                                                    void* const* out) {
    using T = decltype(zero);
    queue.rows(cross_entropy_grad<T>, rows.count, rows.n, static_cast<const T*>(in[0]),
               sparse ? static_cast<const int32_t*>(in[1]) : nullptr, sparse ? nullptr : static_cast<const T*>(in[1]),
               static_cast<const T*>(in[2]), static_cast<const T*>(in[3]), static_cast<T*>(out[0]), rows.count, rows.n);
  });
}

LAMINA_GPU_KERNEL("Softmax", "rows", 20, bind_softmax);
LAMINA_GPU_KERNEL("LogSoftmax", "rows", 20, bind_softmax);
LAMINA_GPU_KERNEL("SoftmaxGrad", "rows", 20, bind_softmax_grad);
LAMINA_GPU_KERNEL("LogSoftmaxGrad", "rows", 20, bind_softmax_grad);
LAMINA_GPU_KERNEL("CrossEntropy", "rows", 20, bind_cross_entropy);
LAMINA_GPU_KERNEL("CrossEntropyGrad", "rows", 20, bind_cross_entropy_grad);

}  // namespace
}  // namespace lamina::gpu
