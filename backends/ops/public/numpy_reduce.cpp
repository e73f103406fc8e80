#include "backends/ops/public/numpy_reduce.h"

#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

// Sums and products of bools and small integers are taken in 32 bits.
DType sum_type(DType t) {
  if (t == DType::boolean || t == DType::int8 || t == DType::int16) return DType::int32;
  if (t == DType::uint8 || t == DType::uint16) return DType::uint32;
  return t;
}

Tensor reduce_over(Reduce kind, const Tensor& x, const Axes& axis, bool keepdims) {
  return prim::reduce(kind, x, axes_of(axis, x.rank()), keepdims);
}

Tensor sum_impl(const Operand& x, const Axes& axis, bool keepdims) {
  return reduce_over(Reduce::sum, x.as(sum_type(x.dtype())), axis, keepdims);
}

Tensor prod_impl(const Operand& x, const Axes& axis, bool keepdims, const std::optional<DType>& dtype) {
  return reduce_over(Reduce::prod, x.as(dtype.value_or(sum_type(x.dtype()))), axis, keepdims);
}

// The dtype of a mean and the one it is computed in: half types are summed in float32.
struct MeanTypes {
  DType result, compute;
};
MeanTypes mean_types(const Operand& x) {
  DType t = x.dtype();
  if (!is_float(t)) return {DType::float32, DType::float32};
  return {t, t == DType::float64 ? t : DType::float32};
}

Tensor mean_of(const Tensor& x, const std::vector<int>& axes, bool keepdims) {
  return prim::divide(prim::reduce(Reduce::sum, x, axes, keepdims), constant(count_of(x.shape(), axes), x.dtype()));
}

Tensor mean_impl(const Operand& x, const Axes& axis, bool keepdims) {
  auto [result, compute] = mean_types(x);
  return prim::cast(mean_of(x.as(compute), axes_of(axis, x.shape().rank()), keepdims), result);
}

Tensor variance_of(const Tensor& x, const std::vector<int>& axes, bool keepdims) {
  return mean_of(prim::square(prim::subtract(x, mean_of(x, axes, true))), axes, keepdims);
}

Tensor var_impl(const Operand& x, const Axes& axis, bool keepdims) {
  auto [result, compute] = mean_types(x);
  return prim::cast(variance_of(x.as(compute), axes_of(axis, x.shape().rank()), keepdims), result);
}

Tensor std_impl(const Operand& x, const Axes& axis, bool keepdims) {
  auto [result, compute] = mean_types(x);
  return prim::cast(prim::sqrt(variance_of(x.as(compute), axes_of(axis, x.shape().rank()), keepdims)), result);
}

template <bool largest>
Tensor extreme_impl(const Operand& x, const Axes& axis, bool keepdims, const std::optional<Operand>& initial) {
  Tensor t = x.value();
  std::vector<int> axes = axes_of(axis, t.rank());
  if (!initial) return prim::reduce(largest ? Reduce::max : Reduce::min, t, axes, keepdims);
  Tensor start = initial->as(t.dtype());
  for (int a : axes) {
    if (t.shape()[a] != 0) continue;  // an empty axis: the initial value is all there is
    Shape out = t.shape();
    for (size_t i = axes.size(); i-- > 0;)
      if (keepdims)
        out[axes[i]] = 1;
      else
        out.erase(axes[i]);
    return prim::broadcast_to(start, out);
  }
  return prim::binary(largest ? Binary::maximum : Binary::minimum,
                      prim::reduce(largest ? Reduce::max : Reduce::min, t, axes, keepdims), start);
}
template <bool largest>
Tensor plain_extreme(const Operand& x, const Axes& axis, bool keepdims) {
  return extreme_impl<largest>(x, axis, keepdims, {});
}

Tensor ptp_impl(const Operand& x, const Axes& axis, bool keepdims) {
  return prim::subtract(plain_extreme<true>(x, axis, keepdims), plain_extreme<false>(x, axis, keepdims));
}

template <Reduce kind>
Tensor truth_impl(const Operand& x, const Axes& axis, bool keepdims) {
  return reduce_over(kind, as_bool(x), axis, keepdims);
}

