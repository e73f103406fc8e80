#pragma once
// keras.ops, reductions. `axis` None reduces every axis (to a scalar, or to sizes of 1 with keepdims). Means and
// variances are floating point; sums and products of bools and small integers are 32-bit.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor sum(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor prod(const Operand& x, const Axes& axis = {}, bool keepdims = false, const std::optional<DType>& dtype = {});
Tensor mean(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor var(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor std(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor max(const Operand& x, const Axes& axis = {}, bool keepdims = false, const std::optional<Operand>& initial = {});
Tensor min(const Operand& x, const Axes& axis = {}, bool keepdims = false, const std::optional<Operand>& initial = {});
Tensor amax(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor amin(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor ptp(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor any(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor all(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor count_nonzero(const Operand& x, const Axes& axis = {});
Tensor average(const Operand& x, const Axes& axis = {}, const std::optional<Operand>& weights = {});
Tensor logsumexp(const Operand& x, const Axes& axis = {}, bool keepdims = false);
Tensor argmax(const Operand& x, const std::optional<int>& axis = {}, bool keepdims = false);  // int32
Tensor argmin(const Operand& x, const std::optional<int>& axis = {}, bool keepdims = false);
Tensor cumsum(const Operand& x, const std::optional<int>& axis = {}, const std::optional<DType>& dtype = {});
Tensor cumprod(const Operand& x, const std::optional<int>& axis = {}, const std::optional<DType>& dtype = {});
Tensor median(const Operand& x, const Axes& axis = {}, bool keepdims = false);
// NaN left out.
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
