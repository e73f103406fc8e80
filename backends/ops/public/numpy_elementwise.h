#pragma once
// keras.ops, elementwise arithmetic and functions. Operands broadcast; dtypes promote as Keras' result_type says.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor add(const Operand& x1, const Operand& x2);  // bools: logical or
Tensor subtract(const Operand& x1, const Operand& x2);
Tensor multiply(const Operand& x1, const Operand& x2);  // bools: logical and
Tensor divide(const Operand& x1, const Operand& x2);    // floating point
Tensor true_divide(const Operand& x1, const Operand& x2);
Tensor divide_no_nan(const Operand& x1, const Operand& x2);
Tensor floor_divide(const Operand& x1, const Operand& x2);
Tensor mod(const Operand& x1, const Operand& x2);   // the sign of x2
Tensor fmod(const Operand& x1, const Operand& x2);  // the sign of x1
Tensor power(const Operand& x1, const Operand& x2);
Tensor maximum(const Operand& x1, const Operand& x2);
Tensor minimum(const Operand& x1, const Operand& x2);
Tensor fmax(const Operand& x1, const Operand& x2);
Tensor fmin(const Operand& x1, const Operand& x2);
Tensor arctan2(const Operand& x1, const Operand& x2);
Tensor hypot(const Operand& x1, const Operand& x2);
Tensor nextafter(const Operand& x1, const Operand& x2);
Tensor logaddexp(const Operand& x1, const Operand& x2);
Tensor logaddexp2(const Operand& x1, const Operand& x2);
Tensor heaviside(const Operand& x1, const Operand& x2);
Tensor ldexp(const Operand& x1, const Operand& x2);

Tensor negative(const Operand& x);
Tensor abs(const Operand& x);
Tensor absolute(const Operand& x);
Tensor fabs(const Operand& x);
Tensor sign(const Operand& x);
Tensor square(const Operand& x);
Tensor sqrt(const Operand& x);
Tensor rsqrt(const Operand& x);
Tensor cbrt(const Operand& x);
Tensor reciprocal(const Operand& x);
Tensor exp(const Operand& x);
Tensor exp2(const Operand& x);
Tensor expm1(const Operand& x);
Tensor log(const Operand& x);
Tensor log2(const Operand& x);
Tensor log10(const Operand& x);
Tensor log1p(const Operand& x);
Tensor sin(const Operand& x);
Tensor cos(const Operand& x);
Tensor tan(const Operand& x);
Tensor arcsin(const Operand& x);
Tensor arccos(const Operand& x);
Tensor arctan(const Operand& x);
Tensor sinh(const Operand& x);
Tensor cosh(const Operand& x);
Tensor tanh(const Operand& x);
Tensor arcsinh(const Operand& x);
Tensor arccosh(const Operand& x);
Tensor arctanh(const Operand& x);
Tensor sinc(const Operand& x);
Tensor deg2rad(const Operand& x);
Tensor rad2deg(const Operand& x);
Tensor floor(const Operand& x);
Tensor ceil(const Operand& x);
Tensor trunc(const Operand& x);
Tensor round(const Operand& x, int decimals = 0);  // halves to even
Tensor clip(const Operand& x, const std::optional<Operand>& x_min, const std::optional<Operand>& x_max);
Tensor nan_to_num(const Operand& x, double nan = 0, const std::optional<double>& posinf = {},
                  const std::optional<double>& neginf = {});
Tensor angle(const Operand& x);
Tensor real(const Operand& x);
Tensor imag(const Operand& x);
Tensor conj(const Operand& x);
Tensor conjugate(const Operand& x);
Tensor erf(const Operand& x);
Tensor erfc(const Operand& x);
Tensor erfinv(const Operand& x);

}  // namespace lamina::ops
