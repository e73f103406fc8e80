// Attention on GPUs: products of whole heads for some samples at a time, with the scores in scratch memory, which the
// gradient computes anew. Query heads that share a key head are one product: letters as in attention.h, G = N / K.
#include "backends/ops/attention/attention.h"
#include "backends/ops/pieces.cuh"

namespace lamina::gpu {

namespace {

struct Spread {  // a bias or mask as it broadcasts: strides of 0 along axes of size 1
  int64_t b, n, t, s;
  __device__ int64_t at(int64_t batch, int64_t head, int64_t query, int64_t key) const {
    return batch * b + head * n + query * t + key * s;
  }
};
Spread spread_of(const Shape& x) {
  return {x[0] > 1 ? x[1] * x[2] * x[3] : 0, x[1] > 1 ? x[2] * x[3] : 0, x[2] > 1 ? x[3] : 0, x[3] > 1};
}

struct Problem {
  int64_t B, T, S, N, K, D, V;
  double scale;
  bool causal, biased, masked;
  Spread bias{}, mask{};
  Problem(const AttentionScores& a, std::span<const TensorSpec> in)
      : scale(a.scale), causal(a.causal), biased(a.biased), masked(a.masked) {
    B = in[0].shape[0], T = in[0].shape[1], N = in[0].shape[2], D = in[0].shape[3];
    S = in[1].shape[1], K = in[1].shape[2], V = in[2].shape[3];
    if (biased) bias = spread_of(in[static_cast<size_t>(a.bias_at())].shape);
    if (masked) mask = spread_of(in[static_cast<size_t>(a.mask_at())].shape);
  }
  int64_t group() const { return N / K; }
  bool empty() const { return B == 0 || T == 0 || S == 0 || N == 0 || D == 0 || V == 0; }
};

// (count, rows, columns, width) -> (count, columns, rows, width)
template <class T>
__global__ void swap(const T* x, T* y, int64_t rows, int64_t columns, int64_t width, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t w = i % width, row = i / width % rows, column = i / (width * rows) % columns,
                  sample = i / (width * rows * columns);
    y[i] = x[((sample * rows + row) * columns + column) * width + w];
  }
}
template <class T>
void swap_axes(const Queue& queue, const T* x, T* y, int64_t count, int64_t rows, int64_t columns, int64_t width) {
  const int64_t n = count * rows * columns * width;
  queue.elements(swap<T>, n, x, y, rows, columns, width, n);
}

// What a row of scores belongs to. Rows are (B, N, T), from sample `from` on.
struct Row {
  int64_t b, n, t;
};
template <class T>
struct Scores {
  Problem p;
  const T* bias;
  const bool* mask;
  int64_t from;
  __device__ Row row(int64_t i) const { return {from + i / (p.N * p.T), i / p.T % p.N, i % p.T}; }
  __device__ bool hidden(const Row& r, int64_t s) const {
    return (p.causal && s > r.t) || (mask && !mask[p.mask.at(r.b, r.n, r.t, s)]);
  }
  __device__ T at(const Row& r, int64_t s, T product) const {
    if (hidden(r, s)) return static_cast<T>(AttentionScores::kHidden);
    const T scaled = product * static_cast<T>(p.scale);
    return bias ? scaled + bias[p.bias.at(r.b, r.n, r.t, s)] : scaled;
  }
  template <class F>
  void each_pointer(F&& f) {  // for the emulated device
    f(bias), f(mask);
  }
};

// Products q k to weights, in place, and each row's state.
template <class T>
__global__ void to_weights(T* products, Scores<T> scores, T* state, int64_t rows) {
  const int64_t S = scores.p.S;
  for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
    const Row row = scores.row(i);
    T* w = products + i * S;
    T most = -std::numeric_limits<T>::infinity(), sum = 0;
    for (int64_t s = threadIdx.x; s < S; s += blockDim.x) {
      const T v = scores.at(row, s, w[s]);
      most = v > most || v != v ? v : most;
    }
    most = block_max(most);
    for (int64_t s = threadIdx.x; s < S; s += blockDim.x) sum += w[s] = exponential(scores.at(row, s, w[s]) - most);
    sum = block_sum(sum);
    for (int64_t s = threadIdx.x; s < S; s += blockDim.x) w[s] /= sum;
    if (threadIdx.x == 0) state[i * 2] = most, state[i * 2 + 1] = sum;
  }
}

