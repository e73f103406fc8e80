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

LAMINA_BINARY_OP(add, NUMPY "Add", "x1 + x2, elementwise with broadcasting. Two bools give their logical or.", add_impl)
LAMINA_BINARY_OP(subtract, NUMPY "Subtract", "x1 - x2, elementwise with broadcasting.", subtract_impl)
LAMINA_BINARY_OP(multiply, NUMPY "Multiply",
                 "x1 * x2, elementwise with broadcasting. Two bools give their logical and.", multiply_impl)
LAMINA_BINARY_OP(divide, NUMPY "Divide", "x1 / x2 in floating point, elementwise with broadcasting.",
                 in_float<Binary::divide>)
LAMINA_BINARY_OP(true_divide, NUMPY "TrueDivide", "x1 / x2 in floating point; another name of divide.",
                 in_float<Binary::divide>)
LAMINA_BINARY_OP(divide_no_nan, NUMPY "DivideNoNan", "x1 / x2, and 0 where x2 is 0.", divide_no_nan_impl)
LAMINA_BINARY_OP(floor_divide, NUMPY "FloorDivide", "The largest integer not above x1 / x2, in the operands' dtype.",
                 bool_as_int<Binary::floor_divide>)
LAMINA_BINARY_OP(mod, NUMPY "Mod", "The remainder of x1 / x2 with the sign of x2.", bool_as_int<Binary::mod>)
LAMINA_BINARY_OP(fmod, NUMPY "Fmod", "The remainder of x1 / x2 with the sign of x1.", bool_as_int<Binary::fmod>)
LAMINA_BINARY_OP(power, NUMPY "Power", "x1 raised to x2, elementwise.", power_impl)
LAMINA_BINARY_OP(maximum, NUMPY "Maximum", "The larger of x1 and x2, elementwise; NaN where either is NaN.",
                 same_type<Binary::maximum>)
LAMINA_BINARY_OP(minimum, NUMPY "Minimum", "The smaller of x1 and x2, elementwise; NaN where either is NaN.",
                 same_type<Binary::minimum>)
LAMINA_BINARY_OP(fmax, NUMPY "Fmax", "The larger of x1 and x2, elementwise; a NaN yields the other operand.",
                 same_type<Binary::fmax>)
LAMINA_BINARY_OP(fmin, NUMPY "Fmin", "The smaller of x1 and x2, elementwise; a NaN yields the other operand.",
                 same_type<Binary::fmin>)
LAMINA_BINARY_OP(arctan2, NUMPY "Arctan2", "The angle of the point (x2, x1), in -pi..pi.", in_float<Binary::atan2>)
LAMINA_BINARY_OP(hypot, NUMPY "Hypot", "sqrt(x1^2 + x2^2) without overflow on the way.", in_float<Binary::hypot>)
LAMINA_BINARY_OP(nextafter, NUMPY "Nextafter", "The representable number next to x1 in the direction of x2.",
                 in_float<Binary::nextafter>)
LAMINA_BINARY_OP(logaddexp, NUMPY "Logaddexp", "log(exp(x1) + exp(x2)) without overflow.", logaddexp_impl)
LAMINA_BINARY_OP(logaddexp2, NUMPY "Logaddexp2", "log2(2^x1 + 2^x2) without overflow.", logaddexp2_impl)
LAMINA_BINARY_OP(heaviside, NUMPY "Heaviside", "0 below zero, 1 above zero, x2 at zero.", heaviside_impl)
LAMINA_BINARY_OP(ldexp, NUMPY "Ldexp", "x1 * 2^x2.", ldexp_impl)

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

