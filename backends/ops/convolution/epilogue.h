#pragma once
// What a convolution's last step takes with it, while its result is in the cache: a bias, a residual sum, a relu, in this order.
#include "backends/ops/convolution/rows.h"

namespace lamina {

struct ConvolutionEpilogue {
  bool bias = false;      // + one value a channel
  bool residual = false;  // + a tensor of the result's shape
  bool relu = false;

  // The operands, float32; null where there is none.
  struct Operands {
    const float *bias, *residual;
    bool relu;
    // Of `rows` rows of `channels`, which begin at element `at` of the result y.
    void finish(float* y, int64_t at, int64_t rows, int64_t channels) const {
      if (bias || residual || relu) convolution_rows().finish(y + at, bias, residual ? residual + at : nullptr, rows, channels, relu);
    }
  };
  // From a kernel's inputs x, w, bias, residual, without those that it does not have.
  Operands of(const void* const* in) const {
    return {bias ? static_cast<const float*>(in[2]) : nullptr, residual ? static_cast<const float*>(in[2 + bias]) : nullptr, relu};
  }
};

}  // namespace lamina