// Products q k to weights and products g v to the gradients of the products q k, both in place.
template <class T>
__global__ void to_gradients(T* products, T* gradients, Scores<T> scores, const T* state, int64_t rows) {
  const int64_t S = scores.p.S;
  for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
    const Row row = scores.row(i);
    T *w = products + i * S, *g = gradients + i * S, delta = 0;
    for (int64_t s = threadIdx.x; s < S; s += blockDim.x) {
      w[s] = exponential(scores.at(row, s, w[s]) - state[i * 2]) / state[i * 2 + 1];
      delta += w[s] * g[s];
    }
    delta = block_sum(delta);
    for (int64_t s = threadIdx.x; s < S; s += blockDim.x)
      g[s] = scores.hidden(row, s) ? T(0) : w[s] * (g[s] - delta) * static_cast<T>(scores.p.scale);
  }
}

template <class T>
Scores<T> scores_of(const Problem& p, const void* const* in, int64_t from) {
  return {p, p.biased ? static_cast<const T*>(in[3]) : nullptr,
          p.masked ? static_cast<const bool*>(in[3 + p.biased]) : nullptr, from};
}

BoundKernel bind_forward(const AttentionOp& op, const KernelRequest& r) {
  const Problem p(op.scores, r.inputs);
  if (p.empty()) return r.decline("empty");
  const DType dtype = r.inputs[0].dtype;
  if (is_half(dtype)) return r.decline("needs float32 or float64");
  const Pieces pieces(p.B, p.N * p.T * p.S * static_cast<int64_t>(size_of(dtype)));
  const int64_t rows = p.group() * p.T, c = pieces.samples;
  const PieceProduct scores(r.device, pieces, MatMulOp(false, true), dtype, [&](int64_t n) {
    return std::pair(Shape{n * p.K, rows, p.D}, Shape{n * p.K, p.S, p.D});
  });
  const PieceProduct result(r.device, pieces, MatMulOp(false, false), dtype, [&](int64_t n) {
    return std::pair(Shape{n * p.K, rows, p.S}, Shape{n * p.K, p.S, p.V});
  });
  Layout l;
  const size_t q_at = l.take(c * p.T * p.N * p.D, dtype), k_at = l.take(c * p.S * p.K * p.D, dtype),
               v_at = l.take(c * p.S * p.K * p.V, dtype), w_at = l.take(c * p.N * p.T * p.S, dtype),
               y_at = l.take(c * p.T * p.N * p.V, dtype), more = l.size();
  BoundKernel k;
  k.scratch_bytes = more + std::max(scores.scratch(), result.scratch());
  k.recordable = scores.recordable() && result.recordable();
  k.run =
      in_floats(dtype, [=, queue = Queue(r.device)](auto zero, const void* const* in, void* const* out, char* scratch) {
        using T = decltype(zero);
        auto array = [&](size_t at) { return reinterpret_cast<T*>(scratch + at); };
        auto from_sample = [](const void* x, int64_t at) { return static_cast<const T*>(x) + at; };
        pieces.each([&](int64_t from, int64_t n) {
          swap_axes(queue, from_sample(in[0], from * p.T * p.N * p.D), array(q_at), n, p.T, p.N, p.D);
          swap_axes(queue, from_sample(in[1], from * p.S * p.K * p.D), array(k_at), n, p.S, p.K, p.D);
          swap_axes(queue, from_sample(in[2], from * p.S * p.K * p.V), array(v_at), n, p.S, p.K, p.V);
          scores(n, array(q_at), array(k_at), array(w_at), scratch + more);
          queue.rows(to_weights<T>, n * p.N * p.T, p.S, array(w_at), scores_of<T>(p, in, from),
                     static_cast<T*>(out[1]) + from * p.N * p.T * 2, n * p.N * p.T);
          result(n, array(w_at), array(v_at), array(y_at), scratch + more);
          swap_axes(queue, static_cast<const T*>(array(y_at)), static_cast<T*>(out[0]) + from * p.T * p.N * p.V, n, p.N,
                    p.T, p.V);
        });
      });
  return k;
}

