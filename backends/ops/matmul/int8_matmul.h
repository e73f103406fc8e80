#pragma once
#include "backends/ops/matmul/matmul.h"

namespace lamina {

// Batched product of int8 matrices with sums in int32: a (..., m, k) by b (..., k, n) -> (..., m, n), equal leading
// axes. Transposed operands are read as MatMulOp reads them. The result is exact while k is below 2^17.
class Int8MatMulOp final : public Primitive {
 public:
  Int8MatMulOp(bool transpose_a, bool transpose_b) : product(transpose_a, transpose_b) {}
  std::string_view name() const override { return "Int8MatMul"; }
  void attributes(Attributes& a) const override { product.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const MatMulOp product;  // whose rules for shapes hold
};

namespace prim {
// TypeError unless both are int8.
Tensor matmul_int8(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
}  // namespace prim
}  // namespace lamina
