#pragma once
// Shared by the public ops: promotion and axes.
#include "backends/ops/primitives.h"
#include "backends/ops/public/about.h"
#include "backends/ops/public/public_op.h"

namespace lamina::ops {

// Floating point, as Keras' functions of a real variable take it: integers and bools go to floatx.
DType float_type(std::initializer_list<const Operand*> operands);
inline Tensor as_float(const Operand& x) { return x.as(float_type({&x})); }

struct Pair {
  Tensor a, b;
};
// Both in the dtype that Keras' rules of promotion give (backends/core/promotion); promote_float() is at least the
// global floating dtype.
inline Pair promote(const Operand& a, const Operand& b) {
  DType type = result_type({&a, &b});
  return {a.as(type), b.as(type)};
}
inline Pair promote_float(const Operand& a, const Operand& b) {
  DType type = float_type({&a, &b});
  return {a.as(type), b.as(type)};
}
// All in one dtype, as promote().
Tensors promote_all(const std::vector<Operand>& list);

// A scalar.
inline Tensor constant(double value, DType dtype) { return prim::full({}, value, dtype); }
// Not zero, elementwise.
inline Tensor as_bool(const Operand& x) { return x.as(DType::boolean); }
// Logical kinds of operands of any dtype; boolean.
inline Tensor logical(Binary kind, const Operand& a, const Operand& b) {
  return prim::binary(kind, as_bool(a), as_bool(b));
}
inline Tensor logical_not_of(const Tensor& x) { return prim::unary(Unary::logical_not, x); }
// Comparisons of one dtype; boolean.
inline Tensor compare(Binary kind, const Tensor& a, const Tensor& b) { return prim::binary(kind, a, b); }
inline Tensor compare(Binary kind, const Tensor& a, double b) { return prim::binary(kind, a, constant(b, a.dtype())); }

// A number that counts or addresses something, as an integer. OverflowError naming it if it is none of 64 bits.
int64_t whole_number(double value, const char* name);
// The same of a count: ValueError if it is negative.
int64_t checked_count(int64_t value, const char* name);

// Sorted axes without duplicates; all of them for None. ValueError naming the axis if out of range.
std::vector<int> axes_of(const Axes& axes, int rank);
// The number of elements that a reduction over `axes` folds; 1 where a size is unknown (shape-only tensors).
double count_of(const Shape& shape, const std::vector<int>& axes);
// 0..n-1 along `axis` of a tensor with `rank` axes, 1 elsewhere.
Tensor positions(int rank, int axis, int64_t n, DType dtype);
// Moves `axis` to the end, and back.
Tensor to_last(const Tensor& x, int axis);
Tensor from_last(const Tensor& x, int axis);

// Defines a public op of one tensor: its record and its function.
inline auto unary_op(const char* name, const char* class_path, const char* doc, Tensor (*function)(const Operand&),
                     Doc description) {
  return public_op(name, class_path, doc, function, {{"x", required, about::tensor}}, description);
}
// A public op of two tensors x1 and x2, which takes its doc and example.
inline auto binary_op(const char* name, const char* class_path, const char* doc,
                      Tensor (*function)(const Operand&, const Operand&), Doc description,
                      const char* x1 = about::first, const char* x2 = about::second) {
  return public_op(name, class_path, doc, function, {{"x1", required, x1}, {"x2", required, x2}}, description);
}

// LAMINA_UNARY_OP(exp, "keras.src.ops.numpy.Exp", "e^x.", exp_impl, {.returns = ..., .example = ...})
#define LAMINA_UNARY_OP(NAME, CLASS, ...)                            \
  static const auto NAME##_op = unary_op(#NAME, CLASS, __VA_ARGS__); \
  Tensor NAME(const Operand& x) { return NAME##_op(x); }
#define LAMINA_BINARY_OP(NAME, CLASS, ...)                            \
  static const auto NAME##_op = binary_op(#NAME, CLASS, __VA_ARGS__); \
  Tensor NAME(const Operand& x1, const Operand& x2) { return NAME##_op(x1, x2); }

}  // namespace lamina::ops
