// Numbers of 8 bits, as float32 that has been rounded to them: there is no such dtype.
#include <array>
#include <cmath>

#include "backends/ops/public/numpy_elementwise.h"
#include "backends/ops/public/quantization.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

namespace {

struct Float8 {
  std::string_view name;
  int mantissa, least, greatest;  // bits behind the point, and the exponents of the smallest and the greatest normal
  double max;
};
constexpr std::array kFloat8 = {Float8{"float8_e4m3fn", 3, -6, 8, 448}, Float8{"float8_e5m2", 2, -14, 15, 57344}};

// The nearest number of the format, the even one of two; |x| <= format.max.
Tensor rounded_to(const Tensor& x, const Float8& format) {
  std::vector<double> steps;  // between neighbours, by exponent
  for (int e = format.least; e <= format.greatest; ++e) steps.push_back(std::ldexp(1.0, e - format.mantissa));
  const Tensor table = tensor_from_list(to_value(steps), DType::float32);
  const Tensor value = prim::cast(x, DType::float32);
  // Where a logarithm is off at a power of 2, the steps on both sides of it round to the same.
  const Tensor exponent = prim::unary(Unary::floor, prim::unary(Unary::log2, prim::unary(Unary::abs, value)));
  const Tensor place =
      prim::minimum(prim::maximum(prim::add(exponent, -static_cast<double>(format.least)), constant(0, DType::float32)),
                    constant(static_cast<double>(steps.size()) - 1, DType::float32));
  const Tensor step = prim::gather(table, prim::cast(place, DType::int32), 0);
  return prim::multiply(prim::unary(Unary::round, prim::divide(value, step)), step);
}

Tensor quantize_and_dequantize_impl(const Operand& inputs, const Operand& scale, const std::string& quantized_dtype,
                                    DType compute_dtype) {
  const Float8* format = nullptr;
  for (const Float8& f : kFloat8)
    if (f.name == quantized_dtype) format = &f;
  if (!format)
    throw ValueError("`quantized_dtype` must be 'float8_e4m3fn' or 'float8_e5m2'. Received: quantized_dtype=",
                     quantized_dtype);
  const Tensor factor = scale.as(compute_dtype);
  const Tensor scaled = prim::cast(ops::divide(inputs, factor), compute_dtype);
  const Tensor within =
      prim::minimum(prim::maximum(scaled, constant(-format->max, compute_dtype)), constant(format->max, compute_dtype));
  return prim::multiply(prim::cast(rounded_to(within, *format), compute_dtype), factor);
}

const auto quantize_and_dequantize_op =
    public_op("quantizers.quantize_and_dequantize", "keras.src.quantizers.quantizers.QuantizeAndDequantize",
              "A tensor as it is when it was of a float8 type for a while.", quantize_and_dequantize_impl,
              {{"inputs", required, about::tensor},
               {"scale", required, "What it is divided by before, and multiplied with after."},
               {"quantized_dtype", required, "\"float8_e4m3fn\" or \"float8_e5m2\"."},
               {"compute_dtype", required, "The dtype of the result."}},
              {.returns = "A tensor of the shape of `inputs`.",
               .raises = "ValueError: for another `quantized_dtype`.",
               .example = R"py(
>>> keras.quantizers.quantize_and_dequantize(keras.ops.array([1.06, 500.0]), 1.0, "float8_e4m3fn", "float32")
<Tensor shape=(2,), dtype=float32, values=[  1. 448.]>)py"});

}  // namespace

Tensor quantize_and_dequantize(const Operand& inputs, const Operand& scale, const std::string& quantized_dtype,
                               DType compute_dtype) {
  return quantize_and_dequantize_op(inputs, scale, quantized_dtype, compute_dtype);
}

}  // namespace lamina::ops
