#include "backends/ops/matmul/int8_matmul.h"

#include "backends/core/profiler.h"

namespace lamina {

std::vector<TensorSpec> Int8MatMulOp::infer(std::span<const TensorSpec> in) const {
  if (in[0].dtype != DType::int8 || in[1].dtype != DType::int8)
    throw TypeError("operands must be int8, received ", in[0].dtype, " and ", in[1].dtype, ".");
  std::vector<TensorSpec> out = product.infer(in);
  out[0].dtype = DType::int32;
  return out;
}

namespace {
double int8_flops(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return 2 * multiply_adds(matmul_dims(static_cast<const Int8MatMulOp&>(op).product, in[0].shape, in[1].shape));
}
LAMINA_FLOPS("Int8MatMul", int8_flops);
}  // namespace

namespace prim {
Tensor matmul_int8(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  static const Op ops[2][2] = {{make_op<Int8MatMulOp>(false, false), make_op<Int8MatMulOp>(false, true)},
                               {make_op<Int8MatMulOp>(true, false), make_op<Int8MatMulOp>(true, true)}};
  return apply1(ops[transpose_a][transpose_b], {a, b});
}
}  // namespace prim
}  // namespace lamina
