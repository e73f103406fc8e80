#include "backends/ops/public/numpy_logic.h"

#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

template <Binary kind>
Tensor compare_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  return prim::binary(kind, a, b);
}
template <Binary kind>
Tensor logical_impl(const Operand& x1, const Operand& x2) {
  return logical(kind, x1, x2);
}
template <Unary kind>
Tensor predicate_impl(const Operand& x) {
  return prim::unary(kind, x.value());
}
Tensor logical_not_impl(const Operand& x) { return logical_not_of(as_bool(x)); }
template <int sign>
Tensor is_signed_inf(const Operand& x) {
  Tensor t = as_float(x);
  return compare(Binary::equal, t, sign * INFINITY);
}
Tensor isreal_impl(const Operand& x) { return prim::full(x.shape(), 1, DType::boolean); }
Tensor signbit_impl(const Operand& x) {
  Tensor t = x.value();
  if (!is_float(t.dtype()))
    return is_signed_int(t.dtype()) ? compare(Binary::less, t, 0) : prim::full(t.shape(), 0, DType::boolean);
  // -0.0 shows its sign in its reciprocal.
  Tensor minus_zero = prim::binary(Binary::logical_and, compare(Binary::equal, t, 0),
                                   compare(Binary::less, prim::unary(Unary::reciprocal, t), 0));
  return prim::binary(Binary::logical_or, compare(Binary::less, t, 0), minus_zero);
}

}  // namespace

LAMINA_BINARY_OP(equal, NUMPY "Equal", "x1 == x2, elementwise.", compare_impl<Binary::equal>)
LAMINA_BINARY_OP(not_equal, NUMPY "NotEqual", "x1 != x2, elementwise.", compare_impl<Binary::not_equal>)
LAMINA_BINARY_OP(less, NUMPY "Less", "x1 < x2, elementwise.", compare_impl<Binary::less>)
LAMINA_BINARY_OP(less_equal, NUMPY "LessEqual", "x1 <= x2, elementwise.", compare_impl<Binary::less_equal>)
LAMINA_BINARY_OP(greater, NUMPY "Greater", "x1 > x2, elementwise.", compare_impl<Binary::greater>)
LAMINA_BINARY_OP(greater_equal, NUMPY "GreaterEqual", "x1 >= x2, elementwise.", compare_impl<Binary::greater_equal>)
LAMINA_BINARY_OP(logical_and, NUMPY "LogicalAnd", "True where both are non-zero.", logical_impl<Binary::logical_and>)
LAMINA_BINARY_OP(logical_or, NUMPY "LogicalOr", "True where either is non-zero.", logical_impl<Binary::logical_or>)
LAMINA_BINARY_OP(logical_xor, NUMPY "LogicalXor", "True where exactly one is non-zero.",
                 logical_impl<Binary::logical_xor>)
LAMINA_UNARY_OP(logical_not, NUMPY "LogicalNot", "True where x is zero.", logical_not_impl)
LAMINA_UNARY_OP(isnan, NUMPY "Isnan", "True where x is NaN.", predicate_impl<Unary::is_nan>)
LAMINA_UNARY_OP(isinf, NUMPY "Isinf", "True where x is infinite.", predicate_impl<Unary::is_inf>)
LAMINA_UNARY_OP(isfinite, NUMPY "Isfinite", "True where x is neither infinite nor NaN.",
                predicate_impl<Unary::is_finite>)
LAMINA_UNARY_OP(isposinf, NUMPY "Isposinf", "True where x is plus infinity.", is_signed_inf<1>)
LAMINA_UNARY_OP(isneginf, NUMPY "Isneginf", "True where x is minus infinity.", is_signed_inf<-1>)
LAMINA_UNARY_OP(isreal, NUMPY "Isreal", "True where the imaginary part is 0: everywhere.", isreal_impl)
LAMINA_UNARY_OP(signbit, NUMPY "Signbit", "True where the sign bit is set (x < 0, or -0.0).", signbit_impl)

