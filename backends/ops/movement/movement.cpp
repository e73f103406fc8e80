#include "backends/ops/movement/movement.h"

#include "backends/ops/primitives.h"

namespace lamina {

std::vector<TensorSpec> ReshapeOp::infer(std::span<const TensorSpec> in) const {
  Shape out = shape;
  const Shape& from = in[0].shape;
  int unknown = -1, holes = 0;
  int64_t rest = 1;
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] == Shape::kUnknown)
      unknown = i, ++holes;
    else
      rest = multiply_sizes(rest, out[i]);
  }
  if (!from.known()) {
    if (holes == 1) {
      // Unknown sizes that stand on both sides cancel: (None, 6) to (-1, 6) keeps None; (None, 6) to (None, 2, 3) too.
      return {{out, in[0].dtype}};
    }
    return {{out, in[0].dtype}};
  }
  int64_t count = from.elements();
  if (holes == 1) {
    if (rest == 0 ? count != 0 : count % rest != 0)
      throw ValueError("cannot reshape a tensor of shape ", from, " (", count, " elements) to ", shape, ".");
    out[unknown] = rest == 0 ? 0 : count / rest;
  } else if (holes == 0 && rest != count) {
    throw ValueError("cannot reshape a tensor of shape ", from, " (", count, " elements) to ", shape, " (", rest,
                     " elements).");
  }
  return {{out, in[0].dtype}};
}

std::vector<TensorSpec> TransposeOp::infer(std::span<const TensorSpec> in) const {
  const Shape& x = in[0].shape;
  std::vector<bool> seen(x.rank());
  if (static_cast<int>(axes.size()) != x.rank())
    throw ValueError("axes ", axes, " must name each of the ", x.rank(), " axes of shape ", x, " once.");
  Shape out;
  for (int a : axes) {
    if (a < 0 || a >= x.rank() || seen[a])
      throw ValueError("axes ", axes, " must name each of the ", x.rank(), " axes of shape ", x, " once.");
    seen[a] = true;
    out.push_back(x[a]);
  }
  return {{out, in[0].dtype}};
}

std::vector<TensorSpec> BroadcastOp::infer(std::span<const TensorSpec> in) const {
  const Shape& x = in[0].shape;
  if (x.rank() > shape.rank()) throw ValueError("cannot broadcast shape ", x, " to ", shape, ": it has more axes.");
  for (int i = 1; i <= x.rank(); ++i) {
    int64_t from = x[x.rank() - i], to = shape[shape.rank() - i];
    if (from != to && from != 1 && from >= 0 && to >= 0)
      throw ValueError("cannot broadcast shape ", x, " to ", shape, ": size ", from, " does not fit ", to, ".");
  }
  return {{shape, in[0].dtype}};
}

std::vector<TensorSpec> SliceOp::infer(std::span<const TensorSpec> in) const {
  const Shape& x = in[0].shape;
  if (static_cast<int>(starts.size()) != x.rank() || limits.size() != starts.size())
    throw ValueError("needs a start and a limit for each of the ", x.rank(), " axes of shape ", x, "; received ",
                     starts.size(), ".");
  Shape out;
  for (int i = 0; i < x.rank(); ++i) {
    if (x[i] == Shape::kUnknown || limits[i] == Shape::kUnknown) {
      out.push_back(limits[i] == Shape::kUnknown ? Shape::kUnknown
                                                 : (limits[i] - starts[i] + strides[i] - 1) / strides[i]);
      continue;
    }
    if (starts[i] < 0 || starts[i] > limits[i] || limits[i] > x[i] || strides[i] < 1)
      throw ValueError("slice ", starts[i], ":", limits[i], ":", strides[i], " is out of bounds for axis ", i,
                       " of shape ", x, ".");
    out.push_back((limits[i] - starts[i] + strides[i] - 1) / strides[i]);
  }
  return {{out, in[0].dtype}};
}

std::vector<TensorSpec> PadOp::infer(std::span<const TensorSpec> in) const {
  const Shape& x = in[0].shape;
  if (static_cast<int>(low.size()) != x.rank())
    throw ValueError("needs padding for each of the ", x.rank(), " axes of shape ", x, "; received ", low.size(), ".");
  if (high.size() != low.size() || interior.size() != low.size())
    throw ValueError("needs as many sizes behind and between as before, received ", low.size(), ", ", high.size(),
                     " and ", interior.size(), ".");
  Shape out;
  for (size_t i = 0; i < low.size(); ++i) {
    if (low[i] < 0 || high[i] < 0 || interior[i] < 0)
      throw ValueError("padding cannot be negative, received ", low, ", ", high, " and ", interior, ".");
    const int64_t n = x[static_cast<int>(i)];
    out.push_back(n < 0 ? n
                        : add_sizes(add_sizes(low[i], high[i]),
                                    add_sizes(n, multiply_sizes(std::max<int64_t>(0, n - 1), interior[i]))));
  }
  return {{out, in[0].dtype}};
}

std::vector<TensorSpec> ReverseOp::infer(std::span<const TensorSpec> in) const {
  for (int a : axes)
    if (a < 0 || a >= in[0].shape.rank())
      throw ValueError("axis ", a, " is out of bounds for shape ", in[0].shape, ".");
  return {in[0]};
}

