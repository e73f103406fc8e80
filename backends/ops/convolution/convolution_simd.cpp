// The loops of rows.h (see cmake/LaminaToolchain.cmake).
#include "backends/ops/convolution/rows.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

template <bool kRelu>
void add_bias_rows(float* y, const float* bias, int64_t rows, int64_t channels) {
  for (int64_t r = 0; r < rows; ++r, y += channels)
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) {
      const float v = y[c] + bias[c];
      y[c] = kRelu ? (v < 0.0f ? 0.0f : v) : v;
    }
}

void add_bias(float* y, const float* bias, int64_t rows, int64_t channels, bool relu) {
  if (relu) add_bias_rows<true>(y, bias, rows, channels);
  else add_bias_rows<false>(y, bias, rows, channels);
}

constexpr ConvolutionRows kRows = {add_bias};

}  // namespace

const ConvolutionRows& convolution_rows_table() { return kRows; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
