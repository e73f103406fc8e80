#pragma once
// keras.ops.fft and its kin. Complex numbers are a pair of tensors, the real and the imaginary parts.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensors fft(const std::vector<Operand>& x);  // along the last axis
// The discrete Fourier transform along the last two axes.
Tensors fft2(const std::vector<Operand>& x);
Tensors ifft2(const std::vector<Operand>& x);  // divided by the number of elements
// The discrete Fourier transform of real numbers along the last axis: the first half, which tells the other.
Tensors rfft(const Operand& x, const std::optional<int64_t>& fft_length = {});
// The inverse of rfft.
Tensor irfft(const std::vector<Operand>& x, const std::optional<int64_t>& fft_length = {});
// The transforms of windows of `sequence_length`, `sequence_stride` apart, in the middle of `fft_length` numbers.
// `window`: "hann", "hamming", None for ones, or a vector; `center`: windows are centred at multiples of the stride.
Tensors stft(const Operand& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length,
             const Value& window = "hann", bool center = true);
Tensor istft(const std::vector<Operand>& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length,
             const std::optional<int64_t>& length = {}, const Value& window = "hann", bool center = true);
Tensor view_as_real(const Operand& x);  // real and imaginary parts along a last axis of size 2

// --- Windows of `x` places, in floatx (math_windows.cpp).
Tensor bartlett(const Operand& x);
Tensor blackman(const Operand& x);
Tensor hamming(const Operand& x);
Tensor hanning(const Operand& x);
Tensor kaiser(const Operand& x, const Operand& beta);
// The modified Bessel function of the first kind of order 0.
Tensor i0(const Operand& x);

}  // namespace lamina::ops
