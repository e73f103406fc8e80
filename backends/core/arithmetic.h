#pragma once
// The little arithmetic that variables and gradients need. The ops stand above this room and define it
// (backends/ops/arithmetic.cpp), so that nothing here knows them.
#include "backends/core/tensor.h"

namespace lamina::arithmetic {

Tensor cast(const Tensor& x, DType to);             // x itself if it has that dtype
Tensor add(const Tensor& a, const Tensor& b);       // of one dtype and shape
Tensor subtract(const Tensor& a, const Tensor& b);  // likewise
// Further operations that operators and autodiff need before any op is known; ops/ defines them.
Tensor full(const Shape& shape, double value, DType dtype);

}  // namespace lamina::arithmetic
