// Tiles of matrix products, built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/matmul/gemm.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

#include "backends/ops/matmul/transpose_simd.inc"

// A tile takes kRows x 2 vectors; with two of the right operand and one of the left they fill the registers.
#if LAMINA_SIMD_LEVEL == 2
constexpr int kWidth = 16, kRows = 12;
#elif LAMINA_SIMD_LEVEL == 1
constexpr int kWidth = 8, kRows = 6;
#else
constexpr int kWidth = 4, kRows = 6;
#endif
constexpr int kPanel = 2 * kWidth;
typedef float Vector __attribute__((vector_size(kWidth * sizeof(float)), aligned(4), may_alias));

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

template <int kCount>
void tile(const GemmStrip& s, const float* a, const float* c, float* y) {
  Vector sum[kCount][2] = {};
  const float* b = s.b;
  for (int64_t l = 0; l < s.k; ++l, b += kPanel, a += s.k_stride) {
    const Vector first = load(b), second = load(b + kWidth);
#pragma GCC unroll 16
    for (int r = 0; r < kCount; ++r) {
      const Vector factor = a[r * s.row_stride] - Vector{};
      sum[r][0] += factor * first;
      sum[r][1] += factor * second;
    }
  }
  if (s.columns == kPanel) {
#pragma GCC unroll 16
    for (int r = 0; r < kCount; ++r)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        const Vector product = s.alpha * sum[r][h];
        store(y + r * s.y_stride + h * kWidth, c ? load(c + r * s.y_stride + h * kWidth) + product : product);
      }
    return;
  }
  for (int r = 0; r < kCount; ++r) {
    float row[kPanel];
    store(row, s.alpha * sum[r][0]);
    store(row + kWidth, s.alpha * sum[r][1]);
    for (int j = 0; j < s.columns; ++j) y[r * s.y_stride + j] = c ? c[r * s.y_stride + j] + row[j] : row[j];
  }
}

template <int kCount>
void last_tile(const GemmStrip& s, int64_t rows, const float* a, const float* c, float* y) {
  if (rows == kCount)
    tile<kCount>(s, a, c, y);
  else if constexpr (kCount > 1)
    last_tile<kCount - 1>(s, rows, a, c, y);
}

void strip(const GemmStrip& s) {
  int64_t r = 0;
  for (; r + kRows <= s.rows; r += kRows)
    tile<kRows>(s, s.a + r * s.row_stride, s.c ? s.c + r * s.y_stride : nullptr, s.y + r * s.y_stride);
  if (r < s.rows)
    last_tile<kRows - 1>(s, s.rows - r, s.a + r * s.row_stride, s.c ? s.c + r * s.y_stride : nullptr,
                         s.y + r * s.y_stride);
}

void pack_rows(const float* b, int64_t stride, int64_t from, int64_t to, int64_t k, int64_t n, float* packed) {
  for (int64_t l = from; l < to; ++l) {
    const float* row = b + l * stride;
    float* target = packed + l * kPanel;
    int64_t j = 0;
    for (; j + kPanel <= n; j += kPanel, target += k * kPanel) {
      store(target, load(row + j));
      store(target + kWidth, load(row + j + kWidth));
    }
    if (j < n)
      for (int c = 0; c < kPanel; ++c) target[c] = j + c < n ? row[j + c] : 0;
  }
}

void pack_transposed(const float* b, int64_t stride, int64_t k, int columns, float* packed) {
  if (columns == kPanel) return transpose_blocks(b, stride, kPanel, k, packed, kPanel);
  for (int64_t l = 0; l < k; ++l)
    for (int j = 0; j < kPanel; ++j) packed[l * kPanel + j] = j < columns ? b[l + j * stride] : 0;
}

constexpr GemmBlocks kBlocks = {kPanel, pack_rows, pack_transposed, strip};

}  // namespace

const GemmBlocks& gemm_blocks_of_level() { return kBlocks; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
