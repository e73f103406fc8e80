#pragma once
// keras.ops.linalg: matrices are the last two axes (..., m, n); leading axes are batches. Integers go to floatx,
// float16 and bfloat16 compute in float32. ValueError for other ranks and sizes, UnsupportedError for gradients that do
// not exist.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor cholesky(const Operand& x, bool upper = false);          // L of x = L L^T, or its transpose
Tensor cholesky_inverse(const Operand& x, bool upper = false);  // of the matrix whose Cholesky factor x is
Tensor det(const Operand& x);                                   // (...)
Tensors slogdet(const Operand& x);                              // sign (...), log|det| (...)
Tensor logdet(const Operand& x);                                // of positive definite matrices: log|det| (...)
Tensors eigh(const Operand& x);                                 // values (..., n) ascending, vectors as columns
// The inverse of square matrices.
Tensor inv(const Operand& x);
Tensors lu_factor(const Operand& x);  // L and U in one (..., n, n), exchanged rows (..., n) int32
Tensors qr(const Operand& x, const std::string& mode = "reduced");  // Q, R; mode "reduced" or "complete"
Tensor solve(const Operand& a, const Operand& b);                   // x with a x = b; b (..., n, k) or (n)
// x with a x = b, for triangular matrices a.
Tensor solve_triangular(const Operand& a, const Operand& b, bool lower = false);
Value svd(const Operand& x, bool full_matrices = true, bool compute_uv = true);  // (U, s, V^T), or s
// x with the least |a x - b|; singular values below rcond times the largest count as 0.
Tensor lstsq(const Operand& a, const Operand& b, const std::optional<double>& rcond = {});
Tensor pinv(const Operand& x, const std::optional<double>& rcond = {});       // the Moore-Penrose inverse
Tensor matrix_rank(const Operand& x, const std::optional<double>& tol = {});  // int32 (...)

}  // namespace lamina::ops
