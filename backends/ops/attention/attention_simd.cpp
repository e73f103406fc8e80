// Built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/attention/blocks.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#if LAMINA_SIMD_LEVEL == 2
constexpr int kFloats = 16;
#elif LAMINA_SIMD_LEVEL == 1
constexpr int kFloats = 8;
#else
constexpr int kFloats = 4;
#endif
typedef float Vector __attribute__((vector_size(kFloats * 4), aligned(4), may_alias));
constexpr int kLanes = 16;
constexpr int kRows = kFloats == 16 ? 12 : 6;  // rows of a tile: with two vectors a row its sums fill the registers

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

// along: a's rows are contiguous (a_column is 1); else its columns are (a_row is 1).
template <int rows, int vectors, bool along, bool add>
inline void tile(int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc) {
  Vector sum[rows][vectors] = {};
  const float* at[rows];
  for (int i = 0; i < rows; ++i) at[i] = along ? a + i * lda : a + i;
  for (int64_t l = 0; l < k; ++l, b += ldb) {
    Vector x[vectors];
    for (int j = 0; j < vectors; ++j) x[j] = load(b + j * kFloats);
    for (int i = 0; i < rows; ++i) {
      const float y = along ? at[i][l] : a[l * lda + i];
      for (int j = 0; j < vectors; ++j) sum[i][j] += y * x[j];
    }
  }
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < vectors; ++j) {
      float* to = c + i * ldc + j * kFloats;
      store(to, add ? load(to) + sum[i][j] : sum[i][j]);
    }
}

// The last rows, fewer than `most`.
template <int most, int vectors, bool along, bool add>
inline void last_rows(int64_t rows, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c,
                      int64_t ldc) {
  if constexpr (most > 1) {
    if (rows == most - 1)
      tile<most - 1, vectors, along, add>(k, a, lda, b, ldb, c, ldc);
    else
      last_rows<most - 1, vectors, along, add>(rows, k, a, lda, b, ldb, c, ldc);
  }
}

template <int vectors, bool along, bool add>
inline void panel(int64_t m, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c,
                  int64_t ldc) {
  const int64_t step = along ? lda : 1;
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows) tile<kRows, vectors, along, add>(k, a + i * step, lda, b, ldb, c + i * ldc, ldc);
  last_rows<kRows, vectors, along, add>(m - i, k, a + i * step, lda, b, ldb, c + i * ldc, ldc);
}

template <bool along, bool add>
inline void product_of(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb,
                       float* c, int64_t ldc) {
  int64_t j = 0;
  for (; j + 2 * kFloats <= n; j += 2 * kFloats) panel<2, along, add>(m, k, a, lda, b + j, ldb, c + j, ldc);
  if (j + kFloats <= n) {
    panel<1, along, add>(m, k, a, lda, b + j, ldb, c + j, ldc);
    j += kFloats;
  }
  for (; j < n; ++j)
    for (int64_t i = 0; i < m; ++i) {
      float sum = 0;
      for (int64_t l = 0; l < k; ++l) sum += (along ? a[i * lda + l] : a[l * lda + i]) * b[l * ldb + j];
      c[i * ldc + j] = add ? c[i * ldc + j] + sum : sum;
    }
}

void product(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c,
             int64_t ldc, bool add) {
  add ? product_of<true, true>(m, n, k, a, lda, b, ldb, c, ldc)
      : product_of<true, false>(m, n, k, a, lda, b, ldb, c, ldc);
}
void product_across(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, float* c,
                    int64_t ldc, bool add) {
  add ? product_of<false, true>(m, n, k, a, lda, b, ldb, c, ldc)
      : product_of<false, false>(m, n, k, a, lda, b, ldb, c, ldc);
}

void transpose(const float* from, int64_t rows, int64_t columns, int64_t stride, float factor, float* to, int64_t ld) {
  for (int64_t j = 0; j < columns; ++j) {
    float* row = to + j * ld;
    for (int64_t i = 0; i < rows; ++i) row[i] = factor * from[i * stride + j];
    for (int64_t i = rows; i < ld; ++i) row[i] = 0;
  }
}

typedef int32_t Integers __attribute__((vector_size(kFloats * 4)));
typedef float Floats __attribute__((vector_size(kFloats * 4)));
inline Floats spread(float x) { return x - Floats{}; }
inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }

