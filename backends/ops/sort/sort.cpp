#include "backends/ops/sort/sort.h"

#include "backends/ops/primitives.h"

namespace lamina {

std::vector<TensorSpec> SortOp::infer(std::span<const TensorSpec> in) const {
  Shape out = in[0].shape;
  if (out.rank() == 0) throw ValueError("needs at least one axis, received a scalar.");
  int64_t& n = out[out.rank() - 1];
  if (k >= 0) {
    if (n >= 0 && k > n) throw ValueError("k=", k, " is larger than the last axis of shape ", in[0].shape, ".");
    n = k;
  }
  return {{out, in[0].dtype}, {out, DType::int32}};
}

Tensors SortOp::vjp(const VjpContext& c) const {
  if (!c.grads[0].defined()) return {Tensor()};
  const Tensor& x = c.inputs[0];
  return {
      prim::scatter_along(Scatter::add, prim::full(x.shape(), 0, x.dtype()), c.outputs[1], c.grads[0], x.rank() - 1)};
}

std::vector<TensorSpec> ArgReduceOp::infer(std::span<const TensorSpec> in) const {
  Shape out = in[0].shape;
  if (axis < 0 || axis >= out.rank()) throw ValueError("axis ", axis, " is out of bounds for shape ", out, ".");
  if (out[axis] == 0)
    throw ValueError("cannot find the ", largest ? "largest" : "smallest", " along axis ", axis, " of size 0 (shape ",
                     out, ").");
  out.erase(axis);
  return {{out, DType::int32}};
}

namespace prim {
Sorted sort_last(const Tensor& x, bool descending, int64_t k) {
  Tensors out = apply(make_op<SortOp>(descending, k), {x});
  return {out[0], out[1]};
}
Tensor arg_reduce(bool largest, const Tensor& x, int axis) { return apply1(make_op<ArgReduceOp>(largest, axis), {x}); }
}  // namespace prim
}  // namespace lamina
