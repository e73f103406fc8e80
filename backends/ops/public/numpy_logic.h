#pragma once
// keras.ops, comparisons, logic and bits. Comparisons and logic give bool.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// x1 == x2, elementwise.
Tensor equal(const Operand& x1, const Operand& x2);
// x1 != x2, elementwise.
Tensor not_equal(const Operand& x1, const Operand& x2);
// x1 < x2, elementwise.
Tensor less(const Operand& x1, const Operand& x2);
// x1 <= x2, elementwise.
Tensor less_equal(const Operand& x1, const Operand& x2);
// x1 > x2, elementwise.
Tensor greater(const Operand& x1, const Operand& x2);
// x1 >= x2, elementwise.
Tensor greater_equal(const Operand& x1, const Operand& x2);
// True where both are non-zero.
Tensor logical_and(const Operand& x1, const Operand& x2);
// True where either is non-zero.
Tensor logical_or(const Operand& x1, const Operand& x2);
// True where exactly one is non-zero.
Tensor logical_xor(const Operand& x1, const Operand& x2);
// True where x is zero.
Tensor logical_not(const Operand& x);
// True where x is NaN.
Tensor isnan(const Operand& x);
// True where x is infinite.
Tensor isinf(const Operand& x);
// True where x is neither infinite nor NaN.
Tensor isfinite(const Operand& x);
// True where x is plus infinity.
Tensor isposinf(const Operand& x);
// True where x is minus infinity.
Tensor isneginf(const Operand& x);
// True where the imaginary part is 0: everywhere.
Tensor isreal(const Operand& x);
// True where the sign bit is set (x < 0, or -0.0).
Tensor signbit(const Operand& x);
// |x1 - x2| <= atol + rtol |x2|, elementwise; equal infinities are close.
Tensor isclose(const Operand& x1, const Operand& x2, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
// Whether isclose holds everywhere, as a bool scalar.
Tensor allclose(const Operand& x1, const Operand& x2, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
// x1 where the condition holds, x2 elsewhere, with broadcasting. With the condition alone: its non-zero places.
Tensor where(const Operand& condition, const Operand& x1, const Operand& x2);
Tensors where(const Operand& condition);  // the places of the true elements; needs data
// Bits set in both.
Tensor bitwise_and(const Operand& x, const Operand& y);
// Bits set in either.
Tensor bitwise_or(const Operand& x, const Operand& y);
// Bits set in exactly one.
Tensor bitwise_xor(const Operand& x, const Operand& y);
// Every bit flipped.
Tensor bitwise_invert(const Operand& x);
// Every bit flipped.
Tensor bitwise_not(const Operand& x);
// The bits of x moved y places up.
Tensor bitwise_left_shift(const Operand& x, const Operand& y);
// The bits of x moved y places down, the sign kept.
Tensor bitwise_right_shift(const Operand& x, const Operand& y);
// The bits of x moved y places up.
Tensor left_shift(const Operand& x, const Operand& y);
// The bits of x moved y places down, the sign kept.
Tensor right_shift(const Operand& x, const Operand& y);
// The greatest common divisor.
Tensor gcd(const Operand& x1, const Operand& x2);
// The least common multiple.
Tensor lcm(const Operand& x1, const Operand& x2);

}  // namespace lamina::ops
