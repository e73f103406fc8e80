#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// How elements become one.
enum class Reduce : uint8_t { sum, prod, max, min, any, all };
std::string_view name_of(Reduce kind);

// Reduces `axes` (sorted, non-negative; empty reduces nothing). any/all take and give bool; sum and prod keep the dtype
// (float16/bfloat16 accumulate in float32). max/min of an empty axis is a ValueError.
class ReduceOp final : public Primitive {
 public:
  ReduceOp(Reduce kind, std::vector<int> axes, bool keepdims) : kind(kind), axes(std::move(axes)), keepdims(keepdims) {}
  std::string_view name() const override { return "Reduce"; }
  void attributes(Attributes& a) const override { a("kind", name_of(kind))("axes", axes)("keepdims", keepdims); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Reduce kind;
  const std::vector<int> axes;
  const bool keepdims;
};

namespace prim {
Tensor reduce(Reduce kind, const Tensor& x, std::vector<int> axes, bool keepdims);  // axes may be negative
// Over every axis: a scalar.
Tensor reduce_all(Reduce kind, const Tensor& x);
// In x's dtype; halves are summed in float32.
inline Tensor sum(const Tensor& x, std::vector<int> axes, bool keepdims = false) {
  return reduce(Reduce::sum, x, std::move(axes), keepdims);
}
}  // namespace prim
}  // namespace lamina
