#pragma once
// The Gaussian error linear unit in one pass, and its gradient in one: their compositions keep four intermediate
// results for the gradient, which costs more memory traffic than computing them again. float32 or float64.
#include "backends/core/primitive.h"

namespace lamina {

// x P(X <= x) for a standard normal X: x (1 + erf(x / sqrt 2)) / 2, or with tanh(sqrt(2 / pi) (x + 0.044715 x^3)) for
// the erf (Hendrycks and Gimpel, 2016).
class GeluOp final : public Primitive {
 public:
  explicit GeluOp(bool approximate) : approximate(approximate) {}
  std::string_view name() const override { return "Gelu"; }
  void attributes(Attributes& a) const override { a("approximate", approximate); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool approximate;
};

// The gradient for x, from x and the gradient of the result.
class GeluGradOp final : public Primitive {
 public:
  explicit GeluGradOp(bool approximate) : approximate(approximate) {}
  std::string_view name() const override { return "GeluGrad"; }
  void attributes(Attributes& a) const override { a("approximate", approximate); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool approximate;
};

namespace prim {
// x times the standard normal distribution function of x, or its approximation by tanh (Hendrycks & Gimpel, 2016).
Tensor gelu(const Tensor& x, bool approximate);
Tensor gelu_composed(const Tensor& x, bool approximate);  // any float type
}  // namespace prim
}  // namespace lamina
