#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// Whether strings of two tensors of one shape are the same, byte for byte.
class TextEqualOp final : public Primitive {
 public:
  std::string_view name() const override { return "TextEqual"; }
  bool takes_strings() const override { return true; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
};

namespace prim {
// Elementwise, with broadcasting; boolean.
Tensor text_equal(const Tensor& a, const Tensor& b);
}  // namespace prim
}  // namespace lamina
