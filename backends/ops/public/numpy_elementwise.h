#pragma once
// keras.ops, elementwise arithmetic and functions. Operands broadcast; dtypes promote as Keras' result_type says.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor add(const Operand& x1, const Operand& x2);  // bools: logical or
// x1 - x2, elementwise with broadcasting.
Tensor subtract(const Operand& x1, const Operand& x2);
Tensor multiply(const Operand& x1, const Operand& x2);  // bools: logical and
Tensor divide(const Operand& x1, const Operand& x2);    // floating point
// x1 / x2 in floating point; another name of divide.
Tensor true_divide(const Operand& x1, const Operand& x2);
// x1 / x2, and 0 where x2 is 0.
Tensor divide_no_nan(const Operand& x1, const Operand& x2);
// The largest integer not above x1 / x2, in the operands' dtype.
Tensor floor_divide(const Operand& x1, const Operand& x2);
Tensor mod(const Operand& x1, const Operand& x2);   // the sign of x2
Tensor fmod(const Operand& x1, const Operand& x2);  // the sign of x1
// x1 raised to x2, elementwise.
Tensor power(const Operand& x1, const Operand& x2);
// The larger of x1 and x2, elementwise; NaN where either is NaN.
Tensor maximum(const Operand& x1, const Operand& x2);
// The smaller of x1 and x2, elementwise; NaN where either is NaN.
Tensor minimum(const Operand& x1, const Operand& x2);
// The larger of x1 and x2, elementwise; a NaN yields the other operand.
Tensor fmax(const Operand& x1, const Operand& x2);
// The smaller of x1 and x2, elementwise; a NaN yields the other operand.
Tensor fmin(const Operand& x1, const Operand& x2);
// The angle of the point (x2, x1), in -pi..pi.
Tensor arctan2(const Operand& x1, const Operand& x2);
// sqrt(x1^2 + x2^2) without overflow on the way.
Tensor hypot(const Operand& x1, const Operand& x2);
// The representable number next to x1 in the direction of x2.
Tensor nextafter(const Operand& x1, const Operand& x2);
// log(exp(x1) + exp(x2)) without overflow.
Tensor logaddexp(const Operand& x1, const Operand& x2);
// log2(2^x1 + 2^x2) without overflow.
Tensor logaddexp2(const Operand& x1, const Operand& x2);
// 0 below zero, 1 above zero, x2 at zero.
Tensor heaviside(const Operand& x1, const Operand& x2);
// x1 * 2^x2.
Tensor ldexp(const Operand& x1, const Operand& x2);

// -x, elementwise.
Tensor negative(const Operand& x);
// The absolute value, elementwise.
Tensor abs(const Operand& x);
// The absolute value, elementwise.
Tensor absolute(const Operand& x);
// The absolute value in floating point, elementwise.
Tensor fabs(const Operand& x);
// -1, 0 or 1 as x is negative, zero or positive.
Tensor sign(const Operand& x);
// x * x, elementwise.
Tensor square(const Operand& x);
// The square root, elementwise.
Tensor sqrt(const Operand& x);
// 1 / sqrt(x), elementwise.
Tensor rsqrt(const Operand& x);
// The cube root, elementwise; negative for negative x.
Tensor cbrt(const Operand& x);
// 1 / x, elementwise.
Tensor reciprocal(const Operand& x);
// e^x, elementwise.
Tensor exp(const Operand& x);
// 2^x, elementwise.
Tensor exp2(const Operand& x);
// e^x - 1, exact near 0.
Tensor expm1(const Operand& x);
// The natural logarithm, elementwise.
Tensor log(const Operand& x);
// The logarithm to base 2, elementwise.
Tensor log2(const Operand& x);
// The logarithm to base 10, elementwise.
Tensor log10(const Operand& x);
// log(1 + x), exact near 0.
Tensor log1p(const Operand& x);
// The sine of x radians.
Tensor sin(const Operand& x);
// The cosine of x radians.
Tensor cos(const Operand& x);
// The tangent of x radians.
Tensor tan(const Operand& x);
// The angle in -pi/2..pi/2 whose sine is x.
Tensor arcsin(const Operand& x);
// The angle in 0..pi whose cosine is x.
Tensor arccos(const Operand& x);
// The angle in -pi/2..pi/2 whose tangent is x.
Tensor arctan(const Operand& x);
// (e^x - e^-x) / 2, elementwise.
Tensor sinh(const Operand& x);
// (e^x + e^-x) / 2, elementwise.
Tensor cosh(const Operand& x);
// sinh(x) / cosh(x), in -1..1.
Tensor tanh(const Operand& x);
// The number whose sinh is x.
Tensor arcsinh(const Operand& x);
// The non-negative number whose cosh is x (x >= 1).
Tensor arccosh(const Operand& x);
// The number whose tanh is x (-1 < x < 1).
Tensor arctanh(const Operand& x);
// sin(pi x) / (pi x), and 1 at 0.
Tensor sinc(const Operand& x);
// Degrees to radians.
Tensor deg2rad(const Operand& x);
// Radians to degrees.
Tensor rad2deg(const Operand& x);
// The largest integer not above x, in floating point.
Tensor floor(const Operand& x);
// The smallest integer not below x, in floating point.
Tensor ceil(const Operand& x);
// x without its fraction; integers stay as they are.
Tensor trunc(const Operand& x);
Tensor round(const Operand& x, int decimals = 0);  // halves to even
// x kept between x_min and x_max: min(max(x, x_min), x_max).
Tensor clip(const Operand& x, const std::optional<Operand>& x_min, const std::optional<Operand>& x_max);
// Replaces NaN by `nan` and infinities by the given (or the largest finite) numbers.
Tensor nan_to_num(const Operand& x, double nan = 0, const std::optional<double>& posinf = {},
                  const std::optional<double>& neginf = {});
// The angle of a number in the complex plane: 0, or pi for negative ones.
Tensor angle(const Operand& x);
// The real part, which is x itself.
Tensor real(const Operand& x);
// The imaginary part, which is 0 for real tensors.
Tensor imag(const Operand& x);
// The complex conjugate, which is x itself for real tensors.
Tensor conj(const Operand& x);
// The complex conjugate, which is x itself for real tensors.
Tensor conjugate(const Operand& x);
// The Gauss error function, elementwise.
Tensor erf(const Operand& x);
// 1 - erf(x), elementwise.
Tensor erfc(const Operand& x);
// The number whose erf is x (-1 <= x <= 1).
Tensor erfinv(const Operand& x);

}  // namespace lamina::ops
