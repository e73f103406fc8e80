// Floating-point operations of convolutions: two for each element of an output with each element of the kernel that it
// meets. What a fused one adds (bias, relu, pooling) is not worth counting.
#include "backends/core/profiler.h"
#include "backends/ops/convolution/fused.h"

namespace lamina {
namespace {

double products(double places, const Shape& kernel) { return 2 * places * static_cast<double>(kernel.elements()); }

// Elements of y over its channels.
double places(const Shape& y) { return static_cast<double>(y.elements() / std::max<int64_t>(1, y.back())); }

double forward(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  return products(places(out[0].shape), in[1].shape);
}
double input_grad(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return products(places(in[0].shape), in[1].shape);
}
double weight_grad(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  return products(places(in[1].shape), out[0].shape);
}
double pooled(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return products(places(static_cast<const FusedConvolutionPoolOp&>(op).convolution.infer(in)[0].shape), in[1].shape);
}
// Of each pooling window one place has a gradient.
double pooled_weight_grad(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  return products(places(in[1].shape), out[0].shape);
}

LAMINA_FLOPS("Convolution", forward);
LAMINA_FLOPS("FusedConvolution", forward);
LAMINA_FLOPS("ConvolutionInputGrad", input_grad);
LAMINA_FLOPS("ConvolutionWeightGrad", weight_grad);
LAMINA_FLOPS("FusedConvolutionWeightGrad", weight_grad);
LAMINA_FLOPS("FusedConvolutionPool", pooled);
LAMINA_FLOPS("FusedConvolutionPoolWeightGrad", pooled_weight_grad);

}  // namespace
}  // namespace lamina
