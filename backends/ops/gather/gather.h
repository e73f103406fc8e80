#pragma once
// Indexed reads and writes along one axis. Letters: an indexed tensor is (O..., n, I...), indices have shape K.
// A negative index counts from the end; what is still outside 0..n-1 reads a filler and is not written.
#include "backends/core/primitive.h"

namespace lamina {

// x (O..., n, I...), indices K -> (O..., K..., I...).
class GatherOp final : public Primitive {
 public:
  enum class Fill : uint8_t { nan, zero };  // outside: NaN (the extreme value of integers), or 0
  GatherOp(int axis, Fill fill) : axis(axis), fill(fill) {}
  std::string_view name() const override { return "Gather"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("axis", axis)("zero_fill", fill == Fill::zero); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const int axis;
  const Fill fill;
};

// How updates meet what is there.
enum class Scatter : uint8_t { update, add, max, min, mul };
std::string_view name_of(Scatter kind);

// x (O..., n, I...), indices K, updates (O..., K..., I...) -> x with the updates combined in, in the order of the
// indices
// (`update` replaces: the last one stays).
class ScatterOp final : public Primitive {
 public:
  ScatterOp(Scatter kind, int axis) : kind(kind), axis(axis) {}
  std::string_view name() const override { return "Scatter"; }
  void attributes(Attributes& a) const override { a("kind", name_of(kind))("axis", axis); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Scatter kind;
  const int axis;
};

namespace prim {
// Slices of `x` at `indices` (integers, negative ones from the end) of `axis`; an index outside gives what `fill`
// says.
Tensor gather(const Tensor& x, const Tensor& indices, int axis, GatherOp::Fill fill = GatherOp::Fill::nan);
// x with `updates` put or combined at `indices` of `axis`; indices outside are dropped. The order of sums is fixed.
Tensor scatter(Scatter kind, const Tensor& x, const Tensor& indices, const Tensor& updates, int axis);
// One index an output element along `axis`; the other sizes of x and indices are equal, or 1 (gather_along repeats
// them). ValueError if not.
Tensor gather_along(const Tensor& x, const Tensor& indices, int axis, GatherOp::Fill fill = GatherOp::Fill::nan);
Tensor scatter_along(Scatter kind, const Tensor& x, const Tensor& indices, const Tensor& updates, int axis);
// indices (K..., d) address the first d axes of x: (K..., rest of x).
Tensor gather_nd(const Tensor& x, const Tensor& indices);
Tensor scatter_nd(Scatter kind, const Tensor& x, const Tensor& indices, const Tensor& updates);
}  // namespace prim
}  // namespace lamina