BoundKernel bind_grad(const AttentionGradOp& op, const KernelRequest& r) {
  const AttentionScores& attributes = op.scores;
  const Problem p(attributes, r.inputs);
  if (p.empty()) return r.decline("empty");
  const DType dtype = r.inputs[0].dtype;
  if (is_half(dtype)) return r.decline("needs float32 or float64");
  const Pieces pieces(p.B, 2 * p.N * p.T * p.S * static_cast<int64_t>(size_of(dtype)));
  const int64_t rows = p.group() * p.T, c = pieces.samples;
  using Shapes = std::pair<Shape, Shape>;
  auto product = [&](bool ta, bool tb, auto shapes) {
    return PieceProduct(r.device, pieces, MatMulOp(ta, tb), dtype, shapes);
  };
  const PieceProduct scores = product(false, true, [&](int64_t n) {
    return Shapes({n * p.K, rows, p.D}, {n * p.K, p.S, p.D});
  });
  const PieceProduct weight_grads = product(false, true, [&](int64_t n) {
    return Shapes({n * p.K, rows, p.V}, {n * p.K, p.S, p.V});
  });
  const PieceProduct query_grads = product(false, false, [&](int64_t n) {
    return Shapes({n * p.K, rows, p.S}, {n * p.K, p.S, p.D});
  });
  const PieceProduct key_grads = product(true, false, [&](int64_t n) {
    return Shapes({n * p.K, rows, p.S}, {n * p.K, rows, p.D});
  });
  const PieceProduct value_grads = product(true, false, [&](int64_t n) {
    return Shapes({n * p.K, rows, p.S}, {n * p.K, rows, p.V});
  });
  Layout l;
  const size_t q_at = l.take(c * p.T * p.N * p.D, dtype), k_at = l.take(c * p.S * p.K * p.D, dtype),
               v_at = l.take(c * p.S * p.K * p.V, dtype), g_at = l.take(c * p.T * p.N * p.V, dtype),
               w_at = l.take(c * p.N * p.T * p.S, dtype), d_at = l.take(c * p.N * p.T * p.S, dtype),
               result_at = l.take(c * std::max({p.T * p.N * p.D, p.S * p.K * p.D, p.S * p.K * p.V}), dtype),
               more = l.size();
  BoundKernel k;
  k.recordable = scores.recordable() && weight_grads.recordable() && query_grads.recordable() &&
                 key_grads.recordable() && value_grads.recordable();
  k.scratch_bytes = more + std::max({scores.scratch(), weight_grads.scratch(), query_grads.scratch(),
                                     key_grads.scratch(), value_grads.scratch()});
  k.run = in_floats(dtype, [=, extra = attributes.inputs(), queue = Queue(r.device)](auto zero, const void* const* in,
                                                                                     void* const* out, char* scratch) {
    using T = decltype(zero);
    auto array = [&](size_t at) { return reinterpret_cast<T*>(scratch + at); };
    auto from_sample = [](const void* x, int64_t at) { return static_cast<const T*>(x) + at; };
    auto to_sample = [](void* x, int64_t at) { return static_cast<T*>(x) + at; };
    pieces.each([&](int64_t from, int64_t n) {
      swap_axes(queue, from_sample(in[0], from * p.T * p.N * p.D), array(q_at), n, p.T, p.N, p.D);
      swap_axes(queue, from_sample(in[1], from * p.S * p.K * p.D), array(k_at), n, p.S, p.K, p.D);
      swap_axes(queue, from_sample(in[2], from * p.S * p.K * p.V), array(v_at), n, p.S, p.K, p.V);
      swap_axes(queue, from_sample(in[extra + 2], from * p.T * p.N * p.V), array(g_at), n, p.T, p.N, p.V);
      scores(n, array(q_at), array(k_at), array(w_at), scratch + more);
      weight_grads(n, array(g_at), array(v_at), array(d_at), scratch + more);
      queue.rows(to_gradients<T>, n * p.N * p.T, p.S, array(w_at), array(d_at), scores_of<T>(p, in, from),
                 from_sample(in[extra + 1], from * p.N * p.T * 2), n * p.N * p.T);
      const T* result = array(result_at);
      query_grads(n, array(d_at), array(k_at), array(result_at), scratch + more);
      swap_axes(queue, result, to_sample(out[0], from * p.T * p.N * p.D), n, p.N, p.T, p.D);
      key_grads(n, array(d_at), array(q_at), array(result_at), scratch + more);
      swap_axes(queue, result, to_sample(out[1], from * p.S * p.K * p.D), n, p.K, p.S, p.D);
      value_grads(n, array(w_at), array(g_at), array(result_at), scratch + more);
      swap_axes(queue, result, to_sample(out[2], from * p.S * p.K * p.V), n, p.K, p.S, p.V);
    });
  });
  return k;
}

LAMINA_GPU_KERNEL("Attention", "products", 20, bind_forward);
LAMINA_GPU_KERNEL("AttentionGrad", "products", 20, bind_grad);

}  // namespace
}  // namespace lamina::gpu
