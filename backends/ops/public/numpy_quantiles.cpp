// Quantiles, percentiles and medians.
#include <limits>

#include "backends/ops/public/numpy_reduce.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

const std::vector<OpArgument> kMedianArguments = {
    {"x", required, about::tensor}, {"axis", Value(), about::reduced_axes}, {"keepdims", false, about::keepdims}};

template <bool skips_nan>
Tensor quantile_impl(const Operand& x, const Operand& q, const Axes& axis, const std::string& method, bool keepdims) {
  Tensor t = as_float(x);
  const int rank = t.rank();
  if (q.shape().rank() > 1) throw ValueError("`q` must be a scalar or a vector, received shape ", q.shape(), ".");
  static const std::vector<std::string> methods = {"linear", "lower", "higher", "midpoint", "nearest"};
  if (std::find(methods.begin(), methods.end(), method) == methods.end())
    throw ValueError("Invalid method: '", method, "'. Expected one of ", methods, ".");
  std::vector<int> axes = axes_of(axis, rank), order;
  Shape rows, kept = t.shape();
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) {
    if (std::binary_search(axes.begin(), axes.end(), i)) {
      n = n < 0 || t.shape()[i] < 0 ? Shape::kUnknown : n * t.shape()[i];
      kept[i] = 1;
    } else {
      order.push_back(i), rows.push_back(t.shape()[i]);
    }
  }
  order.insert(order.end(), axes.begin(), axes.end());
  Shape wide = rows, result = keepdims ? kept : rows;
  wide.push_back(n);
  if (q.shape().rank() == 1) result.insert(0, q.shape()[0]);
  if (!t.shape().known()) return Tensor::spec_only(result, t.dtype());
  if (n == 0) throw ValueError("cannot take a quantile over an empty axis of shape ", t.shape(), ".");
  Tensor sorted = prim::sort_last(prim::reshape(prim::transpose(t, order), wide)).values;
  const int last = sorted.rank() - 1;
  const bool many = q.shape().rank() == 1;
  Tensor place, shares = q.as(t.dtype());
  if constexpr (skips_nan) {  // a place of its own for each row: NaN sorts behind the numbers
    if (!many) shares = prim::reshape(shares, {1});
    const Tensor numbers = prim::cast(logical_not_of(prim::unary(Unary::is_nan, sorted)), t.dtype());
    const Tensor count = prim::reduce(Reduce::sum, numbers, {last}, true);
    place = prim::multiply(shares, prim::maximum(prim::add(count, -1), constant(0, t.dtype())));
  } else {
    place = prim::multiply(shares, static_cast<double>(n - 1));
  }
  auto at = [&](const Tensor& index) {
    const Tensor whole = prim::cast(index, DType::int32);
    return skips_nan ? prim::gather_along(sorted, whole, last) : prim::gather(sorted, whole, last);
  };
  Tensor low = prim::unary(Unary::floor, place), high = prim::unary(Unary::ceil, place), out;
  if (method == "lower")
    out = at(low);
  else if (method == "higher")
    out = at(high);
  else if (method == "nearest")
    out = at(prim::unary(Unary::round, place));
  else {
    Tensor below = at(low), above = at(high);
    Tensor part = method == "midpoint" ? constant(0.5, t.dtype()) : prim::subtract(place, low);
    out = prim::add(prim::multiply(below, prim::rsub(1, part)), prim::multiply(above, part));
    // At an element, and between two infinities of one sign, nothing is between: 0 * infinity would be NaN.
    const Tensor infinite =
        compare(Binary::equal, prim::unary(Unary::abs, below), std::numeric_limits<double>::infinity());
    const Tensor same = prim::binary(Binary::logical_and, infinite, compare(Binary::equal, below, above));
    out = prim::where(prim::binary(Binary::logical_or, same, compare(Binary::equal, part, 0)), below, out);
  }
  if constexpr (!skips_nan) {  // NaN sorts last: a row that ends in one gives NaN
    Tensor end = prim::slice_axis(sorted, last, n - 1, n);
    if (!many) end = prim::squeeze(end, last);
    out = prim::where(prim::unary(Unary::is_nan, end), end, out);
  }
  if (many) {
    std::vector<int> first = {out.rank() - 1};
    for (int i = 0; i + 1 < out.rank(); ++i) first.push_back(i);
    out = prim::transpose(out, first);
  }
  return prim::reshape(out, result);
}
template <bool skips_nan>
Tensor percentile_impl(const Operand& x, const Operand& q, const Axes& axis, const std::string& method, bool keepdims) {
  DType type = float_type({&x});
  return quantile_impl<skips_nan>(x, prim::multiply(q.as(type), 0.01), axis, method, keepdims);
}
template <bool skips_nan>
Tensor median_impl(const Operand& x, const Axes& axis, bool keepdims) {
  return quantile_impl<skips_nan>(x, 0.5, axis, "linear", keepdims);
}

