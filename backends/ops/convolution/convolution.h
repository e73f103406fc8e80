#pragma once
// Convolutions (cross-correlations) of channels-last tensors over 1 to 3 spatial axes, and their gradients. With
//   x (N, i..., C), w (k..., C / groups, O), y (N, o..., O), group g of O / groups outputs reads group g of C / groups
//   inputs: y[n, p, q] = sum over t, c of x[n, p * strides + t * dilation - low, c] * w[t, c, q], zero outside x.
// The three primitives are each other's gradients, so that derivatives of every order exist. float dtypes; half types
// add up in float32.
#include "backends/core/primitive.h"
#include "backends/ops/convolution/window.h"

namespace lamina {

// Inputs x, w.
class ConvolutionOp final : public Primitive {
 public:
  ConvolutionOp(Window window, int64_t groups) : window(std::move(window)), groups(groups) {}
  std::string_view name() const override { return "Convolution"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Window window;
  const int64_t groups;
};

// The gradient with respect to x, and the transposed convolution: inputs g (N, o..., O) and w -> (N, i..., C). `rest`,
// below the strides, are the places behind the last window, which o does not tell.
class ConvolutionInputGradOp final : public Primitive {
 public:
  ConvolutionInputGradOp(Window window, int64_t groups, std::vector<int64_t> rest)
      : window(std::move(window)), groups(groups), rest(std::move(rest)) {}
  std::string_view name() const override { return "ConvolutionInputGrad"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Window window;
  const int64_t groups;
  const std::vector<int64_t> rest;
};

// The gradient with respect to w: inputs x and g (N, o..., O) -> (sizes..., C / groups, O).
class ConvolutionWeightGradOp final : public Primitive {
 public:
  ConvolutionWeightGradOp(Window window, int64_t groups, std::vector<int64_t> sizes)
      : window(std::move(window)), groups(groups), sizes(std::move(sizes)) {}
  std::string_view name() const override { return "ConvolutionWeightGrad"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Window window;
  const int64_t groups;
  const std::vector<int64_t> sizes;  // of the kernel
};

namespace prim {
// x (batch, spatial..., channels), w (spatial..., channels / groups, filters); the result has x's layout and
// `filters` channels.
// The gradients take the sizes that cannot be told from their inputs. ValueError for shapes that do not fit.
Tensor convolution(const Tensor& x, const Tensor& w, const Window& window, int64_t groups = 1);
Tensor convolution_input_grad(const Tensor& g, const Tensor& w, const Window& window, int64_t groups,
                              const std::vector<int64_t>& rest);
Tensor convolution_weight_grad(const Tensor& x, const Tensor& g, const Window& window, int64_t groups,
                               const std::vector<int64_t>& sizes);
}  // namespace prim
}  // namespace lamina
