#pragma once
// keras.ops.unique.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// The values in ascending order, or a tuple of them and of what else is asked for. Without `size` the values of x must
// be there: ValueError in traces.
Value unique(const Operand& x, bool sorted = true, bool return_index = false, bool return_inverse = false,
             bool return_counts = false, const std::optional<int>& axis = {}, const std::optional<int64_t>& size = {},
             const std::optional<Operand>& fill_value = {});

}  // namespace lamina::ops