// exp of x <= 0, within 2 ulp; 0 below -87. NaN stays NaN.
inline Floats weight(Floats x) {
  const Floats t = x * 1.44269504f + 12582912.0f,
               n = t - 12582912.0f;  // the integer nearest to x / log 2, also in t's last bits
  Floats r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  Floats q = r * 1.394110956e-03f + 8.363175256e-03f;
  q = q * r + 4.166637530e-02f;
  q = q * r + 1.666657701e-01f;
  q = q * r + 5.000000027e-01f;
  q = q * (r * r) + (r + 1.0f);
  const Floats y = (Floats)((Integers)q + ((Integers)t << 23));
  return x < -87.0f ? Floats{} : y;
}

#if LAMINA_SIMD_LEVEL == 2
constexpr Integers kOrder = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif LAMINA_SIMD_LEVEL == 1
constexpr Integers kOrder = {0, 1, 2, 3, 4, 5, 6, 7};
#else
constexpr Integers kOrder = {0, 1, 2, 3};
#endif
constexpr int kParts = kLanes / kFloats;

// 16 lanes halved until one is left: the same order whatever the width of a vector.
template <class F>
inline float fold(Floats* lanes, F together) {
  for (int half = kParts / 2; half; half /= 2)
    for (int j = 0; j < half; ++j) lanes[j] = together(lanes[j], lanes[j + half]);
  Floats x = lanes[0];
  for (int half = kFloats / 2; half; half /= 2) x = together(x, __builtin_shuffle(x, kOrder ^ half));
  return x[0];
}
inline Floats sum(Floats a, Floats b) { return a + b; }

// Rows are processed in whole groups of lanes. Those behind n count as hidden; writing that into memory would make the
// loads wait for it.
inline Floats hide_behind(Floats x, int64_t i, int64_t n) {
  const Integers place = kOrder + static_cast<int32_t>(i);
  return place < static_cast<int32_t>(n) ? x : spread(-3e38f);
}
// f(i, scores at i) for vectors that cover n.
template <class F>
inline void each_vector(const float* scores, int64_t n, F f) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kParts; ++j) f(i + j * kFloats, j, static_cast<Floats>(load(scores + i + j * kFloats)));
  if (i < n)
    for (int j = 0; j < kParts; ++j)
      f(i + j * kFloats, j, hide_behind(load(scores + i + j * kFloats), i + j * kFloats, n));
}

void weights(float* scores, int64_t rows, int64_t ld, int64_t n, float* state, float* shrink) {
  for (int64_t row = 0; row < rows; ++row, scores += ld, state += 2) {
    Floats most[kParts];
    for (int j = 0; j < kParts; ++j) most[j] = spread(-__builtin_inff());
    each_vector(scores, n, [&](int64_t, int j, Floats score) { most[j] = larger(score, most[j]); });
    const float best = fold(most, larger);  // a NaN that is lost here reaches the result through the sum
    const float before = state[0], now = best > before ? best : before;
    Floats total[kParts] = {};
    each_vector(scores, n, [&](int64_t i, int j, Floats score) {
      const Floats w = weight(score - now);
      store(scores + i, w);
      total[j] += w;
    });
    const float s = fold(total, sum);
    shrink[row] = before == now ? 1.0f : before == -__builtin_inff() ? 0.0f : weight(spread(before - now))[0];
    state[0] = now;
    state[1] = state[1] * shrink[row] + s;
  }
}

void weights_grad(float* scores, float* dweights, int64_t rows, int64_t ld, int64_t n, const float* state,
                  const float* delta, float scale) {
  for (int64_t row = 0; row < rows; ++row, scores += ld, dweights += ld) {
    const float m = state[2 * row], r = 1.0f / state[2 * row + 1], d = delta[row];
    each_vector(scores, n, [&](int64_t i, int, Floats score) {
      const Floats w = weight(score - m) * r, g = w * (load(dweights + i) - d) * scale;
      store(scores + i, w);
      store(dweights + i, score > -1e38f ? g : Floats{});
    });
  }
}

void scale_row(float* x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

void dots(const float* a, const float* b, int64_t rows, int64_t stride, int64_t n, float* out) {
  for (int64_t row = 0; row < rows; ++row, a += stride, b += stride) {
    Floats total[kParts] = {};
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes)
      for (int j = 0; j < kParts; ++j) total[j] += load(a + i + j * kFloats) * load(b + i + j * kFloats);
    float rest = 0;
    for (; i < n; ++i) rest += a[i] * b[i];
    out[row] = fold(total, sum) + rest;
  }
}

void add_row(float* x, const float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) x[i] += y[i];
}

constexpr AttentionLoops kLoops = {kLanes,       product,   product_across, transpose, weights,
                                   weights_grad, scale_row, dots,           add_row};

}  // namespace

const AttentionLoops& attention_loops_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
