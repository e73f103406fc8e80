#pragma once
// keras.ops.nn: activations, softmax and friends. Shapes are kept unless said otherwise.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor relu(const Operand& x);
Tensor sigmoid(const Operand& x);

}  // namespace lamina::ops
