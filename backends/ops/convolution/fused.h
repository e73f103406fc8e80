#pragma once
// Convolutions with what surrounds them, made by the graph engine's pass only, after gradients have been taken; the
// primitives they replace are their reference. float32.
#include "backends/ops/convolution/convolution.h"
#include "backends/ops/epilogue/epilogue.h"
#include "backends/ops/pooling/pooling.h"

namespace lamina {

// relu(convolution(x, w) + bias + residual), or what of it the epilogue names. Inputs x, w, bias (O), residual (of the
// result's shape). The same bits as the primitives one by one.
class FusedConvolutionOp final : public Primitive {
 public:
  FusedConvolutionOp(Window window, int64_t groups, Epilogue epilogue)
      : plain(std::move(window), groups), epilogue(epilogue) {}
  std::string_view name() const override { return "FusedConvolution"; }
  void attributes(Attributes& a) const override {
    plain.attributes(a);
    a("bias", epilogue.bias);
    a("residual", epilogue.residual);
    a("relu", epilogue.relu);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override { return plain.infer(in.first(2)); }
  bool differentiable() const override { return false; }
  const ConvolutionOp plain;
  const Epilogue epilogue;
};

// The gradients of kernel and bias: inputs x, g -> convolution_weight_grad(x, g), the sum of g over all axes but the
// last.
class FusedConvolutionWeightGradOp final : public Primitive {
 public:
  FusedConvolutionWeightGradOp(Window window, int64_t groups, std::vector<int64_t> sizes)
      : plain(std::move(window), groups, std::move(sizes)) {}
  std::string_view name() const override { return "FusedConvolutionWeightGrad"; }
  void attributes(Attributes& a) const override { plain.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override {
    return {plain.infer(in)[0], {Shape{in[1].shape.back()}, in[1].dtype}};
  }
  bool differentiable() const override { return false; }
  const ConvolutionWeightGradOp plain;
};

// The max pooling of a FusedConvolution, whose result goes no further: inputs x, w, bias -> what MaxPool gives.
class FusedConvolutionPoolOp final : public Primitive {
 public:
  FusedConvolutionPoolOp(Window window, int64_t groups, bool relu, PoolWindows windows, bool indexed)
      : convolution(std::move(window), groups, {.bias = true, .relu = relu}), pool(std::move(windows), indexed) {}
  std::string_view name() const override { return "FusedConvolutionPool"; }
  void attributes(Attributes& a) const override {
    convolution.attributes(a);
    pool.attributes(a);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override {
    return pool.infer(convolution.infer(in));
  }
  bool differentiable() const override { return false; }
  const FusedConvolutionOp convolution;
  const MaxPoolOp pool;
};

// The gradients of kernel and bias of a convolution behind a max pooling: inputs x, the pooling's g and its index.
class FusedConvolutionPoolWeightGradOp final : public Primitive {
 public:
  FusedConvolutionPoolWeightGradOp(Window window, int64_t groups, std::vector<int64_t> sizes, PoolWindows windows,
                                   std::vector<int64_t> input)
      : grad(std::move(window), groups, std::move(sizes)), scatter(std::move(windows), std::move(input)) {}
  std::string_view name() const override { return "FusedConvolutionPoolWeightGrad"; }
  void attributes(Attributes& a) const override {
    grad.attributes(a);
    scatter.attributes(a);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override {
    const TensorSpec specs[] = {in[0], scatter.infer(in.subspan(1))[0]};
    return grad.infer(specs);
  }
  bool differentiable() const override { return false; }
  const FusedConvolutionWeightGradOp grad;
  const MaxPoolScatterOp scatter;
};

}  // namespace lamina
