#include "backends/ops/int8_convolution/int8_convolution.h"

#include "backends/core/profiler.h"

namespace lamina {

namespace {

// What `rule` says of float32 tensors of these shapes, as int32.
std::vector<TensorSpec> inferred(const Primitive& rule, std::span<const TensorSpec> in) {
  if (in[0].dtype != DType::int8 || in[1].dtype != DType::int8)
    throw TypeError("operands must be int8, received ", in[0].dtype, " and ", in[1].dtype, ".");
  const std::vector<TensorSpec> as_floats = {{in[0].shape, DType::float32}, {in[1].shape, DType::float32}};
  std::vector<TensorSpec> out = rule.infer(as_floats);
  out[0].dtype = DType::int32;
  return out;
}

// Two operations for each place of `windows` with each element of the kernel that it meets.
double operations(const Shape& windows, const Shape& kernel) {
  const double places = static_cast<double>(windows.elements() / std::max<int64_t>(1, windows.back()));
  return 2 * places * static_cast<double>(kernel.elements());
}
double forward(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  return operations(out[0].shape, in[1].shape);
}
double transposed(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return operations(in[0].shape, in[1].shape);
}
LAMINA_FLOPS("Int8Convolution", forward);
LAMINA_FLOPS("Int8ConvolutionTranspose", transposed);

}  // namespace

std::vector<TensorSpec> Int8ConvolutionOp::infer(std::span<const TensorSpec> in) const {
  return inferred(convolution, in);
}
std::vector<TensorSpec> Int8ConvolutionTransposeOp::infer(std::span<const TensorSpec> in) const {
  return inferred(convolution, in);
}

namespace prim {
Tensor convolution_int8(const Tensor& x, const Tensor& w, const Window& window, int64_t groups) {
  return apply1(make_op<Int8ConvolutionOp>(window, groups), {x, w});
}
Tensor convolution_transpose_int8(const Tensor& g, const Tensor& w, const Window& window, int64_t groups,
                                  const std::vector<int64_t>& rest) {
  return apply1(make_op<Int8ConvolutionTransposeOp>(window, groups, rest), {g, w});
}
}  // namespace prim
}  // namespace lamina
