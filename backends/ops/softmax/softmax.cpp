#include "backends/ops/softmax/softmax.h"

#include "backends/ops/primitives.h"

namespace lamina {

namespace {

void check_rows(const TensorSpec& x) {
  if (!is_float(x.dtype)) throw TypeError("takes a floating-point tensor, received ", x.dtype, ".");
  if (x.shape.rank() == 0) throw ValueError("needs at least one axis, received a scalar.");
  if (x.shape.back() == 0) throw ValueError("needs at least one class, received shape ", x.shape, ".");
}

Shape row_shape(const Shape& x) {
  Shape out = x;
  out.erase(x.rank() - 1);
  return out;
}

void check_target(const TensorSpec& x, const TensorSpec& t, bool sparse) {
  if (sparse) {
    if (t.dtype != DType::int32) throw TypeError("classes must be int32, received ", t.dtype, ".");
    if (!compatible(t.shape, row_shape(x.shape)))
      throw ValueError("logits of shape ", x.shape, " need classes of shape ", row_shape(x.shape), ", received ",
                       t.shape, ".");
  } else {
    if (t.dtype != x.dtype)
      throw TypeError("weights must have the dtype of the logits, ", x.dtype, "; received ", t.dtype, ".");
    if (!compatible(t.shape, x.shape))
      throw ValueError("logits and weights must have the same shape, received ", x.shape, " and ", t.shape, ".");
  }
}

}  // namespace

std::vector<TensorSpec> SoftmaxOp::infer(std::span<const TensorSpec> in) const {
  check_rows(in[0]);
  return {in[0]};
}
std::vector<TensorSpec> SoftmaxGradOp::infer(std::span<const TensorSpec> in) const {
  check_rows(in[0]);
  return {in[0]};
}
std::vector<TensorSpec> CrossEntropyOp::infer(std::span<const TensorSpec> in) const {
  check_rows(in[0]);
  check_target(in[0], in[1], sparse);
  TensorSpec out{row_shape(in[0].shape), in[0].dtype};
  return {out, out};
}
std::vector<TensorSpec> CrossEntropyGradOp::infer(std::span<const TensorSpec> in) const {
  check_rows(in[0]);
  check_target(in[0], in[1], sparse);
  return {in[0]};
}

using namespace prim;

namespace {
Tensor row_sum(const Tensor& x) { return reduce(Reduce::sum, x, {x.rank() - 1}, true); }
Tensor as_column(const Tensor& x) { return prim::expand_dims(x, x.rank()); }

Tensor one_hot_rows(const Tensor& classes, int64_t n, DType dtype) {
  Shape wide = Shape::of_rank(classes.rank() + 1);
  wide[classes.rank()] = n;
  return cast(binary(Binary::equal, as_column(classes), reshape(iota(n, classes.dtype()), wide)), dtype);
}
Tensor softmax_grad(bool log, const Tensor& y, const Tensor& g) { return apply1(make_op<SoftmaxGradOp>(log), {y, g}); }
}  // namespace

Tensors SoftmaxOp::vjp(const VjpContext& c) const { return {softmax_grad(log, c.outputs[0], c.grads[0])}; }

Tensors SoftmaxGradOp::vjp(const VjpContext& c) const {
  const Tensor &y = c.inputs[0], &g = c.inputs[1], &h = c.grads[0];
  if (log) {
    Tensor p = exp(y);
    return {negative(multiply(multiply(h, p), row_sum(g))), subtract(h, row_sum(multiply(h, p)))};
  }
  Tensor centred = subtract(g, row_sum(multiply(y, g)));
  Tensor hy = row_sum(multiply(h, y));
  return {subtract(multiply(h, centred), multiply(g, hy)), multiply(y, subtract(h, hy))};
}

Tensors CrossEntropyOp::vjp(const VjpContext& c) const {
  const Tensor &x = c.inputs[0], &t = c.inputs[1], &z = c.outputs[1];
  Tensor gx, gt;
  if (c.grads[0].defined()) {
    if (c.needed[0]) gx = apply1(make_op<CrossEntropyGradOp>(sparse), {x, t, z, c.grads[0]});
    if (c.needed[1] && !sparse) gt = multiply(as_column(c.grads[0]), subtract(as_column(z), x));
  }
  if (c.grads[1].defined() && c.needed[0]) {
    Tensor through_z = multiply(as_column(c.grads[1]), exp(subtract(x, as_column(z))));
    gx = gx.defined() ? add(gx, through_z) : through_z;
  }
  return {gx, gt};
}

// Treats z as an input of its own: its dependence on x comes back through CrossEntropyOp's second output.
Tensors CrossEntropyGradOp::vjp(const VjpContext& c) const {
  const Tensor &x = c.inputs[0], &t = c.inputs[1], &z = c.inputs[2], &g = c.inputs[3], &h = c.grads[0];
  Tensor p = exp(subtract(x, as_column(z))), column = as_column(g);
  Tensor weight = sparse ? one_hot_rows(t, x.shape().back(), x.dtype()) : t;
  Tensor total = row_sum(weight), gt;
  Tensor scaled = multiply(h, multiply(column, p));  // h g p
  if (c.needed[1] && !sparse) gt = subtract(broadcast_to(row_sum(scaled), x.shape()), multiply(h, column));
  scaled = multiply(scaled, total);
  Tensor gz = negative(reshape(row_sum(scaled), z.shape()));
  Tensor gg = reshape(row_sum(multiply(h, subtract(multiply(p, total), weight))), g.shape());
  return {scaled, gt, gz, gg};
}

namespace prim {
Tensor softmax(const Tensor& x, bool log) {
  static const Op ops[] = {make_op<SoftmaxOp>(false), make_op<SoftmaxOp>(true)};
  return apply1(ops[log], {x});
}
Tensor cross_entropy(const Tensor& logits, const Tensor& target, bool sparse) {
  static const Op ops[] = {make_op<CrossEntropyOp>(false), make_op<CrossEntropyOp>(true)};
  return apply(ops[sparse], {logits, sparse ? cast(target, DType::int32) : target})[0];
}
}  // namespace prim
}  // namespace lamina
