#include "backends/ops/gather/gather.h"

#include "backends/ops/gather/scatter_sum.h"
#include "backends/ops/primitives.h"

namespace lamina {

std::string_view name_of(Scatter kind) {
  static constexpr std::string_view names[] = {"update", "add", "max", "min", "mul"};
  return names[static_cast<int>(kind)];
}

namespace {
void check_indices(const TensorSpec& indices) {
  if (indices.dtype != DType::int32 && indices.dtype != DType::int64)
    throw TypeError("indices must be int32 or int64, received ", indices.dtype, ".");
}
Shape gathered(const Shape& x, const Shape& indices, int axis) {
  if (axis < 0 || axis >= x.rank()) throw ValueError("axis ", axis, " is out of bounds for shape ", x, ".");
  Shape out;
  for (int i = 0; i < axis; ++i) out.push_back(x[i]);
  for (int64_t d : indices) out.push_back(d);
  for (int i = axis + 1; i < x.rank(); ++i) out.push_back(x[i]);
  return out;
}
}  // namespace

std::vector<TensorSpec> GatherOp::infer(std::span<const TensorSpec> in) const {
  check_indices(in[1]);
  return {{gathered(in[0].shape, in[1].shape, axis), in[0].dtype}};
}

std::vector<TensorSpec> ScatterOp::infer(std::span<const TensorSpec> in) const {
  check_indices(in[1]);
  Shape expected = gathered(in[0].shape, in[1].shape, axis);
  if (in[2].dtype != in[0].dtype)
    throw TypeError("updates must have the dtype of the tensor, ", in[0].dtype, "; received ", in[2].dtype, ".");
  if (!compatible(expected, in[2].shape))
    throw ValueError("updates must have shape ", expected, " (a tensor of shape ", in[0].shape, ", indices of shape ",
                     in[1].shape, "), received ", in[2].shape, ".");
  return {in[0]};
}

using namespace prim;

Tensors GatherOp::vjp(const VjpContext& c) const {
  return {scatter_sum(c.inputs[1], c.grads[0], axis, c.inputs[0].shape()[axis]), Tensor()};
}

std::vector<TensorSpec> ScatterSumOp::infer(std::span<const TensorSpec> in) const {
  check_indices(in[0]);
  const Shape &k = in[0].shape, &u = in[1].shape;
  if (axis < 0 || axis + k.rank() > u.rank())
    throw ValueError("axis ", axis, " is out of bounds for updates of shape ", u, " and indices of shape ", k, ".");
  Shape out, places;
  for (int i = 0; i < axis; ++i) out.push_back(u[i]);
  out.push_back(size);
  for (int i = axis; i < u.rank(); ++i) (i < axis + k.rank() ? places : out).push_back(u[i]);
  if (!compatible(places, k))
    throw ValueError("updates of shape ", u, " do not have the shape of the indices, ", k, ", at axis ", axis, ".");
  return {{out, in[1].dtype}};
}

Tensors ScatterSumOp::vjp(const VjpContext& c) const {
  return {Tensor(), gather(c.grads[0], c.inputs[0], axis, GatherOp::Fill::zero)};
}

Tensors ScatterOp::vjp(const VjpContext& c) const {
  const Tensor &x = c.inputs[0], &indices = c.inputs[1], &updates = c.inputs[2], &out = c.outputs[0], &g = c.grads[0];
  auto at = [&](const Tensor& t) { return gather(t, indices, axis, GatherOp::Fill::zero); };
  switch (kind) {
    case Scatter::add: return {g, Tensor(), c.needed[2] ? at(g) : Tensor()};
    case Scatter::update: {
      Tensor gx = scatter(Scatter::update, g, indices, full(updates.shape(), 0, g.dtype()), axis), gu;
      if (c.needed[2]) {
        // Of several updates to one place only the last has an effect: each place remembers its writer.
        Tensor order = reshape(iota(indices.size(), DType::int32), indices.shape());
        Tensor writer = scatter(Scatter::update, full({x.shape()[axis]}, -1, DType::int32), indices, order, 0);
        Tensor last = binary(Binary::equal, gather(writer, indices, 0), order);
        Shape wide = last.shape();
        for (int i = axis + 1; i < x.rank(); ++i) wide.push_back(1);
        gu = where(reshape(last, wide), at(g), full({}, 0, g.dtype()));
      }
      return {gx, Tensor(), gu};
    }
    case Scatter::max:
    case Scatter::min: {  // shared equally among ties
      Tensor here = cast(binary(Binary::equal, x, out), g.dtype());
      Tensor there = cast(binary(Binary::equal, updates, at(out)), g.dtype());
      Tensor share = divide(g, scatter(Scatter::add, here, indices, there, axis));
      return {multiply(here, share), Tensor(), multiply(there, at(share))};
    }
    default: {
      Tensor factor = scatter(Scatter::mul, full(x.shape(), 1, g.dtype()), indices, updates, axis);
      return {multiply(g, factor), Tensor(), c.needed[2] ? divide(at(multiply(g, out)), updates) : Tensor()};
    }
  }
}

namespace prim {

Tensor scatter_sum(const Tensor& indices, const Tensor& updates, int axis, int64_t size) {
  return apply1(make_op<ScatterSumOp>(axis, size), {indices, updates});
}

namespace {
Tensor as_index(const Tensor& t) { return t.dtype() == DType::int64 ? t : cast(t, DType::int32); }

// Row-major places in x's first axes of the (wrapped) index columns; x.elements-of-those-axes where one is outside.
Tensor flat_places(const std::vector<Tensor>& columns, std::span<const int64_t> sizes) {
  DType type = DType::int32;
  int64_t total = 1;
  for (int64_t s : sizes) total = multiply_sizes(total, s);
  for (const Tensor& t : columns)
    if (t.dtype() == DType::int64) type = DType::int64;
  if (total > INT32_MAX) type = DType::int64;
  Tensor place, inside, zero = full({}, 0, type);
  for (size_t i = 0; i < columns.size(); ++i) {
    Tensor index = cast(columns[i], type), size = full({}, static_cast<double>(sizes[i]), type);
    index = where(binary(Binary::less, index, zero), add(index, size), index);
    Tensor fits =
        binary(Binary::logical_and, binary(Binary::greater_equal, index, zero), binary(Binary::less, index, size));
    inside = inside.defined() ? binary(Binary::logical_and, inside, fits) : fits;
    place = place.defined() ? add(multiply(place, size), index) : index;
  }
  return where(inside, place, full({}, static_cast<double>(total), type));
}

// Flat places for gather_along: every axis but `axis` uses its own position.
Tensor along_places(const Shape& x, const Tensor& indices, int axis) {
  std::vector<Tensor> columns;
  for (int i = 0; i < x.rank(); ++i) {
    if (i == axis) {
      columns.push_back(as_index(indices));
      continue;
    }
    Shape s = Shape::of_rank(x.rank());
    s[i] = indices.shape()[i];
    columns.push_back(reshape(iota(indices.shape()[i], DType::int32), s));
  }
  return flat_places(columns, x.span());
}

// The axis as 0..rank-1. ValueError unless both have the same number of axes.
int check_along(const Tensor& x, const Tensor& indices, int axis) {
  if (x.rank() != indices.rank())
    throw ValueError("indices and the tensor must have the same number of axes, received shapes ", indices.shape(),
                     " and ", x.shape(), ".");
  return normalize_axis(axis, x.rank());
}

bool concrete(std::initializer_list<const Tensor*> tensors) {
  for (const Tensor* t : tensors)
    if (!t->shape().known()) return false;
  return true;
}

struct NdIndex {
  Tensor places;       // (K...)
  Shape rows, result;  // x as (places, rest...); K... + rest
};
NdIndex nd_index(const Tensor& x, const Tensor& indices) {
  if (indices.rank() == 0)
    throw ValueError(
        "indices need at least one axis, whose size is the number of axes they address; received shape ().");
  int64_t depth = indices.shape().back();
  if (depth < 0 || depth > x.rank())
    throw ValueError("the last axis of indices (shape ", indices.shape(), ") must address at most the ", x.rank(),
                     " axes of shape ", x.shape(), ".");
  NdIndex n;
  int64_t head = 1;
  for (int i = 0; i < depth; ++i)
    head = head < 0 || x.shape()[i] < 0 ? Shape::kUnknown : multiply_sizes(head, x.shape()[i]);
  n.rows.push_back(head);
  for (int i = 0; i < indices.rank() - 1; ++i) n.result.push_back(indices.shape()[i]);
  for (int i = static_cast<int>(depth); i < x.rank(); ++i)
    n.rows.push_back(x.shape()[i]), n.result.push_back(x.shape()[i]);
  if (!concrete({&x, &indices})) return n;
  std::vector<Tensor> columns;
  for (int64_t d = 0; d < depth; ++d)
    columns.push_back(squeeze(slice_axis(as_index(indices), indices.rank() - 1, d, d + 1), indices.rank() - 1));
  if (depth == 0) columns.push_back(full(Shape(indices.shape().span().first(indices.rank() - 1)), 0, DType::int32));
  int64_t one = 1;
  n.places = flat_places(columns, depth ? x.shape().span().first(depth) : std::span<const int64_t>(&one, 1));
  return n;
}
}  // namespace

Tensor gather(const Tensor& x, const Tensor& indices, int axis, GatherOp::Fill fill) {
  return apply1(make_op<GatherOp>(axis, fill), {x, as_index(indices)});
}
Tensor scatter(Scatter kind, const Tensor& x, const Tensor& indices, const Tensor& updates, int axis) {
  return apply1(make_op<ScatterOp>(kind, axis), {x, as_index(indices), updates});
}

Tensor gather_along(const Tensor& given, const Tensor& given_indices, int axis, GatherOp::Fill fill) {
  Tensor x = given, indices = given_indices;
  axis = check_along(x, indices, axis);
  Shape sx = x.shape(), si = indices.shape();
  sx[axis] = si[axis] = 1;
  if (sx != si) {  // sizes of 1 are repeated
    Shape to_x = broadcast_shapes(sx, si), to_indices = to_x;
    to_x[axis] = x.shape()[axis], to_indices[axis] = indices.shape()[axis];
    x = broadcast_to(x, to_x), indices = broadcast_to(indices, to_indices);
  }
  if (!concrete({&x, &indices})) return Tensor::spec_only(indices.shape(), x.dtype());
  return gather(reshape(x, {x.size()}), along_places(x.shape(), indices, axis), 0, fill);
}
Tensor scatter_along(Scatter kind, const Tensor& x, const Tensor& indices, const Tensor& updates, int axis) {
  axis = check_along(x, indices, axis);
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis && x.shape()[i] >= 0 && indices.shape()[i] >= 0 && indices.shape()[i] > x.shape()[i])
      throw ValueError("indices of shape ", indices.shape(), " do not fit into shape ", x.shape(), " beside axis ",
                       axis, ".");
  if (!concrete({&x, &indices})) return Tensor::spec_only(x.shape(), x.dtype());
  return reshape(scatter(kind, reshape(x, {x.size()}), along_places(x.shape(), indices, axis), updates, 0), x.shape());
}

Tensor gather_nd(const Tensor& x, const Tensor& indices) {
  NdIndex n = nd_index(x, indices);
  if (!n.places.defined()) return Tensor::spec_only(n.result, x.dtype());
  return gather(reshape(x, n.rows), n.places, 0);
}
Tensor scatter_nd(Scatter kind, const Tensor& x, const Tensor& indices, const Tensor& updates) {
  NdIndex n = nd_index(x, indices);
  if (!compatible(n.result, updates.shape()))
    throw ValueError("updates must have shape ", n.result, " (a tensor of shape ", x.shape(), ", indices of shape ",
                     indices.shape(), "), received ", updates.shape(), ".");
  if (!n.places.defined()) return Tensor::spec_only(x.shape(), x.dtype());
  return reshape(scatter(kind, reshape(x, n.rows), n.places, updates, 0), x.shape());
}

}  // namespace prim
}  // namespace lamina
