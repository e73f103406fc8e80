// A vector times a matrix, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/matmul/vector_product.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#if LAMINA_SIMD_LEVEL == 2
constexpr int kWidth = 16;
#elif LAMINA_SIMD_LEVEL == 1
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif
typedef float Vector __attribute__((vector_size(kWidth * sizeof(float)), aligned(4), may_alias));

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

inline float fold(Vector v) {
  float sum[kWidth];
  store(sum, v);
  for (int width = kWidth / 2; width; width /= 2)
    for (int l = 0; l < width; ++l) sum[l] += sum[l + width];
  return sum[0];
}

// Columns [0, (kCount - 1) * kWidth) and the kWidth columns from `last` on, which may overlap them: all of one block
// stay in registers over the whole of k.
template <int kCount>
void combine_block(const float* x, const float* w, int64_t stride, int64_t k, int64_t last, float* y) {
  Vector sum[kCount] = {};
  for (int64_t i = 0; i < k; ++i, w += stride) {
    const Vector factor = x[i] - Vector{};
#pragma GCC unroll 16
    for (int c = 0; c < kCount - 1; ++c) sum[c] += factor * load(w + c * kWidth);
    sum[kCount - 1] += factor * load(w + last);
  }
#pragma GCC unroll 16
  for (int c = 0; c < kCount - 1; ++c) store(y + c * kWidth, sum[c]);
  store(y + last, sum[kCount - 1]);
}

void combine_rows(const float* x, const float* w, int64_t stride, int64_t k, int64_t n, float* y) {
  constexpr int kBlock = 8;
  constexpr decltype(&combine_block<1>) kBlocks[] = {nullptr,          combine_block<1>, combine_block<2>,
                                                     combine_block<3>, combine_block<4>, combine_block<5>,
                                                     combine_block<6>, combine_block<7>, combine_block<8>};
  if (n < kWidth) {
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t i = 0; i < k; ++i) sum += x[i] * w[i * stride + j];
      y[j] = sum;
    }
    return;
  }
  for (int64_t j = 0; j < n;) {
    const int64_t left = n - j, count = left >= kBlock * kWidth ? kBlock : (left + kWidth - 1) / kWidth;
    const int64_t columns = count * kWidth < left ? count * kWidth : left;
    // A last block narrower than a vector begins further left, over columns that are done.
    const int64_t from = columns < kWidth ? n - kWidth : j;
    kBlocks[count](x, w + from, stride, k, (columns < kWidth ? kWidth : columns) - kWidth, y + from);
    j += columns;
  }
}

// y += kRows rows of w, each times its x.
template <int kRows>
void add_rows(const float* x, const float* w, int64_t stride, int64_t n, float* y) {
  Vector factor[kRows];
  for (int r = 0; r < kRows; ++r) factor[r] = x[r] - Vector{};
  int64_t j = 0;
  for (; j + 2 * kWidth <= n; j += 2 * kWidth) {
    Vector first = load(y + j), second = load(y + j + kWidth);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      first += factor[r] * load(w + r * stride + j);
      second += factor[r] * load(w + r * stride + j + kWidth);
    }
    store(y + j, first);
    store(y + j + kWidth, second);
  }
  for (; j < n; ++j)
    for (int r = 0; r < kRows; ++r) y[j] += x[r] * w[r * stride + j];
}

void stream_rows(const float* x, const float* w, int64_t stride, int64_t k, int64_t n, float* y) {
  for (int64_t j = 0; j < n; ++j) y[j] = 0;
  int64_t i = 0;
  for (; i + 8 <= k; i += 8) add_rows<8>(x + i, w + i * stride, stride, n, y);
  for (; i < k; ++i) add_rows<1>(x + i, w + i * stride, stride, n, y);
}

template <int kRows>
void dot_block(const float* x, const float* w, int64_t stride, int64_t k, float* y) {
  constexpr int kChains = kRows == 1 ? 4 : 2;  // enough sums under way to hide an addition's latency
  Vector sum[kRows][kChains] = {};
  int64_t i = 0;
  for (; i + kChains * kWidth <= k; i += kChains * kWidth)
#pragma GCC unroll 4
    for (int c = 0; c < kChains; ++c) {
      const Vector factor = load(x + i + c * kWidth);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) sum[r][c] += factor * load(w + r * stride + i + c * kWidth);
    }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    Vector all = sum[r][0];
#pragma GCC unroll 4
    for (int c = 1; c < kChains; ++c) all += sum[r][c];
    float rest = 0;
    for (int64_t t = i; t < k; ++t) rest += x[t] * w[r * stride + t];
    y[r] = fold(all) + rest;
  }
}

void dot_rows(const float* x, const float* w, int64_t stride, int64_t k, int64_t n, float* y) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) dot_block<4>(x, w + j * stride, stride, k, y + j);
  for (; j < n; ++j) dot_block<1>(x, w + j * stride, stride, k, y + j);
}

constexpr VectorProducts kProducts = {combine_rows, stream_rows, dot_rows};

}  // namespace

const VectorProducts& vector_products_of_level() { return kProducts; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
