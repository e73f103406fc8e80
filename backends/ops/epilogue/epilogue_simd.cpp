// Built once per instruction set (see cmake/LaminaToolchain.cmake).
#include "backends/ops/epilogue/epilogue.h"

namespace lamina {
namespace LAMINA_SIMD_NAMESPACE {
namespace {

template <bool kBias, bool kResidual, bool kRelu>
void finish_rows(float* y, const float* bias, const float* residual, int64_t rows, int64_t channels, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r, y += stride) {
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) {
      float v = y[c];
      if (kBias) v += bias[c];
      if (kResidual) v += residual[c];
      y[c] = kRelu ? (v < 0.0f ? 0.0f : v) : v;
    }
    if (kResidual) residual += stride;
  }
}

template <bool kBias, bool kResidual>
void finish_with(float* y, const float* bias, const float* residual, int64_t rows, int64_t channels, int64_t stride,
                 bool relu) {
  if (!kBias && channels == stride) channels *= rows, rows = 1;  // one long row
  if (relu)
    finish_rows<kBias, kResidual, true>(y, bias, residual, rows, channels, stride);
  else
    finish_rows<kBias, kResidual, false>(y, bias, residual, rows, channels, stride);
}

void finish(float* y, const float* bias, const float* residual, int64_t rows, int64_t channels, int64_t stride,
            bool relu) {
  if (bias && residual)
    finish_with<true, true>(y, bias, residual, rows, channels, stride, relu);
  else if (bias)
    finish_with<true, false>(y, bias, residual, rows, channels, stride, relu);
  else if (residual)
    finish_with<false, true>(y, bias, residual, rows, channels, stride, relu);
  else if (relu)
    finish_with<false, false>(y, bias, residual, rows, channels, stride, relu);
}

constexpr EpilogueRows kRows = {finish};

}  // namespace

const EpilogueRows& epilogue_rows_of_level() { return kRows; }

}  // namespace LAMINA_SIMD_NAMESPACE
}  // namespace lamina
