#include "backends/ops/normalization/normalize.h"

#include "backends/ops/primitives.h"

namespace lamina {

std::string_view name_of(Norm kind) {
  static constexpr std::string_view names[] = {"rows", "rms", "batch"};
  return names[static_cast<int>(kind)];
}

namespace {

Shape statistics_shape(Norm kind, int axis, const Shape& x) {
  if (kind == Norm::batch) return Shape{x[axis]};
  Shape out = x;
  out.erase(x.rank() - 1);
  return out;
}

void check_input(Norm kind, int axis, const TensorSpec& x) {
  if (x.dtype != DType::float32 && x.dtype != DType::float64)
    throw TypeError("takes float32 or float64, received ", x.dtype, ".");
  if (x.shape.rank() == 0) throw ValueError("needs at least one axis, received a scalar.");
  if (axis < 0 || axis >= x.shape.rank() || (kind != Norm::batch && axis != x.shape.rank() - 1))
    throw ValueError("cannot normalise along axis ", axis, " of shape ", x.shape, ".");
}

void check_vector(const char* what, const TensorSpec& v, const TensorSpec& x, int axis) {
  if (v.dtype != x.dtype) throw TypeError(what, " must have the dtype of x, ", x.dtype, "; received ", v.dtype, ".");
  if (!compatible(v.shape, Shape{x.shape[axis]}))
    throw ValueError(what, " must have shape (", x.shape[axis], ",) for x of shape ", x.shape, ", received ", v.shape,
                     ".");
}

}  // namespace

std::vector<TensorSpec> NormalizeOp::infer(std::span<const TensorSpec> in) const {
  check_input(kind, axis, in[0]);
  if (in.size() != 1u + scaled + shifted)
    throw ValueError("expected ", 1 + scaled + shifted, " inputs, received ", in.size(), ".");
  if (scaled) check_vector("scale", in[1], in[0], axis);
  if (shifted) check_vector("offset", in[1u + scaled], in[0], axis);
  TensorSpec statistics{statistics_shape(kind, axis, in[0].shape), in[0].dtype};
  return {in[0], statistics, statistics};
}

std::vector<TensorSpec> NormalizeGradOp::infer(std::span<const TensorSpec> in) const {
  check_input(kind, axis, in[0]);
  if (in.size() != 4u + scaled) throw ValueError("expected ", 4 + scaled, " inputs, received ", in.size(), ".");
  if (scaled) check_vector("scale", in[1], in[0], axis);
  const Shape statistics = statistics_shape(kind, axis, in[0].shape);
  for (size_t i = 1u + scaled; i < 3u + scaled; ++i)
    if (!compatible(in[i].shape, statistics))
      throw ValueError("mean and variance must have shape ", statistics, ", received ", in[i].shape, ".");
  if (!compatible(in[3u + scaled].shape, in[0].shape))
    throw ValueError("the gradient must have the shape of x, ", in[0].shape, "; received ", in[3u + scaled].shape, ".");
  std::vector<TensorSpec> out = {in[0]};
  for (int i = 0; i < scaled + shifted; ++i) out.push_back({Shape{in[0].shape[axis]}, in[0].dtype});
  return out;
}

using namespace prim;

namespace {

// How the vectors and statistics of one op lie against x.
struct Lay {
  Norm kind;
  int axis;
  Shape shape;
  std::vector<int> over, along;  // the axes that statistics, and gradients of scale and offset, sum up
  double count = 1;

  Lay(Norm kind, int axis, const Shape& shape) : kind(kind), axis(axis), shape(shape) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (i != axis) along.push_back(i);
      if ((i == axis) != (kind == Norm::batch)) over.push_back(i), count *= static_cast<double>(shape[i]);
    }
  }
  Tensor wide_vector(const Tensor& v) const {
    Shape s = Shape::of_rank(shape.rank());
    s[axis] = shape[axis];
    return reshape(v, s);
  }
  Tensor wide_statistic(const Tensor& v) const {
    if (kind == Norm::batch) return wide_vector(v);
    Shape s = shape;
    s[axis] = 1;
    return reshape(v, s);
  }
  Tensor mean(const Tensor& x) const { return multiply(reduce(Reduce::sum, x, over, true), 1 / count); }
  Tensor centred(const Tensor& x) const { return kind == Norm::rms ? x : subtract(x, mean(x)); }
  Tensor sum_along(const Tensor& x) const { return reduce(Reduce::sum, x, along, false); }
};

}  // namespace

