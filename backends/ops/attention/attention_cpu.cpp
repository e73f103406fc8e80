#include <cmath>

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/attention/attention.h"
#include "backends/ops/attention/blocks.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const AttentionLoops&, attention_loops)

namespace {

// A bias or mask as it broadcasts: strides of 0 along axes of size 1.
struct Spread {
  int64_t b = 0, n = 0, t = 0, s = 0;
  Spread() = default;
  explicit Spread(const Shape& x) {
    s = x[3] > 1, t = x[2] > 1 ? x[3] : 0, n = x[1] > 1 ? x[2] * x[3] : 0, b = x[0] > 1 ? x[1] * x[2] * x[3] : 0;
  }
  int64_t at(int64_t batch, int64_t head, int64_t query, int64_t key) const {
    return batch * b + head * n + query * t + key * s;
  }
};

struct Problem {
  int64_t B, T, S, N, K, D, V;
  AttentionScores scores;
  Spread bias, mask;
  bool skips;  // whether blocks beyond the diagonal may be left out: every query sees a key then

  Problem(const AttentionScores& a, std::span<const TensorSpec> in) : scores(a) {
    B = in[0].shape[0], T = in[0].shape[1], N = in[0].shape[2], D = in[0].shape[3];
    S = in[1].shape[1], K = in[1].shape[2], V = in[2].shape[3];
    if (a.biased) bias = Spread(in[static_cast<size_t>(a.bias_at())].shape);
    if (a.masked) mask = Spread(in[static_cast<size_t>(a.mask_at())].shape);
    skips = a.causal && !a.masked;
  }
  int64_t group() const { return N / K; }
  bool empty() const { return B == 0 || T == 0 || S == 0 || N == 0 || D == 0 || V == 0; }
};

// --- float32, in blocks -------------------------------------------------------------------------------------------
constexpr int64_t kQueries = 36, kKeys = 128;  // blocks of scores and of their gradients fit the first cache together
constexpr int64_t kChunk = 512;                // queries of one forward task

// `total` in equal blocks of about `most`, multiples of a tile's 6 rows.
int64_t even_block(int64_t total, int64_t most) {
  const int64_t blocks = (total + most - 1) / most;
  return std::min(total, ((total + blocks - 1) / blocks + 5) / 6 * 6);
}
int64_t padded(int64_t n, int64_t width) { return (n + width - 1) / width * width; }

// Working memory of one thread, kept between calls.
float* workspace(int64_t floats) {
  thread_local std::vector<float> memory;
  if (static_cast<int64_t>(memory.size()) < floats + 16) memory.resize(static_cast<size_t>(floats + 16));
  return reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
}

// Bias, mask and causality of one block of scores, in rows of ld.
void dress(const Problem& p, const void* const* in, int64_t b, int64_t n, int64_t t0, int64_t rows, int64_t s0,
           int64_t keys, float* block, int64_t ld) {
  const bool diagonal = p.scores.causal && s0 + keys - 1 > t0;
  if (!p.scores.biased && !p.scores.masked && !diagonal) return;
  constexpr float hidden = static_cast<float>(AttentionScores::kHidden);
  for (int64_t i = 0; i < rows; ++i) {
    float* row = block + i * ld;
    if (p.scores.biased) {
      const float* bias = static_cast<const float*>(in[p.scores.bias_at()]) + p.bias.at(b, n, t0 + i, s0);
      if (p.bias.s)
        attention_loops().add_row(row, bias, keys);
      else
        for (int64_t j = 0; j < keys; ++j) row[j] += *bias;
    }
    if (p.scores.masked) {
      const bool* mask = static_cast<const bool*>(in[p.scores.mask_at()]) + p.mask.at(b, n, t0 + i, s0);
      for (int64_t j = 0; j < keys; ++j) row[j] = mask[j * p.mask.s] ? row[j] : hidden;
    }
    if (diagonal)
      for (int64_t j = std::max<int64_t>(0, t0 + i - s0 + 1); j < keys; ++j) row[j] = hidden;
  }
}

BoundKernel bind_float(const AttentionOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  const Problem p(op.scores, r.inputs);
  if (p.empty()) return r.decline("empty");
  BoundKernel k;
  k.run = [p](const void* const* in, void* const* out, void*) {
    const AttentionLoops& f = attention_loops();
    const int64_t bs = even_block(p.S, kKeys), ld = padded(bs, f.width),
                  bt = even_block(std::min(p.T, kChunk), kQueries), chunks = (p.T + kChunk - 1) / kChunk;
    parallel_for(p.B * p.N * chunks, [&](int64_t task) {
      const int64_t b = task / (p.N * chunks), n = task / chunks % p.N, from = task % chunks * kChunk,
                    to = std::min(p.T, from + kChunk), head = n / p.group();
      const float* q = static_cast<const float*>(in[0]) + (b * p.T * p.N + n) * p.D;
      const float* key = static_cast<const float*>(in[1]) + (b * p.S * p.K + head) * p.D;
      const float* value = static_cast<const float*>(in[2]) + (b * p.S * p.K + head) * p.V;
      float* y = static_cast<float*>(out[0]) + (b * p.T * p.N + n) * p.V;
      float* state = static_cast<float*>(out[1]) + (b * p.N + n) * p.T * 2;
      float *packed = workspace(p.D * ld + bt * ld + bt), *block = packed + p.D * ld, *shrink = block + bt * ld;
      for (int64_t t = from; t < to; ++t) state[2 * t] = -INFINITY, state[2 * t + 1] = 0;
      for (int64_t s0 = 0; s0 < p.S; s0 += bs) {
        const int64_t keys = std::min(bs, p.S - s0);
        if (p.skips && s0 >= to) break;
        f.transpose(key + s0 * p.K * p.D, keys, p.D, p.K * p.D, static_cast<float>(p.scores.scale), packed, ld);
        for (int64_t t0 = from; t0 < to; t0 += bt) {
          const int64_t rows = std::min(bt, to - t0);
          if (p.skips && s0 >= t0 + rows) continue;
          const int64_t seen = p.skips ? std::min(keys, t0 + rows - s0) : keys;
          f.product(rows, padded(seen, f.width), p.D, q + t0 * p.N * p.D, p.N * p.D, packed, ld, block, ld, false);
          dress(p, in, b, n, t0, rows, s0, seen, block, ld);
          f.weights(block, rows, ld, seen, state + 2 * t0, shrink);
          for (int64_t i = 0; s0 && i < rows; ++i)
            if (shrink[i] != 1) f.scale_row(y + (t0 + i) * p.N * p.V, p.V, shrink[i]);
          f.product(rows, p.V, seen, block, ld, value + s0 * p.K * p.V, p.K * p.V, y + t0 * p.N * p.V, p.N * p.V,
                    s0 > 0);
        }
      }
      for (int64_t t = from; t < to; ++t) f.scale_row(y + t * p.N * p.V, p.V, 1 / state[2 * t + 1]);
    });
  };
  return k;
}

BoundKernel bind_grad_float(const AttentionGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  const Problem p(op.scores, r.inputs);
  if (p.empty()) return r.decline("empty");
  BoundKernel k;
  k.run = [p](const void* const* in, void* const* out, void*) {
    const AttentionLoops& f = attention_loops();
    const int64_t bs = even_block(p.S, kKeys), ld = padded(bs, f.width), bt = even_block(p.T, kQueries),
                  group = p.group();
    const int extra = p.scores.inputs();
    parallel_for(p.B * p.K, [&](int64_t task) {  // a key head with the query heads that it serves
      const int64_t b = task / p.K, head = task % p.K, first = head * group;
      const float* key = static_cast<const float*>(in[1]) + (b * p.S * p.K + head) * p.D;
      const float* value = static_cast<const float*>(in[2]) + (b * p.S * p.K + head) * p.V;
      float* dkey = static_cast<float*>(out[1]) + (b * p.S * p.K + head) * p.D;
      float* dvalue = static_cast<float*>(out[2]) + (b * p.S * p.K + head) * p.V;
      float *keys_across = workspace((p.D + p.V) * ld + 2 * bt * ld + group * p.T),
            *values_across = keys_across + p.D * ld;
      float *block = values_across + p.V * ld, *dblock = block + bt * ld, *delta = dblock + bt * ld;
      for (int64_t h = 0; h < group; ++h) {
        const int64_t at = (b * p.T * p.N + first + h) * p.V;
        f.dots(static_cast<const float*>(in[extra]) + at, static_cast<const float*>(in[extra + 2]) + at, p.T, p.N * p.V,
               p.V, delta + h * p.T);
      }
      for (int64_t s0 = 0; s0 < p.S; s0 += bs) {
        const int64_t keys = std::min(bs, p.S - s0);
        f.transpose(key + s0 * p.K * p.D, keys, p.D, p.K * p.D, static_cast<float>(p.scores.scale), keys_across, ld);
        f.transpose(value + s0 * p.K * p.V, keys, p.V, p.K * p.V, 1, values_across, ld);
        int64_t begun = 0;  // keys that have something in dkey and dvalue
        for (int64_t h = 0; h < group; ++h) {
          const int64_t n = first + h;
          const float* q = static_cast<const float*>(in[0]) + (b * p.T * p.N + n) * p.D;
          const float* g = static_cast<const float*>(in[extra + 2]) + (b * p.T * p.N + n) * p.V;
          const float* state = static_cast<const float*>(in[extra + 1]) + (b * p.N + n) * p.T * 2;
          float* dq = static_cast<float*>(out[0]) + (b * p.T * p.N + n) * p.D;
          for (int64_t t0 = (p.T - 1) / bt * bt; t0 >= 0; t0 -= bt) {  // the last queries see the most keys
            const int64_t rows = std::min(bt, p.T - t0);
            if (p.skips && s0 >= t0 + rows) break;
            const int64_t seen = p.skips ? std::min(keys, t0 + rows - s0) : keys, wide = padded(seen, f.width);
            f.product(rows, wide, p.D, q + t0 * p.N * p.D, p.N * p.D, keys_across, ld, block, ld, false);
            dress(p, in, b, n, t0, rows, s0, seen, block, ld);
            f.product(rows, wide, p.V, g + t0 * p.N * p.V, p.N * p.V, values_across, ld, dblock, ld, false);
            f.weights_grad(block, dblock, rows, ld, seen, state + 2 * t0, delta + h * p.T + t0,
                           static_cast<float>(p.scores.scale));
            f.product_across(seen, p.V, rows, block, ld, g + t0 * p.N * p.V, p.N * p.V, dvalue + s0 * p.K * p.V,
                             p.K * p.V, begun > 0);
            f.product_across(seen, p.D, rows, dblock, ld, q + t0 * p.N * p.D, p.N * p.D, dkey + s0 * p.K * p.D,
                             p.K * p.D, begun > 0);
            f.product(rows, p.D, seen, dblock, ld, key + s0 * p.K * p.D, p.K * p.D, dq + t0 * p.N * p.D, p.N * p.D,
                      s0 > 0);
            begun = std::max(begun, seen);
          }
        }
        for (int64_t s = s0 + begun; s < s0 + keys; ++s) {  // keys that no query sees
          std::fill_n(dkey + s * p.K * p.D, p.D, 0.0f);
          std::fill_n(dvalue + s * p.K * p.V, p.V, 0.0f);
        }
      }
    });
  };
  return k;
}

// --- The plain loops, in double, a row of scores at a time ---------------------------------------------------------
template <class T>
struct Plain {
  const Problem& p;
  const void* const* in;
  const T* array(int i) const { return static_cast<const T*>(in[i]); }
  int64_t query(int64_t b, int64_t t, int64_t n) const { return ((b * p.T + t) * p.N + n) * p.D; }
  int64_t result(int64_t b, int64_t t, int64_t n) const { return ((b * p.T + t) * p.N + n) * p.V; }
  int64_t key(int64_t b, int64_t s, int64_t n) const { return ((b * p.S + s) * p.K + n / p.group()) * p.D; }
  int64_t value(int64_t b, int64_t s, int64_t n) const { return ((b * p.S + s) * p.K + n / p.group()) * p.V; }
  bool hidden(int64_t b, int64_t n, int64_t t, int64_t s) const {
    return (p.scores.causal && s > t) ||
           (p.scores.masked && !static_cast<const bool*>(in[p.scores.mask_at()])[p.mask.at(b, n, t, s)]);
  }
  double score(int64_t b, int64_t n, int64_t t, int64_t s) const {
    if (hidden(b, n, t, s)) return AttentionScores::kHidden;
    double sum = 0;
    for (int64_t d = 0; d < p.D; ++d)
      sum += static_cast<double>(array(0)[query(b, t, n) + d]) * static_cast<double>(array(1)[key(b, s, n) + d]);
    sum *= p.scores.scale;
    return p.scores.biased ? sum + static_cast<double>(array(p.scores.bias_at())[p.bias.at(b, n, t, s)]) : sum;
  }
  template <class F>
  void each_row(F&& f) const {
    for (int64_t b = 0; b < p.B; ++b)
      for (int64_t n = 0; n < p.N; ++n)
        for (int64_t t = 0; t < p.T; ++t) f(b, n, t);
  }
};

template <class F>
void with_type(DType type, F&& f) {
  if (type == DType::float32)
    f(float{});
  else
    f(double{});
}

BoundKernel bind_reference(const AttentionOp& op, const KernelRequest& r) {
  if (is_half(r.inputs[0].dtype)) return r.decline("needs float32 or float64");
  BoundKernel k;
  k.run = [p = Problem(op.scores, r.inputs), dtype = r.inputs[0].dtype](const void* const* in, void* const* out,
                                                                        void*) {
    with_type(dtype, [&](auto zero) {
      using T = decltype(zero);
      Plain<T> x{p, in};
      std::vector<double> w(static_cast<size_t>(p.S));
      x.each_row([&](int64_t b, int64_t n, int64_t t) {
        double most = -INFINITY, sum = 0;
        for (int64_t s = 0; s < p.S; ++s) most = std::max(most, w[s] = x.score(b, n, t, s));
        most = static_cast<double>(static_cast<T>(most));  // as the gradient will read it
        for (int64_t s = 0; s < p.S; ++s) sum += w[s] = std::exp(w[s] - most);
        for (int64_t v = 0; v < p.V; ++v) {
          double y = 0;
          for (int64_t s = 0; s < p.S; ++s) y += w[s] * static_cast<double>(x.array(2)[x.value(b, s, n) + v]);
          static_cast<T*>(out[0])[x.result(b, t, n) + v] = static_cast<T>(y / sum);
        }
        T* state = static_cast<T*>(out[1]) + ((b * p.N + n) * p.T + t) * 2;
        state[0] = static_cast<T>(most), state[1] = static_cast<T>(sum);
      });
    });
  };
  return k;
}

BoundKernel bind_grad_reference(const AttentionGradOp& op, const KernelRequest& r) {
  if (is_half(r.inputs[0].dtype)) return r.decline("needs float32 or float64");
  BoundKernel k;
  k.run = [p = Problem(op.scores, r.inputs), dtype = r.inputs[0].dtype](const void* const* in, void* const* out,
                                                                        void*) {
    with_type(dtype, [&](auto zero) {
      using T = decltype(zero);
      Plain<T> x{p, in};
      const int extra = p.scores.inputs();
      std::vector<double> dq(static_cast<size_t>(p.B * p.T * p.N * p.D)),
          dk(static_cast<size_t>(p.B * p.S * p.K * p.D)), dv(static_cast<size_t>(p.B * p.S * p.K * p.V));
      x.each_row([&](int64_t b, int64_t n, int64_t t) {
        const T* state = x.array(extra + 1) + ((b * p.N + n) * p.T + t) * 2;
        const T *g = x.array(extra + 2) + x.result(b, t, n), *y = x.array(extra) + x.result(b, t, n);
        double delta = 0;
        for (int64_t v = 0; v < p.V; ++v) delta += static_cast<double>(g[v]) * static_cast<double>(y[v]);
        for (int64_t s = 0; s < p.S; ++s) {
          const double w =
              std::exp(x.score(b, n, t, s) - static_cast<double>(state[0])) / static_cast<double>(state[1]);
          double dw = 0;
          for (int64_t v = 0; v < p.V; ++v) {
            dw += static_cast<double>(g[v]) * static_cast<double>(x.array(2)[x.value(b, s, n) + v]);
            dv[x.value(b, s, n) + v] += w * static_cast<double>(g[v]);
          }
          const double ds = x.hidden(b, n, t, s) ? 0 : w * (dw - delta) * p.scores.scale;
          for (int64_t d = 0; d < p.D; ++d) {
            dq[x.query(b, t, n) + d] += ds * static_cast<double>(x.array(1)[x.key(b, s, n) + d]);
            dk[x.key(b, s, n) + d] += ds * static_cast<double>(x.array(0)[x.query(b, t, n) + d]);
          }
        }
      });
      std::copy(dq.begin(), dq.end(), static_cast<T*>(out[0]));
      std::copy(dk.begin(), dk.end(), static_cast<T*>(out[1]));
      std::copy(dv.begin(), dv.end(), static_cast<T*>(out[2]));
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Attention", "float_blocks", 20, bind_float);
LAMINA_KERNEL(cpu, "Attention", "reference", 100, bind_reference);
LAMINA_KERNEL(cpu, "AttentionGrad", "float_blocks", 20, bind_grad_float);
LAMINA_KERNEL(cpu, "AttentionGrad", "reference", 100, bind_grad_reference);

}  // namespace
}  // namespace lamina
