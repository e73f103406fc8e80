#pragma once
// The convolutions' loops over channels in float32, built once an instruction set.
#include <cstdint>

namespace lamina {

struct ConvolutionRows {
  // y[r, c] += bias[c], and with relu what is below zero becomes zero (NaN stays).
  void (*add_bias)(float* y, const float* bias, int64_t rows, int64_t channels, bool relu);
};

const ConvolutionRows& convolution_rows();

}  // namespace lamina