Tensor count_nonzero_impl(const Operand& x, const Axes& axis) {
  return reduce_over(Reduce::sum, prim::cast(as_bool(x), DType::int32), axis, false);
}

Tensor average_impl(const Operand& x, const Axes& axis, const std::optional<Operand>& weights) {
  if (!weights) {
    Tensor t = as_float(x);
    return mean_of(t, axes_of(axis, t.rank()), false);
  }
  auto [t, w] = promote_float(x, *weights);
  std::vector<int> axes = axes_of(axis, t.rank());
  if (w.shape() != t.shape()) {
    if (w.rank() != 1 || axes.size() != 1 || !compatible(w.shape(), Shape{t.shape()[axes[0]]}))
      throw ValueError("`weights` must have the shape of `x`, or be a vector along `axis`. Received: weights.shape=",
                       w.shape(), ", x.shape=", t.shape(), ".");
    Shape s = Shape::of_rank(t.rank());
    s[axes[0]] = w.shape()[0];
    w = prim::reshape(w, s);
  }
  Tensor total = prim::reduce(Reduce::sum, prim::broadcast_to(w, t.shape()), axes, false);
  return prim::divide(prim::reduce(Reduce::sum, prim::multiply(t, w), axes, false), total);
}

Tensor logsumexp_impl(const Operand& x, const Axes& axis, bool keepdims) {
  Tensor t = as_float(x);
  std::vector<int> axes = axes_of(axis, t.rank());
  if (axes.empty()) return t;
  Tensor top = prim::stop_gradient(prim::reduce(Reduce::max, t, axes, true));
  // An infinite maximum is not subtracted: inf - inf would be NaN.
  Tensor shift = prim::where(prim::unary(Unary::is_finite, top), top, constant(0, t.dtype()));
  Tensor out = prim::add(prim::log(prim::reduce(Reduce::sum, prim::exp(prim::subtract(t, shift)), axes, true)), shift);
  if (keepdims) return out;
  Shape s = out.shape();
  for (size_t i = axes.size(); i-- > 0;) s.erase(axes[i]);
  return prim::reshape(out, s);
}

template <bool largest>
Tensor arg_impl(const Operand& x, const std::optional<int>& axis, bool keepdims) {
  Tensor t = x.value();
  const int rank = t.rank();
  if (!axis) {
    Tensor out = prim::arg_reduce(largest, prim::reshape(t, {t.size()}), 0);
    return keepdims ? prim::reshape(out, Shape::of_rank(rank)) : out;
  }
  int a = normalize_axis(*axis, rank);
  Tensor out = prim::arg_reduce(largest, t, a);
  return keepdims ? prim::expand_dims(out, a) : out;
}

template <CumulativeOp::Kind kind>
Tensor cumulative_impl(const Operand& x, const std::optional<int>& axis, const std::optional<DType>& dtype) {
  DType type = dtype.value_or(x.dtype());
  Tensor t = x.as(type == DType::boolean ? DType::int32 : type);
  if (!axis) return prim::cumulative(kind, prim::reshape(t, {t.size()}), 0);
  return prim::cumulative(kind, t, normalize_axis(*axis, t.rank()));
}

const std::vector<OpArgument> kReduceArguments = {
    {"x", required, about::tensor}, {"axis", Value(), about::reduced_axes}, {"keepdims", false, about::keepdims}};
const std::vector<OpArgument> kExtremeArguments = {
    {"x", required, about::tensor},
    {"axis", Value(), about::reduced_axes},
    {"keepdims", false, about::keepdims},
    OpArgument("initial", Value(), "A bound of the result; needed where there is nothing to reduce.").in_config()};

