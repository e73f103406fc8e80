#pragma once
// The convolutions' loops over channels in float32, built once per instruction set.
#include <cstdint>

namespace lamina {

struct ConvolutionLoops {
  // to[i] += from[i].
  void (*accumulate)(float* to, const float* from, int64_t n);
  // One row of `places` windows: sum[j, f] += sum over p of x[p * step + offsets[j]] * g[p, f] for j < count; and of g
  // alone to bias, unless null. filters is a multiple of 8.
  void (*outer_products)(const float* x, int64_t step, const int64_t* offsets, int64_t count, const float* g,
                         int64_t places, int64_t filters, float* sum, float* bias);
  // A row of `places` 2x2 max poolings of convolution + bias, with relu if asked: the four windows of place p begin at
  // x + 2 p step + {0, step, row, row + step}; window element i at offsets[i] has weights w[i, filters]. index, unless
  // null: which of the four is the first largest. filters is a multiple of 8.
  void (*pooled_row)(const float* x, int64_t step, int64_t row, const int64_t* offsets, int64_t count, const float* w,
                     const float* bias, bool relu, int64_t places, int64_t filters, float* y, uint8_t* index);
  // The gradient of w and bias for such a row: sum[j, f] += sum over p of x[the window that index[p, f] names, element
  // j] * g[p, f].
  void (*pooled_outer_products)(const float* x, int64_t step, int64_t row, const int64_t* offsets, int64_t count,
                                const float* g, const uint8_t* index, int64_t places, int64_t filters, float* sum,
                                float* bias);
};

// The loops for the processor's instruction set.
const ConvolutionLoops& convolution_rows();

}  // namespace lamina
