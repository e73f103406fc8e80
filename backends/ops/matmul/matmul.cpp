#include "backends/ops/matmul/matmul.h"

#include "backends/core/profiler.h"
#include "backends/ops/primitives.h"

namespace lamina {

std::vector<TensorSpec> MatMulOp::infer(std::span<const TensorSpec> in) const {
  const Shape &a = in[0].shape, &b = in[1].shape;
  if (in[0].dtype != in[1].dtype)
    throw TypeError("operands must have the same dtype, received ", in[0].dtype, " and ", in[1].dtype, ".");
  if (a.rank() < 2 || a.rank() != b.rank())
    throw ValueError("expected two tensors of equal rank, at least 2; received shapes ", a, " and ", b, ".");
  Shape out = a;
  for (int i = 0; i < a.rank() - 2; ++i) {
    if (a[i] != b[i] && a[i] >= 0 && b[i] >= 0)
      throw ValueError("leading axes must match, received shapes ", a, " and ", b, ".");
    if (a[i] < 0) out[i] = b[i];
  }
  int r = a.rank();
  int64_t ka = transpose_a ? a[r - 2] : a[r - 1], kb = transpose_b ? b[r - 1] : b[r - 2];
  if (ka != kb && ka >= 0 && kb >= 0)
    throw ValueError("Inner dimensions must match: ", ka, " (of shape ", a, ") is not ", kb, " (of shape ", b, ").");
  out[r - 2] = transpose_a ? a[r - 1] : a[r - 2];
  out[r - 1] = transpose_b ? b[r - 2] : b[r - 1];
  return {{out, in[0].dtype}};
}

MatMulDims matmul_dims(const MatMulOp& op, const Shape& a, const Shape& b) {
  int r = a.rank();
  MatMulDims d{1, op.transpose_a ? a[r - 1] : a[r - 2], op.transpose_b ? b[r - 2] : b[r - 1],
               op.transpose_a ? a[r - 2] : a[r - 1]};
  for (int i = 0; i < r - 2; ++i) d.batch *= a[i];
  return d;
}
double multiply_adds(const MatMulDims& d) {
  return static_cast<double>(d.batch * d.m) * static_cast<double>(d.n * d.k);
}

Tensors MatMulOp::vjp(const VjpContext& c) const {
  const Tensor &a = c.inputs[0], &b = c.inputs[1], &g = c.grads[0];
  Tensor ga, gb;
  if (c.needed[0]) ga = transpose_a ? prim::matmul(b, g, transpose_b, true) : prim::matmul(g, b, false, !transpose_b);
  if (c.needed[1]) gb = transpose_b ? prim::matmul(g, a, true, transpose_a) : prim::matmul(a, g, !transpose_a, false);
  return {ga, gb};
}

namespace {
double product_flops(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return 2 * multiply_adds(matmul_dims(static_cast<const MatMulOp&>(op), in[0].shape, in[1].shape));
}
LAMINA_FLOPS("MatMul", product_flops);
}  // namespace

namespace prim {
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  static const Op ops[2][2] = {{make_op<MatMulOp>(false, false), make_op<MatMulOp>(false, true)},
                               {make_op<MatMulOp>(true, false), make_op<MatMulOp>(true, true)}};
  return apply1(ops[transpose_a][transpose_b], {a, b});
}
}  // namespace prim
}  // namespace lamina
