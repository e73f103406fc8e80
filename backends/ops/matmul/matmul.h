#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// Batched matrix product: a (..., m, k) by b (..., k, n) -> (..., m, n), equal leading axes. With transpose_a the last
// two axes of a are (k, m); with transpose_b those of b are (n, k). float16/bfloat16 accumulate in float32.
class MatMulOp final : public Primitive {
 public:
  MatMulOp(bool transpose_a, bool transpose_b) : transpose_a(transpose_a), transpose_b(transpose_b) {}
  std::string_view name() const override { return "MatMul"; }
  void attributes(Attributes& a) const override { a("ta", transpose_a)("tb", transpose_b); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool transpose_a, transpose_b;
};

// Sizes of a product: `batch` times (m, k) by (k, n).
struct MatMulDims {
  int64_t batch, m, n, k;
};
MatMulDims matmul_dims(const MatMulOp& op, const Shape& a, const Shape& b);
double multiply_adds(const MatMulDims& d);  // each counts as two operations

namespace prim {
// Products of the last two axes; equal axes before them are a batch. ValueError for shapes that do not fit.
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
}  // namespace prim
}  // namespace lamina
