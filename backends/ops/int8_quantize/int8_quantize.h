#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// Floats as int8 with a scale for all values behind each of the leading axes, as ops::abs_max_quantize() makes them of
// several primitives: scale = high / (the greatest |x| + epsilon), and the integer nearest to x * scale, between low
// and high. Input x (leading..., values...), float32. Outputs: the integers, int8, and the scale, which keeps the other
// axes with size 1. The values stay the same bits.
class Int8QuantizeOp final : public Primitive {
 public:
  Int8QuantizeOp(int leading, double low, double high, double epsilon)
      : leading(leading), low(low), high(high), epsilon(epsilon) {}
  std::string_view name() const override { return "Int8Quantize"; }
  void attributes(Attributes& a) const override { a("leading", leading)("low", low)("high", high)("epsilon", epsilon); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const int leading;
  const double low, high, epsilon;
};

namespace prim {
// The integers and the scale. TypeError unless x is float32, ValueError unless it has more axes than `leading`.
Tensors quantize_int8(const Tensor& x, int leading, double low, double high, double epsilon);
}  // namespace prim
}  // namespace lamina
