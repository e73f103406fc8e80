#pragma once
// keras.ops, products of vectors, matrices and tensors, and norms.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor matmul(const Operand& x1, const Operand& x2);  // NumPy's rules: vectors, broadcast leading axes
// The product over the last axis of x1 and the second to last of x2.
Tensor dot(const Operand& x1, const Operand& x2);
// The sum of products of all elements, in order.
Tensor vdot(const Operand& x1, const Operand& x2);
// The product over the last axes of both.
Tensor inner(const Operand& x1, const Operand& x2);
// The products of all pairs of elements: (n, m).
Tensor outer(const Operand& x1, const Operand& x2);
// axes: a number of axes, or the axes of x1 and those of x2.
Tensor tensordot(const Operand& x1, const Operand& x2, const Value& axes = 2);
Tensor einsum(const std::string& subscripts, const std::vector<Operand>& operands);
Tensor kron(const Operand& x1, const Operand& x2);
Tensor cross(const Operand& x1, const Operand& x2, int axisa = -1, int axisb = -1, int axisc = -1,
             const std::optional<int>& axis = {});
// ord: None, a number, 'fro', or (matrices) 1, -1, inf, -inf.
Tensor norm(const Operand& x, const Value& ord = {}, const Axes& axis = {}, bool keepdims = false);
Tensor diff(const Operand& a, int n = 1, int axis = -1);
Tensor cdist(const Operand& x, const Operand& y);  // Euclidean distances between rows

}  // namespace lamina::ops