std::vector<TensorSpec> ConcatOp::infer(std::span<const TensorSpec> in) const {
  if (in.empty()) throw ValueError("needs at least one tensor.");
  TensorSpec out = in[0];
  if (axis < 0 || axis >= out.shape.rank())
    throw ValueError("axis ", axis, " is out of bounds for shape ", out.shape, ".");
  for (size_t k = 1; k < in.size(); ++k) {
    const Shape& s = in[k].shape;
    bool fits = s.rank() == out.shape.rank() && in[k].dtype == out.dtype;
    for (int i = 0; fits && i < s.rank(); ++i) {
      if (i == axis) continue;
      fits = s[i] == out.shape[i] || s[i] < 0 || out.shape[i] < 0;
      if (fits && out.shape[i] < 0) out.shape[i] = s[i];
    }
    if (!fits)
      throw ValueError("all shapes must match except along axis ", axis, "; received ", in[0], " and ", in[k], ".");
    int64_t& d = out.shape[axis];
    d = d < 0 || s[axis] < 0 ? Shape::kUnknown : add_sizes(d, s[axis]);
  }
  return {out};
}

using namespace prim;

Tensors ReshapeOp::vjp(const VjpContext& c) const { return {reshape(c.grads[0], c.inputs[0].shape())}; }
Tensors TransposeOp::vjp(const VjpContext& c) const {
  std::vector<int> inverse(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) inverse[axes[i]] = static_cast<int>(i);
  return {transpose(c.grads[0], inverse)};
}
Tensors BroadcastOp::vjp(const VjpContext& c) const { return {sum_to(c.grads[0], c.inputs[0].shape())}; }
Tensors SliceOp::vjp(const VjpContext& c) const {
  const Shape &x = c.inputs[0].shape(), &y = c.outputs[0].shape();
  std::vector<int64_t> high, interior;
  for (int i = 0; i < x.rank(); ++i) {
    interior.push_back(strides[i] - 1);
    int64_t covered = y[i] ? (y[i] - 1) * strides[i] + 1 : 0;
    high.push_back(x[i] - starts[i] - covered);
  }
  return {pad(c.grads[0], starts, high, 0, interior)};
}
Tensors PadOp::vjp(const VjpContext& c) const {
  const Shape& x = c.inputs[0].shape();
  std::vector<int64_t> limits, strides;
  for (int i = 0; i < x.rank(); ++i) {
    strides.push_back(interior[i] + 1);
    limits.push_back(low[i] + (x[i] ? (x[i] - 1) * (interior[i] + 1) + 1 : 0));
  }
  return {slice(c.grads[0], low, limits, strides)};
}
Tensors ConcatOp::vjp(const VjpContext& c) const {
  Tensors out;
  int64_t at = 0;
  for (const Tensor& part : c.inputs) {
    out.push_back(slice_axis(c.grads[0], axis, at, at + part.shape()[axis]));
    at += part.shape()[axis];
  }
  return out;
}
Tensors ReverseOp::vjp(const VjpContext& c) const { return {reverse(c.grads[0], axes)}; }

namespace prim {

Tensor reshape(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape && shape.known()) return x;
  return apply1(make_op<ReshapeOp>(shape), {x});
}
Tensor stop_gradient(const Tensor& x) {
  static const Op op = make_op<StopGradientOp>();
  return apply1(op, {x});
}
Tensor transpose(const Tensor& x, std::vector<int> axes) {
  bool identity = true;
  for (size_t i = 0; i < axes.size(); ++i) identity &= axes[i] == static_cast<int>(i);
  if (identity && static_cast<int>(axes.size()) == x.rank()) return x;
  return apply1(make_op<TransposeOp>(std::move(axes)), {x});
}
Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  // Known values at an unknown size: a shape is all there is.
  if (!shape.known() && x.shape().known()) return Tensor::spec_only(shape, x.dtype());
  return apply1(make_op<BroadcastOp>(shape), {x});
}
Tensor slice(const Tensor& x, std::vector<int64_t> starts, std::vector<int64_t> limits, std::vector<int64_t> strides) {
  if (strides.empty()) strides.assign(starts.size(), 1);
  return apply1(make_op<SliceOp>(std::move(starts), std::move(limits), std::move(strides)), {x});
}
Tensor slice_axis(const Tensor& x, int axis, int64_t start, int64_t limit) {
  std::vector<int64_t> starts(x.rank(), 0), limits = x.shape().vec();
  const auto a = static_cast<size_t>(normalize_axis(axis, x.rank()));
  starts[a] = start;
  limits[a] = limit;
  return slice(x, starts, limits);
}
Tensor pad(const Tensor& x, std::vector<int64_t> low, std::vector<int64_t> high, double value,
           std::vector<int64_t> interior) {
  if (interior.empty()) interior.assign(low.size(), 0);
  return apply1(make_op<PadOp>(std::move(low), std::move(high), std::move(interior), value), {x});
}
Tensor concat(const Tensors& parts, int axis) {
  if (parts.size() == 1 && axis < parts[0].rank()) return parts[0];
  return apply1(make_op<ConcatOp>(axis), std::span<const Tensor>(parts));
}
Tensor reverse(const Tensor& x, std::vector<int> axes) { return apply1(make_op<ReverseOp>(std::move(axes)), {x}); }
Tensor expand_dims(const Tensor& x, int axis) {
  Shape s = x.shape();
  s.insert(normalize_axis(axis, x.rank() + 1), 1);
  return apply1(make_op<ReshapeOp>(s), {x});
}
Tensor squeeze(const Tensor& x, int axis) {
  Shape s = x.shape();
  s.erase(normalize_axis(axis, x.rank()));
  return apply1(make_op<ReshapeOp>(s), {x});
}

}  // namespace prim
}  // namespace lamina
