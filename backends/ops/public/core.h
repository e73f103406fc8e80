#pragma once
// keras.ops.core: tensors and their types.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Value shape(const Operand& x);  // a tuple of sizes, None where unknown
int64_t ndim(const Operand& x);
Value size(const Operand& x);  // None where unknown
std::string dtype(const Operand& x);
Tensor cast(const Operand& x, DType dtype);
Tensor saturate_cast(const Operand& x, DType dtype);  // clipped to the range of integer dtypes
Tensor convert_to_tensor(const Operand& x, const std::optional<DType>& dtype = {});
Tensor stop_gradient(const Operand& variable);
bool is_tensor(const Value& x);

}  // namespace lamina::ops
