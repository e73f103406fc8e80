#include "backends/core/arithmetic.h"

#include "backends/ops/primitives.h"

namespace lamina::arithmetic {

Tensor cast(const Tensor& x, DType to) { return prim::cast(x, to); }
Tensor add(const Tensor& a, const Tensor& b) { return prim::add(a, b); }
Tensor subtract(const Tensor& a, const Tensor& b) { return prim::subtract(a, b); }
Tensor full(const Shape& shape, double value, DType dtype) { return prim::full(shape, value, dtype); }

}  // namespace lamina::arithmetic
