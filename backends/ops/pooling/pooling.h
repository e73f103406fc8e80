#pragma once
// Maxima and means over windows of the spatial axes of channels-last tensors (N, i..., C) -> (N, o..., C), and their
// gradients. Places outside the input take no part: a mean divides by the places inside.
#include "backends/core/primitive.h"
#include "backends/ops/convolution/window.h"

namespace lamina {

// The windows: of fixed sizes that slide, or adaptive, where window i of n over a size s is floor(i s / n) .. ceil((i +
// 1) s / n).
struct PoolWindows {
  std::vector<int64_t> sizes;  // adaptive: how many windows
  Window window;               // without strides: adaptive

  struct Range {
    int64_t begin, end;
    int64_t size() const { return end - begin; }
  };
  int rank() const { return static_cast<int>(sizes.size()); }
  bool adaptive() const { return window.strides.empty(); }
  int64_t outputs(int axis, int64_t input) const {
    return adaptive() ? sizes[axis] : window.outputs(axis, input, sizes[axis]);
  }
  std::vector<Range> ranges(int axis, int64_t input) const;  // inside 0..input
  Shape output_shape(const Shape& input) const;              // ValueError where no window fits
};
// For errors and labels.
void append_text(std::string& out, const PoolWindows& w);

// y, and with `indexed` the number of the first largest place in its window (counted inside the input, the last axis
// fastest): uint8 if no window has more than 256 places, else int32. NaN is larger than any number.
class MaxPoolOp final : public Primitive {
 public:
  MaxPoolOp(PoolWindows windows, bool indexed) : windows(std::move(windows)), indexed(indexed) {}
  std::string_view name() const override { return "MaxPool"; }
  void attributes(Attributes& a) const override { a("windows", windows)("indexed", indexed); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const PoolWindows windows;
  const bool indexed;
};

// The gradient: inputs g (N, o..., C) and the index -> (N, input..., C), each g added at its indexed place.
class MaxPoolScatterOp final : public Primitive {
 public:
  MaxPoolScatterOp(PoolWindows windows, std::vector<int64_t> input)
      : windows(std::move(windows)), input(std::move(input)) {}
  std::string_view name() const override { return "MaxPoolScatter"; }
  void attributes(Attributes& a) const override { a("windows", windows)("input", input); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const PoolWindows windows;
  const std::vector<int64_t> input;  // spatial sizes
};

// The scatter's gradient: inputs x (N, i..., C) and the index -> (N, o..., C), x at the indexed places.
class MaxPoolGatherOp final : public Primitive {
 public:
  explicit MaxPoolGatherOp(PoolWindows windows) : windows(std::move(windows)) {}
  std::string_view name() const override { return "MaxPoolGather"; }
  void attributes(Attributes& a) const override { a("windows", windows); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const PoolWindows windows;
};

// float dtypes; half types add up in float32.
class AveragePoolOp final : public Primitive {
 public:
  explicit AveragePoolOp(PoolWindows windows) : windows(std::move(windows)) {}
  std::string_view name() const override { return "AveragePool"; }
  void attributes(Attributes& a) const override { a("windows", windows); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const PoolWindows windows;
};

// Its gradient: g (N, o..., C) -> (N, input..., C).
class AveragePoolGradOp final : public Primitive {
 public:
  AveragePoolGradOp(PoolWindows windows, std::vector<int64_t> input)
      : windows(std::move(windows)), input(std::move(input)) {}
  std::string_view name() const override { return "AveragePoolGrad"; }
  void attributes(Attributes& a) const override { a("windows", windows)("input", input); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const PoolWindows windows;
  const std::vector<int64_t> input;
};

namespace prim {
// Over windows of the spatial axes of x (batch, spatial..., channels); paddings count for neither.
Tensor max_pool(const Tensor& x, const PoolWindows& windows);
Tensor average_pool(const Tensor& x, const PoolWindows& windows);
}  // namespace prim
}  // namespace lamina
