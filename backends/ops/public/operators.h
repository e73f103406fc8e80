#pragma once
// Arithmetic on tensors with operators: h * w + b. Each is the public op, so that symbolic tensors work too.
#include "backends/ops/public/numpy_elementwise.h"

namespace lamina {

inline Tensor operator+(const Tensor& a, const Tensor& b) { return ops::add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return ops::subtract(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return ops::multiply(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return ops::divide(a, b); }
inline Tensor operator+(const Tensor& a, double b) { return ops::add(a, b); }
inline Tensor operator-(const Tensor& a, double b) { return ops::subtract(a, b); }
inline Tensor operator*(const Tensor& a, double b) { return ops::multiply(a, b); }
inline Tensor operator/(const Tensor& a, double b) { return ops::divide(a, b); }
inline Tensor operator+(double a, const Tensor& b) { return ops::add(a, b); }
inline Tensor operator-(double a, const Tensor& b) { return ops::subtract(a, b); }
inline Tensor operator*(double a, const Tensor& b) { return ops::multiply(a, b); }
inline Tensor operator/(double a, const Tensor& b) { return ops::divide(a, b); }
inline Tensor operator-(const Tensor& x) { return ops::negative(x); }

}  // namespace lamina
