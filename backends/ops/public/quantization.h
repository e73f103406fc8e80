#pragma once
// keras.quantizers, functions: weights and activations in few bits.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

struct Quantized {
  Tensor values, scale;
};
// Integers with scales and zero points: value = (integer - zero_point) * scale.
struct ZeroPointQuantized {
  Tensor values, scale, zero_point;
};

inline constexpr double kQuantizerEpsilon = 1e-7;
// The least and the greatest integer that stand for values.
struct QuantizedRange {
  int64_t low = -127, high = 127;
};
inline constexpr QuantizedRange kInt4Range{-8, 7};

// round(x * scale) within the range, where scale = high / (the greatest |x| along `axes` + epsilon) keeps the axes with
// size 1.
Quantized abs_max_quantize(const Operand& x, const Axes& axes, QuantizedRange range = {}, DType dtype = DType::int8,
                           double epsilon = kQuantizerEpsilon);
// The same of a matrix, in groups of block_size rows with a scale and a zero point per column:
// round(x / scale) + zero_point. x (n, m) -> values (n, m), scale and zero_point (groups, m). ValueError unless x is a
// matrix and block_size positive.
ZeroPointQuantized abs_max_quantize_grouped_with_zero_point(const Operand& x, int64_t block_size,
                                                            QuantizedRange range = kInt4Range,
                                                            DType dtype = DType::int8,
                                                            double epsilon = kQuantizerEpsilon);

// Two values of 4 bits in a byte along `axis`: the first in the low half. An odd axis is padded with 0. ValueError
// unless `dtype` is int8 or uint8, TypeError unless x has it.
Tensor pack_int4(const Operand& x, int axis = 0, DType dtype = DType::int8);
// The values again, `length` of them along `axis`; signed if dtype is int8.
Tensor unpack_int4(const Operand& packed, int64_t length, int axis = 0, DType dtype = DType::int8);

// (values - zero) * scale, where scale and zero are taken along `axis` by `groups`, the group of each place there.
Tensor dequantize_groups(const Tensor& values, const Tensor& scale, const Tensor& zero, const Tensor& groups, int axis);

// x as if it had been quantized to num_bits between min and max, which may be one number or one per place along `axis`.
// The gradient passes where x lies between them, and goes to min or max elsewhere.
Tensor fake_quant_with_min_max_vars(const Operand& inputs, const Operand& min_vals, const Operand& max_vals,
                                    int64_t num_bits = 8, bool narrow_range = false,
                                    const std::optional<int>& axis = {});

// Divided by scale, rounded to the nearest number of "float8_e4m3fn" or "float8_e5m2" within its range, and multiplied
// again. ValueError for another type.
Tensor quantize_and_dequantize(const Operand& inputs, const Operand& scale, const std::string& quantized_dtype,
                               DType compute_dtype);

// The next scale from the greatest recent value: amax / dtype_max * 2^margin; the old one where amax is 0 or not
// finite.
Tensor compute_float8_scale(const Operand& amax, const Operand& scale, const Operand& dtype_max, int64_t margin = 0);
// The history moved by one, with the greatest |x| in front.
Tensor compute_float8_amax_history(const Operand& x, const Operand& amax_history);

}  // namespace lamina::ops
