#pragma once
// Factorizations and solutions of dense matrices: (..., m, n), float32 or float64, each matrix of a batch by itself.
// Gradients follow Giles 2008 ("Collected matrix derivative results") and are made of the ops below, so that they have
// gradients too.
#include "backends/core/primitive.h"

namespace lamina {

// The lower triangular L with L L^T = a, of which the lower triangle is read. ValueError when run on a matrix that is
// not positive definite.
class CholeskyOp final : public Primitive {
 public:
  std::string_view name() const override { return "Cholesky"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

// x with A x = b, or A^T x = b, by the lower or the upper triangle of A. a (..., n, n), b (..., n, k).
class TriangularSolveOp final : public Primitive {
 public:
  TriangularSolveOp(bool lower, bool transpose) : lower(lower), transpose(transpose) {}
  std::string_view name() const override { return "TriangularSolve"; }
  void attributes(Attributes& a) const override { a("lower", lower)("transpose", transpose); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool lower, transpose;
};

// x with A x = b, or A^T x = b, by LU with partial pivoting. a (..., n, n), b (..., n, k).
class SolveOp final : public Primitive {
 public:
  explicit SolveOp(bool transpose) : transpose(transpose) {}
  std::string_view name() const override { return "Solve"; }
  void attributes(Attributes& a) const override { a("transpose", transpose); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool transpose;
};

// L below the diagonal (ones on it) and U of P a = L U in one matrix, and for each row the one that it was exchanged
// with (int32), as LAPACK's getrf.
class LuOp final : public Primitive {
 public:
  std::string_view name() const override { return "LU"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
};

// The determinant (...).
class DetOp final : public Primitive {
 public:
  std::string_view name() const override { return "Det"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

// The derivative of the determinant: det(a) inv(a)^T, which singular matrices have too.
class CofactorOp final : public Primitive {
 public:
  std::string_view name() const override { return "Cofactor"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

// The determinant's sign (...) and the logarithm of its size (...).
class SlogdetOp final : public Primitive {
 public:
  std::string_view name() const override { return "Slogdet"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

// Of a symmetric matrix, whose lower triangle is read: eigenvalues (..., n), ascending, and eigenvectors as columns.
class EighOp final : public Primitive {
 public:
  std::string_view name() const override { return "Eigh"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

// a = Q R by Householder reflections: Q (..., m, k), R (..., k, n) with k = min(m, n), or m if complete.
class QrOp final : public Primitive {
 public:
  explicit QrOp(bool complete) : complete(complete) {}
  std::string_view name() const override { return "QR"; }
  void attributes(Attributes& a) const override { a("complete", complete); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool complete;
};

// a = U diag(s) V^T, s (..., min(m, n)) descending: U, s and V^T, square if full; s alone without vectors.
class SvdOp final : public Primitive {
 public:
  SvdOp(bool full, bool vectors) : full(full), vectors(vectors) {}
  std::string_view name() const override { return "SVD"; }
  void attributes(Attributes& a) const override { a("full", full)("vectors", vectors); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const bool full, vectors;
};

namespace prim {
// Primitives over the last two axes, the axes before them a batch; float32 or float64. ValueError for a matrix that
// is not
// square where it must be. Decompositions are LAPACK's; see each class above for its outputs and gradient.
Tensor cholesky(const Tensor& a);
Tensor triangular_solve(const Tensor& a, const Tensor& b, bool lower, bool transpose = false);
Tensor solve(const Tensor& a, const Tensor& b, bool transpose = false);
Tensors lu(const Tensor& a);
Tensor det(const Tensor& a);
Tensors slogdet(const Tensor& a);
Tensors eigh(const Tensor& a);
Tensors qr(const Tensor& a, bool complete = false);
Tensors svd(const Tensor& a, bool full = false, bool vectors = true);
Tensor transposed(const Tensor& a);  // the last two axes exchanged
// 1 on and below the diagonal (above it: 0), or on and above it; `diagonal` stands on it.
Tensor triangle(int64_t n, bool lower, double diagonal, DType dtype);
}  // namespace prim
}  // namespace lamina
