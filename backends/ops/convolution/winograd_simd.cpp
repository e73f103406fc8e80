// The loops of winograd.h (see cmake/LaminaToolchain.cmake).
#pragma GCC diagnostic ignored "-Wpsabi"  // nothing leaves this file
#include <cstring>
#include <type_traits>

#include "backends/ops/convolution/winograd.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

typedef float Floats __attribute__((vector_size(32)));

template <class V = Floats>
inline V load(const float* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
template <class V>
inline void store(float* to, V v) {
  std::memcpy(to, &v, sizeof v);
}

// G x of three values, G^T x of four, B^T x of four, A^T x of four, A x of two.
template <class T>
inline void g(T a, T b, T c, T (&out)[4]) {
  const T even = (a + c) * 0.5f, odd = b * 0.5f;
  out[0] = a, out[1] = even + odd, out[2] = even - odd, out[3] = c;
}
template <class T>
inline void g_transposed(T a, T b, T c, T d, T (&out)[3]) {
  const T sum = (b + c) * 0.5f;
  out[0] = a + sum, out[1] = (b - c) * 0.5f, out[2] = sum + d;
}
template <class T>
inline void b_transposed(T a, T b, T c, T d, T (&out)[4]) {
  out[0] = a - c, out[1] = b + c, out[2] = c - b, out[3] = b - d;
}

void kernel(const float* w, int64_t n, bool flipped, float* u, int64_t begin, int64_t end) {
  const float* plane[9];
  for (int64_t i = 0; i < 9; ++i) plane[i] = w + (flipped ? 8 - i : i) * n;
#pragma GCC ivdep
  for (int64_t e = begin; e < end; ++e) {
    float columns[3][4];
    for (int s = 0; s < 3; ++s) g(plane[s][e], plane[3 + s][e], plane[6 + s][e], columns[s]);
    for (int r = 0; r < 4; ++r) {
      float row[4];
      g(columns[0][r], columns[1][r], columns[2][r], row);
      for (int s = 0; s < 4; ++s) u[(r * 4 + s) * n + e] = row[s];
    }
  }
}

void kernel_grad(const float* u, int64_t n, float* w, int64_t begin, int64_t end) {
#pragma GCC ivdep
  for (int64_t e = begin; e < end; ++e) {
    float columns[4][3];
    for (int s = 0; s < 4; ++s)
      g_transposed(u[s * n + e], u[(4 + s) * n + e], u[(8 + s) * n + e], u[(12 + s) * n + e], columns[s]);
    for (int r = 0; r < 3; ++r) {
      float row[3];
      g_transposed(columns[0][r], columns[1][r], columns[2][r], columns[3][r], row);
      for (int s = 0; s < 3; ++s) w[(r * 3 + s) * n + e] = row[s];
    }
  }
}

void input(const float* const* places, int64_t channels, float* v, int64_t stride) {
  for (int64_t c = 0; c < channels; c += 8) {
    Floats columns[4][4];
    for (int s = 0; s < 4; ++s)
      b_transposed(load(places[s] + c), load(places[4 + s] + c), load(places[8 + s] + c), load(places[12 + s] + c),
                   columns[s]);
    for (int r = 0; r < 4; ++r) {
      Floats row[4];
      b_transposed(columns[0][r], columns[1][r], columns[2][r], columns[3][r], row);
      for (int s = 0; s < 4; ++s) store(v + (r * 4 + s) * stride + c, row[s]);
    }
  }
}

void output(const float* m, int64_t stride, int64_t channels, const float* bias, const float* const* residual,
            bool relu, float* const* places) {
  for (int64_t c = 0; c < channels; c += 8) {
    const Floats zero = {}, b = bias ? load(bias + c) : zero;
    Floats top[4], bottom[4];
    for (int s = 0; s < 4; ++s) {
      const Floats m0 = load(m + s * stride + c), m1 = load(m + (4 + s) * stride + c),
                   m2 = load(m + (8 + s) * stride + c), m3 = load(m + (12 + s) * stride + c);
      top[s] = m0 + m1 + m2;
      bottom[s] = m1 - m2 - m3;
    }
    Floats y[4] = {top[0] + top[1] + top[2] + b, top[1] - top[2] - top[3] + b, bottom[0] + bottom[1] + bottom[2] + b,
                   bottom[1] - bottom[2] - bottom[3] + b};
    if (residual)
      for (int i = 0; i < 4; ++i) y[i] += load(residual[i] + c);
    for (int i = 0; i < 4; ++i) store(places[i] + c, relu ? (y[i] < zero ? zero : y[i]) : y[i]);
  }
}

void output_grad(const float* const* places, int64_t channels, float* m, int64_t stride, float* bias) {
  for (int64_t c = 0; c < channels; c += 8) {
    const Floats p = load(places[0] + c), q = load(places[1] + c), r = load(places[2] + c), s = load(places[3] + c);
    const Floats left[4] = {p, p + r, p - r, -r}, right[4] = {q, q + s, q - s, -s};
    for (int i = 0; i < 4; ++i) {
      float* to = m + i * 4 * stride + c;
      store(to, left[i]);
      store(to + stride, left[i] + right[i]);
      store(to + 2 * stride, left[i] - right[i]);
      store(to + 3 * stride, -right[i]);
    }
    if (bias) store(bias + c, load(bias + c) + ((p + q) + (r + s)));
  }
}

// The products' vectors and rows: as many results as registers hold beside the operands.
#if defined(__AVX512F__)
typedef float Widest __attribute__((vector_size(64)));
constexpr int kMostRows = 12;
#else
typedef Floats Widest;
constexpr int kMostRows = 6;
#endif
template <class V>
constexpr int kLanes = sizeof(V) / sizeof(float);

// kRows x kVectors results in registers; loops over them must be unrolled early, or they go through memory.
#define UNROLL _Pragma("GCC unroll 12")
template <class V, int kRows, int kVectors>
inline void product_block(const float* v, const float* u, float* m, int64_t c, int64_t k) {
  V sum[kRows][kVectors] = {};
  for (int64_t i = 0; i < c; ++i) {
    V b[kVectors];
    UNROLL for (int j = 0; j < kVectors; ++j) b[j] = load<V>(u + i * k + kLanes<V> * j);
    UNROLL for (int r = 0; r < kRows; ++r) {
      const float a = v[r * c + i];
      UNROLL for (int j = 0; j < kVectors; ++j) sum[r][j] += a * b[j];
    }
  }
  UNROLL for (int r = 0; r < kRows; ++r) UNROLL for (int j = 0; j < kVectors; ++j)
      store<V>(m + r * k + kLanes<V> * j, sum[r][j]);
}

// f(vector type's zero, vectors, first column) for blocks of columns, the widest first. k is a multiple of 8.
template <class F>
inline void each_column_block(int64_t k, F&& f) {
  constexpr int64_t kBoth = 2 * kLanes<Widest>;
  int64_t at = 0;
  for (; at + kBoth <= k; at += kBoth) f(Widest{}, std::integral_constant<int, 2>{}, at);
  if (at + kLanes<Widest> <= k) {
    f(Widest{}, std::integral_constant<int, 1>{}, at);
    at += kLanes<Widest>;
  }
  if constexpr (kLanes < Widest >> 8)
    if (at < k) f(Floats{}, std::integral_constant<int, 1>{}, at);
}

template <int kRows>
inline void product_rows(const float* v, const float* u, float* m, int64_t c, int64_t k) {
  each_column_block(k, [&](auto zero, auto vectors, int64_t at) {
    product_block<decltype(zero), kRows, decltype(vectors)::value>(v, u + at, m + at, c, k);
  });
}

void product(const float* v, const float* u, float* m, int64_t rows, int64_t c, int64_t k) {
  int64_t r = 0;
  for (; r + kMostRows <= rows; r += kMostRows) product_rows<kMostRows>(v + r * c, u, m + r * k, c, k);
  if constexpr (kMostRows > 8)
    for (; r + 8 <= rows; r += 8) product_rows<8>(v + r * c, u, m + r * k, c, k);
  for (; r + 4 <= rows; r += 4) product_rows<4>(v + r * c, u, m + r * k, c, k);
  for (; r + 2 <= rows; r += 2) product_rows<2>(v + r * c, u, m + r * k, c, k);
  if (r < rows) product_rows<1>(v + r * c, u, m + r * k, c, k);
}

// u[i, j] += sum over rows of v[row, i] m[row, j] for kRows of i.
template <class V, int kRows, int kVectors>
inline void outer_block(const float* v, const float* m, float* u, int64_t rows, int64_t c, int64_t k) {
  V sum[kRows][kVectors];
  UNROLL for (int i = 0; i < kRows; ++i) UNROLL for (int j = 0; j < kVectors; ++j) sum[i][j] =
      load<V>(u + i * k + kLanes<V> * j);
  for (int64_t r = 0; r < rows; ++r) {
    V b[kVectors];
    UNROLL for (int j = 0; j < kVectors; ++j) b[j] = load<V>(m + r * k + kLanes<V> * j);
    UNROLL for (int i = 0; i < kRows; ++i) {
      const float a = v[r * c + i];
      UNROLL for (int j = 0; j < kVectors; ++j) sum[i][j] += a * b[j];
    }
  }
  UNROLL for (int i = 0; i < kRows; ++i) UNROLL for (int j = 0; j < kVectors; ++j)
      store<V>(u + i * k + kLanes<V> * j, sum[i][j]);
}

template <int kRows>
inline void outer_rows(const float* v, const float* m, float* u, int64_t rows, int64_t c, int64_t k) {
  each_column_block(k, [&](auto zero, auto vectors, int64_t at) {
    outer_block<decltype(zero), kRows, decltype(vectors)::value>(v, m + at, u + at, rows, c, k);
  });
}

void outer_product(const float* v, const float* m, float* u, int64_t rows, int64_t c, int64_t k) {
  int64_t i = 0;
  for (; i + kMostRows <= c; i += kMostRows) outer_rows<kMostRows>(v + i, m, u + i * k, rows, c, k);
  if constexpr (kMostRows > 6)
    for (; i + 6 <= c; i += 6) outer_rows<6>(v + i, m, u + i * k, rows, c, k);
  for (; i + 2 <= c; i += 2) outer_rows<2>(v + i, m, u + i * k, rows, c, k);
}

constexpr WinogradLoops kLoops = {kernel, kernel_grad, input, output, output_grad, product, outer_product};

}  // namespace

const WinogradLoops& winograd_loops_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
