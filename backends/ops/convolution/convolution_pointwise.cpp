// Windows of one place: the convolution is a matrix product of places by channels. oneDNN's own convolutions take longer than products for
// few places, and for the gradient of the kernel (bench/cpp/convolutions.cpp).
#include "backends/core/kernel.h"
#include "backends/ops/convolution/dims.h"
#include "backends/ops/convolution/fused.h"
#include "backends/ops/matmul/fused_matmul.h"

namespace lamina {

namespace {

constexpr int64_t kFewPlaces = 1024;

// The kernel of the product that takes the convolution's place.
BoundKernel product(const KernelRequest& r, bool ta, bool tb, const Shape& a, const Shape& b, const Shape& y) {
  const MatMulOp op(ta, tb);
  const TensorSpec in[] = {{a, DType::float32}, {b, DType::float32}}, out[] = {{y, DType::float32}};
  return bind_kernel(Device::cpu, {op, in, out, {}, r.steady});
}

const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  if (!d.pointwise() || d.groups != 1) return "needs windows of one place and one group";
  if (d.empty()) return "empty";
  return nullptr;
}

BoundKernel bind_forward(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionOp&>(r.op);
  const ConvolutionDims d(op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  const int64_t places = d.batch * d.outputs();
  if (places > kFewPlaces) return r.decline("oneDNN does many places well");
  return product(r, false, false, {places, d.channels}, {d.channels, d.filters}, {places, d.filters});
}

BoundKernel bind_fused(const KernelRequest& r) {
  const auto& op = static_cast<const FusedConvolutionOp&>(r.op);
  const ConvolutionDims d(op.plain.window, op.plain.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  const int64_t places = d.batch * d.outputs();
  if (places > kFewPlaces) return r.decline("oneDNN does many places well");
  const TensorSpec y{{places, d.filters}, DType::float32};
  std::vector<TensorSpec> in = {{{places, d.channels}, DType::float32}, {{d.channels, d.filters}, DType::float32}};
  if (op.epilogue.bias) in.push_back({{d.filters}, DType::float32});
  if (op.epilogue.residual) in.push_back(y);
  const FusedMatMulOp product(false, false, op.epilogue);
  return bind_kernel(Device::cpu, {product, in, std::span(&y, 1), {}, r.steady});
}

BoundKernel bind_input_grad(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionInputGradOp&>(r.op);
  const ConvolutionDims d(op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  const int64_t places = d.batch * d.outputs();
  if (places > kFewPlaces) return r.decline("oneDNN does many places well");
  return product(r, false, true, {places, d.filters}, {d.channels, d.filters}, {places, d.channels});
}

BoundKernel bind_weight_grad(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionWeightGradOp&>(r.op);
  const ConvolutionDims d(op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  const int64_t places = d.batch * d.outputs();
  return product(r, true, false, {places, d.channels}, {places, d.filters}, {d.channels, d.filters});
}

LAMINA_KERNEL(cpu, "Convolution", "product", 7, bind_forward);
LAMINA_KERNEL(cpu, "FusedConvolution", "product", 7, bind_fused);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "product", 7, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "product", 7, bind_weight_grad);

}  // namespace
}  // namespace lamina
