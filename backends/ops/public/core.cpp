#include "backends/ops/public/core.h"

#include "backends/core/settings.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define CORE "keras.src.ops.core."
#define FUNCTION "keras.src.ops.core."  // without an operation class

namespace {

Value shape_impl(const Operand& x) { return Value(x.shape()); }
const auto shape_op =
    public_op("shape", FUNCTION, "The sizes as a tuple, None where unknown.", shape_impl,
              {{"x", required, about::tensor}}, {.returns = "A tuple of integers and Nones.", .example = R"py(
>>> keras.ops.shape(keras.ops.ones((2, 3)))
(2, 3))py"});
int64_t ndim_impl(const Operand& x) { return x.shape().rank(); }
const auto ndim_op = public_op("ndim", "keras.src.ops.numpy.Ndim", "The number of axes.", ndim_impl,
                               {{"x", required, about::tensor}}, {.returns = "An integer.", .example = R"py(
>>> keras.ops.ndim(keras.ops.ones((2, 3)))
2)py"});
Value size_impl(const Operand& x) {
  int64_t n = x.shape().elements();
  return n < 0 ? Value() : Value(n);
}
const auto size_op =
    public_op("size", "keras.src.ops.numpy.Size", "The number of elements, None where unknown.", size_impl,
              {{"x", required, about::tensor}}, {.returns = "An integer, or None.", .example = R"py(
>>> keras.ops.size(keras.ops.ones((2, 3)))
6)py"});
std::string dtype_impl(const Operand& x) { return std::string(name_of(x.dtype())); }
const auto dtype_op = public_op("dtype", FUNCTION, "The name of the dtype.", dtype_impl,
                                {{"x", required, about::tensor}}, {.returns = "A string.", .example = R"py(
>>> keras.ops.dtype(keras.ops.array([1.5]))
'float32')py"});

Tensor cast_impl(const Operand& x, const std::optional<DType>& dtype) {
  return x.as(dtype.value_or(settings().floatx()));
}
const auto cast_op = public_op(
    "cast", CORE "Cast", "x converted to another dtype; floats lose their fraction on the way to integers.", cast_impl,
    {{"x", required, about::tensor}, {"dtype", required, "The dtype to convert to; None is `keras.config.floatx()`."}},
    {.returns = "A tensor of the shape of `x` and of that dtype.", .example = R"py(
>>> keras.ops.cast([1.7, -1.7], "int32")
<Tensor shape=(2,), dtype=int32, values=[ 1 -1]>)py"});

struct Range {
  double low, high;
};
Range range_of(DType t) {
  switch (t) {
    case DType::uint8: return {0, 255};
    case DType::uint16: return {0, 65535};
    case DType::uint32: return {0, 4294967295.0};
    case DType::uint64: return {0, 18446744073709549568.0};  // the largest double below 2^64
    case DType::int8: return {-128, 127};
    case DType::int16: return {-32768, 32767};
    case DType::int32: return {-2147483648.0, 2147483647.0};
    case DType::int64: return {-9223372036854775808.0, 9223372036854774784.0};
    case DType::float16: return {-65504, 65504};
    case DType::bfloat16: return {-3.3895313892515355e38, 3.3895313892515355e38};
    case DType::float32: return {-3.4028234663852886e38, 3.4028234663852886e38};
    default: return {-1.7976931348623157e308, 1.7976931348623157e308};
  }
}
Tensor saturate_cast_impl(const Operand& x, const std::optional<DType>& given) {
  const DType dtype = given.value_or(settings().floatx());
  Tensor t = x.value();
  if (dtype == DType::boolean || t.dtype() == DType::boolean) return prim::cast(t, dtype);
  Range to = range_of(dtype), from = range_of(t.dtype());
  if (from.low < to.low || from.high > to.high) {
    double low = std::max(to.low, from.low), high = std::min(to.high, from.high);
    const Tensor above = prim::maximum(t, constant(low, t.dtype()));
    const float rounded = static_cast<float>(high);
    if (t.dtype() == DType::float32 && !is_float(dtype) && rounded > high) {
      // The largest integer lies between two floats: numbers up to the lower one are cast, all others are that integer.
      const Tensor inside = prim::minimum(above, constant(std::nextafter(rounded, 0.0f), t.dtype()));
      return prim::where(compare(Binary::greater_equal, t, rounded), constant(high, dtype), prim::cast(inside, dtype));
    }
    t = prim::minimum(above, constant(high, t.dtype()));
  }
  return prim::cast(t, dtype);
}
const auto saturate_cast_op = public_op(
    "saturate_cast", CORE "SaturateCast", "x converted to another dtype, clipped to its range first.",
    saturate_cast_impl,
    {{"x", required, about::tensor}, {"dtype", required, "The dtype to convert to; None is `keras.config.floatx()`."}},
    {.returns = "A tensor of the shape of `x` and of that dtype.", .example = R"py(
>>> keras.ops.saturate_cast(keras.ops.array([300.0, -5.0]), "uint8")
<Tensor shape=(2,), dtype=uint8, values=[255   0]>)py"});

Tensor convert_impl(const Operand& x, const std::optional<DType>& dtype, bool sparse, bool ragged) {
  if (sparse || ragged) throw UnsupportedError("sparse and ragged tensors are not available.");
  return x.as(dtype.value_or(x.dtype()));
}
const auto convert_op =
    public_op("convert_to_tensor", CORE "ConvertToTensor",
              "x (a number, nested lists of numbers, or a tensor) as a tensor of the given dtype.", convert_impl,
              {{"x", required, "What is to become a tensor."},
               {"dtype", Value(), "The dtype; None takes what Python's numbers or the array say."},
               {"sparse", Value(), "False or None: tensors are dense."},
               {"ragged", Value(), "False or None: rows have one size."}},
              {.returns = "A tensor; itself if it is one of that dtype.",
               .raises = "ValueError: if nested lists are not rectangular.",
               .example = R"py(
>>> keras.ops.convert_to_tensor([[1, 2], [3, 4]])
<Tensor shape=(2, 2), dtype=int32, values=[[1 2]
 [3 4]]>)py"});

Tensor stop_gradient_impl(const Operand& variable) { return prim::stop_gradient(variable.value()); }
const auto stop_gradient_op =
    public_op("stop_gradient", CORE "StopGradient", "x itself, through which no gradient flows.", stop_gradient_impl,
              {{"variable", required, about::tensor}}, {.returns = "A tensor of the same values.", .example = R"py(
>>> keras.ops.stop_gradient(keras.ops.array([1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"});

bool is_tensor_impl(const Value& x) { return x.is_tensor(); }
const auto is_tensor_op = public_op("is_tensor", FUNCTION, "Whether x is a tensor.", is_tensor_impl,
                                    {{"x", required, "Anything."}}, {.returns = "A bool.", .example = R"py(
>>> keras.ops.is_tensor(keras.ops.array([1.5]))
True)py"});

}  // namespace

Value shape(const Operand& x) { return Value(x.shape()); }
int64_t ndim(const Operand& x) { return x.shape().rank(); }
Value size(const Operand& x) { return size_impl(x); }
std::string dtype(const Operand& x) { return dtype_impl(x); }
Tensor cast(const Operand& x, DType dtype) { return cast_op(x, dtype); }
Tensor saturate_cast(const Operand& x, DType dtype) { return saturate_cast_op(x, dtype); }
Tensor convert_to_tensor(const Operand& x, const std::optional<DType>& dtype) {
  return convert_op(x, dtype, false, false);
}
Tensor stop_gradient(const Operand& variable) { return stop_gradient_op(variable); }
bool is_tensor(const Value& x) { return x.is_tensor(); }

}  // namespace lamina::ops