Tensors NormalizeOp::vjp(const VjpContext& c) const {
  const Tensor &x = c.inputs[0], &mean = c.outputs[1], &variance = c.outputs[2];
  Tensors out(c.inputs.size());
  if (c.grads[0].defined()) {
    Op grad = make_op<NormalizeGradOp>(kind, axis, epsilon, scaled, shifted);
    out = scaled ? apply(grad, {x, c.inputs[1], mean, variance, c.grads[0]})
                 : apply(grad, {x, mean, variance, c.grads[0]});
  }
  const Lay lay(kind, axis, x.shape());
  auto more = [&](const Tensor& g) { out[0] = out[0].defined() ? add(out[0], g) : broadcast_to(g, x.shape()); };
  if (c.needed[0] && c.grads[1].defined() && kind != Norm::rms)
    more(multiply(lay.wide_statistic(c.grads[1]), 1 / lay.count));
  if (c.needed[0] && c.grads[2].defined()) {
    Tensor centred = kind == Norm::rms ? x : subtract(x, lay.wide_statistic(mean));
    more(multiply(multiply(lay.wide_statistic(c.grads[2]), 2 / lay.count), centred));
  }
  return out;
}

// With z = (x - m) r, r = 1 / sqrt(v + epsilon) and a = g scale, the gradient for x is J a, where the matrix
// J = r (1 - mean - z mean(z .)) is symmetric. So from cotangents h, hs and ho of the three outputs follow, with u = J
// h:
//   for g: u scale + hs z + ho      for scale: sum g u
//   for x: J' p - r^2 z (mean(a h) - mean(a) mean(h) - A B),  p = hs g - r (B a + A h),  A = mean(a z), B = mean(h z)
// where J' = J, and the term after it comes from r.
Tensors NormalizeGradOp::vjp(const VjpContext& c) const {
  const Lay lay(kind, axis, c.inputs[0].shape());
  const size_t first = 1u + scaled;
  const Tensor &x = c.inputs[0], &g = c.inputs[first + 2];
  Tensor r = unary(Unary::rsqrt, add(lay.wide_statistic(c.inputs[first + 1]), epsilon));
  Tensor z = multiply(kind == Norm::rms ? x : subtract(x, lay.wide_statistic(c.inputs[first])), r);
  Tensor scale = scaled ? lay.wide_vector(c.inputs[1]) : Tensor();
  auto times_scale = [&](const Tensor& t) { return scaled ? multiply(t, scale) : t; };
  auto jacobian = [&](const Tensor& t) {
    return multiply(r, subtract(lay.centred(t), multiply(z, lay.mean(multiply(t, z)))));
  };
  const Tensor &h = c.grads[0], hs = scaled ? c.grads[1] : Tensor(), ho = shifted ? c.grads[first] : Tensor();

  Tensor for_x, for_scale, for_g, p;
  auto accumulate = [](Tensor& to, const Tensor& t) { to = to.defined() ? add(to, t) : t; };
  if (h.defined()) {
    Tensor a = times_scale(g), u = jacobian(h);
    Tensor A = lay.mean(multiply(a, z)), B = lay.mean(multiply(h, z));
    p = negative(multiply(r, add(multiply(B, a), multiply(A, h))));
    Tensor together = lay.mean(multiply(lay.centred(a), h));
    for_x = negative(multiply(multiply(square(r), subtract(together, multiply(A, B))), z));
    if (scaled) for_scale = lay.sum_along(multiply(g, u));
    for_g = times_scale(u);
  }
  if (hs.defined()) {
    Tensor wide = lay.wide_vector(hs);
    accumulate(p, multiply(wide, g));
    accumulate(for_g, multiply(wide, z));
  }
  if (ho.defined()) accumulate(for_g, broadcast_to(lay.wide_vector(ho), x.shape()));
  if (p.defined()) accumulate(for_x, jacobian(p));
  Tensors out(c.inputs.size());
  out[0] = for_x;
  if (scaled) out[1] = for_scale;
  out[first + 2] = for_g;
  return out;
}

namespace prim {
Normalized normalize(Norm kind, const Tensor& x, int axis, const Tensor& scale, const Tensor& offset, double epsilon) {
  Tensors in = {x};
  if (scale.defined()) in.push_back(scale);
  if (offset.defined()) in.push_back(offset);
  Tensors out = lamina::apply(
      make_op<NormalizeOp>(kind, normalize_axis(axis, x.rank()), epsilon, scale.defined(), offset.defined()), in);
  return {out[0], out[1], out[2]};
}
}  // namespace prim
}  // namespace lamina
