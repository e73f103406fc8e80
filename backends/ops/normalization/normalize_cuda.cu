// Rows: a block a row. Batch: x as (outer, n, inner); where inner is 1, columns are cut into chunks whose moments are
// merged (Chan et al., 1983), else a block is a channel. float32 or float64.
#include "backends/cuda/kernel.cuh"
#include "backends/ops/normalization/normalize.h"

namespace lamina::gpu {

namespace {

constexpr int64_t kChunks = 64;  // of columns, at most

// ---- rows ----
template <class T>
__global__ void rows(const T* in, const T* scale, const T* offset, T epsilon, bool centred, T* out, T* means,
                     T* variances, int64_t count, int64_t n) {
  for (int64_t row = blockIdx.x; row < count; row += gridDim.x) {
    const T* x = in + row * n;
    T mean = 0, variance = 0;
    if (centred) {
      for (int64_t j = threadIdx.x; j < n; j += blockDim.x) mean += x[j];
      mean = block_sum(mean) / static_cast<T>(n);
    }
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) variance += (x[j] - mean) * (x[j] - mean);
    variance = block_sum(variance) / static_cast<T>(n);
    const T inverse = T(1) / root(variance + epsilon);
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      T v = (x[j] - mean) * inverse;
      if (scale) v *= scale[j];
      if (offset) v += offset[j];
      out[row * n + j] = v;
    }
    if (threadIdx.x == 0) means[row] = mean, variances[row] = variance;
  }
}

template <class T>
__global__ void rows_grad(const T* in, const T* scale, const T* means, const T* variances, const T* grad, T epsilon,
                          bool centred, T* out, int64_t count, int64_t n) {
  for (int64_t row = blockIdx.x; row < count; row += gridDim.x) {
    const T *x = in + row * n, *g = grad + row * n;
    const T mean = centred ? means[row] : T(0), inverse = T(1) / root(variances[row] + epsilon);
    T sum = 0, along = 0;
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      const T a = scale ? g[j] * scale[j] : g[j];
      sum += a, along += a * (x[j] - mean) * inverse;
    }
    sum = centred ? block_sum(sum) / static_cast<T>(n) : T(0);
    along = block_sum(along) / static_cast<T>(n);
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      const T a = scale ? g[j] * scale[j] : g[j];
      out[row * n + j] = inverse * (a - sum - (x[j] - mean) * inverse * along);
    }
  }
}

// partial (chunks, 2, n): of g z and of g, over the rows of a chunk.
template <class T>
__global__ void rows_sums(const T* x, const T* means, const T* variances, const T* g, T epsilon, bool centred,
                          T* partial, int64_t count, int64_t n, int64_t chunks) {
  for (int64_t i = first(); i < chunks * n; i += step()) {
    const int64_t chunk = i / n, j = i % n;
    T dscale = 0, doffset = 0;
    for (int64_t row = count * chunk / chunks; row < count * (chunk + 1) / chunks; ++row) {
      const T mean = centred ? means[row] : T(0), inverse = T(1) / root(variances[row] + epsilon), v = g[row * n + j];
      dscale += v * (x[row * n + j] - mean) * inverse, doffset += v;
    }
    partial[chunk * 2 * n + j] = dscale, partial[(chunk * 2 + 1) * n + j] = doffset;
  }
}
template <class T>
__global__ void add_chunks(const T* partial, T* dscale, T* doffset, int64_t n, int64_t chunks) {
  for (int64_t j = first(); j < n; j += step()) {
    T a = 0, b = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk)
      a += partial[chunk * 2 * n + j], b += partial[(chunk * 2 + 1) * n + j];
    if (dscale) dscale[j] = a;
    if (doffset) doffset[j] = b;
  }
}

struct Rows {
  int64_t n, count, chunks;
  explicit Rows(const Shape& x)
      : n(x.back()),
        count(x.elements() / std::max<int64_t>(1, n)),
        chunks(std::max<int64_t>(1, std::min(kChunks, count / 32))) {}
};

