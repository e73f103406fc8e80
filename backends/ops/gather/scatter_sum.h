#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// indices K, updates (O..., K..., I...) -> (O..., n, I...): zeros with the updates added in, in the order of the
// indices. What Gather's gradient is: Scatter into fresh zeros, that are filled where the sums are made.
class ScatterSumOp final : public Primitive {
 public:
  ScatterSumOp(int axis, int64_t size) : axis(axis), size(size) {}
  std::string_view name() const override { return "ScatterSum"; }
  void attributes(Attributes& a) const override { a("axis", axis)("n", size); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const int axis;
  const int64_t size;  // n
};

namespace prim {
// Sums of the slices of `updates` with one index of `axis`, which gets `size` entries; the order of sums is fixed.
Tensor scatter_sum(const Tensor& indices, const Tensor& updates, int axis, int64_t size);
}  // namespace prim
}  // namespace lamina
