#include "backends/ops/public/numpy_statistics.h"

#include "backends/ops/public/numpy_reduce.h"
#include "backends/ops/public/support.h"
#include "backends/ops/public/tensor_tuple.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

Tensor select_impl(const std::vector<Operand>& condlist, const std::vector<Operand>& choicelist,
                   const Operand& otherwise) {
  if (condlist.size() != choicelist.size() || condlist.empty())
    throw ValueError("condlist and choicelist must have the same length, at least 1. Received: ", condlist.size(),
                     " and ", choicelist.size(), ".");
  std::vector<Operand> all = choicelist;
  all.push_back(otherwise);
  Tensors choices = promote_all(all);
  Tensor out = choices.back();
  for (size_t i = condlist.size(); i-- > 0;) out = prim::where(as_bool(condlist[i]), choices[i], out);
  return out;
}
const auto select_op =
    public_op("select", NUMPY "Select",
              "For each element the choice of the first condition that holds, else the default.", select_impl,
              {{"condlist", required, "A list of bool tensors."},
               {"choicelist", required, "A list of tensors, one per condition."},
               {"default", 0, "What is taken where no condition holds."}},
              {.returns = about::promoted,
               .raises = "ValueError: if the two lists differ in length or are empty.",
               .example = R"py(
>>> x = keras.ops.array([1, 5, 9])
>>> keras.ops.select([x < 3, x > 7], [x * 10, x * 100], default=0)
<Tensor shape=(3,), dtype=int32, values=[ 10   0 900]>)py"});

Tensor corrcoef_impl(const Operand& x) {
  Tensor t = as_float(x);
  if (t.rank() > 2) throw ValueError("expected at most 2 axes, received shape ", t.shape(), ".");
  const bool vector = t.rank() < 2;
  if (vector) t = prim::reshape(t, {1, t.size()});
  Tensor centred = prim::subtract(
      t, prim::divide(prim::reduce(Reduce::sum, t, {1}, true), constant(count_of(t.shape(), {1}), t.dtype())));
  Tensor products = prim::matmul(centred, centred, false, true),
         size = prim::sqrt(prim::reduce(Reduce::sum, prim::square(centred), {1}, true));
  Tensor out = prim::divide(prim::divide(products, size), prim::transpose(size, {1, 0}));
  out = prim::minimum(prim::maximum(out, constant(-1, t.dtype())), constant(1, t.dtype()));
  return vector ? prim::reshape(out, {}) : out;
}
const auto corrcoef_op =
    public_op("corrcoef", NUMPY "Corrcoef", "Pearson's correlation of each pair of rows.", corrcoef_impl,
              {{"x", required, "A matrix whose rows are variables and whose columns are observations."}},
              {.returns = "A floating matrix: entry (i, j) is the correlation of rows i and j.", .example = R"py(
>>> keras.ops.corrcoef([[1.0, 2.0, 3.0], [1.0, 2.0, 2.0]])
<Tensor shape=(2, 2), dtype=float32, values=[[1.         0.86602545]
 [0.86602545 1.        ]]>)py"});

// Row i holds elements i * stride ... of the last axis: (..., n) -> (..., count, length).
Tensor windows(const Tensor& t, int64_t length, int64_t stride) {
  const int64_t n = t.shape().back();
  if (length < 1 || stride < 1)
    throw ValueError("`sequence_length` and `sequence_stride` must be at least 1, received ", length, " and ", stride,
                     ".");
  Shape out = t.shape();
  out[out.rank() - 1] = n < 0 ? n : std::max<int64_t>(0, (n - length) / stride + (n >= length));
  const int64_t count = out.back();
  out.push_back(length);
  if (!out.known()) return Tensor::spec_only(out, t.dtype());
  Tensor places = prim::add(prim::multiply(positions(2, 0, count, DType::int32), static_cast<double>(stride)),
                            positions(2, 1, length, DType::int32));
  return prim::gather(t, places, t.rank() - 1);
}
Tensor extract_sequences_impl(const Operand& x, int64_t sequence_length, int64_t sequence_stride) {
  Tensor t = as_float(x);
  if (t.rank() == 0) throw ValueError("Input should have rank >= 1. Received: input.shape = ", t.shape());
  return windows(t, sequence_length, sequence_stride);
}
const auto extract_sequences_op = public_op(
    "extract_sequences", "keras.src.ops.math.ExtractSequences",
    "Windows of the last axis, `sequence_stride` apart, as a new axis before their elements.", extract_sequences_impl,
    {{"x", required, about::tensor},
     {"sequence_length", required, "The length of a window."},
     {"sequence_stride", required, "The distance between the starts of windows."}},
    {.returns = "A tensor (..., windows, sequence_length).", .example = R"py(
>>> keras.ops.extract_sequences(keras.ops.array([1, 2, 3, 4]), 2, 1)
<Tensor shape=(3, 2), dtype=float32, values=[[1. 2.]
 [2. 3.]
 [3. 4.]]>)py"});

Tensor correlate_impl(const Operand& x1, const Operand& x2, const std::string& mode) {
  auto [a, b] = promote_float(x1, x2);
  if (a.rank() != 1 || b.rank() != 1)
    throw ValueError("expected two vectors, received shapes ", a.shape(), " and ", b.shape(), ".");
  if (mode != "valid" && mode != "same" && mode != "full")
    throw ValueError("Invalid mode: '", mode, "'. Expected 'valid', 'same' or 'full'.");
  int64_t n = a.shape()[0], m = b.shape()[0];
  if (n < 0 || m < 0) return Tensor::spec_only({Shape::kUnknown}, a.dtype());
  if (n == 0 || m == 0)
    throw ValueError("expected non-empty vectors, received shapes ", a.shape(), " and ", b.shape(), ".");
  const bool swapped = n < m;
  if (swapped) std::swap(a, b), std::swap(n, m);
  int64_t low = mode == "full"   ? m - 1
                : mode == "same" ? m / 2
                                 : 0,
          high = mode == "full"   ? m - 1
                 : mode == "same" ? m - m / 2 - 1
                                  : 0;
  Tensor rows = windows(prim::pad(a, {low}, {high}), m, 1);
  Tensor out = prim::squeeze(prim::matmul(rows, prim::expand_dims(b, 1)), 1);
  return swapped ? prim::reverse(out, {0}) : out;
}
const auto correlate_op = public_op(
    "correlate", NUMPY "Correlate", "The products of x1, moved step by step, with x2.", correlate_impl,
    {{"x1", required, "A vector."},
     {"x2", required, "A vector."},
     {"mode", "valid",
      "\"valid\" keeps places where both overlap completely, \"same\" as many as the longer has, \"full\" all."}},
    {.returns = "A vector; float32 for integers that do not all promote to one dtype.",
     .raises = "ValueError: if an operand is no vector or `mode` is none of these.",
     .example = R"py(
>>> keras.ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0], mode="full")
<Tensor shape=(4,), dtype=float32, values=[1. 2. 3. 0.]>)py"});

TensorTuple histogram_impl(const Operand& x, int64_t bins, const std::optional<std::vector<double>>& range) {
  if (bins < 1) throw ValueError("`bins` should be a non-negative integer greater than 0. Received: bins=", bins);
  if (range && (range->size() != 2 || (*range)[0] > (*range)[1]))
    throw ValueError("`range` must be a pair of numbers in ascending order, received ", range->size(), " numbers.");
  Tensor t = as_float(x);
  if (!t.shape().known()) return {Tensor::spec_only({bins}, t.dtype()), Tensor::spec_only({bins + 1}, t.dtype())};
  t = prim::reshape(t, {t.size()});
  Tensor low, high;
  if (range)
    low = constant((*range)[0], t.dtype()), high = constant((*range)[1], t.dtype());
  else if (t.size() == 0)
    low = constant(0, t.dtype()), high = constant(1, t.dtype());
  else
    low = prim::reduce_all(Reduce::min, t), high = prim::reduce_all(Reduce::max, t);
  Tensor flat = compare(Binary::equal, low, high);  // one value only: a bin of width 1 around it
  Tensor from = prim::where(flat, prim::add(low, -0.5), low), to = prim::where(flat, prim::add(high, 0.5), high);
  Tensor share = prim::divide(prim::iota(bins + 1, t.dtype()), constant(static_cast<double>(bins), t.dtype()));
  Tensor edges = prim::add(prim::multiply(from, prim::rsub(1, share)), prim::multiply(to, share));
  // The bin of an element is the number of edges at or below it; the last edge belongs to the last bin.
  Tensor column = prim::expand_dims(t, 1);
  Tensor bin =
      prim::reduce(Reduce::sum, prim::cast(compare(Binary::less_equal, edges, column), DType::int32), {1}, false);
  bin = prim::add(bin, -1);
  bin = prim::where(compare(Binary::equal, t, to), constant(static_cast<double>(bins - 1), DType::int32), bin);
  bin = prim::where(compare(Binary::less, bin, 0), constant(static_cast<double>(bins), DType::int32),
                    bin);  // below the range: outside
  Tensor counts =
      prim::scatter(Scatter::add, prim::full({bins}, 0, t.dtype()), bin, prim::full(t.shape(), 1, t.dtype()), 0);
  return {counts, edges};
}
const auto histogram_op =
    public_op("histogram", NUMPY "Histogram",
              "How many elements lie in each of `bins` equal intervals, and the edges of these.", histogram_impl,
              {{"x", required, about::tensor},
               {"bins", 10, "How many intervals."},
               {"range", Value(), "The lowest and the highest edge; None takes those of the elements."}},
              {.returns = "The counts, and bins + 1 edges.",
               .raises = "ValueError: if `bins` is not positive or the range is no pair in order.",
               .example = R"py(
>>> keras.ops.histogram([1.0, 2.0, 4.0], bins=3)
(<Tensor shape=(3,), dtype=float32, values=[1. 1. 1.]>, <Tensor shape=(4,), dtype=float32, values=[1. 2. 3. 4.]>))py"});

Tensor nancumsum_impl(const Operand& x, const std::optional<int>& axis, const std::optional<DType>& dtype) {
  return cumsum(without_nan(x.value(), 0), axis, dtype);
}
Tensor nancumprod_impl(const Operand& x, const std::optional<int>& axis, const std::optional<DType>& dtype) {
  return cumprod(without_nan(x.value(), 1), axis, dtype);
}
const std::vector<OpArgument> kCumulativeArguments = {
    {"x", required, about::tensor}, {"axis", Value(), about::flat_axis}, {"dtype", Value(), about::kept_dtype}};
const auto nancumsum_op =
    public_op("nancumsum", NUMPY "Nancumsum", "Running sums that count NaN as 0.", nancumsum_impl, kCumulativeArguments,
              {.returns = "A tensor of the shape of `x`, a vector for axis=None.", .example = R"py(
>>> keras.ops.nancumsum([1.0, float("nan"), 3.0])
<Tensor shape=(3,), dtype=float32, values=[1. 1. 4.]>)py"});
const auto nancumprod_op = public_op(
    "nancumprod", NUMPY "Nancumprod", "Running products that count NaN as 1.", nancumprod_impl, kCumulativeArguments,
    {.returns = "A tensor of the shape of `x`, a vector for axis=None.", .example = R"py(
>>> keras.ops.nancumprod([2.0, float("nan"), 3.0])
<Tensor shape=(3,), dtype=float32, values=[2. 2. 6.]>)py"});

template <bool largest>
Tensor nanarg_impl(const Operand& x, const std::optional<int>& axis, bool keepdims) {
  Tensor t = x.value();
  auto find = [&](const Tensor& v) { return largest ? argmax(v, axis, keepdims) : argmin(v, axis, keepdims); };
  if (!is_float(t.dtype())) return find(t);
  Axes over = axis ? Axes(std::vector<int>{*axis}) : Axes();
  Tensor none = all(prim::unary(Unary::is_nan, t), over, keepdims);
  return prim::where(none, constant(-1, DType::int32), find(without_nan(t, largest ? -INFINITY : INFINITY)));
}
const std::vector<OpArgument> kArgArguments = {
    {"x", required, about::tensor}, {"axis", Value(), about::flat_axis}, {"keepdims", false, about::keepdims}};
const auto nanargmax_op =
    public_op("nanargmax", NUMPY "Nanargmax", "The place of the largest element that is not NaN, -1 if all are.",
              nanarg_impl<true>, kArgArguments,
              {.returns = "An int32 tensor without `axis` (of size 1 with `keepdims`).", .example = R"py(
>>> keras.ops.nanargmax([1.0, float("nan"), 3.0])
<Tensor shape=(), dtype=int32, values=2>)py"});
const auto nanargmin_op =
    public_op("nanargmin", NUMPY "Nanargmin", "The place of the smallest element that is not NaN, -1 if all are.",
              nanarg_impl<false>, kArgArguments,
              {.returns = "An int32 tensor without `axis` (of size 1 with `keepdims`).", .example = R"py(
>>> keras.ops.nanargmin([1.0, float("nan"), 3.0])
<Tensor shape=(), dtype=int32, values=0>)py"});

Tensor trapezoid_impl(const Operand& y, const std::optional<Operand>& x, double dx, int axis) {
  DType type = x ? float_type({&y, &*x}) : float_type({&y});
  Tensor t = to_last(y.as(type), normalize_axis(axis, y.shape().rank()));
  const int last = t.rank() - 1;
  const int64_t n = t.shape().back();
  auto sides = [n](const Tensor& v, int a) {
    return Pair{prim::slice_axis(v, a, 0, n - 1), prim::slice_axis(v, a, 1, n)};
  };
  Shape rows = t.shape();
  rows.erase(last);
  if (n < 0) return Tensor::spec_only(rows, type);
  if (n == 0) return prim::full(rows, 0, type);
  auto [left, right] = sides(t, last);
  Tensor middle = prim::multiply(prim::add(left, right), 0.5);
  if (!x) return prim::multiply(prim::reduce(Reduce::sum, middle, {last}, false), dx);
  Tensor at = x->as(type);
  if (at.rank() == 0) throw ValueError("`x` needs at least one axis, received a scalar. Did you mean `dx`?");
  if (at.rank() > 1) at = to_last(at, normalize_axis(axis, at.rank()));
  if (at.shape().back() < 0) return Tensor::spec_only(rows, type);
  if (at.shape().back() != n)
    throw ValueError("`x` must have as many places as `y` along `axis` (", n, "), received shape ", at.shape(), ".");
  auto [from, to] = sides(at, at.rank() - 1);
  return prim::reduce(Reduce::sum, prim::multiply(middle, prim::subtract(to, from)), {last}, false);
}
const auto trapezoid_op =
    public_op("trapezoid", NUMPY "Trapezoid",
              "The integral along `axis` by the trapezoidal rule, at the places x or dx apart.", trapezoid_impl,
              {{"y", required, "The values to integrate."},
               OpArgument("x", Value(), "Their places, of the shape of `y` or along `axis`; None puts them `dx` apart.")
                   .in_config(),
               {"dx", 1.0, "The distance between neighbours, where `x` is None."},
               {"axis", -1, about::axis}},
              {.returns = "A floating tensor without `axis`.", .example = R"py(
>>> keras.ops.trapezoid([1.0, 2.0, 3.0])
<Tensor shape=(), dtype=float32, values=4.0>)py"});

Tensor vander_impl(const Operand& x, const std::optional<int64_t>& N, bool increasing) {
  Tensor t = x.value();
  if (t.rank() != 1) throw ValueError("Input tensor must be 1-D. Received: x.shape=", t.shape());
  int64_t n = N ? checked_count(*N, "N") : t.shape()[0];
  if (n < 0) return Tensor::spec_only({t.shape()[0], Shape::kUnknown}, t.dtype());
  Tensor powers = increasing ? prim::iota(n, t.dtype()) : prim::iota(n, t.dtype(), static_cast<double>(n - 1), -1);
  return prim::power(prim::expand_dims(t, 1), powers);
}
const auto vander_op = public_op(
    "vander", NUMPY "Vander", "Powers of the elements as columns, the highest first unless `increasing`.", vander_impl,
    {{"x", required, "A vector."},
     {"N", Value(), "The number of columns; None takes the size of `x`."},
     {"increasing", false, "Whether the powers rise from left to right."}},
    {.returns = "A matrix of one row per element.",
     .raises = "ValueError: if `x` is no vector or N is negative.",
     .example = R"py(
>>> keras.ops.vander(keras.ops.array([1, 2, 3]))
<Tensor shape=(3, 3), dtype=int32, values=[[1 1 1]
 [4 2 1]
 [9 3 1]]>)py"});

}  // namespace

Tensor select(const std::vector<Operand>& condlist, const std::vector<Operand>& choicelist, const Operand& default_) {
  return select_op(condlist, choicelist, default_);
}
Tensor corrcoef(const Operand& x) { return corrcoef_op(x); }
Tensor correlate(const Operand& x1, const Operand& x2, const std::string& mode) { return correlate_op(x1, x2, mode); }
Tensors histogram(const Operand& x, int64_t bins, const std::optional<std::vector<double>>& range) {
  return histogram_op(x, bins, range);
}
Tensor extract_sequences(const Operand& x, int64_t sequence_length, int64_t sequence_stride) {
  return extract_sequences_op(x, sequence_length, sequence_stride);
}
Tensor nancumsum(const Operand& x, const std::optional<int>& axis, const std::optional<DType>& dtype) {
  return nancumsum_op(x, axis, dtype);
}
Tensor nancumprod(const Operand& x, const std::optional<int>& axis, const std::optional<DType>& dtype) {
  return nancumprod_op(x, axis, dtype);
}
Tensor nanargmax(const Operand& x, const std::optional<int>& axis, bool keepdims) {
  return nanargmax_op(x, axis, keepdims);
}
Tensor nanargmin(const Operand& x, const std::optional<int>& axis, bool keepdims) {
  return nanargmin_op(x, axis, keepdims);
}
Tensor trapezoid(const Operand& y, const std::optional<Operand>& x, double dx, int axis) {
  return trapezoid_op(y, x, dx, axis);
}
Tensor vander(const Operand& x, const std::optional<int64_t>& N, bool increasing) {
  return vander_op(x, N, increasing);
}

}  // namespace lamina::ops
