// Built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/normalization/normalization_loops.h"

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
typedef float Floats __attribute__((vector_size(kFloats * 4)));
typedef float Unaligned __attribute__((vector_size(kFloats * 4), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(kFloats * 4)));
#if LAMINA_SIMD_LEVEL == 2
constexpr Integers kOrder = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif LAMINA_SIMD_LEVEL == 1
constexpr Integers kOrder = {0, 1, 2, 3, 4, 5, 6, 7};
#else
constexpr Integers kOrder = {0, 1, 2, 3};
#endif
constexpr int kLanes = 16, kParts = kLanes / kFloats;

// The values of an array at one place: a vector of them, or one.
struct VectorAt {
  int64_t i;
  Floats operator()(const float* x) const { return *reinterpret_cast<const Unaligned*>(x + i); }
};
struct ScalarAt {
  int64_t i;
  float operator()(const float* x) const { return x[i]; }
};

// The sum of term(at) over n places, in 16 lanes that are halved until one is left.
template <class F>
inline float sum_of(int64_t n, F term) {
  Floats lanes[kParts] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int j = 0; j < kParts; ++j) lanes[j] += term(VectorAt{i + j * kFloats});
  for (int half = kParts / 2; half; half /= 2)
    for (int j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  Floats x = lanes[0];
  for (int half = kFloats / 2; half; half /= 2) x += __builtin_shuffle(x, kOrder ^ half);
  float sum = x[0];
  for (; i < n; ++i) sum += term(ScalarAt{i});
  return sum;
}

inline float root(float x) { return __builtin_sqrtf(x); }

void row(const float* x, const float* scale, const float* offset, float epsilon, bool centred, float* y, float* mean,
         float* variance, int64_t n) {
  const float m = centred ? sum_of(n, [x](auto at) { return at(x); }) / static_cast<float>(n) : 0.0f;
  const float v = sum_of(n, [x, m](auto at) { return (at(x) - m) * (at(x) - m); }) / static_cast<float>(n);
  const float r = 1.0f / root(v + epsilon);
  if (scale && offset) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * r * scale[i] + offset[i];
  } else if (scale) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * r * scale[i];
  } else if (offset) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * r + offset[i];
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - m) * r;
  }
  *mean = m, *variance = v;
}

template <bool scaled>
inline void row_grad_of(const float* x, const float* scale, float m, float r, const float* g, bool centred, float* dx,
                        int64_t n) {
  auto a = [g, scale](auto at) {
    if constexpr (scaled)
      return at(g) * at(scale);
    else
      return at(g);
  };
  const float along = sum_of(n, [=](auto at) { return a(at) * ((at(x) - m) * r); }) / static_cast<float>(n);
  const float shift = centred ? sum_of(n, a) / static_cast<float>(n) : 0.0f;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) dx[i] = r * (a(ScalarAt{i}) - shift - (x[i] - m) * r * along);
}

void row_grad(const float* x, const float* scale, float m, float r, const float* g, bool centred, float* dx,
              float* dscale, float* doffset, int64_t n) {
  if (dscale) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) dscale[i] += g[i] * ((x[i] - m) * r);
  }
  if (doffset) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) doffset[i] += g[i];
  }
  if (scale)
    row_grad_of<true>(x, scale, m, r, g, centred, dx, n);
  else
    row_grad_of<false>(x, scale, m, r, g, centred, dx, n);
}

void add_columns(const float* x, int64_t rows, int64_t n, float* sum) {
  for (int64_t i = 0; i < rows; ++i) {
    const float* xi = x + i * n;
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) sum[j] += xi[j];
  }
}

void add_squares(const float* x, const float* mean, int64_t rows, int64_t n, float* sum) {
  for (int64_t i = 0; i < rows; ++i) {
    const float* xi = x + i * n;
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) sum[j] += (xi[j] - mean[j]) * (xi[j] - mean[j]);
  }
}

void affine_columns(const float* x, const float* mean, const float* factor, const float* offset, float* y, int64_t rows,
                    int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    const float* xi = x + i * n;
    float* yi = y + i * n;
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) yi[j] = (xi[j] - mean[j]) * factor[j] + offset[j];
  }
}

void add_grads(const float* x, const float* mean, const float* g, int64_t rows, int64_t n, float* sum, float* moment) {
  for (int64_t i = 0; i < rows; ++i) {
    const float *xi = x + i * n, *gi = g + i * n;
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) {
      sum[j] += gi[j];
      moment[j] += gi[j] * (xi[j] - mean[j]);
    }
  }
}

void grad_columns(const float* x, const float* mean, const float* g, const float* factor, const float* shift,
                  const float* slope, float* dx, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; ++i) {
    const float *xi = x + i * n, *gi = g + i * n;
    float* di = dx + i * n;
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) di[j] = (gi[j] - shift[j] - (xi[j] - mean[j]) * slope[j]) * factor[j];
  }
}

void run_moments(const float* x, int64_t n, float* mean, float* squares) {
  const float m = sum_of(n, [x](auto at) { return at(x); }) / static_cast<float>(n);
  *mean = m;
  *squares = sum_of(n, [x, m](auto at) { return (at(x) - m) * (at(x) - m); });
}

void run_affine(const float* x, float mean, float factor, float offset, float* y, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * factor + offset;
}

void run_grads(const float* x, float mean, const float* g, int64_t n, float* sum, float* moment) {
  *sum = sum_of(n, [g](auto at) { return at(g); });
  *moment = sum_of(n, [g, x, mean](auto at) { return at(g) * (at(x) - mean); });
}

void run_grad(const float* x, float mean, const float* g, float factor, float shift, float slope, float* dx,
              int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) dx[i] = (g[i] - shift - (x[i] - mean) * slope) * factor;
}

constexpr NormalizeLoops kLoops = {row,          row_grad,    add_columns, add_squares, affine_columns, add_grads,
                                   grad_columns, run_moments, run_affine,  run_grads,   run_grad};

}  // namespace

const NormalizeLoops& normalize_loops_of_level() { return kLoops; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
