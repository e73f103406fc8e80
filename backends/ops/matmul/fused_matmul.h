#pragma once
#include "backends/ops/epilogue/epilogue.h"
#include "backends/ops/matmul/matmul.h"

namespace lamina {

// relu(a b + bias + residual), or what of it the epilogue names; float32, on devices float16 and bfloat16, too. Inputs
// a and b as MatMul takes them, bias (n), residual (of the result's shape). Made by the graph engine's pass only, after
// gradients have been taken; the same bits as the primitives one by one.
class FusedMatMulOp final : public Primitive {
 public:
  FusedMatMulOp(bool transpose_a, bool transpose_b, Epilogue epilogue)
      : product(transpose_a, transpose_b), epilogue(epilogue) {}
  std::string_view name() const override { return "FusedMatMul"; }
  void attributes(Attributes& a) const override {
    product.attributes(a);
    a("bias", epilogue.bias);
    a("residual", epilogue.residual);
    a("relu", epilogue.relu);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override { return product.infer(in.first(2)); }
  bool differentiable() const override { return false; }
  const MatMulOp product;
  const Epilogue epilogue;
};

// What a kernel of MatMul, or of FusedMatMul, is asked for.
struct ProductCall {
  const MatMulOp& product;
  Epilogue epilogue = {};
  template <bool kFused>
  static ProductCall of(const Primitive& op) {
    if constexpr (kFused)
      return {static_cast<const FusedMatMulOp&>(op).product, static_cast<const FusedMatMulOp&>(op).epilogue};
    else
      return {static_cast<const MatMulOp&>(op)};
  }
};

}  // namespace lamina