namespace {

Tensor isclose_impl(const Operand& x1, const Operand& x2, double rtol, double atol, bool equal_nan) {
  auto [a, b] = promote_float(x1, x2);
  Tensor limit = prim::add(prim::multiply(prim::unary(Unary::abs, b), rtol), atol);
  Tensor near = prim::binary(Binary::less_equal, prim::unary(Unary::abs, prim::subtract(a, b)), limit);
  Tensor finite = prim::binary(Binary::logical_and, prim::unary(Unary::is_finite, a), prim::unary(Unary::is_finite, b));
  Tensor out = prim::binary(Binary::logical_or, prim::binary(Binary::logical_and, near, finite),
                            prim::binary(Binary::equal, a, b));
  if (equal_nan)
    out = prim::binary(Binary::logical_or, out,
                       prim::binary(Binary::logical_and, prim::unary(Unary::is_nan, a), prim::unary(Unary::is_nan, b)));
  return out;
}
const auto isclose_op = public_op(
    "isclose", NUMPY "Isclose", "|x1 - x2| <= atol + rtol |x2|, elementwise; equal infinities are close.", isclose_impl,
    {"x1", "x2", OpArgument("rtol", 1e-5).in_call(), OpArgument("atol", 1e-8).in_call(), {"equal_nan", false}});
Tensor allclose_impl(const Operand& x1, const Operand& x2, double rtol, double atol, bool equal_nan) {
  return prim::reduce_all(Reduce::all, isclose_impl(x1, x2, rtol, atol, equal_nan));
}
const auto allclose_op = public_op("allclose", NUMPY "AllClose", "Whether isclose holds everywhere, as a bool scalar.",
                                   allclose_impl, {"x1", "x2", {"rtol", 1e-5}, {"atol", 1e-8}, {"equal_nan", false}});

Value where_impl(const Operand& condition, const std::optional<Operand>& x1, const std::optional<Operand>& x2) {
  if (!x1 && !x2) return to_value(nonzero(condition));
  if (!x1 || !x2) throw ValueError("`x1` and `x2` either both should be `None` or both should have non-None value.");
  auto [a, b] = promote(*x1, *x2);
  return prim::where(as_bool(condition), a, b);
}
const auto where_op = public_op(
    "where", NUMPY "Where",
    "x1 where the condition holds, x2 elsewhere, with broadcasting. With the condition alone: its non-zero places.",
    where_impl, {"condition", {"x1", Value()}, {"x2", Value()}});

DType bits_type(const Operand& x, const Operand& y) {
  DType type = result_type({&x, &y});
  if (is_float(type))
    throw TypeError("bitwise operations take integers or bools, received ", x.dtype(), " and ", y.dtype(), ".");
  return type;
}
template <Binary kind>
Tensor bits(const Operand& x, const Operand& y) {
  DType type = bits_type(x, y);
  return prim::binary(kind, x.as(type), y.as(type));
}
template <Binary kind>
Tensor shift(const Operand& x, const Operand& y) {
  DType type = bits_type(x, y);
  if (type == DType::boolean) type = DType::int32;
  return prim::binary(kind, x.as(type), y.as(type));
}
Tensor invert(const Operand& x) { return prim::unary(Unary::bitwise_not, x.as(bits_type(x, x))); }

}  // namespace

#define BITS_OP(NAME, CLASS, DOC, ...)                                                       \
  static const auto NAME##_op = public_op(#NAME, NUMPY CLASS, DOC, __VA_ARGS__, {"x", "y"}); \
  Tensor NAME(const Operand& x, const Operand& y) { return NAME##_op(x, y); }
BITS_OP(bitwise_and, "BitwiseAnd", "Bits set in both.", bits<Binary::bitwise_and>)
BITS_OP(bitwise_or, "BitwiseOr", "Bits set in either.", bits<Binary::bitwise_or>)
BITS_OP(bitwise_xor, "BitwiseXor", "Bits set in exactly one.", bits<Binary::bitwise_xor>)
BITS_OP(bitwise_left_shift, "BitwiseLeftShift", "The bits of x moved y places up.", shift<Binary::left_shift>)
BITS_OP(left_shift, "LeftShift", "The bits of x moved y places up.", shift<Binary::left_shift>)
BITS_OP(bitwise_right_shift, "BitwiseRightShift", "The bits of x moved y places down, the sign kept.",
        shift<Binary::right_shift>)
BITS_OP(right_shift, "RightShift", "The bits of x moved y places down, the sign kept.", shift<Binary::right_shift>)
#undef BITS_OP
LAMINA_UNARY_OP(bitwise_invert, NUMPY "BitwiseInvert", "Every bit flipped.", invert)
LAMINA_UNARY_OP(bitwise_not, NUMPY "BitwiseNot", "Every bit flipped.", invert)

Tensor isclose(const Operand& x1, const Operand& x2, double rtol, double atol, bool equal_nan) {
  return isclose_op(x1, x2, rtol, atol, equal_nan);
}
Tensor allclose(const Operand& x1, const Operand& x2, double rtol, double atol, bool equal_nan) {
  return allclose_op(x1, x2, rtol, atol, equal_nan);
}
Tensor where(const Operand& condition, const Operand& x1, const Operand& x2) {
  return where_op(condition, x1, x2).as_tensor();
}
Tensors where(const Operand& condition) { return value_to<Tensors>(where_op(condition, std::nullopt, std::nullopt)); }

}  // namespace lamina::ops
