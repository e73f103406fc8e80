// Windows of one place: the convolution is a matrix product of places by channels. oneDNN's own convolutions take
// longer than products for few places, and for the gradient of the kernel (bench/cpp/convolutions.cpp).
#include "backends/ops/convolution/calls.h"
#include "backends/ops/matmul/fused_matmul.h"

namespace lamina {

namespace {

constexpr int64_t kFewPlaces = 1024;

// The kernel of the product that takes the convolution's place, with its epilogue.
BoundKernel product(const KernelRequest& r, const FusedMatMulOp& fused, const Shape& a, const Shape& b,
                    const Shape& y) {
  const TensorSpec out{y, DType::float32};
  std::vector<TensorSpec> in = {{a, DType::float32}, {b, DType::float32}};
  if (fused.epilogue.bias) in.push_back({{y.back()}, DType::float32});
  if (fused.epilogue.residual) in.push_back(out);
  const Primitive& op = fused.epilogue.any() ? static_cast<const Primitive&>(fused) : fused.product;
  return bind_kernel(Device::cpu, {op, in, std::span(&out, 1), {}, r.steady});
}

const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  if (!d.pointwise() || d.groups != 1) return "needs windows of one place and one group";
  if (d.empty()) return "empty";
  return nullptr;
}

template <bool kFused>
BoundKernel bind_forward(const KernelRequest& r) {
  const auto [d, epilogue] = convolution_call<kFused>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  const int64_t places = d.batch * d.outputs();
  if (places > kFewPlaces) return r.decline("oneDNN does many places well");
  return product(r, {false, false, epilogue}, {places, d.channels}, {d.channels, d.filters}, {places, d.filters});
}

BoundKernel bind_input_grad(const KernelRequest& r) {
  const ConvolutionDims d = input_grad_dims(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  const int64_t places = d.batch * d.outputs();
  if (places > kFewPlaces) return r.decline("oneDNN does many places well");
  return product(r, {false, true, {}}, {places, d.filters}, {d.channels, d.filters}, {places, d.channels});
}

BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<false>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  const int64_t places = d.batch * d.outputs();
  return product(r, {true, false, {}}, {places, d.channels}, {places, d.filters}, {d.channels, d.filters});
}

LAMINA_KERNEL(cpu, "Convolution", "product", 7, bind_forward<false>);
LAMINA_KERNEL(cpu, "FusedConvolution", "product", 7, bind_forward<true>);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "product", 7, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "product", 7, bind_weight_grad);

}  // namespace
}  // namespace lamina
