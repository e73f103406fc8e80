// Indexing with a key as NumPy reads it, and Keras' slices and scatters.
#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."
#define CORE "keras.src.ops.core."

namespace {

bool is_array(const Value& v) {
  return v.is_tensor() ? v.as_tensor().rank() > 0 || v.as_tensor().dtype() == DType::boolean : v.is_list();
}

// How one entry of the key applies: walks the axes of the input from the front.
struct Indexing {
  std::vector<int64_t> starts, limits, strides;  // an axis of the input
  std::vector<int> reversed;
  std::vector<bool> dropped;                   // integer entries
  std::vector<std::pair<int, Tensor>> arrays;  // axis, int32 or int64 places
  std::vector<int> layout;                     // input axes in order, -1 for a new axis
  int first_array = -1;
  bool arrays_apart = false;  // separated by a slice: their axes come first
};

void apply_slice(Indexing& ix, const SliceValue& s, int axis, int64_t n) {
  int64_t step = s.step.value_or(1);
  if (step == 0) throw ValueError("slice step cannot be zero.");
  if (n >= 0) step = std::clamp(step, -n - 1, n + 1);  // a longer one takes no more than one element either
  if (n < 0) {
    // An unknown size stays unknown unless the slice takes everything.
    bool whole = !s.start && !s.stop && (step == 1 || step == -1);
    ix.starts[axis] = 0;
    ix.limits[axis] = Shape::kUnknown;
    if (!whole && s.start.value_or(0) >= 0 && s.stop && *s.stop < 0 && step == 1) ix.starts[axis] = 0;
    return;
  }
  auto bound = [&](std::optional<int64_t> v, int64_t fallback, int64_t low, int64_t high) {
    if (!v) return fallback;
    int64_t at = *v < 0 ? *v + n : *v;
    return std::clamp(at, low, high);
  };
  if (step > 0) {
    int64_t from = bound(s.start, 0, 0, n), to = bound(s.stop, n, 0, n);
    ix.starts[axis] = from, ix.limits[axis] = std::max(from, to), ix.strides[axis] = step;
    return;
  }
  int64_t from = bound(s.start, n - 1, -1, n - 1), to = bound(s.stop, -1, -1, n - 1);
  int64_t count = from > to ? (from - to - step - 1) / -step : 0;
  // The same elements read forwards, then reversed.
  int64_t lowest = count ? from + (count - 1) * step : 0;
  ix.starts[axis] = lowest;
  ix.limits[axis] = count ? from + 1 : lowest;
  ix.strides[axis] = -step;
  ix.reversed.push_back(axis);
}

Tensor places_of(const Value& v) {
  Tensor t = v.is_tensor() ? v.as_tensor() : tensor_from_list(v);
  if (t.size() == 0 && is_float(t.dtype())) t = prim::cast(t, DType::int32);  // an empty list
  if (is_float(t.dtype())) throw TypeError("indices must be integers or bools, received ", t.dtype(), ".");
  if (t.dtype() == DType::boolean && t.rank() == 0)
    throw IndexError("a bool is not a valid index; use a mask with the shape of the tensor.");
  return t;
}

// Keras infers the shape of a symbolic tensor's part itself, and raises another kind.
[[noreturn]] void wrong_index(const Tensor& x, const std::string& reason) {
  if (x.shape_only()) throw ValueError(reason);
  throw IndexError(reason);
}

Indexing read_key(const Tensor& x, const Value& key) {
  List items = key.is_tuple() ? key.as_list() : List{key};
  const int rank = x.rank();
  int used = 0;
  bool dots = false;
  for (const Value& v : items) {
    if (v.is_ellipsis()) {
      if (dots) wrong_index(x, "an index can only have a single ellipsis ('...').");
      dots = true;
    } else if (!v.is_none()) {
      used += is_array(v) && places_of(v).dtype() == DType::boolean ? places_of(v).rank() : 1;
    }
  }
  if (used > rank)
    wrong_index(x, text("too many indices: the tensor has ", rank, " axes (shape ", x.shape(), "), but ", used,
                        " were indexed."));
  if (!dots) items.push_back(Ellipsis{});
  Indexing ix;
  ix.starts.assign(rank, 0), ix.strides.assign(rank, 1), ix.dropped.assign(rank, false);
  ix.limits = x.shape().vec();
  int axis = 0;
  bool closed = false;  // an array was seen, then something else
  const bool any_array = std::any_of(items.begin(), items.end(), [](const Value& v) { return is_array(v); });
  auto add_array = [&](int at, Tensor places) {
    if (ix.first_array < 0)
      ix.first_array = static_cast<int>(ix.layout.size());
    else if (closed)
      ix.arrays_apart = true;
    ix.arrays.push_back({at, std::move(places)});
    ix.layout.push_back(at);
  };
  for (const Value& v : items) {
    if (v.is_ellipsis()) {
      for (int k = 0; k < rank - used; ++k) ix.layout.push_back(axis++);
      closed |= rank > used && !ix.arrays.empty();
    } else if (v.is_none()) {
      ix.layout.push_back(-1);
      closed |= !ix.arrays.empty();
    } else if (v.is_slice()) {
      apply_slice(ix, v.as_slice(), axis, x.shape()[axis]);
      ix.layout.push_back(axis++);
      closed |= !ix.arrays.empty();
    } else if (v.is_int()) {
      int64_t n = x.shape()[axis], at = v.as_int();
      if (n >= 0 && (at >= n || at < -n))
        wrong_index(x, text("index ", at, " is out of bounds for axis ", axis, " with size ", n, "."));
      if (any_array) {  // beside arrays an integer is one, too
        add_array(axis++, Tensor::scalar(static_cast<int32_t>(at)));
        continue;
      }
      if (n < 0 && at < 0) {  // the last of an unknown number: only its shape matters
        ix.starts[axis] = 0, ix.limits[axis] = 1;
      } else {
        at = at < 0 ? at + n : at;
        ix.starts[axis] = at, ix.limits[axis] = at + 1;
      }
      ix.dropped[axis] = true;
      ix.layout.push_back(axis++);
    } else if (v.is_bool()) {
      throw IndexError("a bool is not a valid index; use a mask with the shape of the tensor.");
    } else if (is_array(v) || v.is_tensor()) {
      Tensor places = places_of(v);
      if (places.dtype() == DType::boolean) {
        for (int k = 0; k < places.rank(); ++k)
          if (places.shape()[k] != x.shape()[axis + k] && x.shape()[axis + k] >= 0)
            throw IndexError("the mask of shape ", places.shape(), " does not match the indexed axes of shape ",
                             x.shape(), ".");
        for (Tensor& t : nonzero(places)) add_array(axis++, std::move(t));
      } else {
        add_array(axis++, std::move(places));
      }
    } else {
      throw TypeError("an index must be an integer, a slice, None, Ellipsis, an array, or a tuple of them; received ",
                      v.repr(), " (", v.kind_name(), ").");
    }
  }
  return ix;
}

Tensor getitem_impl(const Operand& operand, const Value& key) {
  Tensor x = operand.value();
  Indexing ix = read_key(x, key);
  const int rank = x.rank();
  bool sliced = false;
  for (int a = 0; a < rank; ++a) sliced |= ix.starts[a] != 0 || ix.limits[a] != x.shape()[a] || ix.strides[a] != 1;
  if (sliced) x = prim::slice(x, ix.starts, ix.limits, ix.strides);
  if (!ix.reversed.empty()) x = prim::reverse(x, ix.reversed);

  if (!ix.arrays.empty()) {
    // All arrays broadcast to one shape K. Their axes go to the front, a gather reads K, and K moves to its place.
    Shape k;
    for (const auto& [axis, places] : ix.arrays) k = broadcast_shapes(k, places.shape());
    std::vector<int> order;
    for (const auto& [axis, places] : ix.arrays) order.push_back(axis);
    std::vector<bool> indexed(rank);
    for (int a : order) indexed[a] = true;
    for (int a = 0; a < rank; ++a)
      if (!indexed[a]) order.push_back(a);
    Tensor out;
    if (ix.arrays.size() == 1) {
      out = prim::gather(prim::transpose(x, order), ix.arrays[0].second, 0);
    } else {
      Tensors columns;
      for (const auto& [axis, places] : ix.arrays)
        columns.push_back(prim::expand_dims(
            prim::broadcast_to(places.dtype() == DType::int64 ? places : prim::cast(places, DType::int32), k),
            k.rank()));
      DType wide = DType::int32;
      for (const Tensor& c : columns)
        if (c.dtype() == DType::int64) wide = DType::int64;
      for (Tensor& c : columns) c = prim::cast(c, wide);
      out = prim::gather_nd(prim::transpose(x, order), prim::concat(columns, k.rank()));
    }
    // out is K + the other axes in input order. Names: -2 - i for the axes of K.
    Shape result;
    std::vector<int> source;  // an output axis: position in `out`, or -1 for a new axis
    auto put_k = [&] {
      for (int i = 0; i < k.rank(); ++i) source.push_back(i);
    };
    if (ix.arrays_apart) put_k();
    int next = k.rank();
    for (size_t i = 0; i < ix.layout.size(); ++i) {
      int a = ix.layout[i];
      if (!ix.arrays_apart && static_cast<int>(i) == ix.first_array) put_k();
      if (a < 0)
        source.push_back(-1);
      else if (!indexed[a]) {
        if (!ix.dropped[a]) source.push_back(next);
        ++next;
      }
    }
    std::vector<int> axes;
    for (int s : source)
      if (s >= 0)
        axes.push_back(s), result.push_back(out.shape()[s]);
      else
        result.push_back(1);
    std::vector<bool> used(out.rank());
    for (int s : axes) used[s] = true;
    for (int i = 0; i < out.rank(); ++i)
      if (!used[i]) axes.push_back(i);  // dropped axes, of size 1
    return prim::reshape(prim::transpose(out, axes), result);
  }
  Shape result;
  for (int a : ix.layout)
    if (a < 0)
      result.push_back(1);
    else if (!ix.dropped[a])
      result.push_back(x.shape()[a]);
  return result == x.shape() ? x : prim::reshape(x, result);
}
const auto getitem_op =
    public_op("get_item", NUMPY "GetItem",
              "x[key] as NumPy reads it: integers, slices, None, Ellipsis, integer or bool arrays, and tuples of them.",
              getitem_impl,
              {{"x", required, about::tensor},
               OpArgument("key", required, "The index, as Python's brackets take it.").in_call().tuple_in_files()},
              {.returns = "A tensor in the dtype of `x`.",
               .raises = "IndexError: if an index is out of range or there are more than axes; a ValueError for "
                         "symbolic tensors.",
               .example = R"py(
>>> keras.ops.get_item(keras.ops.array([[1, 2], [3, 4]]), (slice(None), 0))
<Tensor shape=(2,), dtype=int32, values=[1 3]>)py"});

// Start positions: known numbers, or a tensor (one number an axis) that is only known when the function runs.
std::optional<std::vector<int64_t>> known_starts(const Value& v) {
  std::vector<int64_t> out;
  if (v.is_tensor()) {
    const Tensor& t = v.as_tensor();
    if (!t.has_data()) return std::nullopt;
    for (int64_t i = 0; i < t.size(); ++i) out.push_back(whole_number(t.at(i), "start_indices"));
    return out;
  }
  for (const Value& item : v.is_sequence() ? v.as_list() : List{v}) {
    if (item.is_tensor() && !item.as_tensor().has_data()) return std::nullopt;
    out.push_back(item.is_tensor() ? whole_number(item.as_tensor().item(), "start_indices") : item.as_int());
  }
  return out;
}
// As in JAX, a window that would leave the tensor is moved back inside.
int64_t clamped(int64_t start, int64_t n, int64_t size) {
  return n < 0 ? std::max<int64_t>(0, start) : std::clamp<int64_t>(start, 0, std::max<int64_t>(0, n - size));
}

// Row places start..start+size-1 along `axis` for a start that is a tensor.
Tensor window(const Value& starts, int axis, int64_t n, int64_t size) {
  Tensor start = starts.is_tensor() ? prim::reshape(prim::slice_axis(starts.as_tensor(), 0, axis, axis + 1), {})
                                    : value_to<Operand>(starts.as_list()[static_cast<size_t>(axis)]).value();
  start = prim::cast(start, DType::int32);
  start =
      prim::maximum(prim::minimum(start, constant(static_cast<double>(std::max<int64_t>(0, n - size)), DType::int32)),
                    constant(0, DType::int32));
  return prim::add(prim::iota(size, DType::int32), start);
}

// How many axes the start positions are for, whether they are known or not.
size_t start_count(const Value& v) {
  if (v.is_tensor())
    return v.as_tensor().rank() == 1 ? static_cast<size_t>(std::max<int64_t>(0, v.as_tensor().shape()[0])) : 0;
  return v.is_sequence() ? v.as_list().size() : 1;
}

// Whether where a window begins is symbolic: then its size is not known where it takes the rest of an axis.
bool shape_only(const Value& starts) {
  for (const Tensor& t : flatten_tensors(starts))
    if (t.shape_only()) return true;
  return false;
}

void check_window(const char* what, size_t starts, const Tensor& x, const Shape& sizes) {
  if (sizes.rank() != x.rank())
    throw ValueError("The number of dimensions in `inputs` must match the number of dimensions in ", what,
                     ". Received: inputs.shape=", x.shape(), ", ", what, " of ", sizes);
  if (static_cast<int>(starts) != x.rank())
    throw ValueError(
        "The number of dimensions in `start_indices` must match the number of dimensions in `inputs`. Received: ",
        starts, " start_indices, inputs.shape=", x.shape());
}

Tensor slice_impl(const Operand& inputs, const Value& start_indices, const Shape& shape) {
  Tensor x = inputs.value();
  auto starts = known_starts(start_indices);
  check_window("`shape`", starts ? starts->size() : start_count(start_indices), x, shape);
  Shape size = shape;
  for (int a = 0; a < x.rank(); ++a)
    if (size[a] < 0)
      size[a] = starts && x.shape()[a] >= 0 ? x.shape()[a] - clamped((*starts)[static_cast<size_t>(a)], x.shape()[a], 0)
                : shape_only(start_indices) ? Shape::kUnknown
                                            : x.shape()[a];
  if (!x.shape().known() || !size.known()) return Tensor::spec_only(size, x.dtype());
  if (!starts) {
    for (int a = 0; a < x.rank(); ++a)
      if (size[a] != x.shape()[a]) x = prim::gather(x, window(start_indices, a, x.shape()[a], size[a]), a);
    return x;
  }
  std::vector<int64_t> limits;
  for (int a = 0; a < x.rank(); ++a) {
    if (size[a] > x.shape()[a])
      throw ValueError("a slice of shape ", shape, " does not fit into shape ", x.shape(), ".");
    (*starts)[static_cast<size_t>(a)] = clamped((*starts)[static_cast<size_t>(a)], x.shape()[a], size[a]);
    limits.push_back((*starts)[static_cast<size_t>(a)] + size[a]);
  }
  return prim::slice(x, *starts, limits);
}
const auto slice_op =
    public_op("slice", CORE "Slice", "The window of the given shape that begins at `start_indices`.", slice_impl,
              {{"inputs", required, about::tensor},
               OpArgument("start_indices", required, "Where the window begins, a number an axis.").in_call(),
               {"shape", required, "The window's sizes; -1 takes what is left of the axis."}},
              {.returns = "A tensor of that shape, in the dtype of `inputs`.", .example = R"py(
>>> keras.ops.slice(keras.ops.array([[1, 2], [3, 4]]), (1, 0), (1, 2))
<Tensor shape=(1, 2), dtype=int32, values=[[3 4]]>)py"});

Tensor slice_update_impl(const Operand& inputs, const Value& start_indices, const Operand& updates) {
  Tensor x = inputs.value(), u = updates.as(x.dtype());
  auto starts = known_starts(start_indices);
  check_window("`updates`", starts ? starts->size() : start_count(start_indices), x, u.shape());
  if (!x.shape().known() || !u.shape().known()) return Tensor::spec_only(x.shape(), x.dtype());
  if (!starts) {
    // The innermost window first: each axis writes the rows that the next one has updated.
    Tensor out = u;
    for (int a = x.rank(); a-- > 0;) {
      if (u.shape()[a] == x.shape()[a]) continue;
      Tensor rows = x;
      for (int b = 0; b < a; ++b)
        if (u.shape()[b] != x.shape()[b])
          rows = prim::gather(rows, window(start_indices, b, x.shape()[b], u.shape()[b]), b);
      out = prim::scatter(Scatter::update, rows, window(start_indices, a, x.shape()[a], u.shape()[a]), out, a);
    }
    return out;
  }
  std::vector<int64_t> low, high;
  for (int a = 0; a < x.rank(); ++a) {
    if (u.shape()[a] > x.shape()[a])
      throw ValueError("updates of shape ", u.shape(), " do not fit into shape ", x.shape(), ".");
    low.push_back(clamped((*starts)[static_cast<size_t>(a)], x.shape()[a], u.shape()[a]));
    high.push_back(x.shape()[a] - low.back() - u.shape()[a]);
  }
  Tensor inside = prim::pad(prim::full(u.shape(), 1, DType::boolean), low, high);
  return prim::where(inside, prim::pad(u, low, high), x);
}
const auto slice_update_op =
    public_op("slice_update", CORE "SliceUpdate",
              "`inputs` with the window that begins at `start_indices` replaced by `updates`.", slice_update_impl,
              {{"inputs", required, about::tensor},
               OpArgument("start_indices", required, "Where the window begins, a number an axis.").in_call(),
               {"updates", required, "What the window then holds."}},
              {.returns = "A tensor of the shape and dtype of `inputs`.", .example = R"py(
>>> keras.ops.slice_update(keras.ops.array([1, 2, 3]), keras.ops.array([1]), keras.ops.array([9]))
<Tensor shape=(3,), dtype=int32, values=[1 9 3]>)py"});

Tensor index_tensor(const Operand& indices) {
  return indices.as(indices.dtype() == DType::int64 ? DType::int64 : DType::int32);
}

Tensor scatter_impl(const Operand& indices, const Operand& values, const Shape& shape) {
  Tensor v = values.value();
  return prim::scatter_nd(Scatter::add, prim::full(shape, 0, v.dtype()), index_tensor(indices), v);
}
const auto scatter_op = public_op(
    "scatter", CORE "Scatter",
    "Zeros of `shape` with each value added at its index; indices (..., d) address the first d axes.", scatter_impl,
    {{"indices", required, "Integers of shape (..., d)."},
     {"values", required, "What to add at each index."},
     {"shape", required, "The shape of the result."}},
    {.returns = "A tensor of that shape, in the dtype of `values`.", .example = R"py(
>>> keras.ops.scatter(keras.ops.array([[0], [2]]), keras.ops.array([5, 7]), (4,))
<Tensor shape=(4,), dtype=int32, values=[5 0 7 0]>)py"});

Tensor scatter_update_impl(const Operand& inputs, const Operand& indices, const Operand& updates,
                           const std::optional<std::string>& reduction) {
  Tensor x = inputs.value();
  Scatter kind = Scatter::update;
  if (reduction) {
    static const std::map<std::string, Scatter> kinds = {
        {"add", Scatter::add}, {"max", Scatter::max}, {"min", Scatter::min}, {"mul", Scatter::mul}};
    auto found = kinds.find(*reduction);
    if (found == kinds.end())
      throw ValueError("Unsupported reduction: ", *reduction, ". Expected None, 'add', 'max', 'min' or 'mul'.");
    kind = found->second;
  }
  return prim::scatter_nd(kind, x, index_tensor(indices), updates.as(x.dtype()));
}
const auto scatter_update_op = public_op(
    "scatter_update", CORE "ScatterUpdate",
    "`inputs` with the updates written at their indices, or combined there by add, max, min or mul.",
    scatter_update_impl,
    {{"inputs", required, about::tensor},
     {"indices", required, "Integers of shape (..., d)."},
     {"updates", required, "What to write at each index."},
     {"reduction", Value(), "None writes; \"add\", \"max\", \"min\" and \"mul\" combine with what is there."}},
    {.returns = "A tensor of the shape and dtype of `inputs`.",
     .raises = "ValueError: if `reduction` is none of these.",
     .example = R"py(
>>> keras.ops.scatter_update([1, 2, 3], [[1]], [9])
<Tensor shape=(3,), dtype=int32, values=[1 9 3]>)py"});

}  // namespace

Tensor getitem(const Operand& x, const Value& key) { return getitem_op(x, key); }
Tensor slice(const Operand& inputs, const Value& start_indices, const Shape& shape) {
  return slice_op(inputs, start_indices, shape);
}
Tensor slice_update(const Operand& inputs, const Value& start_indices, const Operand& updates) {
  return slice_update_op(inputs, start_indices, updates);
}
Tensor scatter(const Operand& indices, const Operand& values, const Shape& shape) {
  return scatter_op(indices, values, shape);
}
Tensor scatter_update(const Operand& inputs, const Operand& indices, const Operand& updates,
                      const std::optional<std::string>& reduction) {
  return scatter_update_op(inputs, indices, updates, reduction);
}

}  // namespace lamina::ops
