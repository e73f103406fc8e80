#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// x (n, ...) -> its n rows, each of shape (...). One op for all rows, so that a loop over them has one gradient, a
// stack.
class UnstackOp final : public Primitive {
 public:
  std::string_view name() const override { return "Unstack"; }
  bool takes_strings() const override { return true; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

namespace prim {
// The slices of the first axis, whose size is known.
Tensors unstack(const Tensor& x);
Tensor stack(const Tensors& rows);  // along a new first axis
}  // namespace prim
}  // namespace lamina
