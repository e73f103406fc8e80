#include "backends/ops/public/numpy_shape.h"

#include "backends/core/constant_value.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

// The sizes that a caller asks for; some may be symbolic tensors, or all of them one, which say how many there are.
struct NewShape {
  Shape sizes;
  bool symbolic = false;
  explicit NewShape(const Value& given) {
    const Value known = plain_numbers(given);
    if (known.is_tensor() && known.as_tensor().shape_only() && known.as_tensor().rank() == 1) {
      symbolic = true, sizes = Shape::of_rank(static_cast<int>(known.as_tensor().shape()[0]), Shape::kUnknown);
      return;
    }
    for (const Value& item : known.is_sequence() ? known.as_list() : List{known}) {
      if (item.is_tensor() && !item.as_tensor().shape_only())
        throw ValueError("the sizes in `newshape` must be known when a function is compiled. Received: newshape=",
                         given.repr());
      if (item.is_int() && item.as_int() < -1)
        throw ValueError(
            "Each size in `newshape` must be a non-negative integer, or -1 for one that follows from the others. "
            "Received: newshape=",
            given.repr());
      symbolic |= item.is_tensor();
      sizes.push_back(item.is_tensor() || item.is_none() ? Shape::kUnknown : item.as_int());
    }
  }
};

Tensor reshape_impl(const Operand& x, const Value& newshape) {
  Tensor t = x.value();
  const NewShape to(newshape);
  if (to.symbolic) return Tensor::spec_only(to.sizes, t.dtype());
  if (t.shape().known() && std::count(to.sizes.begin(), to.sizes.end(), Shape::kUnknown) > 1)
    throw ValueError("There must be at most one unknown dimension (-1) in newshape. Received: newshape=",
                     newshape.repr(), " for x of shape ", t.shape(), ".");
  return prim::reshape(t, to.sizes);
}
const auto reshape_op = public_op(
    "reshape", NUMPY "Reshape", "The same elements under another shape; one size may be -1.", reshape_impl,
    {{"x", required, about::tensor}, {"newshape", required, "The sizes; one may be -1 and follows from the others."}},
    {.returns = "A tensor of that shape, in the dtype of `x`.",
     .raises = "ValueError: if the elements do not fit the shape.",
     .example = R"py(
>>> keras.ops.reshape([1, 2, 3, 4], (2, -1))
<Tensor shape=(2, 2), dtype=int32, values=[[1 2]
 [3 4]]>)py"});

Tensor ravel_impl(const Operand& x) {
  Tensor t = x.value();
  return prim::reshape(t, {t.size()});
}
const auto ravel_op =
    public_op("ravel", NUMPY "Ravel", "All elements in one axis.", ravel_impl, {{"x", required, about::tensor}},
              {.returns = "A vector in the dtype of `x`.", .example = R"py(
>>> keras.ops.ravel([[1, 2], [3, 4]])
<Tensor shape=(4,), dtype=int32, values=[1 2 3 4]>)py"});

Tensor transpose_impl(const Operand& x, const std::optional<std::vector<int>>& axes) {
  Tensor t = x.value();
  std::vector<int> order;
  if (axes) {
    if (static_cast<int>(axes->size()) != t.rank())
      throw ValueError("axes must be a list of the same length as the input shape, expected ", t.rank(),
                       ", but received ", axes->size(), ": axes=", *axes);
    for (int a : *axes) {
      if (a < -t.rank() || a >= t.rank())
        throw ValueError("Each axis in `axes` must be an integer in [", -t.rank(), ", ", t.rank(),
                         "). Received: axes=", *axes);
      order.push_back(a < 0 ? a + t.rank() : a);
    }
    for (int a = 0; a < t.rank(); ++a)
      if (std::count(order.begin(), order.end(), a) != 1)
        throw ValueError("`axes` must be a valid permutation of the axes of x. Received: x.shape=", t.shape(),
                         ", axes=", *axes);
  }
  if (!axes)
    for (int i = t.rank(); i-- > 0;) order.push_back(i);
  return prim::transpose(t, order);
}
const auto transpose_op = public_op(
    "transpose", NUMPY "Transpose", "Axes in another order: output axis i is input axis axes[i]; None reverses them.",
    transpose_impl,
    {{"x", required, about::tensor}, {"axes", Value(), "The input axis of each output axis; None reverses them."}},
    {.returns = "A tensor in the dtype of `x`.",
     .raises = "ValueError: if `axes` does not name each axis once.",
     .example = R"py(
>>> keras.ops.transpose([[1, 2], [3, 4]])
<Tensor shape=(2, 2), dtype=int32, values=[[1 3]
 [2 4]]>)py"});

Tensor swapaxes_impl(const Operand& x, int axis1, int axis2) {
  Tensor t = x.value();
  std::vector<int> order = axes_of({}, t.rank());
  std::swap(order[normalize_axis(axis1, t.rank())], order[normalize_axis(axis2, t.rank())]);
  return prim::transpose(t, order);
}
const auto swapaxes_op =
    public_op("swapaxes", NUMPY "Swapaxes", "Exchanges two axes.", swapaxes_impl,
              {{"x", required, about::tensor}, {"axis1", required, "One axis."}, {"axis2", required, "The other."}},
              {.returns = "A tensor in the dtype of `x`.", .example = R"py(
>>> keras.ops.swapaxes([[1, 2], [3, 4]], 0, 1)
<Tensor shape=(2, 2), dtype=int32, values=[[1 3]
 [2 4]]>)py"});

Tensor moveaxis_impl(const Operand& x, const std::vector<int>& source, const std::vector<int>& destination) {
  Tensor t = x.value();
  if (source.size() != destination.size())
    throw ValueError("`source` and `destination` must have the same number of axes. Received: source=", source,
                     ", destination=", destination, ".");
  std::vector<int> order(t.rank(), -1);
  std::vector<bool> moved(t.rank());
  for (size_t i = 0; i < source.size(); ++i) {
    int from = normalize_axis(source[i], t.rank(), "source"),
        to = normalize_axis(destination[i], t.rank(), "destination");
    if (moved[from] || order[to] >= 0)
      throw ValueError("repeated axis in source=", source, " or destination=", destination, ".");
    order[to] = from;
    moved[from] = true;
  }
  int next = 0;
  for (int& o : order) {
    if (o >= 0) continue;
    while (moved[next]) ++next;
    o = next++;
  }
  return prim::transpose(t, order);
}
const auto moveaxis_op =
    public_op("moveaxis", NUMPY "Moveaxis", "Moves axes to new places; the others keep their order.", moveaxis_impl,
              {{"x", required, about::tensor},
               {"source", required, "The axis or axes to move."},
               {"destination", required, "Where each of them goes."}},
              {.returns = "A tensor in the dtype of `x`.",
               .raises = "ValueError: if the two differ in number or name an axis twice.",
               .example = R"py(
>>> keras.ops.moveaxis(keras.ops.ones((2, 3, 4)), 0, -1).shape
(3, 4, 2))py"});

Tensor expand_dims_impl(const Operand& x, const std::vector<int>& axis) {
  Tensor t = x.value();
  const int rank = t.rank() + static_cast<int>(axis.size());
  Shape s = t.shape();
  for (int a : axes_of(axis, rank)) s.insert(a, 1);
  return prim::reshape(t, s);
}
const auto expand_dims_op =
    public_op("expand_dims", NUMPY "ExpandDims", "Inserts axes of size 1 at `axis` of the result.", expand_dims_impl,
              {{"x", required, about::tensor},
               {"axis", required, "Where the new axes stand in the result: an integer or a tuple."}},
              {.returns = "A tensor in the dtype of `x`.", .example = R"py(
>>> keras.ops.expand_dims([1, 2], 0)
<Tensor shape=(1, 2), dtype=int32, values=[[1 2]]>)py"});

Tensor squeeze_impl(const Operand& x, const Axes& axis) {
  Tensor t = x.value();
  Shape s;
  std::vector<int> axes = axis ? axes_of(axis, t.rank()) : std::vector<int>();
  for (int i = 0; i < t.rank(); ++i) {
    bool named = std::binary_search(axes.begin(), axes.end(), i);
    if (named && t.shape()[i] != 1)
      throw ValueError("Cannot squeeze axis=", i, ", because the dimension is not 1. Received shape ", t.shape(), ".");
    if (axis ? !named : t.shape()[i] != 1) s.push_back(t.shape()[i]);
  }
  return prim::reshape(t, s);
}
const auto squeeze_op = public_op(
    "squeeze", NUMPY "Squeeze", "Drops axes of size 1: those in `axis`, or all.", squeeze_impl,
    {{"x", required, about::tensor}, {"axis", Value(), "The axis or axes to drop; None drops all of size 1."}},
    {.returns = "A tensor in the dtype of `x`.", .raises = "ValueError: if an axis is not of size 1.", .example = R"py(
>>> keras.ops.squeeze([[1, 2]])
<Tensor shape=(2,), dtype=int32, values=[1 2]>)py"});

Tensor broadcast_to_impl(const Operand& x, const Shape& shape) { return prim::broadcast_to(x.value(), shape); }
const auto broadcast_to_op =
    public_op("broadcast_to", NUMPY "BroadcastTo", "Repeats axes of size 1 (and missing leading ones) up to `shape`.",
              broadcast_to_impl, {{"x", required, about::tensor}, {"shape", required, "The shape to reach."}},
              {.returns = "A tensor of that shape, in the dtype of `x`.",
               .raises = "ValueError: if an axis is neither of size 1 nor of the size asked for.",
               .example = R"py(
>>> keras.ops.broadcast_to([1, 2], (2, 2))
<Tensor shape=(2, 2), dtype=int32, values=[[1 2]
 [1 2]]>)py"});

Tensor flip_impl(const Operand& x, const Axes& axis) {
  Tensor t = x.value();
  return prim::reverse(t, axes_of(axis, t.rank()));
}
const auto flip_op =
    public_op("flip", NUMPY "Flip", "Reverses the order of elements along `axis` (all axes for None).", flip_impl,
              {{"x", required, about::tensor}, {"axis", Value(), "The axis or axes; None takes all."}},
              {.returns = about::same, .example = R"py(
>>> keras.ops.flip(keras.ops.array([1, 2, 3]))
<Tensor shape=(3,), dtype=int32, values=[3 2 1]>)py"});
Tensor fliplr_impl(const Operand& x) {
  if (x.shape().rank() < 2) throw ValueError("expected at least 2 axes, received shape ", x.shape(), ".");
  return flip_impl(x, std::vector<int>{1});
}
const auto fliplr_op = public_op("fliplr", NUMPY "Fliplr", "Reverses the second axis.", fliplr_impl,
                                 {{"x", required, about::tensor}}, {.returns = about::same, .example = R"py(
>>> keras.ops.fliplr([[1, 2], [3, 4]])
<Tensor shape=(2, 2), dtype=int32, values=[[2 1]
 [4 3]]>)py"});
Tensor flipud_impl(const Operand& x) {
  if (x.shape().rank() < 1) throw ValueError("expected at least 1 axis, received a scalar.");
  return flip_impl(x, std::vector<int>{0});
}
const auto flipud_op = public_op("flipud", NUMPY "Flipud", "Reverses the first axis.", flipud_impl,
                                 {{"x", required, about::tensor}}, {.returns = about::same, .example = R"py(
>>> keras.ops.flipud([[1, 2], [3, 4]])
<Tensor shape=(2, 2), dtype=int32, values=[[3 4]
 [1 2]]>)py"});

Tensor rot90_impl(const Operand& array, int k, const std::vector<int>& axes) {
  Tensor t = array.value();
  if (t.rank() < 2) throw ValueError("Input array must have at least 2 dimensions. Received: array.ndim=", t.rank());
  if (axes.size() != 2) throw ValueError("Invalid axes: ", axes, ". Axes must be a tuple of two different dimensions.");
  int a = normalize_axis(axes[0], t.rank()), b = normalize_axis(axes[1], t.rank());
  if (a == b) throw ValueError("Invalid axes: ", axes, ". Axes must be a tuple of two different dimensions.");
  k = ((k % 4) + 4) % 4;
  if (k == 0) return t;
  if (k == 2) return prim::reverse(t, axes_of(std::vector<int>{a, b}, t.rank()));
  return k == 1 ? swapaxes_impl(prim::reverse(t, {b}), a, b) : prim::reverse(swapaxes_impl(t, a, b), {b});
}
const auto rot90_op = public_op(
    "rot90", NUMPY "Rot90", "Turns by 90 degrees k times, from the first of `axes` towards the second.", rot90_impl,
    {{"array", required, about::tensor},
     {"k", 1, "How many quarter turns; negative ones go the other way."},
     {"axes", Value::tuple({0, 1}), "The two axes of the plane."}},
    {.returns = "A tensor in the dtype of `array`.",
     .raises = "ValueError: if `array` has fewer than two axes or `axes` does not name two different ones.",
     .example = R"py(
>>> keras.ops.rot90(keras.ops.array([[1, 2], [3, 4]]))
<Tensor shape=(2, 2), dtype=int32, values=[[2 4]
 [1 3]]>)py"});

Tensor roll_one(const Tensor& t, int64_t shift, int axis) {
  int64_t n = t.shape()[axis];
  if (n <= 0) return t;
  shift = ((shift % n) + n) % n;
  if (!shift) return t;
  return prim::concat({prim::slice_axis(t, axis, n - shift, n), prim::slice_axis(t, axis, 0, n - shift)}, axis);
}
Tensor roll_impl(const Operand& x, const std::vector<int>& shift, const Axes& axis) {
  Tensor t = x.value();
  if (!axis) {
    int64_t total = 0;
    for (int s : shift) total += s;
    return t.shape().known() ? prim::reshape(roll_one(prim::reshape(t, {t.size()}), total, 0), t.shape()) : t;
  }
  if (shift.size() != axis->size() && shift.size() != 1 && axis->size() != 1)
    throw ValueError("`shift` and `axis` must have the same length. Received: shift=", shift, ", axis=", *axis, ".");
  if (shift.empty() || axis->empty()) return t;
  for (size_t i = 0; i < std::max(shift.size(), axis->size()); ++i)
    t = roll_one(t, shift[shift.size() == 1 ? 0 : i], normalize_axis((*axis)[axis->size() == 1 ? 0 : i], t.rank()));
  return t;
}
const auto roll_op =
    public_op("roll", NUMPY "Roll",
              "Moves elements by `shift` along `axis`; what leaves at one end enters at the other.", roll_impl,
              {{"x", required, about::tensor},
               {"shift", required, "How far: an integer, or one for each axis."},
               {"axis", Value(), "The axis or axes; None rolls the flattened tensor and keeps the shape."}},
              {.returns = about::same, .example = R"py(
>>> keras.ops.roll(keras.ops.array([1, 2, 3, 4]), 1)
<Tensor shape=(4,), dtype=int32, values=[4 1 2 3]>)py"});

Tensor tile_impl(const Operand& x, const std::vector<int64_t>& repeats) {
  Tensor t = x.value();
  std::vector<int64_t> times = repeats;
  for (int64_t n : times) checked_count(n, "repeats");
  Shape s = t.shape();
  while (static_cast<int>(times.size()) < s.rank()) times.insert(times.begin(), 1);
  while (s.rank() < static_cast<int>(times.size())) s.insert(0, 1);
  Shape out = s;
  for (int i = 0; i < s.rank(); ++i)
    if (s[i] >= 0)
      out[i] = multiply_sizes(s[i], times[i]);
    else if (times[i] != 1)
      out[i] = Shape::kUnknown;
  if (!s.known()) return Tensor::spec_only(out, t.dtype());
  t = prim::reshape(t, s);
  // One axis at a time, so that the rank stays within bounds: (outer, n * inner) repeats to (outer, times, n * inner).
  for (int i = s.rank(); i-- > 0;) {
    if (times[i] == 1) continue;
    int64_t outer = 1, inner = 1;
    for (int j = 0; j < i; ++j) outer *= t.shape()[j];
    for (int j = i; j < s.rank(); ++j) inner *= t.shape()[j];
    Shape next = t.shape();
    next[i] *= times[i];
    t = prim::reshape(prim::broadcast_to(prim::reshape(t, {outer, 1, inner}), {outer, times[i], inner}), next);
  }
  return t;
}
const auto tile_op = public_op("tile", NUMPY "Tile", "The tensor laid out `repeats` times along each axis.", tile_impl,
                               {{"x", required, about::tensor},
                                {"repeats", required, "How often along each axis; missing ones in front count as 1."}},
                               {.returns = "A tensor in the dtype of `x`.", .example = R"py(
>>> keras.ops.tile(keras.ops.array([1, 2]), 2)
<Tensor shape=(4,), dtype=int32, values=[1 2 1 2]>)py"});

Tensor repeat_impl(const Operand& x, const Operand& repeats, const std::optional<int>& axis) {
  Tensor t = x.value();
  if (!axis) t = prim::reshape(t, {t.size()});
  int a = axis ? normalize_axis(*axis, t.rank()) : 0;
  if (repeats.is_scalar() || repeats.tensor().size() == 1) {
    const int64_t times = checked_count(
        whole_number(repeats.is_scalar() ? repeats.number() : repeats.tensor().item(), "repeats"), "repeats");
    Shape out = t.shape();
    if (out[a] >= 0) out[a] = multiply_sizes(out[a], times);
    if (!t.shape().known()) return Tensor::spec_only(out, t.dtype());
    Shape wide = t.shape();
    wide.insert(a + 1, 1);
    Tensor one = prim::reshape(t, wide);
    wide[a + 1] = times;
    return prim::reshape(prim::broadcast_to(one, wide), out);
  }
  const Tensor& counts = repeats.tensor();
  if (counts.rank() != 1 || (t.shape()[a] >= 0 && counts.size() != t.shape()[a]))
    throw ValueError("`repeats` must be an integer or hold one per position along the axis (", t.shape()[a],
                     "), received shape ", counts.shape(), ".");
  int64_t total = 0;
  for (int64_t i = 0; i < counts.size(); ++i)
    total = add_sizes(total, checked_count(whole_number(counts.at(i), "repeats"), "repeats"));
  std::vector<int32_t> places;
  if (total > INT32_MAX) throw ValueError("`repeats` adds up to ", total, " elements, which is too many.");
  places.reserve(static_cast<size_t>(total));
  for (int64_t i = 0; i < counts.size(); ++i)
    for (int64_t r = 0; r < static_cast<int64_t>(counts.at(i)); ++r) places.push_back(static_cast<int32_t>(i));
  return prim::gather(t, Tensor::of(places), a);
}
const auto repeat_op = public_op(
    "repeat", NUMPY "Repeat",
    "Each element `repeats` times, next to each other, along `axis` (of the flattened tensor for None).", repeat_impl,
    {{"x", required, about::tensor},
     OpArgument("repeats", required, "How often: an integer, or one for each element of the axis.").in_config(),
     {"axis", Value(), about::flat_axis}},
    {.returns = "A tensor in the dtype of `x`.", .example = R"py(
>>> keras.ops.repeat([1, 2], 2)
<Tensor shape=(4,), dtype=int32, values=[1 1 2 2]>)py"});

// --- Padding ------------------------------------------------------------------------------------------------------
std::vector<std::pair<int64_t, int64_t>> pad_pairs(const Value& width, int rank) {
  std::vector<std::pair<int64_t, int64_t>> out;
  auto pair_of = [&](const Value& v) -> std::pair<int64_t, int64_t> {
    if (v.is_int()) return {v.as_int(), v.as_int()};
    const List& items = v.as_list();
    if (items.size() == 1) return {items[0].as_int(), items[0].as_int()};
    if (items.size() != 2)
      throw ValueError("`pad_width` must be an integer, a pair, or one pair an axis. Received: pad_width=",
                       width.repr());
    return {items[0].as_int(), items[1].as_int()};
  };
  bool nested = width.is_sequence() && !width.as_list().empty() && width.as_list()[0].is_sequence();
  if (nested && width.as_list().size() > 1) {
    for (const Value& v : width.as_list()) out.push_back(pair_of(v));
  } else {
    out.assign(rank, pair_of(nested ? width.as_list()[0] : width));
  }
  if (static_cast<int>(out.size()) != rank)
    throw ValueError("`pad_width` must have ", rank, " pairs for a tensor with ", rank,
                     " axes. Received: pad_width=", width.repr());
  for (auto [low, high] : out)
    if (low < 0 || high < 0)
      throw ValueError("`pad_width` can't contain negative values. Received: pad_width=", width.repr());
  return out;
}

// Where each element of the padded axis comes from.
std::vector<int32_t> pad_places(const std::string& mode, int64_t n, int64_t low, int64_t high) {
  if (add_sizes(add_sizes(low, high), n) > INT32_MAX)
    throw ValueError("`pad_width` is too large for mode '", mode, "'. Received: ", low, " and ", high, ".");
  std::vector<int32_t> out;
  for (int64_t i = -low; i < n + high; ++i) {
    int64_t from = i;
    if (mode == "edge")
      from = std::clamp<int64_t>(i, 0, n - 1);
    else if (mode == "wrap")
      from = ((i % n) + n) % n;
    else {
      int64_t period = mode == "reflect" ? std::max<int64_t>(1, 2 * (n - 1)) : 2 * n;
      from = ((i % period) + period) % period;
      if (from >= n) from = mode == "reflect" ? period - from : period - 1 - from;
    }
    out.push_back(static_cast<int32_t>(from));
  }
  return out;
}

Tensor pad_impl(const Operand& x, const Value& pad_width, const std::string& mode,
                const std::optional<Operand>& constant_values) {
  Tensor t = x.value();
  auto pairs = pad_pairs(plain_numbers(pad_width), t.rank());
  if (mode != "constant" && constant_values)
    throw ValueError("Argument `constant_values` can only be provided when `mode == 'constant'`. Received: mode=",
                     mode);
  if (mode == "constant") {
    std::vector<int64_t> low, high;
    for (auto [l, h] : pairs) low.push_back(l), high.push_back(h);
    if (!constant_values || constant_values->is_scalar())
      return prim::pad(t, low, high, constant_values ? constant_values->number() : 0);
    Tensor value = constant_values->as(t.dtype());
    Tensor inside = prim::pad(prim::full(t.shape(), 1, DType::boolean), low, high);
    return prim::where(inside, prim::pad(t, low, high), value);
  }
  static const std::vector<std::string> modes = {"constant", "edge", "reflect", "symmetric", "wrap"};
  if (std::find(modes.begin(), modes.end(), mode) == modes.end())
    throw ValueError("Invalid mode: '", mode, "'. Expected one of ", modes, ".");
  for (int a = 0; a < t.rank(); ++a) {
    auto [low, high] = pairs[a];
    int64_t n = t.shape()[a];
    if (low == 0 && high == 0) continue;
    if (n < 0) {
      Shape s = t.shape();
      t = Tensor::spec_only(s, t.dtype());
      continue;
    }
    if (n == 0) throw ValueError("cannot pad the empty axis ", a, " of shape ", t.shape(), " in mode '", mode, "'.");
    t = prim::gather(t, Tensor::of(pad_places(mode, n, low, high)), a);
  }
  return t;
}
const auto pad_op =
    public_op("pad", NUMPY "Pad",
              "Adds elements before and after each axis: a constant, or by mode edge, reflect, "
              "symmetric or wrap from the tensor.",
              pad_impl,
              {{"x", required, about::tensor},
               {"pad_width", required, "(before, after) for each axis, or one pair or number for all."},
               {"mode", "constant", "\"constant\", \"edge\", \"reflect\", \"symmetric\" or \"wrap\"."},
               {"constant_values", Value(), "The number to pad with in mode \"constant\"; None is 0."}},
              {.returns = "A tensor in the dtype of `x`.",
               .raises = "ValueError: if `mode` is none of these, or `constant_values` is given with another mode.",
               .example = R"py(
>>> keras.ops.pad([1, 2], (1, 2))
<Tensor shape=(5,), dtype=int32, values=[0 1 2 0 0]>)py"});

}  // namespace

Tensor reshape(const Operand& x, const Shape& newshape) { return reshape_op(x, newshape); }
Tensor ravel(const Operand& x) { return ravel_op(x); }
Tensor transpose(const Operand& x, const std::optional<std::vector<int>>& axes) { return transpose_op(x, axes); }
Tensor swapaxes(const Operand& x, int axis1, int axis2) { return swapaxes_op(x, axis1, axis2); }
Tensor moveaxis(const Operand& x, const std::vector<int>& source, const std::vector<int>& destination) {
  return moveaxis_op(x, source, destination);
}
Tensor expand_dims(const Operand& x, const std::vector<int>& axis) { return expand_dims_op(x, axis); }
Tensor squeeze(const Operand& x, const Axes& axis) { return squeeze_op(x, axis); }
Tensor broadcast_to(const Operand& x, const Shape& shape) { return broadcast_to_op(x, shape); }
Tensor flip(const Operand& x, const Axes& axis) { return flip_op(x, axis); }
Tensor fliplr(const Operand& x) { return fliplr_op(x); }
Tensor flipud(const Operand& x) { return flipud_op(x); }
Tensor rot90(const Operand& array, int k, const std::vector<int>& axes) { return rot90_op(array, k, axes); }
Tensor roll(const Operand& x, const std::vector<int>& shift, const Axes& axis) { return roll_op(x, shift, axis); }
Tensor tile(const Operand& x, const std::vector<int64_t>& repeats) { return tile_op(x, repeats); }
Tensor repeat(const Operand& x, const Operand& repeats, const std::optional<int>& axis) {
  return repeat_op(x, repeats, axis);
}
Tensor pad(const Operand& x, const Value& pad_width, const std::string& mode,
           const std::optional<Operand>& constant_values) {
  return pad_op(x, pad_width, mode, constant_values);
}

}  // namespace lamina::ops