BoundKernel bind_rows(const NormalizeOp& op, const KernelRequest& r) {
  if (r.inputs[0].shape.elements() == 0) return r.decline("empty");
  BoundKernel k;
  k.run = [l = Rows(r.inputs[0].shape), scaled = op.scaled, shifted = op.shifted, centred = op.kind == Norm::rows,
           epsilon = op.epsilon, dtype = r.inputs[0].dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_full_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.rows(rows<T>, l.count, l.n, static_cast<const T*>(in[0]), scaled ? static_cast<const T*>(in[1]) : nullptr,
                 shifted ? static_cast<const T*>(in[1 + scaled]) : nullptr, static_cast<T>(epsilon), centred,
                 static_cast<T*>(out[0]), static_cast<T*>(out[1]), static_cast<T*>(out[2]), l.count, l.n);
    });
  };
  return k;
}

BoundKernel bind_rows_grad(const NormalizeGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].shape.elements() == 0) return r.decline("empty");
  const Rows l(r.inputs[0].shape);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(2 * l.chunks * l.n) * size_of(r.inputs[0].dtype);
  k.run = [l, scaled = op.scaled, shifted = op.shifted, centred = op.kind == Norm::rows, epsilon = op.epsilon,
           dtype = r.inputs[0].dtype, queue = Queue(r.device)](const void* const* in, void* const* out, void* scratch) {
    with_full_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      const int at = 1 + scaled;
      const T *x = static_cast<const T*>(in[0]), *mean = static_cast<const T*>(in[at]),
              *variance = static_cast<const T*>(in[at + 1]), *g = static_cast<const T*>(in[at + 2]);
      queue.rows(rows_grad<T>, l.count, l.n, x, scaled ? static_cast<const T*>(in[1]) : nullptr, mean, variance, g,
                 static_cast<T>(epsilon), centred, static_cast<T*>(out[0]), l.count, l.n);
      if (!scaled && !shifted) return;
      T* partial = static_cast<T*>(scratch);
      queue.elements(rows_sums<T>, l.chunks * l.n, x, mean, variance, g, static_cast<T>(epsilon), centred, partial,
                     l.count, l.n, l.chunks);
      queue.elements(add_chunks<T>, l.n, partial, scaled ? static_cast<T*>(out[1]) : nullptr,
                     shifted ? static_cast<T*>(out[at]) : nullptr, l.n, l.chunks);
    });
  };
  return k;
}

