#pragma once
// keras.ops, comparisons, logic and bits. Comparisons and logic give bool.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor equal(const Operand& x1, const Operand& x2);
Tensor not_equal(const Operand& x1, const Operand& x2);
Tensor less(const Operand& x1, const Operand& x2);
Tensor less_equal(const Operand& x1, const Operand& x2);
Tensor greater(const Operand& x1, const Operand& x2);
Tensor greater_equal(const Operand& x1, const Operand& x2);
Tensor logical_and(const Operand& x1, const Operand& x2);
Tensor logical_or(const Operand& x1, const Operand& x2);
Tensor logical_xor(const Operand& x1, const Operand& x2);
Tensor logical_not(const Operand& x);
Tensor isnan(const Operand& x);
Tensor isinf(const Operand& x);
Tensor isfinite(const Operand& x);
Tensor isposinf(const Operand& x);
Tensor isneginf(const Operand& x);
Tensor isreal(const Operand& x);
Tensor signbit(const Operand& x);
Tensor isclose(const Operand& x1, const Operand& x2, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
Tensor allclose(const Operand& x1, const Operand& x2, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
Tensor where(const Operand& condition, const Operand& x1, const Operand& x2);
Tensors where(const Operand& condition);  // the places of the true elements; needs data
Tensor bitwise_and(const Operand& x, const Operand& y);
Tensor bitwise_or(const Operand& x, const Operand& y);
Tensor bitwise_xor(const Operand& x, const Operand& y);
Tensor bitwise_invert(const Operand& x);
Tensor bitwise_not(const Operand& x);
Tensor bitwise_left_shift(const Operand& x, const Operand& y);
Tensor bitwise_right_shift(const Operand& x, const Operand& y);
Tensor left_shift(const Operand& x, const Operand& y);
Tensor right_shift(const Operand& x, const Operand& y);
Tensor gcd(const Operand& x1, const Operand& x2);
Tensor lcm(const Operand& x1, const Operand& x2);

}  // namespace lamina::ops
