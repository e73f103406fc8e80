#pragma once
// Convolutions with what surrounds them, made by the graph engine's pass only, after gradients have been taken; the primitives
// they replace are their reference. float32.
#include "backends/ops/convolution/convolution.h"

namespace lamina {

// convolution(x, w) + bias, then relu if asked. Inputs x, w, bias (O). The same bits as the three primitives.
class FusedConvolutionOp final : public Primitive {
 public:
  FusedConvolutionOp(Window window, int64_t groups, bool relu) : plain(std::move(window), groups), relu(relu) {}
  std::string_view name() const override { return "FusedConvolution"; }
  void attributes(Attributes& a) const override {
    plain.attributes(a);
    a("relu", relu);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override { return plain.infer(in.first(2)); }
  bool differentiable() const override { return false; }
  const ConvolutionOp plain;
  const bool relu;
};

// The gradients of kernel and bias: inputs x, g -> convolution_weight_grad(x, g), the sum of g over all axes but the last.
class FusedConvolutionWeightGradOp final : public Primitive {
 public:
  FusedConvolutionWeightGradOp(Window window, int64_t groups, std::vector<int64_t> sizes) : plain(std::move(window), groups, std::move(sizes)) {}
  std::string_view name() const override { return "FusedConvolutionWeightGrad"; }
  void attributes(Attributes& a) const override { plain.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override {
    return {plain.infer(in)[0], {Shape{in[1].shape.back()}, in[1].dtype}};
  }
  bool differentiable() const override { return false; }
  const ConvolutionWeightGradOp plain;
};

}  // namespace lamina
