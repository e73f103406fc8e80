#pragma once
// What a matrix product's or a convolution's last step takes with it, while its result is in the cache: a bias, a
// residual sum, a relu, in this order. float32; the same bits as the primitives one by one.
#include <cstdint>

namespace lamina {

struct EpilogueRows {
  // y[r, c] += bias[c], then += residual[r, c], unless null; with relu what is below zero becomes zero (NaN stays).
  // Rows of y and residual are `stride` apart.
  void (*finish)(float* y, const float* bias, const float* residual, int64_t rows, int64_t channels, int64_t stride,
                 bool relu);
};

const EpilogueRows& epilogue_rows();  // built once per instruction set

// Which of the steps there are.
struct Epilogue {
  bool bias = false;      // + one value a channel (the result's last axis)
  bool residual = false;  // + a tensor of the result's shape
  bool relu = false;
  bool any() const { return bias || residual || relu; }

  // The operands; null where there is none.
  struct Operands {
    const float *bias = nullptr, *residual = nullptr;
    bool relu = false;
    // Of `rows` rows of `channels`, which begin at element `at` of the result y.
    void finish(float* y, int64_t at, int64_t rows, int64_t channels) const {
      finish(y, at, rows, channels, 0, channels);
    }
    // The same for rows of a matrix, `stride` apart, from column `column` on.
    void finish(float* y, int64_t at, int64_t rows, int64_t columns, int64_t column, int64_t stride) const {
      if (bias || residual || relu)
        epilogue_rows().finish(y + at, bias ? bias + column : nullptr, residual ? residual + at : nullptr, rows,
                               columns, stride, relu);
    }
  };
  // From a kernel's inputs: the two factors, bias, residual, without those that it does not have.
  Operands of(const void* const* in) const {
    return {bias ? static_cast<const float*>(in[2]) : nullptr,
            residual ? static_cast<const float*>(in[2 + bias]) : nullptr, relu};
  }
};

}  // namespace lamina
