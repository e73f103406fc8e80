#include "backends/ops/public/numpy_elementwise.h"

#include "backends/ops/public/stable.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."
#define MATH "keras.src.ops.math."

namespace {

template <Binary kind>
Tensor same_type(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  return prim::binary(kind, a, b);
}
template <Binary kind>
Tensor in_float(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote_float(x1, x2);
  return prim::binary(kind, a, b);
}
// Arithmetic that NumPy does not define on bools works on int32.
template <Binary kind>
Tensor bool_as_int(const Operand& x1, const Operand& x2) {
  DType type = result_type({&x1, &x2});
  if (type == DType::boolean) type = DType::int32;
  return prim::binary(kind, x1.as(type), x2.as(type));
}

// A number, or a tensor of no axes on the host, with this value.
bool is_number(const Operand& x, double value) {
  if (x.is_scalar()) return x.number() == value;
  const Tensor& t = x.tensor();
  return t.has_data() && t.rank() == 0 && t.node()->buffer->device().is_host() && t.at(0) == value;
}
Tensor add_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  Tensor sum = prim::binary(a.dtype() == DType::boolean ? Binary::logical_or : Binary::add, a, b);
  if (is_number(x2, 1)) return with_origin(sum, Origin::one_plus, a);
  return is_number(x1, 1) ? with_origin(sum, Origin::one_plus, b) : sum;
}
Tensor multiply_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  return prim::binary(a.dtype() == DType::boolean ? Binary::logical_and : Binary::multiply, a, b);
}
Tensor subtract_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  if (a.dtype() == DType::boolean)
    throw TypeError("bool tensors cannot be subtracted; use logical_xor or cast them first.");
  if (is_number(x2, 1))
    if (Tensor stable = stable_minus_one(a); stable.defined()) return stable;
  return prim::subtract(a, b);
}
Tensor divide_no_nan_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote_float(x1, x2);
  Tensor zero = constant(0, a.dtype()), is_zero = compare(Binary::equal, b, zero);
  return prim::where(is_zero, zero, prim::divide(a, prim::where(is_zero, constant(1, a.dtype()), b)));
}
Tensor power_impl(const Operand& x1, const Operand& x2) {
  DType type = result_type({&x1, &x2});
  if (type == DType::boolean) type = DType::int32;
  if (x2.is_scalar() && x2.number() == 2) return prim::square(x1.as(type));
  if (x2.is_scalar() && x2.number() == 1) return x1.as(type);
  if (x2.is_scalar() && x2.number() == 0.5 && is_float(type)) return prim::sqrt(x1.as(type));
  return prim::power(x1.as(type), x2.as(type));
}
Tensor logaddexp_of(const Tensor& a, const Tensor& b) {
  // Equal operands (two infinities too) differ by nothing.
  Tensor gap = prim::where(compare(Binary::equal, a, b), constant(0, a.dtype()), prim::subtract(a, b));
  return prim::add(prim::maximum(a, b), prim::unary(Unary::softplus, prim::negative(prim::unary(Unary::abs, gap))));
}
Tensor logaddexp_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote_float(x1, x2);
  return logaddexp_of(a, b);
}
Tensor logaddexp2_impl(const Operand& x1, const Operand& x2) {
  constexpr double ln2 = 0.6931471805599453;
  auto [a, b] = promote_float(x1, x2);
  return prim::multiply(logaddexp_of(prim::multiply(a, ln2), prim::multiply(b, ln2)), 1 / ln2);
}
Tensor heaviside_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote_float(x1, x2);
  Tensor step = prim::where(compare(Binary::greater, a, 0), constant(1, a.dtype()), constant(0, a.dtype()));
  Tensor out = prim::where(compare(Binary::equal, a, 0), b, step);
  return prim::where(prim::unary(Unary::is_nan, a), a, out);
}
Tensor ldexp_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote_float(x1, x2);
  return prim::multiply(a, prim::unary(Unary::exp2, b));
}

}  // namespace