// ---- batch ----
struct Channels {
  int64_t outer = 1, n, inner = 1, chunks;
  Channels(const Shape& x, int axis) : n(x[axis]) {
    for (int i = 0; i < x.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : x[i];
    chunks = inner == 1 ? std::max<int64_t>(1, std::min(kChunks, outer / 32)) : 1;
  }
};

// Of one channel, in two passes.
template <class T>
__global__ void channel_moments(const T* x, T* means, T* variances, Channels c) {
  for (int64_t j = blockIdx.x; j < c.n; j += gridDim.x) {
    const int64_t size = c.outer * c.inner;
    auto at = [&](int64_t i) { return x[(i / c.inner * c.n + j) * c.inner + i % c.inner]; };
    T mean = 0, squares = 0;
    for (int64_t i = threadIdx.x; i < size; i += blockDim.x) mean += at(i);
    mean = block_sum(mean) / static_cast<T>(size);
    for (int64_t i = threadIdx.x; i < size; i += blockDim.x) squares += (at(i) - mean) * (at(i) - mean);
    squares = block_sum(squares);
    if (threadIdx.x == 0) means[j] = mean, variances[j] = squares / static_cast<T>(size);
  }
}
// partial (chunks, 2, n): mean and sum of squared deviations over a chunk of rows.
template <class T>
__global__ void column_moments(const T* x, T* partial, Channels c) {
  for (int64_t i = first(); i < c.chunks * c.n; i += step()) {
    const int64_t chunk = i / c.n, j = i % c.n, from = c.outer * chunk / c.chunks,
                  to = c.outer * (chunk + 1) / c.chunks;
    T mean = 0, squares = 0;
    for (int64_t row = from; row < to; ++row) mean += x[row * c.n + j];
    mean /= static_cast<T>(to - from);
    for (int64_t row = from; row < to; ++row) squares += (x[row * c.n + j] - mean) * (x[row * c.n + j] - mean);
    partial[chunk * 2 * c.n + j] = mean, partial[(chunk * 2 + 1) * c.n + j] = squares;
  }
}
template <class T>
__global__ void merge_moments(const T* partial, T* means, T* variances, Channels c) {
  for (int64_t j = first(); j < c.n; j += step()) {
    T mean = partial[j], squares = partial[c.n + j];
    for (int64_t chunk = 1; chunk < c.chunks; ++chunk) {
      const T a = static_cast<T>(c.outer * chunk / c.chunks), b = static_cast<T>(c.outer * (chunk + 1) / c.chunks) - a,
              delta = partial[chunk * 2 * c.n + j] - mean;
      mean += delta * b / (a + b);
      squares += partial[(chunk * 2 + 1) * c.n + j] + delta * delta * a * b / (a + b);
    }
    means[j] = mean, variances[j] = squares / static_cast<T>(c.outer);
  }
}
template <class T>
__global__ void affine(const T* x, const T* means, const T* variances, const T* scale, const T* offset, T epsilon, T* y,
                       Channels c, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t j = i / c.inner % c.n;
    T v = (x[i] - means[j]) / root(variances[j] + epsilon);
    if (scale) v *= scale[j];
    if (offset) v += offset[j];
    y[i] = v;
  }
}

// The sums of g and of g (x - mean), to sums (2, n) or partial (chunks, 2, n).
template <class T>
__global__ void channel_sums(const T* x, const T* means, const T* g, T* sums, Channels c) {
  for (int64_t j = blockIdx.x; j < c.n; j += gridDim.x) {
    T sum = 0, moment = 0;
    for (int64_t i = threadIdx.x; i < c.outer * c.inner; i += blockDim.x) {
      const int64_t at = (i / c.inner * c.n + j) * c.inner + i % c.inner;
      sum += g[at], moment += g[at] * (x[at] - means[j]);
    }
    sum = block_sum(sum), moment = block_sum(moment);
    if (threadIdx.x == 0) sums[j] = sum, sums[c.n + j] = moment;
  }
}
template <class T>
__global__ void column_sums(const T* x, const T* means, const T* g, T* partial, Channels c) {
  for (int64_t i = first(); i < c.chunks * c.n; i += step()) {
    const int64_t chunk = i / c.n, j = i % c.n;
    T sum = 0, moment = 0;
    for (int64_t row = c.outer * chunk / c.chunks; row < c.outer * (chunk + 1) / c.chunks; ++row) {
      const T v = g[row * c.n + j];
      sum += v, moment += v * (x[row * c.n + j] - means[j]);
    }
    partial[chunk * 2 * c.n + j] = sum, partial[(chunk * 2 + 1) * c.n + j] = moment;
  }
}
template <class T>
__global__ void finish_sums(const T* variances, T epsilon, const T* sums, T* dscale, T* doffset, int64_t n) {
  for (int64_t j = first(); j < n; j += step()) {
    if (dscale) dscale[j] = sums[n + j] / root(variances[j] + epsilon);
    if (doffset) doffset[j] = sums[j];
  }
}
template <class T>
__global__ void affine_grad(const T* x, const T* scale, const T* means, const T* variances, const T* g, T epsilon,
                            const T* sums, T* out, Channels c, int64_t n) {
  const T size = static_cast<T>(c.outer * c.inner);
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t j = i / c.inner % c.n;
    const T inverse = T(1) / root(variances[j] + epsilon);
    out[i] = (scale ? scale[j] : T(1)) * inverse *
             (g[i] - sums[j] / size - (x[i] - means[j]) * inverse * inverse * sums[c.n + j] / size);
  }
}

