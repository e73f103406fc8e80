#pragma once
#include "backends/core/primitive.h"
#include "backends/ops/elementwise/kinds.h"
#include "backends/ops/elementwise/program.h"

namespace lamina {

// A kind of kinds.h on each element.
class UnaryOp final : public Primitive {
 public:
  explicit UnaryOp(Unary kind) : kind(kind) {}
  std::string_view name() const override { return "Unary"; }
  void attributes(Attributes& a) const override { a("kind", name_of(kind)); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Unary kind;
};

// Operands broadcast against each other; dtypes are equal.
class BinaryOp final : public Primitive {
 public:
  explicit BinaryOp(Binary kind) : kind(kind) {}
  std::string_view name() const override { return "Binary"; }
  void attributes(Attributes& a) const override { a("kind", name_of(kind)); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Binary kind;
};

// Inputs: condition (bool), if true, if false; all broadcast.
class WhereOp final : public Primitive {
 public:
  std::string_view name() const override { return "Where"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

// Each element in another dtype: towards zero for integers, to the nearest for floats; integers wrap around.
class CastOp final : public Primitive {
 public:
  explicit CastOp(DType to) : to(to) {}
  std::string_view name() const override { return "Cast"; }
  void attributes(Attributes& a) const override { a("to", to); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override { return {{in[0].shape, to}}; }
  Tensors vjp(const VjpContext&) const override;
  const DType to;
};

namespace prim {

// Elementwise primitives, whose operands have one dtype; shapes broadcast as NumPy's. ValueError for shapes that do
// not.
Tensor unary(Unary kind, const Tensor& x);
Tensor binary(Binary kind, const Tensor& a, const Tensor& b);
// Elements of `a` where the boolean `condition` holds, else of `b`; the three broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor cast(const Tensor& x, DType to);  // x itself if it has that dtype
// The gradient of a broadcast: sums x down to `shape`.
Tensor sum_to(const Tensor& x, const Shape& shape);

// Short names of common kinds.
inline Tensor add(const Tensor& a, const Tensor& b) { return binary(Binary::add, a, b); }
inline Tensor subtract(const Tensor& a, const Tensor& b) { return binary(Binary::subtract, a, b); }
inline Tensor multiply(const Tensor& a, const Tensor& b) { return binary(Binary::multiply, a, b); }
inline Tensor divide(const Tensor& a, const Tensor& b) { return binary(Binary::divide, a, b); }
inline Tensor power(const Tensor& a, const Tensor& b) { return binary(Binary::power, a, b); }
inline Tensor maximum(const Tensor& a, const Tensor& b) { return binary(Binary::maximum, a, b); }
inline Tensor minimum(const Tensor& a, const Tensor& b) { return binary(Binary::minimum, a, b); }
inline Tensor negative(const Tensor& x) { return unary(Unary::negative, x); }
inline Tensor exp(const Tensor& x) { return unary(Unary::exp, x); }
inline Tensor log(const Tensor& x) { return unary(Unary::log, x); }
inline Tensor sqrt(const Tensor& x) { return unary(Unary::sqrt, x); }
inline Tensor square(const Tensor& x) { return unary(Unary::square, x); }
// With a constant of x's dtype.
Tensor add(const Tensor& x, double c);
Tensor multiply(const Tensor& x, double c);
Tensor rsub(double c, const Tensor& x);  // c - x

}  // namespace prim
}  // namespace lamina
