#pragma once
// Stable forms outside of graphs: log(1 + x), log(sigmoid(x)), log(softmax(x)), log(exp(x)) and exp(x) - 1 lose what
// the logarithm or the difference is after, because the inner op rounds. Inside a graph the pass "stability" rewrites
// them (backends/graph/passes/stability.cpp). Where ops run one by one, the inner op notes what it was made of, and the
// outer one starts from there. The note keeps the inner op's input alive as long as its output.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// Notes that `out` was computed as `origin` of `input` (along `axis` for softmax). Returns `out`.
Tensor with_origin(Tensor out, Origin origin, const Tensor& input, int axis = 0);

// log(x), log1p(x) and x - 1 of a floating-point tensor by what it was made of; undefined where nothing is known.
Tensor stable_log(const Tensor& x);
Tensor stable_log1p(const Tensor& x);
Tensor stable_minus_one(const Tensor& x);

}  // namespace lamina::ops
