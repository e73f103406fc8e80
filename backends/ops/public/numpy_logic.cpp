#include "backends/ops/public/numpy_logic.h"

#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/support.h"
#include "backends/ops/public/tensor_tuple.h"
#include "backends/ops/text/equal.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

template <Binary kind>
Tensor compare_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  if constexpr (kind == Binary::equal || kind == Binary::not_equal) {
    if (a.dtype() == DType::string) {
      const Shape shape = broadcast_shapes(a.shape(), b.shape());
      const Tensor same = prim::text_equal(prim::broadcast_to(a, shape), prim::broadcast_to(b, shape));
      return kind == Binary::equal ? same : logical_not_of(same);
    }
  }
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

LAMINA_BINARY_OP(equal, NUMPY "Equal", "x1 == x2, elementwise.", compare_impl<Binary::equal>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.equal([1, 2], [1, 3])
<Tensor shape=(2,), dtype=bool, values=[ True False]>)py"})
LAMINA_BINARY_OP(not_equal, NUMPY "NotEqual", "x1 != x2, elementwise.", compare_impl<Binary::not_equal>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.not_equal([1, 2], [1, 3])
<Tensor shape=(2,), dtype=bool, values=[False  True]>)py"})
LAMINA_BINARY_OP(less, NUMPY "Less", "x1 < x2, elementwise.", compare_impl<Binary::less>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.less([1, 2, 3], 2)
<Tensor shape=(3,), dtype=bool, values=[ True False False]>)py"})
LAMINA_BINARY_OP(less_equal, NUMPY "LessEqual", "x1 <= x2, elementwise.", compare_impl<Binary::less_equal>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.less_equal([1, 2, 3], 2)
<Tensor shape=(3,), dtype=bool, values=[ True  True False]>)py"})
LAMINA_BINARY_OP(greater, NUMPY "Greater", "x1 > x2, elementwise.", compare_impl<Binary::greater>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.greater([1, 2, 3], 2)
<Tensor shape=(3,), dtype=bool, values=[False False  True]>)py"})
LAMINA_BINARY_OP(greater_equal, NUMPY "GreaterEqual", "x1 >= x2, elementwise.", compare_impl<Binary::greater_equal>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.greater_equal([1, 2, 3], 2)
<Tensor shape=(3,), dtype=bool, values=[False  True  True]>)py"})
LAMINA_BINARY_OP(logical_and, NUMPY "LogicalAnd", "True where both are non-zero.", logical_impl<Binary::logical_and>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.logical_and([True, True], [True, False])
<Tensor shape=(2,), dtype=bool, values=[ True False]>)py"})
LAMINA_BINARY_OP(logical_or, NUMPY "LogicalOr", "True where either is non-zero.", logical_impl<Binary::logical_or>,
                 {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.logical_or([False, True], [False, False])
<Tensor shape=(2,), dtype=bool, values=[False  True]>)py"})
LAMINA_BINARY_OP(logical_xor, NUMPY "LogicalXor", "True where exactly one is non-zero.",
                 logical_impl<Binary::logical_xor>, {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.logical_xor([True, True], [True, False])
<Tensor shape=(2,), dtype=bool, values=[False  True]>)py"})
LAMINA_UNARY_OP(logical_not, NUMPY "LogicalNot", "True where x is zero.", logical_not_impl,
                {.returns = about::bools, .example = R"py(
>>> keras.ops.logical_not([True, False])
<Tensor shape=(2,), dtype=bool, values=[False  True]>)py"})
LAMINA_UNARY_OP(isnan, NUMPY "Isnan", "True where x is NaN.", predicate_impl<Unary::is_nan>,
                {.returns = about::bools, .example = R"py(
>>> keras.ops.isnan([1.0, float("inf"), float("nan")])
<Tensor shape=(3,), dtype=bool, values=[False False  True]>)py"})
LAMINA_UNARY_OP(isinf, NUMPY "Isinf", "True where x is infinite.", predicate_impl<Unary::is_inf>,
                {.returns = about::bools, .example = R"py(
>>> keras.ops.isinf([1.0, float("inf"), float("nan")])
<Tensor shape=(3,), dtype=bool, values=[False  True False]>)py"})
LAMINA_UNARY_OP(isfinite, NUMPY "Isfinite", "True where x is neither infinite nor NaN.",
                predicate_impl<Unary::is_finite>, {.returns = about::bools, .example = R"py(
>>> keras.ops.isfinite([1.0, float("inf"), float("nan")])
<Tensor shape=(3,), dtype=bool, values=[ True False False]>)py"})
LAMINA_UNARY_OP(isposinf, NUMPY "Isposinf", "True where x is plus infinity.", is_signed_inf<1>,
                {.returns = about::bools, .example = R"py(
>>> keras.ops.isposinf([1.0, float("inf")])
<Tensor shape=(2,), dtype=bool, values=[False  True]>)py"})
LAMINA_UNARY_OP(isneginf, NUMPY "Isneginf", "True where x is minus infinity.", is_signed_inf<-1>,
                {.returns = about::bools, .example = R"py(
>>> keras.ops.isneginf([1.0, float("-inf")])
<Tensor shape=(2,), dtype=bool, values=[False  True]>)py"})
LAMINA_UNARY_OP(isreal, NUMPY "Isreal", "True where the imaginary part is 0: everywhere.", isreal_impl,
                {.returns = about::bools, .example = R"py(
>>> keras.ops.isreal([1.0, 2.0])
<Tensor shape=(2,), dtype=bool, values=[ True  True]>)py"})
LAMINA_UNARY_OP(signbit, NUMPY "Signbit", "True where the sign bit is set (x < 0, or -0.0).", signbit_impl,
                {.returns = about::bools, .example = R"py(
>>> keras.ops.signbit([-1.0, 0.0])
<Tensor shape=(2,), dtype=bool, values=[ True False]>)py"})

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
    {{"x1", required, about::first},
     {"x2", required, about::second},
     OpArgument("rtol", 1e-5, "How far the numbers may differ, as a share of |x2|.").in_call(),
     OpArgument("atol", 1e-8, "How far they may differ at least.").in_call(),
     {"equal_nan", false, "Whether NaN is close to NaN."}},
    {.returns = about::promoted_bools, .example = R"py(
>>> keras.ops.isclose([1.0, 2.0], [1.0, 2.1])
<Tensor shape=(2,), dtype=bool, values=[ True False]>)py"});
Tensor allclose_impl(const Operand& x1, const Operand& x2, double rtol, double atol, bool equal_nan) {
  return prim::reduce_all(Reduce::all, isclose_impl(x1, x2, rtol, atol, equal_nan));
}
const auto allclose_op =
    public_op("allclose", NUMPY "AllClose", "Whether isclose holds everywhere, as a bool scalar.", allclose_impl,
              {{"x1", required, about::first},
               {"x2", required, about::second},
               {"rtol", 1e-5, "How far the numbers may differ, as a share of |x2|."},
               {"atol", 1e-8, "How far they may differ at least."},
               {"equal_nan", false, "Whether NaN is close to NaN."}},
              {.returns = "A bool scalar.", .example = R"py(
>>> keras.ops.allclose([1.0, 2.0], [1.0, 2.1])
<Tensor shape=(), dtype=bool, values=False>)py"});

Value where_impl(const Operand& condition, const std::optional<Operand>& x1, const std::optional<Operand>& x2) {
  if (!x1 && !x2) return to_value(TensorTuple(nonzero(condition)));
  if (!x1 || !x2) throw ValueError("`x1` and `x2` either both should be `None` or both should have non-None value.");
  auto [a, b] = promote(*x1, *x2);
  return prim::where(as_bool(condition), a, b);
}
const auto where_op = public_op(
    "where", NUMPY "Where",
    "x1 where the condition holds, x2 elsewhere, with broadcasting. With the condition alone: its non-zero places.",
    where_impl,
    {{"condition", required, "A bool tensor; other numbers count as True where they are not 0."},
     {"x1", Value(), "What is taken where the condition holds; None together with `x2`."},
     {"x2", Value(), "What is taken elsewhere."}},
    {.returns = "A tensor of the broadcast shape, in the dtype that `x1` and `x2` promote to; with the condition alone "
                "one int32 vector per axis.",
     .raises = "ValueError: if only one of `x1` and `x2` is given.",
     .example = R"py(
>>> keras.ops.where(keras.ops.array([True, False]), keras.ops.array([1, 2]), 0)
<Tensor shape=(2,), dtype=int32, values=[1 0]>)py"});

// Of symbolic tensors only the shapes are asked for: Keras refuses floats when there are values.
DType bits_type(const Operand& x, const Operand& y) {
  auto shape_only = [](const Operand& o) { return !o.is_scalar() && o.tensor().shape_only(); };
  DType type = result_type({&x, &y});
  if (is_float(type) && !shape_only(x) && !shape_only(y))
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
Tensor gcd_impl(const Operand& x1, const Operand& x2) { return shift<Binary::gcd>(x1, x2); }
Tensor lcm_impl(const Operand& x1, const Operand& x2) {
  DType type = bits_type(x1, x2);
  if (type == DType::boolean) type = DType::int32;
  const Tensor a = x1.as(type), b = x2.as(type), divisor = prim::binary(Binary::gcd, a, b);
  return prim::unary(Unary::abs, prim::multiply(prim::binary(Binary::floor_divide, a, divisor), b));  // 0 / 0 is 0
}
Tensor invert(const Operand& x) { return prim::unary(Unary::bitwise_not, x.as(bits_type(x, x))); }

}  // namespace

template <Tensor (*function)(const Operand&, const Operand&)>
auto bits_op(const char* name, const char* class_path, const char* doc, Doc description) {
  return public_op(name, class_path, doc, function, {{"x", required, about::first}, {"y", required, about::second}},
                   description);
}
#define BITS_OP(NAME, CLASS, DOC, FUNCTION, ...)                                         \
  static const auto NAME##_op = bits_op<FUNCTION>(#NAME, NUMPY CLASS, DOC, __VA_ARGS__); \
  Tensor NAME(const Operand& x, const Operand& y) { return NAME##_op(x, y); }
BITS_OP(bitwise_and, "BitwiseAnd", "Bits set in both.", bits<Binary::bitwise_and>,
        {.returns = about::promoted_integers, .example = R"py(
>>> keras.ops.bitwise_and([6, 5], 3)
<Tensor shape=(2,), dtype=int32, values=[2 1]>)py"})
BITS_OP(bitwise_or, "BitwiseOr", "Bits set in either.", bits<Binary::bitwise_or>,
        {.returns = about::promoted_integers, .example = R"py(
>>> keras.ops.bitwise_or([6, 5], 3)
<Tensor shape=(2,), dtype=int32, values=[7 7]>)py"})
BITS_OP(bitwise_xor, "BitwiseXor", "Bits set in exactly one.", bits<Binary::bitwise_xor>,
        {.returns = about::promoted_integers, .example = R"py(
>>> keras.ops.bitwise_xor([6, 5], 3)
<Tensor shape=(2,), dtype=int32, values=[5 6]>)py"})
BITS_OP(bitwise_left_shift, "BitwiseLeftShift", "The bits of x moved y places up.", shift<Binary::left_shift>,
        {.returns = about::promoted_integers, .example = R"py(
>>> keras.ops.bitwise_left_shift([1, 2], 3)
<Tensor shape=(2,), dtype=int32, values=[ 8 16]>)py"})
BITS_OP(left_shift, "LeftShift", "The bits of x moved y places up.", shift<Binary::left_shift>,
        {.returns = about::promoted_integers, .example = R"py(
>>> keras.ops.left_shift([1, 2], 3)
<Tensor shape=(2,), dtype=int32, values=[ 8 16]>)py"})
BITS_OP(bitwise_right_shift, "BitwiseRightShift", "The bits of x moved y places down, the sign kept.",
        shift<Binary::right_shift>, {.returns = about::promoted_integers, .example = R"py(
>>> keras.ops.bitwise_right_shift([8, -8], 1)
<Tensor shape=(2,), dtype=int32, values=[ 4 -4]>)py"})
BITS_OP(right_shift, "RightShift", "The bits of x moved y places down, the sign kept.", shift<Binary::right_shift>,
        {.returns = about::promoted_integers, .example = R"py(
>>> keras.ops.right_shift([8, -8], 1)
<Tensor shape=(2,), dtype=int32, values=[ 4 -4]>)py"})
#undef BITS_OP
LAMINA_BINARY_OP(gcd, NUMPY "Gcd", "The greatest common divisor.", gcd_impl,
                 {.returns = about::promoted_integers,
                  .raises = "TypeError: if an operand holds floats.",
                  .example = R"py(
>>> keras.ops.gcd([12, 9], 8)
<Tensor shape=(2,), dtype=int32, values=[4 1]>)py"})
LAMINA_BINARY_OP(lcm, NUMPY "Lcm", "The least common multiple.", lcm_impl,
                 {.returns = about::promoted_integers,
                  .raises = "TypeError: if an operand holds floats.",
                  .example = R"py(
>>> keras.ops.lcm([4, 3], 6)
<Tensor shape=(2,), dtype=int32, values=[12  6]>)py"})
LAMINA_UNARY_OP(bitwise_invert, NUMPY "BitwiseInvert", "Every bit flipped.", invert,
                {.returns = about::same, .raises = "TypeError: if `x` holds floats.", .example = R"py(
>>> keras.ops.bitwise_invert([0, 5])
<Tensor shape=(2,), dtype=int32, values=[-1 -6]>)py"})
LAMINA_UNARY_OP(bitwise_not, NUMPY "BitwiseNot", "Every bit flipped.", invert,
                {.returns = about::same, .raises = "TypeError: if `x` holds floats.", .example = R"py(
>>> keras.ops.bitwise_not([0, 5])
<Tensor shape=(2,), dtype=int32, values=[-1 -6]>)py"})

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
