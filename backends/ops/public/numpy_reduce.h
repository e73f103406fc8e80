#pragma once
// keras.ops, reductions. `axis` None reduces every axis (to a scalar, or to sizes of 1 with keepdims). Means and
// variances are floating point; sums and products of bools and small integers are 32-bit.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// The sum over `axis`.
Tensor sum(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// The product over `axis`.
Tensor prod(const Operand& x, const Axes& axis = {}, bool keepdims = false, const std::optional<DType>& dtype = {});
// The arithmetic mean over `axis`; float32 for integers.
Tensor mean(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// The mean squared distance from the mean over `axis` (divided by n).
Tensor var(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// The square root of the variance over `axis`.
Tensor std(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// The largest element over `axis`; at least `initial` if given.
Tensor max(const Operand& x, const Axes& axis = {}, bool keepdims = false, const std::optional<Operand>& initial = {});
// The smallest element over `axis`; at most `initial` if given.
Tensor min(const Operand& x, const Axes& axis = {}, bool keepdims = false, const std::optional<Operand>& initial = {});
// The largest element over `axis`.
Tensor amax(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// The smallest element over `axis`.
Tensor amin(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// The largest minus the smallest element over `axis`.
Tensor ptp(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// Whether any element over `axis` is non-zero.
Tensor any(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// Whether all elements over `axis` are non-zero.
Tensor all(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// How many elements over `axis` are non-zero, as int32.
Tensor count_nonzero(const Operand& x, const Axes& axis = {});
// The weighted mean over `axis`: sum(x w) / sum(w).
Tensor average(const Operand& x, const Axes& axis = {}, const std::optional<Operand>& weights = {});
// log(sum(exp(x))) over `axis`, without overflow.
Tensor logsumexp(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor argmax(const Operand& x, const std::optional<int>& axis = {}, bool keepdims = false);  // int32
// The place of the smallest element along `axis` (of the flattened tensor for None), int32.
Tensor argmin(const Operand& x, const std::optional<int>& axis = {}, bool keepdims = false);
// Running sums along `axis` (of the flattened tensor for None).
Tensor cumsum(const Operand& x, const std::optional<int>& axis = {}, const std::optional<DType>& dtype = {});
// Running products along `axis` (of the flattened tensor for None).
Tensor cumprod(const Operand& x, const std::optional<int>& axis = {}, const std::optional<DType>& dtype = {});
// The middle element over `axis`, or the mean of the two middle ones.
Tensor median(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// NaN left out.
Tensor without_nan(const Tensor& x, double filler);  // NaN replaced by `filler`
Tensor nanmedian(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor nanquantile(const Operand& x, const Operand& q, const Axes& axis = {}, const std::string& method = "linear",
                   bool keepdims = false);
Tensor nanpercentile(const Operand& x, const Operand& q, const Axes& axis = {}, const std::string& method = "linear",
                     bool keepdims = false);
// q in 0..1, a scalar or a vector (which comes first in the result). Methods: linear, lower, higher, midpoint, nearest.
Tensor quantile(const Operand& x, const Operand& q, const Axes& axis = {}, const std::string& method = "linear",
                bool keepdims = false);
Tensor percentile(const Operand& x, const Operand& q, const Axes& axis = {}, const std::string& method = "linear",
                  bool keepdims = false);
Tensor nansum(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor nanprod(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor nanmean(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor nanvar(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor nanstd(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor nanmax(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor nanmin(const Operand& x, const Axes& axis = {}, bool keepdims = false);

}  // namespace lamina::ops