LAMINA_BINARY_OP(add, NUMPY "Add", "x1 + x2, elementwise with broadcasting. Two bools give their logical or.", add_impl,
                 {.returns = about::promoted, .example = R"py(
>>> keras.ops.add([1, 2], [10, 20])
<Tensor shape=(2,), dtype=int32, values=[11 22]>)py"})
LAMINA_BINARY_OP(subtract, NUMPY "Subtract", "x1 - x2, elementwise with broadcasting.", subtract_impl,
                 {.returns = about::promoted, .example = R"py(
>>> keras.ops.subtract([5, 7], 2)
<Tensor shape=(2,), dtype=int32, values=[3 5]>)py"})
LAMINA_BINARY_OP(multiply, NUMPY "Multiply",
                 "x1 * x2, elementwise with broadcasting. Two bools give their logical and.", multiply_impl,
                 {.returns = about::promoted, .example = R"py(
>>> keras.ops.multiply([1.0, 2.0], [[3.0], [4.0]])
<Tensor shape=(2, 2), dtype=float32, values=[[3. 6.]
 [4. 8.]]>)py"})
LAMINA_BINARY_OP(divide, NUMPY "Divide", "x1 / x2 in floating point, elementwise with broadcasting.",
                 in_float<Binary::divide>, {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.divide([1, 3], 2)
<Tensor shape=(2,), dtype=float32, values=[0.5 1.5]>)py"})
LAMINA_BINARY_OP(true_divide, NUMPY "TrueDivide", "x1 / x2 in floating point; another name of divide.",
                 in_float<Binary::divide>, {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.true_divide([1, 3], 2)
<Tensor shape=(2,), dtype=float32, values=[0.5 1.5]>)py"})
LAMINA_BINARY_OP(divide_no_nan, NUMPY "DivideNoNan", "x1 / x2, and 0 where x2 is 0.", divide_no_nan_impl,
                 {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.divide_no_nan([1.0, 3.0], [0.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[0.  1.5]>)py"})
LAMINA_BINARY_OP(floor_divide, NUMPY "FloorDivide", "The largest integer not above x1 / x2, in the operands' dtype.",
                 bool_as_int<Binary::floor_divide>, {.returns = about::promoted, .example = R"py(
>>> keras.ops.floor_divide([7, -7], 2)
<Tensor shape=(2,), dtype=int32, values=[ 3 -4]>)py"})
LAMINA_BINARY_OP(mod, NUMPY "Mod", "The remainder of x1 / x2 with the sign of x2.", bool_as_int<Binary::mod>,
                 {.returns = about::promoted, .example = R"py(
>>> keras.ops.mod([7, -7], 3)
<Tensor shape=(2,), dtype=int32, values=[1 2]>)py"})
LAMINA_BINARY_OP(fmod, NUMPY "Fmod", "The remainder of x1 / x2 with the sign of x1.", bool_as_int<Binary::fmod>,
                 {.returns = about::promoted, .example = R"py(
>>> keras.ops.fmod([7, -7], 3)
<Tensor shape=(2,), dtype=int32, values=[ 1 -1]>)py"})
LAMINA_BINARY_OP(power, NUMPY "Power", "x1 raised to x2, elementwise.", power_impl,
                 {.returns = about::promoted, .example = R"py(
>>> keras.ops.power([2.0, 3.0], 2)
<Tensor shape=(2,), dtype=float32, values=[4. 9.]>)py"})
LAMINA_BINARY_OP(maximum, NUMPY "Maximum", "The larger of x1 and x2, elementwise; NaN where either is NaN.",
                 same_type<Binary::maximum>, {.returns = about::promoted, .example = R"py(
>>> keras.ops.maximum([1, 5], [3, 2])
<Tensor shape=(2,), dtype=int32, values=[3 5]>)py"})
LAMINA_BINARY_OP(minimum, NUMPY "Minimum", "The smaller of x1 and x2, elementwise; NaN where either is NaN.",
                 same_type<Binary::minimum>, {.returns = about::promoted, .example = R"py(
>>> keras.ops.minimum([1, 5], [3, 2])
<Tensor shape=(2,), dtype=int32, values=[1 2]>)py"})
LAMINA_BINARY_OP(fmax, NUMPY "Fmax", "The larger of x1 and x2, elementwise; a NaN yields the other operand.",
                 same_type<Binary::fmax>, {.returns = about::promoted, .example = R"py(
>>> keras.ops.fmax([1.0, float("nan")], [0.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"})
LAMINA_BINARY_OP(fmin, NUMPY "Fmin", "The smaller of x1 and x2, elementwise; a NaN yields the other operand.",
                 same_type<Binary::fmin>, {.returns = about::promoted, .example = R"py(
>>> keras.ops.fmin([1.0, float("nan")], [0.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[0. 2.]>)py"})
LAMINA_BINARY_OP(arctan2, NUMPY "Arctan2", "The angle of the point (x2, x1), in -pi..pi.", in_float<Binary::atan2>,
                 {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.arctan2([0.0, 1.0], [-1.0, 0.0])
<Tensor shape=(2,), dtype=float32, values=[3.1415927 1.5707964]>)py"},
                 "The ordinates: a tensor, or what can be made one.",
                 "The abscissae: a tensor, or what can be made one.")
LAMINA_BINARY_OP(hypot, NUMPY "Hypot", "sqrt(x1^2 + x2^2) without overflow on the way.", in_float<Binary::hypot>,
                 {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.hypot([3.0, 5.0], [4.0, 12.0])
<Tensor shape=(2,), dtype=float32, values=[ 5. 13.]>)py"})
LAMINA_BINARY_OP(nextafter, NUMPY "Nextafter", "The representable number next to x1 in the direction of x2.",
                 in_float<Binary::nextafter>, {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.nextafter([1.0], [2.0]) > 1.0
<Tensor shape=(1,), dtype=bool, values=[ True]>)py"},
                 about::first, "Where to go: a tensor, or what can be made one.")
LAMINA_BINARY_OP(logaddexp, NUMPY "Logaddexp", "log(exp(x1) + exp(x2)) without overflow.", logaddexp_impl,
                 {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.logaddexp([0.0, 1000.0], [0.0, 1000.0])
<Tensor shape=(2,), dtype=float32, values=[6.9314718e-01 1.0006932e+03]>)py"})
LAMINA_BINARY_OP(logaddexp2, NUMPY "Logaddexp2", "log2(2^x1 + 2^x2) without overflow.", logaddexp2_impl,
                 {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.logaddexp2([1.0, 2.0], [1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[2. 3.]>)py"})
LAMINA_BINARY_OP(heaviside, NUMPY "Heaviside", "0 below zero, 1 above zero, x2 at zero.", heaviside_impl,
                 {.returns = about::promoted_floating, .example = R"py(
>>> keras.ops.heaviside([-1.5, 0.0, 2.0], 0.5)
<Tensor shape=(3,), dtype=float32, values=[0.  0.5 1. ]>)py"},
                 about::first, "The value at zero: a tensor, or what can be made one.")
LAMINA_BINARY_OP(ldexp, NUMPY "Ldexp", "x1 * 2^x2.", ldexp_impl,
                 {.returns = "The products in floating point, of the broadcast shape.", .example = R"py(
>>> keras.ops.ldexp([0.5, 3.0], [2, 1])
<Tensor shape=(2,), dtype=float32, values=[2. 6.]>)py"},
                 about::first, "The exponents: a tensor, or what can be made one.")

namespace {

template <Unary kind>
Tensor in_float(const Operand& x) {
  return prim::unary(kind, as_float(x));
}
Tensor exp_impl(const Operand& x) {
  Tensor t = as_float(x);
  return with_origin(prim::unary(Unary::exp, t), Origin::exp, t);
}
Tensor log_impl(const Operand& x) {
  Tensor t = as_float(x), stable = stable_log(t);
  return stable.defined() ? stable : prim::unary(Unary::log, t);
}
Tensor log1p_impl(const Operand& x) {
  Tensor t = as_float(x), stable = stable_log1p(t);
  return stable.defined() ? stable : prim::unary(Unary::log1p, t);
}
// Rounding leaves integers alone.
template <Unary kind>
Tensor keeps_int(const Operand& x) {
  Tensor t = x.value();
  return is_float(t.dtype()) ? prim::unary(kind, t) : t;
}
Tensor negative_impl(const Operand& x) {
  if (x.dtype() == DType::boolean) throw TypeError("a bool tensor has no negative; use logical_not.");
  return prim::negative(x.value());
}
Tensor abs_impl(const Operand& x) {
  return x.dtype() == DType::boolean ? x.value() : prim::unary(Unary::abs, x.value());
}
Tensor fabs_impl(const Operand& x) { return prim::unary(Unary::abs, as_float(x)); }
Tensor sign_impl(const Operand& x) {
  return x.dtype() == DType::boolean ? x.value() : prim::unary(Unary::sign, x.value());
}
Tensor square_impl(const Operand& x) {
  return prim::square(x.as(x.dtype() == DType::boolean ? DType::int32 : x.dtype()));
}
Tensor sinc_impl(const Operand& x) {
  Tensor t = prim::multiply(as_float(x), M_PI), one = constant(1, t.dtype());
  Tensor at_zero = compare(Binary::equal, t, 0);
  Tensor safe = prim::where(at_zero, one, t);
  return prim::where(at_zero, one, prim::divide(prim::unary(Unary::sin, safe), safe));
}
Tensor deg2rad_impl(const Operand& x) { return prim::multiply(as_float(x), M_PI / 180); }
Tensor rad2deg_impl(const Operand& x) { return prim::multiply(as_float(x), 180 / M_PI); }
Tensor identity_impl(const Operand& x) { return x.value(); }
Tensor angle_impl(const Operand& x) {  // real numbers: 0 or pi
  Tensor t = as_float(x);
  Tensor out = prim::where(compare(Binary::less, t, 0), constant(M_PI, t.dtype()), constant(0, t.dtype()));
  return prim::where(prim::unary(Unary::is_nan, t), t, out);
}
Tensor imag_impl(const Operand& x) { return prim::full(x.shape(), 0, x.dtype()); }
Tensor erfc_impl(const Operand& x) { return prim::rsub(1, prim::unary(Unary::erf, as_float(x))); }

}  // namespace

LAMINA_UNARY_OP(negative, NUMPY "Negative", "-x, elementwise.", negative_impl, {.returns = about::same, .example = R"py(
>>> keras.ops.negative([1, -2])
<Tensor shape=(2,), dtype=int32, values=[-1  2]>)py"})
LAMINA_UNARY_OP(abs, NUMPY "Abs", "The absolute value, elementwise.", abs_impl,
                {.returns = about::same, .example = R"py(
>>> keras.ops.abs([-1.5, 2.0])
<Tensor shape=(2,), dtype=float32, values=[1.5 2. ]>)py"})
LAMINA_UNARY_OP(absolute, NUMPY "Absolute", "The absolute value, elementwise.", abs_impl,
                {.returns = about::same, .example = R"py(
>>> keras.ops.absolute([-1.5, 2.0])
<Tensor shape=(2,), dtype=float32, values=[1.5 2. ]>)py"})
LAMINA_UNARY_OP(fabs, NUMPY "Fabs", "The absolute value in floating point, elementwise.", fabs_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.fabs([-1, 2])
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"})
LAMINA_UNARY_OP(sign, NUMPY "Sign", "-1, 0 or 1 as x is negative, zero or positive.", sign_impl,
                {.returns = about::same, .example = R"py(
>>> keras.ops.sign([-3.0, 0.0, 2.0])
<Tensor shape=(3,), dtype=float32, values=[-1.  0.  1.]>)py"})
LAMINA_UNARY_OP(square, NUMPY "Square", "x * x, elementwise.", square_impl, {.returns = about::same, .example = R"py(
>>> keras.ops.square([2, -3])
<Tensor shape=(2,), dtype=int32, values=[4 9]>)py"})
LAMINA_UNARY_OP(sqrt, NUMPY "Sqrt", "The square root, elementwise.", in_float<Unary::sqrt>,
                {.returns = "A tensor of the operand's shape in its dtype; `keras.config.floatx()` for integers and "
                            "bools. NaN for negative numbers.",
                 .example = R"py(
>>> keras.ops.sqrt([4.0, 9.0])
<Tensor shape=(2,), dtype=float32, values=[2. 3.]>)py"})
LAMINA_UNARY_OP(rsqrt, MATH "Rsqrt", "1 / sqrt(x), elementwise.", in_float<Unary::rsqrt>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.rsqrt([4.0, 16.0])
<Tensor shape=(2,), dtype=float32, values=[0.5  0.25]>)py"})
LAMINA_UNARY_OP(cbrt, NUMPY "Cbrt", "The cube root, elementwise; negative for negative x.", in_float<Unary::cbrt>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.cbrt([8.0, -27.0])
<Tensor shape=(2,), dtype=float32, values=[ 2. -3.]>)py"})
LAMINA_UNARY_OP(reciprocal, NUMPY "Reciprocal", "1 / x, elementwise.", in_float<Unary::reciprocal>,
                {.returns = about::same, .example = R"py(
>>> keras.ops.reciprocal([2.0, 4.0])
<Tensor shape=(2,), dtype=float32, values=[0.5  0.25]>)py"})
LAMINA_UNARY_OP(exp, NUMPY "Exp", "e^x, elementwise.", exp_impl, {.returns = about::floating, .example = R"py(
>>> keras.ops.exp([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[1.        2.7182817]>)py"})
LAMINA_UNARY_OP(exp2, NUMPY "Exp2", "2^x, elementwise.", in_float<Unary::exp2>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.exp2([0.0, 3.0])
<Tensor shape=(2,), dtype=float32, values=[1. 8.]>)py"})
LAMINA_UNARY_OP(expm1, NUMPY "Expm1", "e^x - 1, exact near 0.", in_float<Unary::expm1>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.expm1([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        1.7182817]>)py"})
LAMINA_UNARY_OP(log, NUMPY "Log", "The natural logarithm, elementwise.", log_impl,
                {.returns = "A tensor of the operand's shape in its dtype; `keras.config.floatx()` for integers and "
                            "bools. NaN for negative numbers.",
                 .example = R"py(
>>> keras.ops.log([1.0, 10.0])
<Tensor shape=(2,), dtype=float32, values=[0.        2.3025851]>)py"})
LAMINA_UNARY_OP(log2, NUMPY "Log2", "The logarithm to base 2, elementwise.", in_float<Unary::log2>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.log2([1.0, 8.0])
<Tensor shape=(2,), dtype=float32, values=[0. 3.]>)py"})
LAMINA_UNARY_OP(log10, NUMPY "Log10", "The logarithm to base 10, elementwise.", in_float<Unary::log10>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.log10([1.0, 1000.0])
<Tensor shape=(2,), dtype=float32, values=[0. 3.]>)py"})
LAMINA_UNARY_OP(log1p, NUMPY "Log1p", "log(1 + x), exact near 0.", log1p_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.log1p([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        0.6931472]>)py"})
LAMINA_UNARY_OP(sin, NUMPY "Sin", "The sine of x radians.", in_float<Unary::sin>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.sin([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.         0.84147096]>)py"})
LAMINA_UNARY_OP(cos, NUMPY "Cos", "The cosine of x radians.", in_float<Unary::cos>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.cos([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[1.        0.5403023]>)py"})
LAMINA_UNARY_OP(tan, NUMPY "Tan", "The tangent of x radians.", in_float<Unary::tan>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.tan([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        1.5574077]>)py"})
LAMINA_UNARY_OP(arcsin, NUMPY "Arcsin", "The angle in -pi/2..pi/2 whose sine is x.", in_float<Unary::asin>,
                {.returns = "A tensor of the operand's shape in its dtype; `keras.config.floatx()` for integers and "
                            "bools. NaN outside of -1..1.",
                 .example = R"py(
>>> keras.ops.arcsin([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        1.5707964]>)py"})
LAMINA_UNARY_OP(arccos, NUMPY "Arccos", "The angle in 0..pi whose cosine is x.", in_float<Unary::acos>,
                {.returns = "A tensor of the operand's shape in its dtype; `keras.config.floatx()` for integers and "
                            "bools. NaN outside of -1..1.",
                 .example = R"py(
>>> keras.ops.arccos([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[1.5707964 0.       ]>)py"})
LAMINA_UNARY_OP(arctan, NUMPY "Arctan", "The angle in -pi/2..pi/2 whose tangent is x.", in_float<Unary::atan>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.arctan([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        0.7853982]>)py"})
LAMINA_UNARY_OP(sinh, NUMPY "Sinh", "(e^x - e^-x) / 2, elementwise.", in_float<Unary::sinh>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.sinh([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        1.1752012]>)py"})
LAMINA_UNARY_OP(cosh, NUMPY "Cosh", "(e^x + e^-x) / 2, elementwise.", in_float<Unary::cosh>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.cosh([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[1.        1.5430806]>)py"})
LAMINA_UNARY_OP(tanh, NUMPY "Tanh", "sinh(x) / cosh(x), in -1..1.", in_float<Unary::tanh>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.tanh([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        0.7615942]>)py"})
LAMINA_UNARY_OP(arcsinh, NUMPY "Arcsinh", "The number whose sinh is x.", in_float<Unary::asinh>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.arcsinh([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        0.8813736]>)py"})
LAMINA_UNARY_OP(
    arccosh, NUMPY "Arccosh", "The non-negative number whose cosh is x (x >= 1).", in_float<Unary::acosh>,
    {.returns =
         "A tensor of the operand's shape in its dtype; `keras.config.floatx()` for integers and bools. NaN below 1.",
     .example = R"py(
>>> keras.ops.arccosh([1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[0.       1.316958]>)py"})
LAMINA_UNARY_OP(arctanh, NUMPY "Arctanh", "The number whose tanh is x (-1 < x < 1).", in_float<Unary::atanh>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.arctanh([0.0, 0.5])
<Tensor shape=(2,), dtype=float32, values=[0.         0.54930615]>)py"})
LAMINA_UNARY_OP(sinc, NUMPY "Sinc", "sin(pi x) / (pi x), and 1 at 0.", sinc_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.sinc([0.0, 0.5])
<Tensor shape=(2,), dtype=float32, values=[1.         0.63661975]>)py"})
LAMINA_UNARY_OP(deg2rad, NUMPY "Deg2rad", "Degrees to radians.", deg2rad_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.deg2rad([0.0, 180.0])
<Tensor shape=(2,), dtype=float32, values=[0.        3.1415927]>)py"})
LAMINA_UNARY_OP(rad2deg, NUMPY "Rad2deg", "Radians to degrees.", rad2deg_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.rad2deg([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[ 0.      57.29578]>)py"})
LAMINA_UNARY_OP(floor, NUMPY "Floor", "The largest integer not above x, in floating point.", in_float<Unary::floor>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.floor([1.2, -1.7])
<Tensor shape=(2,), dtype=float32, values=[ 1. -2.]>)py"})
LAMINA_UNARY_OP(ceil, NUMPY "Ceil", "The smallest integer not below x, in floating point.", in_float<Unary::ceil>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.ceil([1.2, -1.7])
<Tensor shape=(2,), dtype=float32, values=[ 2. -1.]>)py"})
LAMINA_UNARY_OP(trunc, NUMPY "Trunc", "x without its fraction; integers stay as they are.", keeps_int<Unary::trunc>,
                {.returns = about::same, .example = R"py(
>>> keras.ops.trunc([1.7, -1.7])
<Tensor shape=(2,), dtype=float32, values=[ 1. -1.]>)py"})
LAMINA_UNARY_OP(angle, NUMPY "Angle", "The angle of a number in the complex plane: 0, or pi for negative ones.",
                angle_impl, {.returns = about::floating, .example = R"py(
>>> keras.ops.angle([1.0, -1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        3.1415927]>)py"})
LAMINA_UNARY_OP(real, NUMPY "Real", "The real part, which is x itself.", identity_impl,
                {.returns = about::same, .example = R"py(
>>> keras.ops.real([1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"})
LAMINA_UNARY_OP(imag, NUMPY "Imag", "The imaginary part, which is 0 for real tensors.", imag_impl,
                {.returns = about::same, .example = R"py(
>>> keras.ops.imag([1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[0. 0.]>)py"})
LAMINA_UNARY_OP(conj, "keras.src.ops.numpy.", "The complex conjugate, which is x itself for real tensors.",
                identity_impl, {.returns = about::same, .example = R"py(
>>> keras.ops.conj([1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"})
LAMINA_UNARY_OP(conjugate, NUMPY "Conjugate", "The complex conjugate, which is x itself for real tensors.",
                identity_impl, {.returns = about::same, .example = R"py(
>>> keras.ops.conjugate([1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"})
LAMINA_UNARY_OP(erf, MATH "Erf", "The Gauss error function, elementwise.", in_float<Unary::erf>,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.erf([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.        0.8427008]>)py"})
LAMINA_UNARY_OP(erfc, MATH "Erfc", "1 - erf(x), elementwise.", erfc_impl, {.returns = about::floating, .example = R"py(
>>> keras.ops.erfc([0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[1.         0.15729922]>)py"})
LAMINA_UNARY_OP(erfinv, MATH "Erfinv", "The number whose erf is x (-1 <= x <= 1).", in_float<Unary::erfinv>,
                {.returns = "A tensor of the operand's shape in its dtype; `keras.config.floatx()` for integers and "
                            "bools. NaN outside of -1..1.",
                 .example = R"py(
>>> keras.ops.erfinv([0.0, 0.5])
<Tensor shape=(2,), dtype=float32, values=[0.         0.47693628]>)py"})

namespace {

Tensor round_impl(const Operand& x, int decimals) {
  DType type = x.dtype();
  if (!is_float(type) && decimals >= 0) return x.value();
  Tensor t = as_float(x);
  if (decimals) {
    double scale = std::pow(10.0, std::abs(decimals));
    t = decimals > 0 ? prim::multiply(t, scale) : prim::divide(t, constant(scale, t.dtype()));
    t = prim::unary(Unary::round, t);
    t = decimals > 0 ? prim::divide(t, constant(scale, t.dtype())) : prim::multiply(t, scale);
  } else {
    t = prim::unary(Unary::round, t);
  }
  return prim::cast(t, type);
}
const auto round_op =
    public_op("round", NUMPY "Round", "Rounds to `decimals` places, halves to the even neighbour.", round_impl,
              {{"x", required, about::tensor},
               {"decimals", 0, "How many decimal places to keep; negative ones round before the point."}},
              {.returns = about::same, .example = R"py(
>>> keras.ops.round([0.5, 1.5, 2.4])
<Tensor shape=(3,), dtype=float32, values=[0. 2. 2.]>)py"});

Tensor clip_impl(const Operand& x, const std::optional<Operand>& x_min, const std::optional<Operand>& x_max) {
  DType type = x.dtype() == DType::boolean ? DType::int32 : x.dtype();
  Tensor t = x.as(type);
  Operand base(t);
  auto bound = [&](Binary kind, const Operand& limit) {
    DType wide = result_type({&base, &limit});
    t = prim::binary(kind, prim::cast(t, wide), limit.as(wide));
    base = Operand(t);
  };
  if (x_min) bound(Binary::maximum, *x_min);
  if (x_max) bound(Binary::minimum, *x_max);
  return t;
}
const auto clip_op =
    public_op("clip", NUMPY "Clip", "x kept between x_min and x_max: min(max(x, x_min), x_max).", clip_impl,
              {{"x", required, about::tensor},
               OpArgument("x_min", required, "The lower bound: a number or a tensor that broadcasts.").in_config(),
               OpArgument("x_max", required, "The upper bound: a number or a tensor that broadcasts.").in_config()},
              {.returns = about::same, .example = R"py(
>>> keras.ops.clip([-2.0, 0.5, 3.0], 0.0, 1.0)
<Tensor shape=(3,), dtype=float32, values=[0.  0.5 1. ]>)py"});

Tensor nan_to_num_impl(const Operand& x, double nan, const std::optional<double>& posinf,
                       const std::optional<double>& neginf) {
  Tensor t = x.value();
  if (!is_float(t.dtype())) return t;
  double most = t.dtype() == DType::float16    ? 65504.0
                : t.dtype() == DType::bfloat16 ? 3.3895313892515355e38
                : t.dtype() == DType::float32  ? 3.4028234663852886e38
                                               : 1.7976931348623157e308;
  Tensor out = prim::where(prim::unary(Unary::is_nan, t), constant(nan, t.dtype()), t);
  out = prim::where(compare(Binary::equal, t, INFINITY), constant(posinf.value_or(most), t.dtype()), out);
  return prim::where(compare(Binary::equal, t, -INFINITY), constant(neginf.value_or(-most), t.dtype()), out);
}
const auto nan_to_num_op =
    public_op("nan_to_num", NUMPY "NanToNum",
              "Replaces NaN by `nan` and infinities by the given (or the largest finite) numbers.", nan_to_num_impl,
              {{"x", required, about::tensor},
               {"nan", 0.0, "What stands in for NaN."},
               {"posinf", Value(), "What stands in for plus infinity; None takes the dtype's largest number."},
               {"neginf", Value(), "What stands in for minus infinity; None takes the dtype's lowest number."}},
              {.returns = about::same, .example = R"py(
>>> keras.ops.nan_to_num([1.0, float("nan"), float("inf")], posinf=9.0)
<Tensor shape=(3,), dtype=float32, values=[1. 0. 9.]>)py"});

}  // namespace

Tensor round(const Operand& x, int decimals) { return round_op(x, decimals); }
Tensor clip(const Operand& x, const std::optional<Operand>& x_min, const std::optional<Operand>& x_max) {
  return clip_op(x, x_min, x_max);
}
Tensor nan_to_num(const Operand& x, double nan, const std::optional<double>& posinf,
                  const std::optional<double>& neginf) {
  return nan_to_num_op(x, nan, posinf, neginf);
}

}  // namespace lamina::ops
