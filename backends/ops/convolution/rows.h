#pragma once
// The convolutions' loops over channels in float32, built once an instruction set.
#include <cstdint>

namespace lamina {

struct ConvolutionRows {
  // y[r, c] += bias[c], and with relu what is below zero becomes zero (NaN stays).
  void (*add_bias)(float* y, const float* bias, int64_t rows, int64_t channels, bool relu);
  // to[i] += from[i].
  void (*accumulate)(float* to, const float* from, int64_t n);
  // One row of `places` windows: sum[j, f] += sum over p of x[p * step + offsets[j]] * g[p, f] for j < count; and of g alone to
  // bias, unless null. filters is a multiple of 8.
  void (*outer_products)(const float* x, int64_t step, const int64_t* offsets, int64_t count, const float* g, int64_t places, int64_t filters, float* sum, float* bias);
};

const ConvolutionRows& convolution_rows();

}  // namespace lamina