const auto sum_op = public_op("sum", NUMPY "Sum", "The sum over `axis`.", sum_impl, kReduceArguments,
                              {.returns = "A tensor without the reduced axes (of size 1 with `keepdims`), in the dtype "
                                          "of the operand. Small integers and bools are summed as int32.",
                               .example = R"py(
>>> keras.ops.sum([[1, 2], [3, 4]], axis=0)
<Tensor shape=(2,), dtype=int32, values=[4 6]>)py"});
const auto prod_op = public_op(
    "prod", NUMPY "Prod", "The product over `axis`.", prod_impl,
    {{"x", required, about::tensor},
     {"axis", Value(), about::reduced_axes},
     {"keepdims", false, about::keepdims},
     {"dtype", Value(), "The dtype of the result; None takes the operand's, or int32 for small integers and bools."}},
    {.returns = "A tensor without the reduced axes (of size 1 with `keepdims`), in the dtype of the operand. Small "
                "integers and bools are multiplied as int32.",
     .example = R"py(
>>> keras.ops.prod([[1, 2], [3, 4]], axis=0)
<Tensor shape=(2,), dtype=int32, values=[3 8]>)py"});
const auto mean_op = public_op("mean", NUMPY "Mean", "The arithmetic mean over `axis`; float32 for integers.",
                               mean_impl, kReduceArguments, {.returns = about::reduced_floating, .example = R"py(
>>> keras.ops.mean([[1.0, 2.0], [3.0, 6.0]], axis=0)
<Tensor shape=(2,), dtype=float32, values=[2. 4.]>)py"});
const auto var_op = public_op("var", NUMPY "Var", "The mean squared distance from the mean over `axis` (divided by n).",
                              var_impl, kReduceArguments, {.returns = about::reduced_floating, .example = R"py(
>>> keras.ops.var([1.0, 3.0])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
const auto std_op = public_op("std", NUMPY "Std", "The square root of the variance over `axis`.", std_impl,
                              kReduceArguments, {.returns = about::reduced_floating, .example = R"py(
>>> keras.ops.std([1.0, 3.0])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
const auto max_op =
    public_op("max", NUMPY "Max", "The largest element over `axis`; at least `initial` if given.", extreme_impl<true>,
              kExtremeArguments,
              {.returns = about::reduced,
               .raises = "ValueError: if there are no elements to take the largest of and no `initial`.",
               .example = R"py(
>>> keras.ops.max([[1, 5], [7, 2]], axis=0)
<Tensor shape=(2,), dtype=int32, values=[7 5]>)py"});
const auto min_op =
    public_op("min", NUMPY "Min", "The smallest element over `axis`; at most `initial` if given.", extreme_impl<false>,
              kExtremeArguments,
              {.returns = about::reduced,
               .raises = "ValueError: if there are no elements to take the smallest of and no `initial`.",
               .example = R"py(
>>> keras.ops.min([[1, 5], [7, 2]], axis=0)
<Tensor shape=(2,), dtype=int32, values=[1 2]>)py"});
const auto amax_op = public_op("amax", NUMPY "Amax", "The largest element over `axis`.", plain_extreme<true>,
                               kReduceArguments, {.returns = about::reduced, .example = R"py(
>>> keras.ops.amax(keras.ops.array([[1, 5], [7, 2]]), axis=0)
<Tensor shape=(2,), dtype=int32, values=[7 5]>)py"});
const auto amin_op = public_op("amin", NUMPY "Amin", "The smallest element over `axis`.", plain_extreme<false>,
                               kReduceArguments, {.returns = about::reduced, .example = R"py(
>>> keras.ops.amin(keras.ops.array([[1, 5], [7, 2]]), axis=0)
<Tensor shape=(2,), dtype=int32, values=[1 2]>)py"});
const auto ptp_op = public_op("ptp", NUMPY "Ptp", "The largest minus the smallest element over `axis`.", ptp_impl,
                              kReduceArguments, {.returns = about::reduced, .example = R"py(
>>> keras.ops.ptp([[1, 5], [7, 2]], axis=1)
<Tensor shape=(2,), dtype=int32, values=[4 5]>)py"});
const auto any_op =
    public_op("any", NUMPY "Any", "Whether any element over `axis` is non-zero.", truth_impl<Reduce::any>,
              kReduceArguments, {.returns = about::reduced_bools, .example = R"py(
>>> keras.ops.any(keras.ops.array([[True, False], [False, False]]), axis=1)
<Tensor shape=(2,), dtype=bool, values=[ True False]>)py"});
const auto all_op =
    public_op("all", NUMPY "All", "Whether all elements over `axis` are non-zero.", truth_impl<Reduce::all>,
              kReduceArguments, {.returns = about::reduced_bools, .example = R"py(
>>> keras.ops.all(keras.ops.array([[True, False], [True, True]]), axis=1)
<Tensor shape=(2,), dtype=bool, values=[False  True]>)py"});
const auto count_nonzero_op =
    public_op("count_nonzero", NUMPY "CountNonzero", "How many elements over `axis` are non-zero, as int32.",
              count_nonzero_impl, {{"x", required, about::tensor}, {"axis", Value(), about::reduced_axes}},
              {.returns = "An int32 tensor without the axes in `axis`.", .example = R"py(
>>> keras.ops.count_nonzero(keras.ops.array([[0, 1], [2, 3]]), axis=0)
<Tensor shape=(2,), dtype=int32, values=[1 2]>)py"});
const auto average_op = public_op(
    "average", NUMPY "Average", "The weighted mean over `axis`: sum(x w) / sum(w).", average_impl,
    {{"x", required, about::tensor},
     {"axis", Value(), about::reduced_axes},
     {"weights", Value(), "The weight of each element, in the shape of `x` or along `axis`; None weighs all alike."}},
    {.returns = "A tensor without the axes in `axis`, in floating point.",
     .raises = "ValueError: if the weights fit neither the shape nor the axis.",
     .example = R"py(
>>> keras.ops.average([1.0, 4.0], weights=[3.0, 1.0])
<Tensor shape=(), dtype=float32, values=1.75>)py"});
const auto logsumexp_op =
    public_op("logsumexp", "keras.src.ops.math.Logsumexp", "log(sum(exp(x))) over `axis`, without overflow.",
              logsumexp_impl, kReduceArguments, {.returns = about::reduced_floating, .example = R"py(
>>> keras.ops.logsumexp(keras.ops.array([1000.0, 1000.0]))
<Tensor shape=(), dtype=float32, values=1000.6932>)py"});
const auto argmax_op = public_op(
    "argmax", NUMPY "Argmax",
    "The place of the largest element along `axis` (of the flattened tensor for None), int32.", arg_impl<true>,
    kReduceArguments,
    {.returns = "An int32 tensor without `axis` (of size 1 with `keepdims`); of equal elements the first counts.",
     .example = R"py(
>>> keras.ops.argmax([[1, 5], [7, 2]], axis=1)
<Tensor shape=(2,), dtype=int32, values=[1 0]>)py"});
const auto argmin_op = public_op(
    "argmin", NUMPY "Argmin",
    "The place of the smallest element along `axis` (of the flattened tensor for None), int32.", arg_impl<false>,
    kReduceArguments,
    {.returns = "An int32 tensor without `axis` (of size 1 with `keepdims`); of equal elements the first counts.",
     .example = R"py(
>>> keras.ops.argmin([[1, 5], [7, 2]], axis=1)
<Tensor shape=(2,), dtype=int32, values=[0 1]>)py"});
const auto cumsum_op = public_op(
    "cumsum", NUMPY "Cumsum", "Running sums along `axis` (of the flattened tensor for None).",
    cumulative_impl<CumulativeOp::Kind::sum>,
    {{"x", required, about::tensor}, {"axis", Value(), about::flat_axis}, {"dtype", Value(), about::kept_dtype}},
    {.returns = "A tensor of the shape of `x` (a vector for axis=None), int32 for bools and small integers unless "
                "`dtype` says otherwise.",
     .example = R"py(
>>> keras.ops.cumsum([1, 2, 3])
<Tensor shape=(3,), dtype=int32, values=[1 3 6]>)py"});
const auto cumprod_op = public_op(
    "cumprod", NUMPY "Cumprod", "Running products along `axis` (of the flattened tensor for None).",
    cumulative_impl<CumulativeOp::Kind::prod>,
    {{"x", required, about::tensor}, {"axis", Value(), about::flat_axis}, {"dtype", Value(), about::kept_dtype}},
    {.returns = "A tensor of the shape of `x` (a vector for axis=None), int32 for bools and small integers unless "
                "`dtype` says otherwise.",
     .example = R"py(
>>> keras.ops.cumprod([1, 2, 3])
<Tensor shape=(3,), dtype=int32, values=[1 2 6]>)py"});

// --- Reductions that skip NaN -------------------------------------------------------------------------------------
}  // namespace
Tensor without_nan(const Tensor& x, double filler) {
  if (!is_float(x.dtype())) return x;
  return prim::where(prim::unary(Unary::is_nan, x), constant(filler, x.dtype()), x);
}
namespace {
Tensor valid_count(const Tensor& x, const std::vector<int>& axes, bool keepdims) {
  return prim::reduce(Reduce::sum, prim::cast(logical_not_of(prim::unary(Unary::is_nan, x)), x.dtype()), axes,
                      keepdims);
}
Tensor nansum_impl(const Operand& x, const Axes& axis, bool keepdims) {
  return sum_impl(without_nan(x.value(), 0), axis, keepdims);
}
Tensor nanprod_impl(const Operand& x, const Axes& axis, bool keepdims) {
  return prod_impl(without_nan(x.value(), 1), axis, keepdims, {});
}
Tensor nanmean_of(const Tensor& t, const std::vector<int>& axes, bool keepdims) {
  return prim::divide(prim::reduce(Reduce::sum, without_nan(t, 0), axes, keepdims), valid_count(t, axes, keepdims));
}
Tensor nanmean_impl(const Operand& x, const Axes& axis, bool keepdims) {
  auto [result, compute] = mean_types(x);
  Tensor t = x.as(compute);
  return prim::cast(nanmean_of(t, axes_of(axis, t.rank()), keepdims), result);
}
Tensor nanvar_impl(const Operand& x, const Axes& axis, bool keepdims) {
  auto [result, compute] = mean_types(x);
  Tensor t = x.as(compute);
  std::vector<int> axes = axes_of(axis, t.rank());
  return prim::cast(nanmean_of(prim::square(prim::subtract(t, nanmean_of(t, axes, true))), axes, keepdims), result);
}
Tensor nanstd_impl(const Operand& x, const Axes& axis, bool keepdims) {
  return prim::sqrt(nanvar_impl(x, axis, keepdims));
}
template <bool largest>
Tensor nan_extreme(const Operand& x, const Axes& axis, bool keepdims) {
  Tensor t = x.value();
  std::vector<int> axes = axes_of(axis, t.rank());
  Reduce kind = largest ? Reduce::max : Reduce::min;
  if (!is_float(t.dtype())) return prim::reduce(kind, t, axes, keepdims);
  Tensor none = compare(Binary::equal, valid_count(t, axes, keepdims), 0);
  return prim::where(none, constant(NAN, t.dtype()),
                     prim::reduce(kind, without_nan(t, largest ? -INFINITY : INFINITY), axes, keepdims));
}

const auto nansum_op = public_op("nansum", NUMPY "Nansum", "The sum of the elements that are not NaN.", nansum_impl,
                                 kReduceArguments, {.returns = about::reduced, .example = R"py(
>>> keras.ops.nansum([1.0, float("nan"), 2.0])
<Tensor shape=(), dtype=float32, values=3.0>)py"});
const auto nanprod_op = public_op("nanprod", NUMPY "Nanprod", "The product of the elements that are not NaN.",
                                  nanprod_impl, kReduceArguments, {.returns = about::reduced, .example = R"py(
>>> keras.ops.nanprod([3.0, float("nan"), 2.0])
<Tensor shape=(), dtype=float32, values=6.0>)py"});
const auto nanmean_op = public_op(
    "nanmean", NUMPY "Nanmean", "The mean of the elements that are not NaN.", nanmean_impl, kReduceArguments,
    {.returns = "A floating tensor without the reduced axes (of size 1 with `keepdims`). NaN where all elements are.",
     .example = R"py(
>>> keras.ops.nanmean([1.0, float("nan"), 2.0])
<Tensor shape=(), dtype=float32, values=1.5>)py"});
const auto nanvar_op = public_op(
    "nanvar", NUMPY "Nanvar", "The variance of the elements that are not NaN.", nanvar_impl, kReduceArguments,
    {.returns = "A floating tensor without the reduced axes (of size 1 with `keepdims`). NaN where all elements are.",
     .example = R"py(
>>> keras.ops.nanvar([1.0, float("nan"), 3.0])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
const auto nanstd_op = public_op(
    "nanstd", NUMPY "Nanstd", "The standard deviation of the elements that are not NaN.", nanstd_impl, kReduceArguments,
    {.returns = "A floating tensor without the reduced axes (of size 1 with `keepdims`). NaN where all elements are.",
     .example = R"py(
>>> keras.ops.nanstd([1.0, float("nan"), 3.0])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
const auto nanmax_op = public_op("nanmax", NUMPY "Nanmax", "The largest of the elements that are not NaN.",
                                 nan_extreme<true>, kReduceArguments,
                                 {.returns = "A tensor without the reduced axes (of size 1 with `keepdims`), in the "
                                             "dtype of the operand. NaN where all elements are.",
                                  .example = R"py(
>>> keras.ops.nanmax([1.0, float("nan"), 3.0])
<Tensor shape=(), dtype=float32, values=3.0>)py"});
const auto nanmin_op = public_op("nanmin", NUMPY "Nanmin", "The smallest of the elements that are not NaN.",
                                 nan_extreme<false>, kReduceArguments,
                                 {.returns = "A tensor without the reduced axes (of size 1 with `keepdims`), in the "
                                             "dtype of the operand. NaN where all elements are.",
                                  .example = R"py(
>>> keras.ops.nanmin([1.0, float("nan"), 3.0])
<Tensor shape=(), dtype=float32, values=1.0>)py"});

}  // namespace

#define REDUCTION(NAME) \
  Tensor NAME(const Operand& x, const Axes& axis, bool keepdims) { return NAME##_op(x, axis, keepdims); }
REDUCTION(sum)
REDUCTION(mean)
REDUCTION(var)
REDUCTION(std)
REDUCTION(amax)
REDUCTION(amin)
REDUCTION(ptp)
REDUCTION(any)
REDUCTION(all)
REDUCTION(logsumexp)
REDUCTION(nansum)
REDUCTION(nanprod)
REDUCTION(nanmean)
REDUCTION(nanvar)
REDUCTION(nanstd)
REDUCTION(nanmax)
REDUCTION(nanmin)
#undef REDUCTION
Tensor prod(const Operand& x, const Axes& axis, bool keepdims, const std::optional<DType>& dtype) {
  return prod_op(x, axis, keepdims, dtype);
}
Tensor max(const Operand& x, const Axes& axis, bool keepdims, const std::optional<Operand>& initial) {
  return max_op(x, axis, keepdims, initial);
}
Tensor min(const Operand& x, const Axes& axis, bool keepdims, const std::optional<Operand>& initial) {
  return min_op(x, axis, keepdims, initial);
}
Tensor count_nonzero(const Operand& x, const Axes& axis) { return count_nonzero_op(x, axis); }
Tensor average(const Operand& x, const Axes& axis, const std::optional<Operand>& weights) {
  return average_op(x, axis, weights);
}
Tensor argmax(const Operand& x, const std::optional<int>& axis, bool keepdims) { return argmax_op(x, axis, keepdims); }
Tensor argmin(const Operand& x, const std::optional<int>& axis, bool keepdims) { return argmin_op(x, axis, keepdims); }
Tensor cumsum(const Operand& x, const std::optional<int>& axis, const std::optional<DType>& dtype) {
  return cumsum_op(x, axis, dtype);
}
Tensor cumprod(const Operand& x, const std::optional<int>& axis, const std::optional<DType>& dtype) {
  return cumprod_op(x, axis, dtype);
}

}  // namespace lamina::ops
