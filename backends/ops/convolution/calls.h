#pragma once
// What kernels of the convolutions read from a request, alike for the plain primitives and the fused ones.
#include "backends/core/kernel.h"
#include "backends/ops/convolution/dims.h"
#include "backends/ops/convolution/fused.h"

namespace lamina {

struct ConvolutionCall {
  ConvolutionDims d;
  Epilogue epilogue = {};
};

// Of Convolution, or of FusedConvolution.
template <bool kFused>
ConvolutionCall convolution_call(const KernelRequest& r) {
  auto dims = [&](const ConvolutionOp& op) {
    return ConvolutionDims(op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape);
  };
  if constexpr (kFused) {
    const auto& op = static_cast<const FusedConvolutionOp&>(r.op);
    return {dims(op.plain), op.epilogue};
  } else {
    return {dims(static_cast<const ConvolutionOp&>(r.op))};
  }
}

// The sizes of the convolution whose gradients are asked for.
inline ConvolutionDims input_grad_dims(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionInputGradOp&>(r.op);
  return {op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape};
}

// Of ConvolutionWeightGrad, or of FusedConvolutionWeightGrad.
template <bool kFused>
ConvolutionDims weight_grad_dims(const KernelRequest& r) {
  auto dims = [&](const ConvolutionWeightGradOp& op) {
    return ConvolutionDims(op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape);
  };
  if constexpr (kFused)
    return dims(static_cast<const FusedConvolutionWeightGradOp&>(r.op).plain);
  else
    return dims(static_cast<const ConvolutionWeightGradOp&>(r.op));
}

}  // namespace lamina
