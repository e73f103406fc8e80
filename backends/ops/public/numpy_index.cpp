#include "backends/ops/public/numpy_index.h"

#include "backends/ops/public/support.h"
#include "backends/ops/public/tensor_tuple.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."
#define CORE "keras.src.ops.core."
#define MATH "keras.src.ops.math."

namespace {

Tensor index_of(const Operand& indices) {
  DType t = indices.dtype();
  if (is_float(t) || t == DType::boolean) t = DType::int32;  // as Keras casts them
  Tensor out = indices.as(t);
  return t == DType::int64 || t == DType::int32 ? out : prim::cast(out, DType::int32);
}

Tensor take_impl(const Operand& x, const Operand& indices, const std::optional<int>& axis) {
  Tensor t = x.value();
  if (!axis) return prim::gather(prim::reshape(t, {t.size()}), index_of(indices), 0);
  return prim::gather(t, index_of(indices), normalize_axis(*axis, t.rank()));
}
const auto take_op = public_op(
    "take", NUMPY "Take", "The elements at `indices` along `axis` (of the flattened tensor for None).", take_impl,
    {{"x", required, about::tensor},
     {"indices", required, "Integers; negative ones count from the end."},
     {"axis", Value(), about::flat_axis}},
    {.returns = "A tensor in the dtype of `x`, with the axes of `indices` in place of `axis`.", .example = R"py(
>>> keras.ops.take([10, 20, 30], [2, 0])
<Tensor shape=(2,), dtype=int32, values=[30 10]>)py"});

Tensor take_along_axis_impl(const Operand& x, const Operand& indices, const std::optional<int>& axis) {
  Tensor t = x.value(), places = index_of(indices);
  if (!axis) {
    t = prim::reshape(t, {t.size()});
    return prim::gather_along(t, prim::reshape(places, {places.size()}), 0);
  }
  if (places.rank() != t.rank())
    throw ValueError("`x` and `indices` must have the same number of axes, received shapes ", t.shape(), " and ",
                     places.shape(), ".");
  int a = normalize_axis(*axis, t.rank());
  Shape sx = t.shape(), si = places.shape();
  sx[a] = si[a] = 1;
  Shape both = broadcast_shapes(sx, si);
  Shape to_x = both, to_i = both;
  to_x[a] = t.shape()[a], to_i[a] = places.shape()[a];
  return prim::gather_along(prim::broadcast_to(t, to_x), prim::broadcast_to(places, to_i), a);
}
const auto take_along_axis_op =
    public_op("take_along_axis", NUMPY "TakeAlongAxis",
              "One element per index along `axis`; the other axes go together.", take_along_axis_impl,
              {{"x", required, about::tensor},
               {"indices", required, "Integers, of the shape of `x` but along `axis`."},
               {"axis", Value(), about::flat_axis}},
              {.returns = "A tensor in the dtype of `x` and the shape of the indices.", .example = R"py(
>>> keras.ops.take_along_axis([[10, 20], [30, 40]], [[1], [0]], axis=1)
<Tensor shape=(2, 1), dtype=int32, values=[[20]
 [30]]>)py"});

// --- Sorting ------------------------------------------------------------------------------------------------------
template <bool places>
Tensor sort_impl(const Operand& x, const std::optional<int>& axis) {
  Tensor t = x.value();
  int a = 0;
  if (!axis || t.rank() == 0)
    t = prim::reshape(t, {t.size()});
  else
    a = normalize_axis(*axis, t.rank());
  prim::Sorted s = prim::sort_last(to_last(t, a));
  return from_last(places ? s.indices : s.values, a);
}
const auto sort_op =
    public_op("sort", NUMPY "Sort", "The elements in ascending order along `axis`, NaN last.", sort_impl<false>,
              {{"x", required, about::tensor}, {"axis", -1, about::axis}}, {.returns = about::same, .example = R"py(
>>> keras.ops.sort([3, 1, 2])
<Tensor shape=(3,), dtype=int32, values=[1 2 3]>)py"});
const auto argsort_op =
    public_op("argsort", NUMPY "Argsort",
              "The int32 places of the elements in ascending order along `axis`; equal ones keep their order.",
              sort_impl<true>, {{"x", required, about::tensor}, {"axis", -1, about::axis}},
              {.returns = "An int32 tensor of the shape of `x`.", .example = R"py(
>>> keras.ops.argsort([3, 1, 2])
<Tensor shape=(3,), dtype=int32, values=[1 2 0]>)py"});

Tensor argpartition_impl(const Operand& x, int64_t kth, const std::optional<int>& axis) {
  const int64_t n = axis ? x.shape()[normalize_axis(*axis, x.shape().rank())] : x.shape().elements();
  if (n >= 0 && (kth >= n || kth < -n)) throw ValueError("kth=", kth, " is out of bounds for ", n, " elements.");
  return sort_impl<true>(x, axis);  // sorted places are partitioned at every kth
}
const auto argpartition_op =
    public_op("argpartition", NUMPY "Argpartition",
              "Places such that the kth is where sorting would put it, smaller elements before it, larger ones after.",
              argpartition_impl,
              {{"x", required, about::tensor}, {"kth", required, "Which place to settle."}, {"axis", -1, about::axis}},
              {.returns = "An int32 tensor of the shape of `x`.", .example = R"py(
>>> keras.ops.argpartition(keras.ops.array([3, 1, 2]), 1)[1]
<Tensor shape=(), dtype=int32, values=2>)py"});

TensorTuple top_k_impl(const Operand& x, int64_t k, bool) {
  prim::Sorted s = prim::sort_last(x.value(), true, checked_count(k, "k"));
  return {s.values, s.indices};
}
const auto top_k_op =
    public_op("top_k", MATH "TopK",
              "The k largest elements of the last axis in descending order, and their int32 places.", top_k_impl,
              {{"x", required, about::tensor},
               {"k", required, "How many."},
               {"sorted", true, "True; the largest always comes first."}},
              {.returns = "The values and their int32 places, both with k entries along the last axis.",
               .raises = "ValueError: if k exceeds the size of the last axis.",
               .example = R"py(
>>> keras.ops.top_k(keras.ops.array([1, 9, 5]), 2)
(<Tensor shape=(2,), dtype=int32, values=[9 5]>, <Tensor shape=(2,), dtype=int32, values=[1 2]>))py"});

Tensor in_top_k_impl(const Operand& targets, const Operand& predictions, int64_t k) {
  Tensor p = predictions.value(), t = prim::cast(targets.value(), DType::int32);
  if (p.rank() == 0) throw ValueError("`predictions` needs an axis of classes, received a scalar.");
  int last = p.rank() - 1;
  // A target counts if fewer than k scores are above its own; ties are in. NaN scores and targets out of range are not.
  Tensor own = prim::gather_along(p, prim::expand_dims(t, t.rank()), last);
  Tensor above = prim::reduce(Reduce::sum, prim::cast(compare(Binary::greater, p, own), DType::int32), {last}, false);
  Tensor valid = prim::unary(Unary::is_finite, prim::squeeze(own, last));
  return prim::binary(Binary::logical_and, valid, compare(Binary::less, above, static_cast<double>(k)));
}
const auto in_top_k_op =
    public_op("in_top_k", MATH "InTopK",
              "Whether each target class is among the k classes with the highest predictions.", in_top_k_impl,
              {{"targets", required, "Integers, one per row."},
               {"predictions", required, "Scores of shape (rows, classes)."},
               {"k", required, "How many of the highest scores count."}},
              {.returns = "A bool vector.", .example = R"py(
>>> keras.ops.in_top_k(keras.ops.array([1, 0]), keras.ops.array([[0.1, 0.9], [0.1, 0.9]]), 1)
<Tensor shape=(2,), dtype=bool, values=[ True False]>)py"});

// --- Searching ----------------------------------------------------------------------------------------------------
TensorTuple nonzero_impl(const Operand& x) {
  Tensor t = as_bool(x);
  if (t.shape_only())
    return Tensors(static_cast<size_t>(std::max(1, t.rank())), Tensor::spec_only({Shape::kUnknown}, DType::int32));
  if (!t.has_data())
    throw ValueError("the number of non-zero elements depends on the values, which are not known here (", t.spec(),
                     "). Run eagerly, or use ops.where with three arguments.");
  Shape s = t.shape().rank() ? t.shape() : Shape{1};
  std::vector<std::vector<int32_t>> places(s.rank());
  const bool* data = t.data<bool>();
  for (int64_t i = 0; i < t.size(); ++i) {
    if (!data[i]) continue;
    int64_t rest = i;
    for (int a = s.rank(); a-- > 0;) places[a].push_back(static_cast<int32_t>(rest % s[a])), rest /= s[a];
  }
  Tensors out;
  for (const auto& p : places) out.push_back(Tensor::of(p));
  return out;
}
const auto nonzero_op =
    public_op("nonzero", NUMPY "Nonzero", "The places of the non-zero elements, one int32 vector per axis.",
              nonzero_impl, {{"x", required, about::tensor}}, {.returns = "One int32 vector per axis.", .example = R"py(
>>> keras.ops.nonzero(keras.ops.array([0, 3, 5]))
(<Tensor shape=(2,), dtype=int32, values=[1 2]>,))py"});

Tensor count_below(const Tensor& edges, const Tensor& values, bool right) {
  if (edges.rank() != 1)
    throw ValueError("`searchsorted` only supports 1-D sorted sequences. Received: sorted_sequence.shape=",
                     edges.shape());
  Tensor wide = prim::expand_dims(values, values.rank());
  Tensor below = compare(right ? Binary::less_equal : Binary::less, edges, wide);
  return prim::reduce(Reduce::sum, prim::cast(below, DType::int32), {below.rank() - 1}, false);
}
Tensor searchsorted_impl(const Operand& sorted_sequence, const Operand& values, const std::string& side) {
  if (side != "left" && side != "right") throw ValueError("Invalid side: '", side, "'. Expected 'left' or 'right'.");
  auto [edges, v] = promote(sorted_sequence, values);
  return count_below(edges, v, side == "right");
}
const auto searchsorted_op =
    public_op("searchsorted", NUMPY "SearchSorted",
              "Where each value would be inserted to keep the sequence sorted, int32.", searchsorted_impl,
              {{"sorted_sequence", required, "A vector in ascending order."},
               {"values", required, "The values to place."},
               {"side", "left", "\"left\" puts a value before equal ones, \"right\" behind them."}},
              {.returns = "An int32 tensor of the shape of `values`.",
               .raises = "ValueError: if the sequence is no vector or `side` is neither.",
               .example = R"py(
>>> keras.ops.searchsorted([1, 3, 5], [2, 3])
<Tensor shape=(2,), dtype=int32, values=[1 1]>)py"});
Tensor digitize_impl(const Operand& x, const Operand& bins) {
  auto [v, edges] = promote(x, bins);
  return count_below(edges, v, true);
}
const auto digitize_op =
    public_op("digitize", NUMPY "Digitize", "The number of bin edges that are not above x, int32.", digitize_impl,
              {{"x", required, about::tensor}, {"bins", required, "The edges, a vector in ascending order."}},
              {.returns = "An int32 tensor of the shape of `x`.", .example = R"py(
>>> keras.ops.digitize([0.5, 2.5], [1.0, 2.0, 3.0])
<Tensor shape=(2,), dtype=int32, values=[0 2]>)py"});

Tensor isin_impl(const Operand& x1, const Operand& x2, bool, bool invert) {
  auto [a, b] = promote(x1, x2);
  Tensor flat = prim::reshape(b, {b.size()});
  Tensor out =
      prim::reduce(Reduce::any, compare(Binary::equal, prim::expand_dims(a, a.rank()), flat), {a.rank()}, false);
  return invert ? logical_not_of(out) : out;
}
const auto isin_op =
    public_op("isin", NUMPY "IsIn", "Whether each element of x1 occurs in x2.", isin_impl,
              {{"x1", required, about::first},
               {"x2", required, about::second},
               {"assume_unique", false, "Whether neither operand holds a number twice; the result is the same."},
               {"invert", false, "Whether to ask for what does not occur."}},
              {.returns = "A bool tensor of the shape of `x1`.", .example = R"py(
>>> keras.ops.isin([1, 2, 3], [2, 4])
<Tensor shape=(3,), dtype=bool, values=[False  True False]>)py"});

TensorTuple unravel_index_impl(const Operand& indices, const Shape& shape) {
  Tensor i = indices.value();
  if (i.shape_only()) return Tensors(static_cast<size_t>(shape.rank()), index_of(i));
  if (is_float(i.dtype()) || i.dtype() == DType::boolean)
    throw TypeError("indices must be integers, received ", i.dtype(), ".");
  i = prim::where(compare(Binary::less, i, 0), prim::add(i, static_cast<double>(shape.elements())), i);
  Tensors out(static_cast<size_t>(shape.rank()));
  for (int a = shape.rank(); a-- > 0;) {
    Tensor size = constant(static_cast<double>(shape[a]), i.dtype());
    out[static_cast<size_t>(a)] = prim::binary(Binary::mod, i, size);
    i = prim::binary(Binary::floor_divide, i, size);
  }
  return out;
}
const auto unravel_index_op = public_op("unravel_index", NUMPY "UnravelIndex",
                                        "Flat indices as one index an axis of `shape`.", unravel_index_impl,
                                        {{"indices", required, "Integers into the flattened tensor."},
                                         {"shape", required, "The shape of the tensor that they address."}},
                                        {.returns = "One tensor an axis.", .example = R"py(
>>> keras.ops.unravel_index([1, 5], (2, 3))
(<Tensor shape=(2,), dtype=int32, values=[0 1]>, <Tensor shape=(2,), dtype=int32, values=[1 2]>))py"});

// --- Segments -----------------------------------------------------------------------------------------------------
template <Scatter kind>
Tensor segment_impl(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments, bool) {
  Tensor t = data.value(), ids = index_of(segment_ids);
  if (ids.rank() != 1)
    throw ValueError("Argument `segment_ids` should be an 1-D vector, got shape: ", ids.shape(),
                     ". Consider either flatten input with segment_ids.reshape((-1)) and data.reshape((-1, ) + "
                     "data.shape[len(segment_ids.shape):]) or vectorize with vmap.");
  if (t.rank() == 0) throw ValueError("Argument `data` needs a row for each element of `segment_ids`, got a scalar.");
  if (ids.shape()[0] >= 0 && t.shape()[0] >= 0 && ids.shape()[0] != t.shape()[0])
    throw ValueError("Argument `segment_ids` and `data` should have same leading dimension. Got ", ids.shape(),
                     " v.s. ", t.shape(), ".");
  int64_t n = Shape::kUnknown;
  if (num_segments)
    n = checked_count(*num_segments, "num_segments");
  else if (ids.has_data())
    n = ids.size() ? static_cast<int64_t>(prim::reduce_all(Reduce::max, ids).item()) + 1 : 0;
  else if (!ids.shape_only())
    throw ValueError(
        "Argument `num_segments` must be set when the function is compiled: the number of segments depends on the "
        "values of `segment_ids`.");
  Shape out = t.shape();
  out[0] = n;
  if (!out.known() || !t.shape().known()) return Tensor::spec_only(out, t.dtype());
  double start = kind == Scatter::mul ? 1 : 0;
  if (kind == Scatter::max || kind == Scatter::min) start = kind == Scatter::max ? -INFINITY : INFINITY;
  Tensor base = prim::full(out, start, t.dtype());
  if ((kind == Scatter::max || kind == Scatter::min) && !is_float(t.dtype())) {  // integers: the extreme value
    Tensor extreme = prim::gather(prim::full({1}, 0, t.dtype()), Tensor::of<int32_t>({1}),
                                  0);  // reads outside: the smallest (signed), largest (unsigned)
    bool low = !is_unsigned_int(t.dtype());
    if (low != (kind == Scatter::max)) extreme = prim::unary(Unary::bitwise_not, extreme);
    base = prim::broadcast_to(prim::reshape(extreme, {}), out);
  }
  // A negative id belongs to no segment (elsewhere it would count from the end).
  Tensor inside = prim::where(compare(Binary::less, ids, 0), constant(static_cast<double>(n), ids.dtype()), ids);
  return prim::scatter(kind, base, inside, t, 0);
}
const std::vector<OpArgument> kSegmentArguments = {
    {"data", required, "A tensor, one row per element of `segment_ids`."},
    {"segment_ids", required,
     "Integers: the segment of each row; negative ones and those beyond the last do not count."},
    {"num_segments", Value(), "How many segments; None takes the highest id and one."},
    {"sorted", false, "Whether the ids ascend; the result is the same."}};
const auto segment_sum_op =
    public_op("segment_sum", MATH "SegmentSum", "The sums of the rows of `data` that have the same segment id.",
              segment_impl<Scatter::add>, kSegmentArguments, {.returns = about::segments, .example = R"py(
>>> keras.ops.segment_sum(keras.ops.array([1, 2, 3]), keras.ops.array([0, 0, 1]), num_segments=2)
<Tensor shape=(2,), dtype=int32, values=[3 3]>)py"});
const auto segment_max_op =
    public_op("segment_max", MATH "SegmentMax", "The largest of the rows of `data` that have the same segment id.",
              segment_impl<Scatter::max>, kSegmentArguments, {.returns = about::segments, .example = R"py(
>>> keras.ops.segment_max(keras.ops.array([1, 2, 3]), keras.ops.array([0, 0, 1]), num_segments=2)
<Tensor shape=(2,), dtype=int32, values=[2 3]>)py"});
const auto segment_min_op =
    public_op("segment_min", MATH "SegmentMin", "The smallest of the rows of `data` that have the same segment id.",
              segment_impl<Scatter::min>, kSegmentArguments, {.returns = about::segments, .example = R"py(
>>> keras.ops.segment_min(keras.ops.array([1, 2, 3]), keras.ops.array([0, 0, 1]), num_segments=2)
<Tensor shape=(2,), dtype=int32, values=[1 3]>)py"});
const auto segment_prod_op =
    public_op("segment_prod", MATH "SegmentProd", "The products of the rows of `data` that have the same segment id.",
              segment_impl<Scatter::mul>, kSegmentArguments, {.returns = about::segments, .example = R"py(
>>> keras.ops.segment_prod(keras.ops.array([1, 2, 3]), keras.ops.array([0, 0, 1]), num_segments=2)
<Tensor shape=(2,), dtype=int32, values=[2 3]>)py"});

Tensor bincount_impl(const Operand& x, const std::optional<Operand>& weights, int64_t minlength, bool sparse) {
  if (sparse) throw UnsupportedError("Unsupported value `sparse=True`: sparse tensors are not available.");
  Tensor t = prim::cast(x.value(), DType::int32);
  DType type = DType::int32;
  if (weights && weights->dtype() != DType::boolean) type = weights->dtype();
  Tensor w = weights ? weights->as(type) : prim::full(t.shape(), 1, type);
  if (!t.has_data()) {
    Shape out = t.shape();
    out[out.rank() - 1] = Shape::kUnknown;
    if (t.shape_only()) return Tensor::spec_only(out, type);
    throw ValueError(
        "the length of the result depends on the values of `x`, which are not known while a function is compiled.");
  }
  int64_t n = checked_count(minlength, "minlength");
  if (t.size()) n = std::max<int64_t>(n, static_cast<int64_t>(prim::reduce_all(Reduce::max, t).item()) + 1);
  if (t.rank() == 1) return prim::scatter(Scatter::add, prim::full({n}, 0, type), t, w, 0);
  if (t.rank() != 2) throw ValueError("expected 1 or 2 axes, received shape ", t.shape(), ".");
  return prim::scatter_along(Scatter::add, prim::full({t.shape()[0], n}, 0, type), t, w, 1);
}
const auto bincount_op = public_op(
    "bincount", NUMPY "Bincount",
    "How often each non-negative integer occurs (or the sum of its weights), a row at a time.", bincount_impl,
    {{"x", required, "Non-negative integers: a vector, or rows."},
     OpArgument("weights", Value(), "What each integer counts; None counts 1.").in_config(),
     {"minlength", 0, "The least number of bins."},
     {"sparse", false, "False: tensors are dense."}},
    {.returns = "A vector, or a row for each row of `x`: int32, or the dtype of the weights.", .example = R"py(
>>> keras.ops.bincount(keras.ops.array([1, 1, 3]))
<Tensor shape=(4,), dtype=int32, values=[0 2 0 1]>)py"});

}  // namespace

Tensor take(const Operand& x, const Operand& indices, const std::optional<int>& axis) {
  return take_op(x, indices, axis);
}
Tensor take_along_axis(const Operand& x, const Operand& indices, const std::optional<int>& axis) {
  return take_along_axis_op(x, indices, axis);
}
Tensor sort(const Operand& x, const std::optional<int>& axis) { return sort_op(x, axis); }
Tensor argsort(const Operand& x, const std::optional<int>& axis) { return argsort_op(x, axis); }
Tensor argpartition(const Operand& x, int64_t kth, const std::optional<int>& axis) {
  return argpartition_op(x, kth, axis);
}
TopK top_k(const Operand& x, int64_t k, bool sorted) {
  Tensors both = top_k_op(x, k, sorted);
  return {both[0], both[1]};
}
Tensor in_top_k(const Operand& targets, const Operand& predictions, int64_t k) {
  return in_top_k_op(targets, predictions, k);
}
Tensors nonzero(const Operand& x) { return nonzero_op(x); }
Tensor searchsorted(const Operand& sorted_sequence, const Operand& values, const std::string& side) {
  return searchsorted_op(sorted_sequence, values, side);
}
Tensor digitize(const Operand& x, const Operand& bins) { return digitize_op(x, bins); }
Tensor isin(const Operand& x1, const Operand& x2, bool assume_unique, bool invert) {
  return isin_op(x1, x2, assume_unique, invert);
}
Tensors unravel_index(const Operand& indices, const Shape& shape) { return unravel_index_op(indices, shape); }
#define SEGMENT(NAME)                                                                                      \
  Tensor NAME(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments, \
              bool sorted) {                                                                               \
    return NAME##_op(data, segment_ids, num_segments, sorted);                                             \
  }
SEGMENT(segment_sum)
SEGMENT(segment_max)
SEGMENT(segment_min)
SEGMENT(segment_prod)
#undef SEGMENT
Tensor bincount(const Operand& x, const std::optional<Operand>& weights, int64_t minlength, bool sparse) {
  return bincount_op(x, weights, minlength, sparse);
}

}  // namespace lamina::ops
