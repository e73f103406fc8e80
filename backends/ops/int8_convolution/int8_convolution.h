#pragma once
// Convolutions of int8 tensors with sums in int32, which are exact while a window has fewer than 2^17 products. What
// they are beside the dtypes, the convolutions of floats say (convolution.h): the same shapes, the same errors.
#include "backends/ops/convolution/convolution.h"

namespace lamina {

// Inputs x and w as ConvolutionOp takes them, int8 -> int32.
class Int8ConvolutionOp final : public Primitive {
 public:
  Int8ConvolutionOp(Window window, int64_t groups) : convolution(std::move(window), groups) {}
  std::string_view name() const override { return "Int8Convolution"; }
  void attributes(Attributes& a) const override { convolution.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const ConvolutionOp convolution;  // whose rules for shapes hold
};

// The transposed convolution: inputs g and w as ConvolutionInputGradOp takes them, int8 -> int32.
class Int8ConvolutionTransposeOp final : public Primitive {
 public:
  Int8ConvolutionTransposeOp(Window window, int64_t groups, std::vector<int64_t> rest)
      : convolution(std::move(window), groups, std::move(rest)) {}
  std::string_view name() const override { return "Int8ConvolutionTranspose"; }
  void attributes(Attributes& a) const override { convolution.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const ConvolutionInputGradOp convolution;
};

namespace prim {
// As convolution() and convolution_input_grad(), of int8. TypeError for other dtypes.
Tensor convolution_int8(const Tensor& x, const Tensor& w, const Window& window, int64_t groups = 1);
Tensor convolution_transpose_int8(const Tensor& g, const Tensor& w, const Window& window, int64_t groups,
                                  const std::vector<int64_t>& rest);
}  // namespace prim
}  // namespace lamina
