#include "backends/ops/public/nn.h"

#include "backends/ops/primitives.h"
#include "backends/ops/public/public_op.h"

namespace lamina::ops {

namespace {

// Activations work in floating point: integers and bools go to floatx.
Tensor as_float(const Operand& x) {
  Operand zero(0.0);
  return x.as(is_float(x.dtype()) ? x.dtype() : result_type({&x, &zero}));
}

Tensor relu_impl(const Operand& x) { return prim::unary(Unary::relu, x.value()); }
const auto relu_op = public_op("relu", "keras.src.ops.nn.Relu", "Rectified linear unit: max(x, 0).", relu_impl, {"x"});

Tensor sigmoid_impl(const Operand& x) { return prim::unary(Unary::sigmoid, as_float(x)); }
const auto sigmoid_op = public_op("sigmoid", "keras.src.ops.nn.Sigmoid", "Logistic function: 1 / (1 + exp(-x)).", sigmoid_impl, {"x"});

}  // namespace

Tensor relu(const Operand& x) { return relu_op(x); }
Tensor sigmoid(const Operand& x) { return sigmoid_op(x); }

}  // namespace lamina::ops
