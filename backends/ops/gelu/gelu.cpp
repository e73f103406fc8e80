#include "backends/ops/gelu/gelu.h"

#include "backends/core/autodiff.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {
void check(const TensorSpec& x) {
  if (x.dtype != DType::float32 && x.dtype != DType::float64)
    throw TypeError("takes float32 or float64, received ", x.dtype, ".");
}
}  // namespace

std::vector<TensorSpec> GeluOp::infer(std::span<const TensorSpec> in) const {
  check(in[0]);
  return {in[0]};
}

std::vector<TensorSpec> GeluGradOp::infer(std::span<const TensorSpec> in) const {
  check(in[0]);
  if (in[1].dtype != in[0].dtype || !compatible(in[0].shape, in[1].shape))
    throw ValueError("the gradient must be as x, ", in[0], "; received ", in[1], ".");
  return {in[0]};
}

Tensors GeluOp::vjp(const VjpContext& c) const {
  return {apply1(make_op<GeluGradOp>(approximate), {c.inputs[0], c.grads[0]})};
}

// Through the composition, differentiated twice.
Tensors GeluGradOp::vjp(const VjpContext& c) const {
  TapeScope tape;
  Tensors twins;  // other tensors of the same values: what leads to x is no part of the question
  for (const Tensor& t : c.inputs) twins.push_back(apply1(make_op<ReshapeOp>(t.shape()), {t}));
  Tensor y = prim::gelu_composed(twins[0], approximate);
  GradientSource x(twins[0]);
  Tensors first = gradients({&y, 1}, {&x, 1}, {&twins[1], 1});
  std::vector<GradientSource> sources(twins.begin(), twins.end());
  return gradients(first, sources, {&c.grads[0], 1});
}

namespace prim {
Tensor gelu(const Tensor& x, bool approximate) {
  static const Op ops[] = {make_op<GeluOp>(false), make_op<GeluOp>(true)};
  return apply1(ops[approximate], {x});
}
Tensor gelu_composed(const Tensor& x, bool approximate) {
  if (!approximate) return multiply(multiply(x, 0.5), add(unary(Unary::erf, multiply(x, 0.7071067811865476)), 1));
  Tensor inner = multiply(multiply(x, 0.7978845608028654), add(multiply(square(x), 0.044715), 1));
  return multiply(multiply(x, 0.5), add(unary(Unary::tanh, inner), 1));
}
}  // namespace prim
}  // namespace lamina
