#include "backends/ops/public/quantization.h"

#include <cmath>

#include "backends/ops/custom_gradient/custom_gradient.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define QUANTIZERS "keras.src.quantizers.quantizers."

namespace {

QuantizedRange range_of(const Value& v) {
  const auto ends = value_to<std::vector<int64_t>>(v);
  if (ends.size() != 2) throw ValueError("`value_range` must be a pair of numbers. Received: ", v.repr());
  return {ends[0], ends[1]};
}

Tensor clip_to(const Tensor& x, QuantizedRange range) {
  return prim::minimum(prim::maximum(x, constant(static_cast<double>(range.low), x.dtype())),
                       constant(static_cast<double>(range.high), x.dtype()));
}
Tensor rounded(const Tensor& x) { return prim::unary(Unary::round, x); }

Quantized abs_max(const Operand& inputs, const Axes& axes, QuantizedRange range, DType dtype, double epsilon) {
  const Tensor x = as_float(inputs);
  const Tensor most = prim::reduce(Reduce::max, prim::unary(Unary::abs, x), axes_of(axes, x.rank()), true);
  const Tensor scale = prim::divide(constant(static_cast<double>(range.high), x.dtype()), prim::add(most, epsilon));
  return {prim::cast(clip_to(rounded(prim::multiply(x, scale)), range), dtype), scale};
}

ZeroPointQuantized grouped(const Operand& inputs, int64_t block_size, QuantizedRange range, DType dtype,
                           double epsilon) {
  Tensor x = as_float(inputs);
  if (x.rank() != 2 || !x.shape().known())
    throw ValueError("`inputs` must be a matrix of known sizes. Received shape ", x.shape(), ".");
  if (block_size <= 0) throw ValueError("`block_size` must be positive. Received: block_size=", block_size);
  const int64_t rows = x.shape()[0], columns = x.shape()[1], groups = (rows + block_size - 1) / block_size;
  if (groups * block_size > rows) x = prim::pad(x, {0, 0}, {groups * block_size - rows, 0});
  x = prim::reshape(x, {groups, block_size, columns});
  const Tensor low = prim::reduce(Reduce::min, x, {1}, true), high = prim::reduce(Reduce::max, x, {1}, true);
  const Tensor scale =
      prim::multiply(prim::add(prim::subtract(high, low), epsilon), 1.0 / static_cast<double>(range.high - range.low));
  const Tensor zero =
      clip_to(prim::add(rounded(prim::divide(prim::negative(low), scale)), static_cast<double>(range.low)), range);
  const Tensor values = prim::cast(clip_to(prim::add(rounded(prim::divide(x, scale)), zero), range), dtype);
  return {prim::slice_axis(prim::reshape(values, {groups * block_size, columns}), 0, 0, rows), prim::squeeze(scale, 1),
          prim::cast(prim::squeeze(zero, 1), DType::int8)};
}

DType checked_byte(DType dtype) {
  if (dtype != DType::int8 && dtype != DType::uint8)
    throw ValueError("Expected dtype to be 'int8' or 'uint8', but got '", dtype, "'.");
  return dtype;
}

Tensor pack(const Operand& x, int axis, DType dtype) {
  checked_byte(dtype);
  if (x.dtype() != dtype) throw TypeError("Expected ", dtype, " tensor for packing, got ", x.dtype(), ".");
  const int at = normalize_axis(axis, x.tensor().rank());
  // The halves of bytes are those of numbers modulo 16.
  Tensor values = prim::cast(x.tensor(), DType::int32);
  const int64_t size = values.shape()[at];
  if (size % 2) {
    std::vector<int64_t> low(static_cast<size_t>(values.rank()), 0), high = low;
    high[static_cast<size_t>(at)] = 1;
    values = prim::pad(values, low, high);
  }
  std::vector<int64_t> from(static_cast<size_t>(values.rank()), 0), to(values.shape().begin(), values.shape().end()),
      step(from.size(), 1);
  step[static_cast<size_t>(at)] = 2;
  const Tensor mask = constant(15, DType::int32);
  const Tensor first = prim::binary(Binary::bitwise_and, prim::slice(values, from, to, step), mask);
  from[static_cast<size_t>(at)] = 1;
  const Tensor second = prim::binary(Binary::bitwise_and, prim::slice(values, from, to, step), mask);
  const Tensor byte = prim::add(first, prim::multiply(second, 16));
  if (dtype == DType::uint8) return prim::cast(byte, dtype);
  const Tensor eighth = constant(128, DType::int32);  // bytes from 128 on are those below 0
  return prim::cast(prim::subtract(prim::binary(Binary::bitwise_xor, byte, eighth), eighth), dtype);
}

Tensor unpack(const Operand& packed, int64_t length, int axis, DType dtype) {
  checked_byte(dtype);
  if (packed.dtype() != DType::int8 && packed.dtype() != DType::uint8)
    throw TypeError("Expected int8 or uint8 tensor for unpacking, got ", packed.dtype());
  const int at = normalize_axis(axis, packed.tensor().rank());
  const Tensor bytes = prim::cast(packed.tensor(), DType::int32), mask = constant(15, DType::int32);
  Tensor halves[2] = {
      prim::binary(Binary::bitwise_and, bytes, mask),
      prim::binary(Binary::bitwise_and, prim::binary(Binary::right_shift, bytes, constant(4, DType::int32)), mask)};
  for (Tensor& half : halves) {
    const Tensor eight = constant(8, DType::int32);  // 8 ... 15 stand for -8 ... -1
    if (dtype == DType::int8) half = prim::subtract(prim::binary(Binary::bitwise_xor, half, eight), eight);
    half = prim::expand_dims(prim::cast(half, dtype), at + 1);
  }
  Shape shape = bytes.shape();
  shape[at] *= shape[at] < 0 ? 1 : 2;
  const Tensor values = prim::reshape(prim::concat({halves[0], halves[1]}, at + 1), shape);
  return length < shape[at] ? prim::slice_axis(values, at, 0, length) : values;
}

// A pair of numbers (or one pair per place along `axis`) moved so that 0 is one of the quantized values.
struct Nudged {
  Tensor min, max, scale, inverse;
};
Nudged nudged(const Tensor& low, const Tensor& high, int64_t bits, bool narrow) {
  const double most = std::ldexp(1.0, static_cast<int>(bits)) - 1, least = narrow ? 1 : 0;
  const DType dtype = at_least_float32(low.dtype());
  const Tensor min = prim::cast(low, dtype), width = prim::subtract(prim::cast(high, dtype), min);
  const Tensor steps = constant(most - least, dtype), scale = prim::divide(width, steps);
  const Tensor zero = prim::rsub(least, prim::divide(min, scale));
  const Tensor whole = rounded(prim::minimum(prim::maximum(zero, constant(least, dtype)), constant(most, dtype)));
  return {prim::multiply(prim::rsub(least, whole), scale), prim::multiply(prim::rsub(most, whole), scale), scale,
          prim::divide(steps, width)};
}

Tensor fake_quant(const Operand& inputs, const Operand& min_vals, const Operand& max_vals, int64_t num_bits,
                  bool narrow_range, const std::optional<int>& axis) {
  const Tensor x = as_float(inputs), low = as_float(min_vals), high = as_float(max_vals);
  if (num_bits < 2 || num_bits > 30)
    throw ValueError("`num_bits` must be between 2 and 30. Received: num_bits=", num_bits);
  const std::optional<int> at = axis ? std::optional<int>(normalize_axis(*axis, x.rank())) : std::nullopt;
  const auto stopped = [](const Tensor& t) { return prim::stop_gradient(t); };
  const Nudged n = nudged(stopped(low), stopped(high), num_bits, narrow_range);
  const Tensor zero = prim::unary(Unary::floor, prim::add(prim::multiply(prim::negative(n.min), n.inverse), 0.5));
  const Tensor value = prim::cast(stopped(x), n.min.dtype());
  const Tensor clamped = prim::minimum(prim::maximum(value, n.min), n.max);
  const Tensor step = prim::unary(
      Unary::floor, prim::add(prim::subtract(prim::multiply(prim::subtract(clamped, n.min), n.inverse), zero), 0.5));
  const Tensor result = prim::cast(prim::multiply(step, n.scale), x.dtype());
  if (!x.shape().known()) return result;
  const auto rule = [=](const Tensors& gradients) -> Tensors {
    const Tensor& g = gradients[0];
    const Tensor none = constant(0, g.dtype());
    const auto where = [&](Binary kind, const Tensor& limit) {
      return prim::where(compare(kind, value, limit), g, none);
    };
    std::vector<int> others;
    for (int i = 0; i < g.rank(); ++i)
      if (!at || i != *at) others.push_back(i);
    const auto summed = [&](const Tensor& t, const Tensor& like) {
      return prim::reshape(prim::reduce(Reduce::sum, t, others, false), like.shape());
    };
    const Tensor inside = prim::where(logical(Binary::logical_and, compare(Binary::greater_equal, value, n.min),
                                              compare(Binary::less_equal, value, n.max)),
                                      g, none);
    return {inside, summed(where(Binary::less_equal, n.min), low), summed(where(Binary::greater_equal, n.max), high)};
  };
  return prim::custom_gradient({x, low, high}, {result}, rule)[0];
}

Tensor float8_scale(const Operand& amax, const Operand& scale, const Operand& dtype_max, int64_t margin) {
  const Tensor most = as_float(amax);
  const Tensor old = ops::reciprocal(scale);
  Tensor factor = ops::divide(ops::divide(dtype_max, most), std::ldexp(1.0, static_cast<int>(margin)));
  factor = ops::where(ops::greater(most, 0.0), factor, old);
  return ops::reciprocal(ops::where(ops::isfinite(most), factor, old));
}

Tensor amax_history(const Operand& x, const Operand& history) {
  const Tensor past = as_float(history);
  if (past.rank() != 1) throw ValueError("`amax_history` must have one axis. Received shape ", past.shape(), ".");
  const Tensor most = prim::cast(ops::max(ops::abs(x)), past.dtype());
  // What falls out at the front by the move is replaced: [a, b, c] with m is [m, c, a]'s order of a roll by -1.
  const Tensor moved = ops::roll(past, {-1});
  return prim::concat({prim::reshape(most, {1}), prim::slice_axis(moved, 0, 1, past.shape()[0])}, 0);
}

Value pair_of(const Quantized& q) { return Value::tuple({q.values, q.scale}); }

const auto abs_max_op = public_op(
    "quantizers.abs_max_quantize", QUANTIZERS "AbsMaxQuantize",
    "Integers in proportion to a tensor, the greatest of which is the end of a range.",
    +[](const Operand& inputs, const Axes& axis, const Value& value_range, DType dtype, double epsilon) -> Value {
      return pair_of(abs_max(inputs, axis, range_of(value_range), dtype, epsilon));
    },
    {{"inputs", required, about::tensor},
     {"axis", required, "The axis or axes along which one scale holds; None for all."},
     {"value_range", Value::tuple({-127, 127}), "The range of the integers."},
     {"dtype", "int8", "The dtype of the integers."},
     {"epsilon", kQuantizerEpsilon, "Added to the greatest absolute value."}},
    {.returns = "A tuple: the integers, and the scale by which the tensor was multiplied.", .example = R"py(
>>> keras.quantizers.abs_max_quantize(keras.ops.array([[1.0, -2.0]]), axis=-1)[0]
<Tensor shape=(1, 2), dtype=int8, values=[[  64 -127]]>)py"});

const auto grouped_op = public_op(
    "quantizers.abs_max_quantize_grouped_with_zero_point", QUANTIZERS "AbsMaxQuantizeGroupedWithZeroPoint",
    "Integers in proportion to a matrix, with a scale and a zero point for each group of rows and each column.",
    +[](const Operand& inputs, int64_t block_size, const Value& value_range, DType dtype, double epsilon) -> Value {
      const ZeroPointQuantized q = grouped(inputs, block_size, range_of(value_range), dtype, epsilon);
      return Value::tuple({q.values, q.scale, q.zero_point});
    },
    {{"inputs", required, "A matrix."},
     {"block_size", required, "Rows of a group."},
     {"value_range", Value::tuple({-8, 7}), "The range of the integers."},
     {"dtype", "int8", "The dtype of the integers."},
     {"epsilon", kQuantizerEpsilon, "Added to the width of a group's values."}},
    {.returns = "A tuple: the integers, the scale and the zero point (groups, columns).",
     .raises = "ValueError: if `inputs` is no matrix, or `block_size` not positive.",
     .example = R"py(
>>> keras.quantizers.abs_max_quantize_grouped_with_zero_point(keras.ops.array([[0.0], [1.5]]), block_size=2)[0]
<Tensor shape=(2, 1), dtype=int8, values=[[-8]
 [ 7]]>)py"});

const auto pack_op = public_op("quantizers.pack_int4", QUANTIZERS "PackInt4",
                               "Two values of 4 bits in a byte: the first in its low half.", pack,
                               {{"arr", required, "A tensor of bytes with values of 4 bits."},
                                {"axis", 0, "The axis along which two values become one byte."},
                                {"dtype", "int8", "The dtype of the values, \"int8\" or \"uint8\"."}},
                               {.returns = "The bytes; an axis of odd size is padded with 0.",
                                .raises = "ValueError: for another `dtype`. TypeError: if `arr` has another one.",
                                .example = R"py(
>>> keras.quantizers.pack_int4(keras.ops.array([-3, 2], "int8"))[0]
<Tensor shape=(1,), dtype=int8, values=[45]>)py"});

const auto unpack_op = public_op(
    "quantizers.unpack_int4", QUANTIZERS "UnpackInt4", "The values of 4 bits that pack_int4() put into bytes.", unpack,
    {{"packed", required, "A tensor of bytes."},
     {"orig_len", required, "The size of the axis before it was packed."},
     {"axis", 0, "The axis along which values were packed."},
     {"dtype", "int8", "The dtype of the values: \"int8\" for -8 to 7, \"uint8\" for 0 to 15."}},
    {.returns = "A tensor of the values.",
     .raises = "ValueError: for another `dtype`. TypeError: if `packed` holds no bytes.",
     .example = R"py(
>>> packed, _, length = keras.quantizers.pack_int4(keras.ops.array([-3, 7, 2], "int8"))
>>> keras.quantizers.unpack_int4(packed, length)
<Tensor shape=(3,), dtype=int8, values=[-3  7  2]>)py"});

const auto fake_quant_op =
    public_op("quantizers.fake_quant_with_min_max_vars", QUANTIZERS "FakeQuantWithMinMaxVars",
              "A tensor as if it had been quantized between two ends, which may be trained.", fake_quant,
              {{"inputs", required, about::tensor},
               {"min_vals", required, "The lower end: one number, or one per place along `axis`."},
               {"max_vals", required, "The upper end."},
               {"num_bits", 8, "Bits of a quantized value."},
               {"narrow_range", false, "Whether the lowest of the quantized values is left out."},
               {"axis", Value(), "The axis whose places have their own ends; None for one pair."}},
              {.returns = "A tensor of the dtype and shape of `inputs`.",
               .raises = "ValueError: if `num_bits` is not between 2 and 30.",
               .example = R"py(
>>> keras.quantizers.fake_quant_with_min_max_vars(keras.ops.array([0.4, 9.0]), 0.0, 2.0, num_bits=2)
<Tensor shape=(2,), dtype=float32, values=[0.6666667 2.       ]>)py"});

const auto scale_op =
    public_op("quantizers.compute_float8_scale", QUANTIZERS "ComputeFloat8Scale",
              "The scale of the next step of float8 training (NVIDIA Transformer Engine).", float8_scale,
              {{"amax", required, "The greatest recent absolute value."},
               {"scale", required, "The present scale, kept where `amax` is 0 or not finite."},
               {"dtype_max", required, "The greatest number of the float8 type."},
               {"margin", 0, "Powers of 2 that are left free above."}},
              {.returns = "The scale by which values are divided.", .example = R"py(
>>> keras.quantizers.compute_float8_scale(3.0, 4.0, 448.0)
<Tensor shape=(), dtype=float32, values=0.0066964286>)py"});

const auto history_op =
    public_op("quantizers.compute_float8_amax_history", QUANTIZERS "ComputeFloat8AmaxHistory",
              "The greatest absolute values of recent steps, with that of this one in front.", amax_history,
              {{"x", required, about::tensor}, {"amax_history", required, "Those of the steps before."}},
              {.returns = "A tensor of the shape and dtype of `amax_history`.",
               .raises = "ValueError: if it has not one axis.",
               .example = R"py(
>>> keras.quantizers.compute_float8_amax_history(keras.ops.array([-3.0, 2.0]), keras.ops.array([1.0, 2.0, 4.0]))
<Tensor shape=(3,), dtype=float32, values=[3. 4. 1.]>)py"});

}  // namespace

Quantized abs_max_quantize(const Operand& x, const Axes& axes, QuantizedRange range, DType dtype, double epsilon) {
  return abs_max(x, axes, range, dtype, epsilon);
}
ZeroPointQuantized abs_max_quantize_grouped_with_zero_point(const Operand& x, int64_t block_size, QuantizedRange range,
                                                            DType dtype, double epsilon) {
  return grouped(x, block_size, range, dtype, epsilon);
}
Tensor pack_int4(const Operand& x, int axis, DType dtype) { return pack_op(x, axis, dtype); }
Tensor unpack_int4(const Operand& packed, int64_t length, int axis, DType dtype) {
  return unpack_op(packed, length, axis, dtype);
}
Tensor dequantize_groups(const Tensor& values, const Tensor& scale, const Tensor& zero, const Tensor& groups,
                         int axis) {
  const Tensor index = prim::cast(groups, DType::int32);
  const Tensor factor = prim::gather(scale, index, normalize_axis(axis, scale.rank()));
  const Tensor offset = prim::gather(prim::cast(zero, scale.dtype()), index, normalize_axis(axis, zero.rank()));
  return prim::multiply(prim::subtract(prim::cast(values, scale.dtype()), offset), factor);
}
Tensor fake_quant_with_min_max_vars(const Operand& inputs, const Operand& min_vals, const Operand& max_vals,
                                    int64_t num_bits, bool narrow_range, const std::optional<int>& axis) {
  return fake_quant_op(inputs, min_vals, max_vals, num_bits, narrow_range, axis);
}
Tensor compute_float8_scale(const Operand& amax, const Operand& scale, const Operand& dtype_max, int64_t margin) {
  return scale_op(amax, scale, dtype_max, margin);
}
Tensor compute_float8_amax_history(const Operand& x, const Operand& amax_history) {
  return history_op(x, amax_history);
}

}  // namespace lamina::ops
