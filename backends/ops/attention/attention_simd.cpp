// Built once an instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/attention/blocks.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/elementwise/vector_math.h"

#if LAMINA_SIMD_LEVEL == 2
constexpr int kFloats = 16;
#elif LAMINA_SIMD_LEVEL == 1
constexpr int kFloats = 8;
#else
constexpr int kFloats = 4;
#endif
typedef float Vector __attribute__((vector_size(kFloats * 4), aligned(4), may_alias));
constexpr int kLanes = 16;
constexpr int kRows = 6;  // rows of a tile: with two vectors a row its sums fill the registers

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

template <int rows, int vectors>
inline void tile(int64_t k, float alpha, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t ldb, float* c, int64_t ldc, bool add) {
  Vector sum[rows][vectors] = {};
  for (int64_t l = 0; l < k; ++l) {
    Vector x[vectors];
    for (int j = 0; j < vectors; ++j) x[j] = load(b + l * ldb + j * kFloats);
    for (int i = 0; i < rows; ++i) {
      const float y = a[i * a_row + l * a_column];
      for (int j = 0; j < vectors; ++j) sum[i][j] += y * x[j];
    }
  }
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < vectors; ++j) {
      float* to = c + i * ldc + j * kFloats;
      store(to, add ? load(to) + alpha * sum[i][j] : alpha * sum[i][j]);
    }
}

template <int vectors>
inline void panel(int64_t m, int64_t k, float alpha, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t ldb, float* c, int64_t ldc, bool add) {
  int64_t i = 0;
  for (; i + kRows <= m; i += kRows) tile<kRows, vectors>(k, alpha, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, add);
  a += i * a_row, c += i * ldc;
  switch (m - i) {
    case 5: return tile<5, vectors>(k, alpha, a, a_row, a_column, b, ldb, c, ldc, add);
    case 4: return tile<4, vectors>(k, alpha, a, a_row, a_column, b, ldb, c, ldc, add);
    case 3: return tile<3, vectors>(k, alpha, a, a_row, a_column, b, ldb, c, ldc, add);
    case 2: return tile<2, vectors>(k, alpha, a, a_row, a_column, b, ldb, c, ldc, add);
    case 1: return tile<1, vectors>(k, alpha, a, a_row, a_column, b, ldb, c, ldc, add);
  }
}

void product(int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t ldb, float* c, int64_t ldc, bool add) {
  int64_t j = 0;
  for (; j + 2 * kFloats <= n; j += 2 * kFloats) panel<2>(m, k, alpha, a, a_row, a_column, b + j, ldb, c + j, ldc, add);
  if (j + kFloats <= n) {
    panel<1>(m, k, alpha, a, a_row, a_column, b + j, ldb, c + j, ldc, add);
    j += kFloats;
  }
  for (; j < n; ++j)
    for (int64_t i = 0; i < m; ++i) {
      float sum = 0;
      for (int64_t l = 0; l < k; ++l) sum += a[i * a_row + l * a_column] * b[l * ldb + j];
      c[i * ldc + j] = add ? c[i * ldc + j] + alpha * sum : alpha * sum;
    }
}

void transpose(const float* from, int64_t rows, int64_t columns, int64_t stride, float* to, int64_t ld) {
  for (int64_t j = 0; j < columns; ++j) {
    float* row = to + j * ld;
    for (int64_t i = 0; i < rows; ++i) row[i] = from[i * stride + j];
    for (int64_t i = rows; i < ld; ++i) row[i] = 0;
  }
}

inline float fold(float* lanes) {
  for (int width = kLanes / 2; width; width /= 2)
    for (int l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  return lanes[0];
}

inline float max_of(const float* x, int64_t n) {
  float lanes[kLanes];
  for (int l = 0; l < kLanes; ++l) lanes[l] = x[0];
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
  for (int l = 0; i < n; ++i, ++l) lanes[l] = x[i] > lanes[l] ? x[i] : lanes[l];
  float best = lanes[0];
  for (int l = 1; l < kLanes; ++l) best = lanes[l] > best ? lanes[l] : best;
  return best;  // a NaN elsewhere in the row reaches the result through the sum
}

float weights(float* scores, int64_t n, float* m, float* s) {
  const float before = *m, here = max_of(scores, n), now = here > before ? here : before;
  float lanes[kLanes] = {};
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) scores[i] = fast_exp(scores[i] - now);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] += scores[i + l];
  for (int l = 0; i < n; ++i, ++l) lanes[l] += scores[i];
  const float shrink = before == now ? 1.0f : fast_exp(before - now);
  *m = now;
  *s = *s * shrink + fold(lanes);
  return shrink;
}

void weights_grad(float* scores, float* dweights, int64_t n, float m, float r, float delta, float scale) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float score = scores[i], w = fast_exp(score - m) * r, d = w * (dweights[i] - delta) * scale;
    scores[i] = w;
    dweights[i] = score > -1e38f ? d : 0.0f;
  }
}

void scale_row(float* x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

float dot(const float* a, const float* b, int64_t n) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  for (int l = 0; i < n; ++i, ++l) lanes[l] += a[i] * b[i];
  return fold(lanes);
}

void add_row(float* x, const float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) x[i] += y[i];
}

constexpr AttentionLoops kLoops = {2 * kFloats, product, transpose, weights, weights_grad, scale_row, dot, add_row};

}  // namespace

const AttentionLoops& attention_loops_table() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
