#pragma once
#include "backends/ops/matmul/matmul.h"

namespace lamina {

// c + alpha * (a x b) with a and b as MatMul takes them and c of the product's shape, or c + alpha * r * (a x b) with a
// fourth input r, a scalar; float32. Made by the graph engine for gradient steps on kernels (W - rate * x^T g), whose
// product then never goes through memory; c's memory may be the result's. MatMul, a multiplication and an addition are
// its reference, which rounds once more.
class MatMulAddOp final : public Primitive {
 public:
  MatMulAddOp(bool transpose_a, bool transpose_b, double alpha) : product(transpose_a, transpose_b), alpha(alpha) {}
  std::string_view name() const override { return "MatMulAdd"; }
  void attributes(Attributes& a) const override {
    product.attributes(a);
    a("alpha", alpha);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;  // inputs: c, a, b (, r)
  bool differentiable() const override { return false; }
  const MatMulOp product;
  const double alpha;
};

}  // namespace lamina
