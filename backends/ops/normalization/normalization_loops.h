#pragma once
// The loops of normalisation in float32, built once per instruction set. Sums within a row run over a fixed number of
// lanes, sums over rows one row after the other, so that the bits depend on the shape alone.
#include <cstdint>

namespace lamina {

struct NormalizeLoops {
  // One row of n >= 1 elements; scale and offset may be null.
  void (*row)(const float* x, const float* scale, const float* offset, float epsilon, bool centred, float* y,
              float* mean, float* variance, int64_t n);
  // dx of one row; adds to dscale and doffset (n each, may be null).
  void (*row_grad)(const float* x, const float* scale, float mean, float r, const float* g, bool centred, float* dx,
                   float* dscale, float* doffset, int64_t n);

  // (rows, n), a column a channel.
  void (*add_columns)(const float* x, int64_t rows, int64_t n, float* sum);                     // sum += x
  void (*add_squares)(const float* x, const float* mean, int64_t rows, int64_t n, float* sum);  // sum += (x - mean)^2
  void (*affine_columns)(const float* x, const float* mean, const float* factor, const float* offset, float* y,
                         int64_t rows, int64_t n);  // (x - mean) factor + offset
  void (*add_grads)(const float* x, const float* mean, const float* g, int64_t rows, int64_t n, float* sum,
                    float* moment);  // sum += g, moment += g (x - mean)
  void (*grad_columns)(const float* x, const float* mean, const float* g, const float* factor, const float* shift,
                       const float* slope, float* dx, int64_t rows,
                       int64_t n);  // (g - shift - (x - mean) slope) factor

  // One channel's run of n elements.
  void (*run_moments)(const float* x, int64_t n, float* mean, float* squares);
  void (*run_affine)(const float* x, float mean, float factor, float offset, float* y, int64_t n);
  void (*run_grads)(const float* x, float mean, const float* g, int64_t n, float* sum, float* moment);
  void (*run_grad)(const float* x, float mean, const float* g, float factor, float shift, float slope, float* dx,
                   int64_t n);
};

// The loops for the processor's instruction set.
const NormalizeLoops& normalize_loops();

}  // namespace lamina