const std::vector<OpArgument> kQuantileArguments = {
    {"x", required, about::tensor},
    {"q", required, "The shares (0 to 1) or percentages (0 to 100): a number or a vector of them."},
    {"axis", Value(), about::reduced_axes},
    {"method", "linear",
     "What lies between two elements: \"linear\", \"lower\", \"higher\", \"midpoint\" or \"nearest\"."},
    {"keepdims", false, about::keepdims}};
const auto quantile_op = public_op(
    "quantile", NUMPY "Quantile", "The value below which a share `q` of the sorted elements lies.",
    quantile_impl<false>, kQuantileArguments,
    {.returns = "A floating tensor without the axes in `axis`; a vector of shares puts an axis for them first.",
     .raises = "ValueError: if `method` is none of these.",
     .example = R"py(
>>> keras.ops.quantile([1.0, 2.0, 3.0, 4.0], 0.5)
<Tensor shape=(), dtype=float32, values=2.5>)py"});
const auto percentile_op = public_op(
    "percentile", NUMPY "Percentile", "The quantile of q percent.", percentile_impl<false>, kQuantileArguments,
    {.returns = "A floating tensor without the axes in `axis`; a vector of percentages puts an axis for them first.",
     .raises = "ValueError: if `method` is none of these.",
     .example = R"py(
>>> keras.ops.percentile([1.0, 2.0, 3.0, 4.0], 25)
<Tensor shape=(), dtype=float32, values=1.75>)py"});
const auto median_op =
    public_op("median", NUMPY "Median", "The middle element over `axis`, or the mean of the two middle ones.",
              median_impl<false>, kMedianArguments, {.returns = about::reduced_floating, .example = R"py(
>>> keras.ops.median([3.0, 1.0, 10.0])
<Tensor shape=(), dtype=float32, values=3.0>)py"});

const auto nanquantile_op = public_op(
    "nanquantile", NUMPY "Nanquantile", "The value below which a share `q` of the sorted elements lies, NaN left out.",
    quantile_impl<true>, kQuantileArguments,
    {.returns =
         "A floating tensor without the axes in `axis`; a vector of shares puts an axis for them first. NaN where "
         "there is no number.",
     .raises = "ValueError: if `method` is none of these.",
     .example = R"py(
>>> keras.ops.nanquantile([1.0, float("nan"), 3.0], 0.5)
<Tensor shape=(), dtype=float32, values=2.0>)py"});
const auto nanpercentile_op = public_op(
    "nanpercentile", NUMPY "Nanpercentile", "The quantile of q percent, NaN left out.", percentile_impl<true>,
    kQuantileArguments,
    {.returns =
         "A floating tensor without the axes in `axis`; a vector of percentages puts an axis for them first. NaN "
         "where there is no number.",
     .raises = "ValueError: if `method` is none of these.",
     .example = R"py(
>>> keras.ops.nanpercentile([1.0, float("nan"), 3.0], 25)
<Tensor shape=(), dtype=float32, values=1.5>)py"});
const auto nanmedian_op =
    public_op("nanmedian", NUMPY "Nanmedian", "The middle element over `axis`, NaN left out.", median_impl<true>,
              kMedianArguments, {.returns = about::reduced_floating, .example = R"py(
>>> keras.ops.nanmedian([3.0, float("nan"), 1.0])
<Tensor shape=(), dtype=float32, values=2.0>)py"});

}  // namespace

Tensor quantile(const Operand& x, const Operand& q, const Axes& axis, const std::string& method, bool keepdims) {
  return quantile_op(x, q, axis, method, keepdims);
}
Tensor percentile(const Operand& x, const Operand& q, const Axes& axis, const std::string& method, bool keepdims) {
  return percentile_op(x, q, axis, method, keepdims);
}
Tensor median(const Operand& x, const Axes& axis, bool keepdims) { return median_op(x, axis, keepdims); }
Tensor nanmedian(const Operand& x, const Axes& axis, bool keepdims) { return nanmedian_op(x, axis, keepdims); }
Tensor nanquantile(const Operand& x, const Operand& q, const Axes& axis, const std::string& method, bool keepdims) {
  return nanquantile_op(x, q, axis, method, keepdims);
}
Tensor nanpercentile(const Operand& x, const Operand& q, const Axes& axis, const std::string& method, bool keepdims) {
  return nanpercentile_op(x, q, axis, method, keepdims);
}

}  // namespace lamina::ops
