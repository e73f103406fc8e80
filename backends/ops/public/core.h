#pragma once
// keras.ops.core: tensors and their types.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Value shape(const Operand& x);  // a tuple of sizes, None where unknown
// The number of axes.
int64_t ndim(const Operand& x);
Value size(const Operand& x);  // None where unknown
std::string dtype(const Operand& x);
// x converted to another dtype; floats lose their fraction on the way to integers.
Tensor cast(const Operand& x, DType dtype);
Tensor saturate_cast(const Operand& x, DType dtype);  // clipped to the range of integer dtypes
// x (a number, nested lists of numbers, or a tensor) as a tensor of the given dtype.
Tensor convert_to_tensor(const Operand& x, const std::optional<DType>& dtype = {});
// x itself, through which no gradient flows.
Tensor stop_gradient(const Operand& variable);
// Whether x is a tensor with values (or in a traced function); not a KerasTensor, not an array.
bool is_tensor(const Value& x);

}  // namespace lamina::ops
