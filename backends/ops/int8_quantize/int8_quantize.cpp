#include "backends/ops/int8_quantize/int8_quantize.h"

namespace lamina {

std::vector<TensorSpec> Int8QuantizeOp::infer(std::span<const TensorSpec> in) const {
  const TensorSpec& x = in[0];
  if (x.dtype != DType::float32) throw TypeError("takes float32, received ", x.dtype, ".");
  if (leading < 0 || x.shape.rank() <= leading)
    throw ValueError("expected more than ", leading, " axes, received shape ", x.shape, ".");
  Shape scale = x.shape;
  for (int axis = leading; axis < scale.rank(); ++axis) scale[axis] = 1;
  return {{x.shape, DType::int8}, {scale, x.dtype}};
}

namespace prim {
Tensors quantize_int8(const Tensor& x, int leading, double low, double high, double epsilon) {
  return apply(make_op<Int8QuantizeOp>(leading, low, high, epsilon), {x});
}
}  // namespace prim
}  // namespace lamina
