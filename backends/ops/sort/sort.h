#pragma once
// Orders along the last axis. NaN counts as larger than every number. Equal values keep their order (stable).
#include "backends/core/primitive.h"

namespace lamina {

// x (..., n) -> the k first in order (..., k) and their int32 places (..., k). k = -1 takes all.
class SortOp final : public Primitive {
 public:
  SortOp(bool descending, int64_t k) : descending(descending), k(k) {}
  std::string_view name() const override { return "Sort"; }
  void attributes(Attributes& a) const override { a("descending", descending)("k", k); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool descending;
  const int64_t k;
};

// The place of the largest or smallest along `axis` (the first of several, the first NaN if there is one), as int32.
class ArgReduceOp final : public Primitive {
 public:
  ArgReduceOp(bool largest, int axis) : largest(largest), axis(axis) {}
  std::string_view name() const override { return "ArgReduce"; }
  void attributes(Attributes& a) const override { a("largest", largest)("axis", axis); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const bool largest;
  const int axis;
};

namespace prim {
// The values in order, and the places (int32) where they stood.
struct Sorted {
  Tensor values, indices;
};
// Values and int32 places of the last axis in order, NaN last, equal ones as they stood; the first `k` where that is
// not negative.
Sorted sort_last(const Tensor& x, bool descending = false, int64_t k = -1);
Tensor arg_reduce(bool largest, const Tensor& x, int axis);  // the axis is dropped
}  // namespace prim
}  // namespace lamina