BoundKernel bind_batch(const NormalizeOp& op, const KernelRequest& r) {
  const int64_t n = r.inputs[0].shape.elements();
  if (n == 0) return r.decline("empty");
  const Channels c(r.inputs[0].shape, op.axis);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(2 * c.chunks * c.n) * size_of(r.inputs[0].dtype);
  k.run = [c, n, scaled = op.scaled, shifted = op.shifted, epsilon = op.epsilon, dtype = r.inputs[0].dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void* scratch) {
    with_full_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      const T* x = static_cast<const T*>(in[0]);
      T *mean = static_cast<T*>(out[1]), *variance = static_cast<T*>(out[2]), *partial = static_cast<T*>(scratch);
      if (c.inner > 1) {
        queue.rows(channel_moments<T>, c.n, c.outer * c.inner, x, mean, variance, c);
      } else {
        queue.elements(column_moments<T>, c.chunks * c.n, x, partial, c);
        queue.elements(merge_moments<T>, c.n, partial, mean, variance, c);
      }
      queue.elements(affine<T>, n, x, mean, variance, scaled ? static_cast<const T*>(in[1]) : nullptr,
                     shifted ? static_cast<const T*>(in[1 + scaled]) : nullptr, static_cast<T>(epsilon),
                     static_cast<T*>(out[0]), c, n);
    });
  };
  return k;
}

BoundKernel bind_batch_grad(const NormalizeGradOp& op, const KernelRequest& r) {
  const int64_t n = r.inputs[0].shape.elements();
  if (n == 0) return r.decline("empty");
  const Channels c(r.inputs[0].shape, op.axis);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(2 * (c.chunks + 1) * c.n) * size_of(r.inputs[0].dtype);
  k.run = [c, n, scaled = op.scaled, shifted = op.shifted, epsilon = op.epsilon, dtype = r.inputs[0].dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void* scratch) {
    with_full_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      const int at = 1 + scaled;
      const T *x = static_cast<const T*>(in[0]), *scale = scaled ? static_cast<const T*>(in[1]) : nullptr,
              *mean = static_cast<const T*>(in[at]), *variance = static_cast<const T*>(in[at + 1]),
              *g = static_cast<const T*>(in[at + 2]);
      T *sums = static_cast<T*>(scratch), *partial = sums + 2 * c.n;
      if (c.inner > 1) {
        queue.rows(channel_sums<T>, c.n, c.outer * c.inner, x, mean, g, sums, c);
      } else {
        queue.elements(column_sums<T>, c.chunks * c.n, x, mean, g, partial, c);
        queue.elements(add_chunks<T>, c.n, partial, sums, sums + c.n, c.n, c.chunks);
      }
      if (scaled || shifted)
        queue.elements(finish_sums<T>, c.n, variance, static_cast<T>(epsilon), sums,
                       scaled ? static_cast<T*>(out[1]) : nullptr, shifted ? static_cast<T*>(out[at]) : nullptr, c.n);
      queue.elements(affine_grad<T>, n, x, scale, mean, variance, g, static_cast<T>(epsilon), sums,
                     static_cast<T*>(out[0]), c, n);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("NormalizeRows", "rows", 20, bind_rows);
LAMINA_GPU_KERNEL("NormalizeRowsGrad", "rows", 20, bind_rows_grad);
LAMINA_GPU_KERNEL("NormalizeBatch", "channels", 20, bind_batch);
LAMINA_GPU_KERNEL("NormalizeBatchGrad", "channels", 20, bind_batch_grad);

}  // namespace
}  // namespace lamina::gpu
