// keras.ops that join tensors into one and cut one into several.
#include "backends/ops/public/numpy_shape.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

Tensor concatenate_impl(const std::vector<Operand>& xs, const std::optional<int>& axis) {
  if (xs.empty()) throw ValueError("needs at least one tensor.");
  Tensors parts = promote_all(xs);
  if (!axis) {
    for (Tensor& t : parts) {
      if (t.shape_only()) throw ValueError("symbolic tensors are joined along one of their axes. Received: axis=None");
      t = prim::reshape(t, {t.size()});
    }
    return prim::concat(parts, 0);
  }
  if (parts[0].rank() == 0) throw ValueError("scalars cannot be concatenated; use stack.");
  return prim::concat(parts, normalize_axis(*axis, parts[0].rank()));
}
const auto concatenate_op =
    public_op("concatenate", NUMPY "Concatenate", "Joins tensors along an axis that they have.", concatenate_impl,
              {{"xs", required, "A list of tensors that agree in all other axes."},
               {"axis", 0, "The axis; None joins the flattened tensors."}},
              {.returns = "A tensor in the dtype that they promote to.",
               .raises = "ValueError: if the shapes do not fit, and for symbolic tensors without an axis.",
               .example = R"py(
>>> keras.ops.concatenate([[1, 2], [3]])
<Tensor shape=(3,), dtype=int32, values=[1 2 3]>)py"});

Tensor stack_impl(const std::vector<Operand>& x, int axis) {
  if (x.empty()) throw ValueError("needs at least one tensor.");
  Tensors parts = promote_all(x);
  int a = normalize_axis(axis, parts[0].rank() + 1);
  for (Tensor& t : parts) {
    if (!compatible(t.shape(), parts[0].shape()))
      throw ValueError("all tensors must have the same shape, received ", parts[0].shape(), " and ", t.shape(), ".");
  }
  for (Tensor& t : parts) t = prim::expand_dims(t, a);
  return prim::concat(parts, a);
}
const auto stack_op =
    public_op("stack", NUMPY "Stack", "Joins tensors of one shape along a new axis.", stack_impl,
              {{"x", required, "A list of tensors of one shape."}, {"axis", 0, "Where the new axis stands."}},
              {.returns = "A tensor in the dtype that they promote to.",
               .raises = "ValueError: if the shapes differ.",
               .example = R"py(
>>> keras.ops.stack([[1, 2], [3, 4]])
<Tensor shape=(2, 2), dtype=int32, values=[[1 2]
 [3 4]]>)py"});

// Axes are added until there are `rank` of them, as vstack, hstack and dstack ask.
Tensor joined(const std::vector<Operand>& xs, int rank, int axis) {
  if (xs.empty()) throw ValueError("needs at least one tensor.");
  Tensors parts = promote_all(xs);
  for (Tensor& t : parts) {
    if (t.rank() == 0) t = prim::reshape(t, {1});
    if (rank >= 2 && t.rank() == 1) t = prim::expand_dims(t, 0);
    if (rank >= 3 && t.rank() == 2) t = prim::expand_dims(t, 2);
  }
  return prim::concat(parts, axis);
}
Tensor vstack_impl(const std::vector<Operand>& xs) { return joined(xs, 2, 0); }
Tensor hstack_impl(const std::vector<Operand>& xs) {
  bool flat = !xs.empty() && xs[0].shape().rank() <= 1;
  return joined(xs, 1, flat ? 0 : 1);
}
Tensor dstack_impl(const std::vector<Operand>& xs) { return joined(xs, 3, 2); }
const auto vstack_op = public_op("vstack", NUMPY "Vstack", "Joins tensors along the first axis; vectors count as rows.",
                                 vstack_impl, {{"xs", required, "A list of tensors that agree in all other axes."}},
                                 {.returns = "A tensor in the dtype that they promote to.", .example = R"py(
>>> keras.ops.vstack([keras.ops.array([1, 2]), keras.ops.array([3, 4])])
<Tensor shape=(2, 2), dtype=int32, values=[[1 2]
 [3 4]]>)py"});
const auto hstack_op =
    public_op("hstack", NUMPY "Hstack", "Joins tensors along the second axis (vectors along their only one).",
              hstack_impl, {{"xs", required, "A list of tensors that agree in all other axes."}},
              {.returns = "A tensor in the dtype that they promote to.", .example = R"py(
>>> keras.ops.hstack([keras.ops.array([1, 2]), keras.ops.array([3])])
<Tensor shape=(3,), dtype=int32, values=[1 2 3]>)py"});
const auto dstack_op = public_op("dstack", NUMPY "Dstack", "Joins tensors along the third axis.", dstack_impl,
                                 {{"xs", required, "A list of tensors that agree in all other axes."}},
                                 {.returns = "A tensor in the dtype that they promote to.", .example = R"py(
>>> keras.ops.dstack([keras.ops.array([1, 2]), keras.ops.array([3, 4])])
<Tensor shape=(1, 2, 2), dtype=int32, values=[[[1 3]
  [2 4]]]>)py"});

Tensor append_impl(const Operand& x1, const Operand& x2, const std::optional<int>& axis) {
  auto [a, b] = promote(x1, x2);
  if (!axis) return prim::concat({prim::reshape(a, {a.size()}), prim::reshape(b, {b.size()})}, 0);
  return prim::concat({a, b}, normalize_axis(*axis, a.rank()));
}
const auto append_op = public_op("append", NUMPY "Append",
                                 "x2 joined to the end of x1 along `axis` (both flattened for None).", append_impl,
                                 {{"x1", required, about::first},
                                  {"x2", required, about::second},
                                  {"axis", Value(), "The axis to join along; None flattens both."}},
                                 {.returns = "A tensor in the dtype that both promote to.", .example = R"py(
>>> keras.ops.append([1, 2], [3])
<Tensor shape=(3,), dtype=int32, values=[1 2 3]>)py"});

Tensors unstack_impl(const Operand& x, const std::optional<int64_t>& num, int axis) {
  Tensor t = x.value();
  int a = normalize_axis(axis, t.rank());
  int64_t n = num.value_or(t.shape()[a]);
  if (n < 0)
    throw ValueError("Cannot infer argument `num` from shape ", t.shape(),
                     ". Either provide a tensor with a concrete shape in the `axis` dimension or explicitly pass the "
                     "`num` argument.");
  Tensors out;
  for (int64_t i = 0; i < n; ++i) out.push_back(prim::squeeze(prim::slice_axis(t, a, i, i + 1), a));
  return out;
}
const auto unstack_op =
    public_op("unstack", "keras.src.ops.core.Unstack", "The slices along `axis`, without that axis.", unstack_impl,
              {{"x", required, about::tensor},
               {"num", Value(), "How many, where the size is unknown; None takes the size."},
               {"axis", 0, "The axis to take apart."}},
              {.returns = "A list of tensors.",
               .raises = "ValueError: if the size is unknown and `num` is not given.",
               .example = R"py(
>>> keras.ops.unstack(keras.ops.array([[1, 2], [3, 4]]))
[<Tensor shape=(2,), dtype=int32, values=[1 2]>, <Tensor shape=(2,), dtype=int32, values=[3 4]>])py"});

// Cuts at places[0] < places[1] < ...; places beyond the end give empty parts.
Tensors cut(const Tensor& t, int axis, const std::vector<int64_t>& places) {
  Tensors out;
  int64_t n = t.shape()[axis], from = 0;
  for (size_t i = 0; i <= places.size(); ++i) {
    int64_t to = i < places.size() ? places[i] : n;
    if (to < 0 && n >= 0 && i < places.size()) to += n;
    if (n >= 0) to = std::clamp<int64_t>(to, from, n);
    out.push_back(prim::slice_axis(t, axis, from, to));
    from = to;
  }
  return out;
}
Tensors split_at(const Operand& x, const Value& where, int axis, bool equal) {
  Tensor t = x.value();
  int a = normalize_axis(axis, t.rank());
  int64_t n = t.shape()[a];
  std::vector<int64_t> places;
  if (!where.is_int()) {
    if (where.is_tensor()) {
      for (int64_t i = 0; i < where.as_tensor().size(); ++i)
        places.push_back(whole_number(where.as_tensor().at(i), "indices_or_sections"));
    } else {
      for (const Value& v : where.as_list()) places.push_back(v.as_int());
    }
    return cut(t, a, places);
  }
  int64_t parts = where.as_int();
  if (parts < 1) throw ValueError("the number of sections must be at least 1, received ", parts, ".");
  if (n < 0) {
    Shape s = t.shape();
    return Tensors(static_cast<size_t>(parts), Tensor::spec_only(s, t.dtype()));
  }
  if (equal && n % parts)
    throw ValueError("Axis ", a, " of shape ", t.shape(), " does not split into ", parts, " equal parts.");
  int64_t from = 0;
  for (int64_t i = 0; i + 1 < parts; ++i) places.push_back(from += n / parts + (i < n % parts));
  return cut(t, a, places);
}
Tensors split_impl(const Operand& x, const Value& indices_or_sections, int axis) {
  return split_at(x, indices_or_sections, axis, true);
}
Tensors array_split_impl(const Operand& x, const Value& indices_or_sections, int axis) {
  return split_at(x, indices_or_sections, axis, false);
}
Tensors hsplit_impl(const Operand& x, const Value& indices_or_sections) {
  return split_at(x, indices_or_sections, x.shape().rank() == 1 ? 0 : 1, true);
}
Tensors vsplit_impl(const Operand& x, const Value& indices_or_sections) {
  return split_at(x, indices_or_sections, 0, true);
}
Tensors dsplit_impl(const Operand& x, const Value& indices_or_sections) {
  return split_at(x, indices_or_sections, 2, true);
}
const auto split_op = public_op(
    "split", NUMPY "Split", "Cuts along `axis` into equal parts, or at the given places.", split_impl,
    {{"x", required, about::tensor},
     {"indices_or_sections", required, "The number of parts, or the places to cut at."},
     {"axis", 0, about::axis}},
    {.returns = "A list of tensors.", .raises = "ValueError: if the parts would not be equal.", .example = R"py(
>>> keras.ops.split([1, 2, 3, 4], 2)
[<Tensor shape=(2,), dtype=int32, values=[1 2]>, <Tensor shape=(2,), dtype=int32, values=[3 4]>])py"});
const auto array_split_op = public_op(
    "array_split", NUMPY "ArraySplit", "Cuts along `axis` into parts that differ by at most one.", array_split_impl,
    {{"x", required, about::tensor},
     {"indices_or_sections", required, "The number of parts, or the places to cut at."},
     {"axis", 0, about::axis}},
    {.returns = "A list of tensors, the larger ones first.", .example = R"py(
>>> keras.ops.array_split([1, 2, 3], 2)
[<Tensor shape=(2,), dtype=int32, values=[1 2]>, <Tensor shape=(1,), dtype=int32, values=[3]>])py"});
const auto hsplit_op = public_op(
    "hsplit", NUMPY "Hsplit", "Splits along the second axis.", hsplit_impl,
    {{"x", required, about::tensor},
     {"indices_or_sections", required, "The number of parts, or the places to cut at."}},
    {.returns = "A list of tensors.", .raises = "ValueError: if the parts would not be equal.", .example = R"py(
>>> keras.ops.hsplit([[1, 2], [3, 4]], 2)
[<Tensor shape=(2, 1), dtype=int32, values=[[1]
 [3]]>, <Tensor shape=(2, 1), dtype=int32, values=[[2]
 [4]]>])py"});
const auto vsplit_op = public_op(
    "vsplit", NUMPY "Vsplit", "Splits along the first axis.", vsplit_impl,
    {{"x", required, about::tensor},
     {"indices_or_sections", required, "The number of parts, or the places to cut at."}},
    {.returns = "A list of tensors.", .raises = "ValueError: if the parts would not be equal.", .example = R"py(
>>> keras.ops.vsplit([[1, 2], [3, 4]], 2)
[<Tensor shape=(1, 2), dtype=int32, values=[[1 2]]>, <Tensor shape=(1, 2), dtype=int32, values=[[3 4]]>])py"});
const auto dsplit_op = public_op("dsplit", NUMPY "Dsplit", "Splits along the third axis.", dsplit_impl,
                                 {{"x", required, about::tensor},
                                  {"indices_or_sections", required, "The number of parts, or the places to cut at."}},
                                 {.returns = "A list of tensors.",
                                  .raises = "ValueError: if the parts would not be equal or there is no third axis.",
                                  .example = R"py(
>>> [part.shape for part in keras.ops.dsplit(keras.ops.ones((1, 2, 4)), 2)]
[(1, 2, 2), (1, 2, 2)])py"});

Tensors meshgrid_impl(const std::vector<Operand>& x, const std::string& indexing) {
  if (indexing != "xy" && indexing != "ij")
    throw ValueError("Valid values for `indexing` are 'xy' and 'ij', but received: '", indexing, "'");
  const int n = static_cast<int>(x.size());
  auto axis_of = [&](int i) { return indexing == "xy" && n > 1 && i < 2 ? 1 - i : i; };
  Shape out = Shape::of_rank(n);
  for (int i = 0; i < n; ++i) out[axis_of(i)] = x[i].shape().elements();
  Tensors grids;
  for (int i = 0; i < n; ++i) {
    Shape s = Shape::of_rank(n);
    s[axis_of(i)] = x[i].shape().elements();
    grids.push_back(prim::broadcast_to(prim::reshape(x[i].value(), s), out));
  }
  return grids;
}
const auto meshgrid_op = public_op(
    "meshgrid", NUMPY "Meshgrid", "Grids of coordinates from vectors, in matrix (ij) or Cartesian (xy) order.",
    meshgrid_impl,
    {OpArgument("x", required, "The vectors, one per axis of the grid.").variadic(),
     {"indexing", "xy", "\"xy\" lets the first vector run along the second axis, \"ij\" along the first."}},
    {.returns = "A list of one tensor a vector.", .raises = "ValueError: if `indexing` is neither.", .example = R"py(
>>> keras.ops.meshgrid(keras.ops.array([1, 2]), keras.ops.array([3, 4]))
[<Tensor shape=(2, 2), dtype=int32, values=[[1 2]
 [1 2]]>, <Tensor shape=(2, 2), dtype=int32, values=[[3 3]
 [4 4]]>])py"});

Tensor copy_impl(const Operand& x) { return x.value(); }  // tensors are immutable: sharing is copying
const auto copy_op = public_op("copy", NUMPY "Copy", "A copy of x.", copy_impl, {{"x", required, about::tensor}},
                               {.returns = about::same, .example = R"py(
>>> keras.ops.copy([1, 2])
<Tensor shape=(2,), dtype=int32, values=[1 2]>)py"});

}  // namespace

Tensor concatenate(const std::vector<Operand>& xs, int axis) { return concatenate_op(xs, axis); }
Tensor stack(const std::vector<Operand>& x, int axis) { return stack_op(x, axis); }
Tensor vstack(const std::vector<Operand>& xs) { return vstack_op(xs); }
Tensor hstack(const std::vector<Operand>& xs) { return hstack_op(xs); }
Tensor dstack(const std::vector<Operand>& xs) { return dstack_op(xs); }
Tensor append(const Operand& x1, const Operand& x2, const std::optional<int>& axis) { return append_op(x1, x2, axis); }
Tensors unstack(const Operand& x, const std::optional<int64_t>& num, int axis) { return unstack_op(x, num, axis); }
Tensors split(const Operand& x, const Value& indices_or_sections, int axis) {
  return split_op(x, indices_or_sections, axis);
}
Tensors array_split(const Operand& x, const Value& indices_or_sections, int axis) {
  return array_split_op(x, indices_or_sections, axis);
}
Tensors hsplit(const Operand& x, const Value& indices_or_sections) { return hsplit_op(x, indices_or_sections); }
Tensors vsplit(const Operand& x, const Value& indices_or_sections) { return vsplit_op(x, indices_or_sections); }
Tensors dsplit(const Operand& x, const Value& indices_or_sections) { return dsplit_op(x, indices_or_sections); }
Tensors meshgrid(const std::vector<Operand>& x, const std::string& indexing) { return meshgrid_op(x, indexing); }
Tensor copy(const Operand& x) { return copy_op(x); }

}  // namespace lamina::ops
