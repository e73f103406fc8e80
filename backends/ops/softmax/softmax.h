#pragma once
// Softmax and the cross entropy of logits, fused a row at a time: their compositions walk memory five times as often.
// Rows are the last axis (size n >= 1); every op here takes float dtypes (half types compute in float32).
#include "backends/core/primitive.h"

namespace lamina {

// y = exp(x - max x) / sum exp(x - max x), or its logarithm. x (..., n) -> (..., n).
class SoftmaxOp final : public Primitive {
 public:
  explicit SoftmaxOp(bool log) : log(log) {}
  std::string_view name() const override { return log ? "LogSoftmax" : "Softmax"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool log;
};

// The gradient of SoftmaxOp from its output y and the gradient g there: y (g - sum y g), or g - exp(y) sum g.
class SoftmaxGradOp final : public Primitive {
 public:
  explicit SoftmaxGradOp(bool log) : log(log) {}
  std::string_view name() const override { return log ? "LogSoftmaxGrad" : "SoftmaxGrad"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool log;
};

// Cross entropy of logits x (..., n) against classes (sparse: int32 (...), each 0..n-1) or weights t (..., n):
//   loss (...) = z - x[class], or sum_j t_j (z - x_j), with z = log sum exp x, the second output (...).
// A class outside 0..n-1 stands for no class: its loss and gradient are 0.
class CrossEntropyOp final : public Primitive {
 public:
  explicit CrossEntropyOp(bool sparse) : sparse(sparse) {}
  std::string_view name() const override { return "CrossEntropy"; }
  void attributes(Attributes& a) const override { a("sparse", sparse); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool sparse;
};

// d loss / d x from x, t, z and the loss's gradient g (...): g (p sum t - t), with p = exp(x - z); a class counts as
// its one-hot row t.
class CrossEntropyGradOp final : public Primitive {
 public:
  explicit CrossEntropyGradOp(bool sparse) : sparse(sparse) {}
  std::string_view name() const override { return "CrossEntropyGrad"; }
  void attributes(Attributes& a) const override { a("sparse", sparse); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool sparse;
};

namespace prim {
Tensor softmax(const Tensor& x, bool log = false);                              // last axis
Tensor cross_entropy(const Tensor& logits, const Tensor& target, bool sparse);  // (...)
}  // namespace prim
}  // namespace lamina