LAMINA_UNARY_OP(negative, NUMPY "Negative", "-x, elementwise.", negative_impl)
LAMINA_UNARY_OP(abs, NUMPY "Abs", "The absolute value, elementwise.", abs_impl)
LAMINA_UNARY_OP(absolute, NUMPY "Absolute", "The absolute value, elementwise.", abs_impl)
LAMINA_UNARY_OP(fabs, NUMPY "Fabs", "The absolute value in floating point, elementwise.", fabs_impl)
LAMINA_UNARY_OP(sign, NUMPY "Sign", "-1, 0 or 1 as x is negative, zero or positive.", sign_impl)
LAMINA_UNARY_OP(square, NUMPY "Square", "x * x, elementwise.", square_impl)
LAMINA_UNARY_OP(sqrt, NUMPY "Sqrt", "The square root, elementwise.", in_float<Unary::sqrt>)
LAMINA_UNARY_OP(rsqrt, MATH "Rsqrt", "1 / sqrt(x), elementwise.", in_float<Unary::rsqrt>)
LAMINA_UNARY_OP(cbrt, NUMPY "Cbrt", "The cube root, elementwise; negative for negative x.", in_float<Unary::cbrt>)
LAMINA_UNARY_OP(reciprocal, NUMPY "Reciprocal", "1 / x, elementwise.", in_float<Unary::reciprocal>)
LAMINA_UNARY_OP(exp, NUMPY "Exp", "e^x, elementwise.", exp_impl)
LAMINA_UNARY_OP(exp2, NUMPY "Exp2", "2^x, elementwise.", in_float<Unary::exp2>)
LAMINA_UNARY_OP(expm1, NUMPY "Expm1", "e^x - 1, exact near 0.", in_float<Unary::expm1>)
LAMINA_UNARY_OP(log, NUMPY "Log", "The natural logarithm, elementwise.", log_impl)
LAMINA_UNARY_OP(log2, NUMPY "Log2", "The logarithm to base 2, elementwise.", in_float<Unary::log2>)
LAMINA_UNARY_OP(log10, NUMPY "Log10", "The logarithm to base 10, elementwise.", in_float<Unary::log10>)
LAMINA_UNARY_OP(log1p, NUMPY "Log1p", "log(1 + x), exact near 0.", log1p_impl)
LAMINA_UNARY_OP(sin, NUMPY "Sin", "The sine of x radians.", in_float<Unary::sin>)
LAMINA_UNARY_OP(cos, NUMPY "Cos", "The cosine of x radians.", in_float<Unary::cos>)
LAMINA_UNARY_OP(tan, NUMPY "Tan", "The tangent of x radians.", in_float<Unary::tan>)
LAMINA_UNARY_OP(arcsin, NUMPY "Arcsin", "The angle in -pi/2..pi/2 whose sine is x.", in_float<Unary::asin>)
LAMINA_UNARY_OP(arccos, NUMPY "Arccos", "The angle in 0..pi whose cosine is x.", in_float<Unary::acos>)
LAMINA_UNARY_OP(arctan, NUMPY "Arctan", "The angle in -pi/2..pi/2 whose tangent is x.", in_float<Unary::atan>)
LAMINA_UNARY_OP(sinh, NUMPY "Sinh", "(e^x - e^-x) / 2, elementwise.", in_float<Unary::sinh>)
LAMINA_UNARY_OP(cosh, NUMPY "Cosh", "(e^x + e^-x) / 2, elementwise.", in_float<Unary::cosh>)
LAMINA_UNARY_OP(tanh, NUMPY "Tanh", "sinh(x) / cosh(x), in -1..1.", in_float<Unary::tanh>)
LAMINA_UNARY_OP(arcsinh, NUMPY "Arcsinh", "The number whose sinh is x.", in_float<Unary::asinh>)
LAMINA_UNARY_OP(arccosh, NUMPY "Arccosh", "The non-negative number whose cosh is x (x >= 1).", in_float<Unary::acosh>)
LAMINA_UNARY_OP(arctanh, NUMPY "Arctanh", "The number whose tanh is x (-1 < x < 1).", in_float<Unary::atanh>)
LAMINA_UNARY_OP(sinc, NUMPY "Sinc", "sin(pi x) / (pi x), and 1 at 0.", sinc_impl)
LAMINA_UNARY_OP(deg2rad, NUMPY "Deg2rad", "Degrees to radians.", deg2rad_impl)
LAMINA_UNARY_OP(rad2deg, NUMPY "Rad2deg", "Radians to degrees.", rad2deg_impl)
LAMINA_UNARY_OP(floor, NUMPY "Floor", "The largest integer not above x, in floating point.", in_float<Unary::floor>)
LAMINA_UNARY_OP(ceil, NUMPY "Ceil", "The smallest integer not below x, in floating point.", in_float<Unary::ceil>)
LAMINA_UNARY_OP(trunc, NUMPY "Trunc", "x without its fraction; integers stay as they are.", keeps_int<Unary::trunc>)
LAMINA_UNARY_OP(angle, NUMPY "Angle", "The angle of a number in the complex plane: 0, or pi for negative ones.",
                angle_impl)
LAMINA_UNARY_OP(real, NUMPY "Real", "The real part, which is x itself.", identity_impl)
LAMINA_UNARY_OP(imag, NUMPY "Imag", "The imaginary part, which is 0 for real tensors.", imag_impl)
LAMINA_UNARY_OP(conj, "keras.src.ops.numpy.", "The complex conjugate, which is x itself for real tensors.",
                identity_impl)
LAMINA_UNARY_OP(conjugate, NUMPY "Conjugate", "The complex conjugate, which is x itself for real tensors.",
                identity_impl)
LAMINA_UNARY_OP(erf, MATH "Erf", "The Gauss error function, elementwise.", in_float<Unary::erf>)
LAMINA_UNARY_OP(erfc, MATH "Erfc", "1 - erf(x), elementwise.", erfc_impl)
LAMINA_UNARY_OP(erfinv, MATH "Erfinv", "The number whose erf is x (-1 <= x <= 1).", in_float<Unary::erfinv>)

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
const auto round_op = public_op("round", NUMPY "Round", "Rounds to `decimals` places, halves to the even neighbour.",
                                round_impl, {"x", {"decimals", 0}});

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
const auto clip_op = public_op("clip", NUMPY "Clip", "x kept between x_min and x_max: min(max(x, x_min), x_max).",
                               clip_impl, {"x", OpArgument("x_min").in_config(), OpArgument("x_max").in_config()});

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
              {"x", {"nan", 0.0}, {"posinf", Value()}, {"neginf", Value()}});

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
