#pragma once
// Discrete Fourier transforms along the last axis, of float32 or float64, without scaling either way. Complex numbers
// are two tensors, the real and the imaginary parts. Each op is linear, and the gradients of these are these again.
#include "backends/core/primitive.h"

namespace lamina {

// sum_j x_j exp(-2 pi i j k / n), or with the other sign in the exponent where it is `inverse`: (..., n) twice.
class FftOp final : public Primitive {
 public:
  explicit FftOp(bool inverse) : inverse(inverse) {}
  std::string_view name() const override { return "FFT"; }
  void attributes(Attributes& a) const override { a("inverse", inverse); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool inverse;
};

// The first n / 2 + 1 numbers of the transform of real ones: (..., n) -> (..., n / 2 + 1) twice.
class RealFftOp final : public Primitive {
 public:
  std::string_view name() const override { return "RealFFT"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

// The inverse transform of n / 2 + 1 numbers and their conjugates in reverse order: (..., n / 2 + 1) twice -> (..., n).
// Imaginary parts of the first number, and of the last where n is even, count as 0.
class HalfToRealOp final : public Primitive {
 public:
  explicit HalfToRealOp(int64_t n) : n(n) {}
  std::string_view name() const override { return "HalfToReal"; }
  void attributes(Attributes& a) const override { a("n", n); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const int64_t n;
};

namespace prim {
// Discrete Fourier transforms of the last axis, without a factor but 1/n for the inverse. Real and imaginary parts
// are
// tensors of one float dtype.
Tensors fft(const Tensor& real, const Tensor& imaginary, bool inverse);
Tensors real_fft(const Tensor& x);
Tensor half_to_real(const Tensor& real, const Tensor& imaginary, int64_t n);
}  // namespace prim
}  // namespace lamina
