#pragma once
// Ops that move elements without changing them. Shapes may hold unknown sizes only for shape-only tensors.
#include "backends/core/primitive.h"

namespace lamina {

class ReshapeOp final : public Primitive {  // shares storage
 public:
  explicit ReshapeOp(const Shape& shape) : shape(shape) {}
  std::string_view name() const override { return "Reshape"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("shape", shape); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  bool alias() const override { return true; }
  const Shape shape;  // at most one unknown, inferred from the size
};

// The identity, through which no gradient flows.
class StopGradientOp final : public Primitive {
 public:
  std::string_view name() const override { return "StopGradient"; }
  bool takes_strings() const override { return true; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override { return {in[0]}; }
  bool differentiable() const override { return false; }
  bool alias() const override { return true; }
};

// Axes in another order.
class TransposeOp final : public Primitive {
 public:
  explicit TransposeOp(std::vector<int> axes) : axes(std::move(axes)) {}
  std::string_view name() const override { return "Transpose"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("axes", axes); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const std::vector<int> axes;  // output axis i is input axis axes[i]
};

// To a shape, by NumPy's rules: axes are added in front, and axes of size 1 repeated.
class BroadcastOp final : public Primitive {
 public:
  explicit BroadcastOp(const Shape& shape) : shape(shape) {}
  std::string_view name() const override { return "Broadcast"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("shape", shape); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Shape shape;
};

// x[start:limit:stride] an axis; 0 <= start <= limit <= size, stride >= 1. A limit of kUnknown means the (unknown)
// size.
class SliceOp final : public Primitive {
 public:
  SliceOp(std::vector<int64_t> starts, std::vector<int64_t> limits, std::vector<int64_t> strides)
      : starts(std::move(starts)), limits(std::move(limits)), strides(std::move(strides)) {}
  std::string_view name() const override { return "Slice"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("starts", starts)("limits", limits)("strides", strides); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const std::vector<int64_t> starts, limits, strides;
};

// Constant padding: `low` before, `high` after, `interior` between neighbours (low and high >= 0).
class PadOp final : public Primitive {
 public:
  PadOp(std::vector<int64_t> low, std::vector<int64_t> high, std::vector<int64_t> interior, double value)
      : low(std::move(low)), high(std::move(high)), interior(std::move(interior)), value(value) {}
  std::string_view name() const override { return "Pad"; }
  void attributes(Attributes& a) const override { a("low", low)("high", high)("interior", interior)("value", value); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const std::vector<int64_t> low, high, interior;
  const double value;
};

// Tensors of one dtype one behind the other along an axis; their other sizes are equal.
class ConcatOp final : public Primitive {
 public:
  explicit ConcatOp(int axis) : axis(axis) {}
  std::string_view name() const override { return "Concat"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("axis", axis); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const int axis;
};

// The elements along some axes in reverse order.
class ReverseOp final : public Primitive {
 public:
  explicit ReverseOp(std::vector<int> axes) : axes(std::move(axes)) {}
  std::string_view name() const override { return "Reverse"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("axes", axes); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const std::vector<int> axes;
};

namespace prim {
Tensor reshape(const Tensor& x, const Shape& shape);  // one size may be unknown
// The same value, whose gradient is zero.
Tensor stop_gradient(const Tensor& x);
// Axis i of the result is axis `axes[i]` of x: a permutation.
Tensor transpose(const Tensor& x, std::vector<int> axes);
// x repeated along sizes of 1 and new leading axes. ValueError where x does not broadcast to `shape`.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
// Elements from `starts` up to `limits` by `strides`, one of each per axis.
Tensor slice(const Tensor& x, std::vector<int64_t> starts, std::vector<int64_t> limits,
             std::vector<int64_t> strides = {});
// The elements [start, limit) of one axis.
Tensor slice_axis(const Tensor& x, int axis, int64_t start, int64_t limit);
// x with `low` elements of `value` before and `high` behind each axis, and as many between neighbours as `interior`
// says.
Tensor pad(const Tensor& x, std::vector<int64_t> low, std::vector<int64_t> high, double value = 0,
           std::vector<int64_t> interior = {});
// The parts one after the other along `axis`; their other sizes are equal. ValueError for other shapes or no part.
Tensor concat(const Tensors& parts, int axis);
// x backwards along `axes`.
Tensor reverse(const Tensor& x, std::vector<int> axes);
// A new axis of size 1 at `axis`; and one of size 1 taken away.
Tensor expand_dims(const Tensor& x, int axis);
Tensor squeeze(const Tensor& x, int axis);
}  // namespace prim
}  // namespace lamina
