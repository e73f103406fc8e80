#include "backends/ops/public/linalg.h"
#include "backends/ops/public/about.h"

#include <limits>

#include "backends/ops/linalg/linalg.h"
#include "backends/ops/public/support.h"
#include "backends/ops/public/tensor_tuple.h"

namespace lamina::ops {

namespace {

using namespace prim;

#define LINALG "keras.src.ops.linalg."

DType working(DType dtype) { return dtype == DType::float64 ? DType::float64 : DType::float32; }
double epsilon_of(DType dtype) {
  return dtype == DType::float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
}

// A matrix in the dtype that it is computed in, and results in its own.
struct Wide {
  explicit Wide(const Operand& given) : dtype(float_type({&given})), x(given.as(working(dtype))) {
    if (x.rank() < 2) throw ValueError("Expected input to have rank >= 2. Received input with shape ", x.shape(), ".");
  }
  Tensor narrow(const Tensor& t) const { return is_float(t.dtype()) ? cast(t, dtype) : t; }
  Tensors narrow(Tensors list) const {
    for (Tensor& t : list) t = narrow(t);
    return list;
  }
  void expect_square() const {
    const int64_t m = x.shape()[x.rank() - 2], n = x.shape().back();
    if (m >= 0 && n >= 0 && m != n)
      throw ValueError("Expected a square matrix. Received non-square input with shape ", x.shape(), ".");
  }
  DType dtype;
  Tensor x;
};

Shape batch_of(const Shape& s) {
  Shape out;
  for (int i = 0; i < s.rank() - 2; ++i) out.push_back(s[i]);
  return out;
}
// The same number of batches for both: leading axes broadcast.
void share_batches(Tensor& a, Tensor& b) {
  if (batch_of(a.shape()) == batch_of(b.shape()) || !a.shape().known() || !b.shape().known()) return;
  const Shape batch = broadcast_shapes(batch_of(a.shape()), batch_of(b.shape()));
  for (Tensor* t : {&a, &b}) {
    Shape wide = batch;
    wide.push_back(t->shape()[t->rank() - 2]);
    wide.push_back(t->shape().back());
    *t = broadcast_to(*t, wide);
  }
}
Tensor identity(int64_t n, DType dtype) { return subtract(triangle(n, true, 1, dtype), triangle(n, true, 0, dtype)); }
Tensor eye_like(const Tensor& x) { return broadcast_to(identity(x.shape().back(), x.dtype()), x.shape()); }

Tensor cholesky_impl(const Operand& x, bool upper) {
  const Wide w(x);
  w.expect_square();
  if (!w.x.shape().known()) return Tensor::spec_only(w.x.shape(), w.dtype);
  const Tensor l = prim::cholesky(multiply(add(w.x, transposed(w.x)), 0.5));
  return w.narrow(upper ? transposed(l) : l);
}
const auto cholesky_op =
    public_op("cholesky", LINALG "Cholesky", "The lower triangular L with L L^T = x, or with `upper` its transpose.",
              cholesky_impl,
              {{"x", required, "A symmetric positive definite matrix (..., n, n), or a batch of them."},
               {"upper", false, "Whether to give the upper factor instead."}},
              {.returns = "A tensor (..., n, n).",
               .raises = "ValueError: if a matrix is not positive definite, or not square.",
               .example = R"py(
>>> keras.ops.cholesky([[4.0, 2.0], [2.0, 5.0]])
<Tensor shape=(2, 2), dtype=float32, values=[[2. 0.]
 [1. 2.]]>)py"});

Tensor cholesky_inverse_impl(const Operand& x, bool upper) {
  const Wide w(x);
  w.expect_square();
  if (!w.x.shape().known()) return Tensor::spec_only(w.x.shape(), w.dtype);
  const Tensor i = triangular_solve(w.x, eye_like(w.x), !upper);
  return w.narrow(upper ? matmul(i, i, false, true) : matmul(i, i, true));
}
const auto cholesky_inverse_op = public_op(
    "cholesky_inverse", LINALG "CholeskyInverse", "The inverse of the matrix whose Cholesky factor x is.",
    cholesky_inverse_impl,
    {{"x", required, "A factor as cholesky() gives it."}, {"upper", false, "Whether it is the upper one."}},
    {.returns = "A tensor (..., n, n).", .raises = "ValueError: if the matrices are not square.", .example = R"py(
>>> keras.ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]])
<Tensor shape=(2, 2), dtype=float32, values=[[0.25 0.  ]
 [0.   1.  ]]>)py"});

Tensor det_impl(const Operand& x) {
  const Wide w(x);
  return w.narrow(prim::det(w.x));
}
const auto det_op = public_op(
    "det", LINALG "Det", "The determinant of square matrices.", det_impl,
    {{"x", required, "A matrix (..., n, n) or a batch of them."}},
    {.returns = "A number per matrix.", .raises = "ValueError: if the matrices are not square.", .example = R"py(
>>> keras.ops.det([[2.0, 1.0], [0.0, 3.0]])
<Tensor shape=(), dtype=float32, values=6.0>)py"});

TensorTuple slogdet_impl(const Operand& x) {
  const Wide w(x);
  return w.narrow(prim::slogdet(w.x));
}
const auto slogdet_op = public_op("slogdet", "keras.src.ops.numpy.Slogdet",
                                  "The determinant of square matrices as its sign and the logarithm of its size.",
                                  slogdet_impl, {{"x", required, "A matrix (..., n, n) or a batch of them."}},
                                  {.returns = "(sign, logarithm), a number of each per matrix.",
                                   .raises = "ValueError: if the matrices are not square.",
                                   .example = R"py(
>>> sign, size = keras.ops.slogdet([[-1.0, 0.0], [0.0, 1.0]])
>>> sign
<Tensor shape=(), dtype=float32, values=-1.0>)py"});

Tensor logdet_impl(const Operand& x) {
  const Wide w(x);
  return w.narrow(prim::slogdet(w.x)[1]);
}
const auto logdet_op = public_op(
    "logdet", "keras.src.ops.math.Logdet", "The logarithm of the determinant of positive definite matrices.",
    logdet_impl, {{"x", required, "A positive definite matrix (..., n, n), or a batch of them."}},
    {.returns = "A number per matrix.", .raises = "ValueError: if the matrices are not square.", .example = R"py(
>>> keras.ops.logdet([[1.0, 0.0], [0.0, 1.0]])
<Tensor shape=(), dtype=float32, values=0.0>)py"});

TensorTuple eigh_impl(const Operand& x) {
  const Wide w(x);
  w.expect_square();
  if (!w.x.shape().known()) return w.narrow(prim::eigh(w.x));
  return w.narrow(prim::eigh(multiply(add(w.x, transposed(w.x)), 0.5)));
}
const auto eigh_op = public_op("eigh", LINALG "Eigh",
                               "The eigenvalues, ascending, and the eigenvectors (as columns) of symmetric matrices.",
                               eigh_impl, {{"x", required, "A symmetric matrix (..., n, n), or a batch of them."}},
                               {.returns = "(values (..., n), vectors (..., n, n)).",
                                .raises = "ValueError: if the matrices are not square.",
                                .example = R"py(
>>> keras.ops.eigh([[3.0, 0.0], [0.0, 1.0]])[0]
<Tensor shape=(2,), dtype=float32, values=[1. 3.]>)py"});

Tensor inv_impl(const Operand& x) {
  const Wide w(x);
  w.expect_square();
  if (!w.x.shape().known()) return Tensor::spec_only(w.x.shape(), w.dtype);
  return w.narrow(prim::solve(w.x, eye_like(w.x)));
}
const auto inv_op = public_op(
    "inv", LINALG "Inv", "The inverse of square matrices.", inv_impl,
    {{"x", required, "A matrix (..., n, n) or a batch of them."}},
    {.returns = "A tensor (..., n, n).", .raises = "ValueError: if the matrices are not square.", .example = R"py(
>>> keras.ops.inv([[2.0, 0.0], [0.0, 4.0]])
<Tensor shape=(2, 2), dtype=float32, values=[[0.5  0.  ]
 [0.   0.25]]>)py"});

TensorTuple lu_factor_impl(const Operand& x) {
  const Wide w(x);
  return w.narrow(prim::lu(w.x));
}
const auto lu_factor_op =
    public_op("lu_factor", LINALG "LuFactor",
              "The factors of square matrices in one (L below the diagonal, U from it on), and the exchanged rows.",
              lu_factor_impl, {{"x", required, "A matrix (..., n, n) or a batch of them."}},
              {.returns = "(factors (..., n, n), exchanged rows (..., n) of int32).",
               .raises = "ValueError: if the matrices are not square.",
               .example = R"py(
>>> keras.ops.lu_factor([[2.0, 1.0], [1.0, 3.0]])[0]
<Tensor shape=(2, 2), dtype=float32, values=[[2.  1. ]
 [0.5 2.5]]>)py"});

TensorTuple qr_impl(const Operand& x, const std::string& mode) {
  if (mode != "reduced" && mode != "complete")
    throw ValueError("`mode` argument value not supported. Expected one of {'reduced', 'complete'}. Received: mode=",
                     mode);
  const Wide w(x);
  return w.narrow(prim::qr(w.x, mode == "complete"));
}
const auto qr_op = public_op(
    "qr", LINALG "Qr", "Q with orthonormal columns and the upper triangular R of x = Q R.", qr_impl,
    {{"x", required, "A matrix (..., m, n) or a batch of them."},
     {"mode", "reduced", "\"reduced\" gives min(m, n) columns of Q, \"complete\" m."}},
    {.returns = "(Q, R).",
     .raises = "ValueError: for another mode.\nNotImplementedError: for the gradient with fewer rows than columns.",
     .example = R"py(
>>> q, r = keras.ops.qr(keras.ops.ones((4, 2)))
>>> q.shape, r.shape
((4, 2), (2, 2)))py"});

struct Pair2 {
  Tensor a, b;
  DType dtype;
  bool vector;
};
// A system's two sides in one dtype and with the same batches; a right side of one axis as a column.
Pair2 system(const Operand& given_a, const Operand& given_b) {
  const DType dtype = float_type({&given_a, &given_b});
  Tensor a = given_a.as(working(dtype)), b = given_b.as(working(dtype));
  if (a.rank() < 2) throw ValueError("Expected input to have rank >= 2. Received input with shape ", a.shape(), ".");
  if (b.rank() < 1) throw ValueError("Expected `b` to have rank >= 1. Received input with shape ", b.shape(), ".");
  const bool vector =
      b.rank() == 1 || (b.rank() == a.rank() - 1 && b.shape().known() && a.shape().known() &&
                        b.shape()[b.rank() - 2] != a.shape().back() && b.shape().back() == a.shape().back());
  if (vector) b = expand_dims(b, b.rank());
  share_batches(a, b);
  return {a, b, dtype, vector};
}
Tensor finished(const Pair2& s, const Tensor& x) {
  if (!s.vector) return cast(x, s.dtype);
  Shape shape = x.shape();
  shape.erase(shape.rank() - 1);
  return x.shape().known() ? cast(reshape(x, shape), s.dtype) : Tensor::spec_only(shape, s.dtype);
}

Tensor solve_impl(const Operand& a, const Operand& b) {
  const Pair2 s = system(a, b);
  return finished(s, prim::solve(s.a, s.b));
}
const auto solve_op = public_op(
    "solve", LINALG "Solve", "x with a x = b, for square matrices a.", solve_impl,
    {{"a", required, "A matrix (..., n, n) or a batch of them."}, {"b", required, "(..., n, k), or a vector (n)."}},
    {.returns = "A tensor of the shape of `b`.",
     .raises = "ValueError: if `a` is not square, or the sizes differ.",
     .example = R"py(
>>> keras.ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[1.  0.5]>)py"});

Tensor solve_triangular_impl(const Operand& a, const Operand& b, bool lower) {
  const Pair2 s = system(a, b);
  return finished(s, triangular_solve(s.a, s.b, lower));
}
const auto solve_triangular_op = public_op("solve_triangular", LINALG "SolveTriangular",
                                           "x with a x = b, for triangular matrices a.", solve_triangular_impl,
                                           {{"a", required, "A triangular matrix (..., n, n), or a batch of them."},
                                            {"b", required, "(..., n, k), or a vector (n)."},
                                            {"lower", false, "Whether `a` is a lower one."}},
                                           {.returns = "A tensor of the shape of `b`.",
                                            .raises = "ValueError: if `a` is not square, or the sizes differ.",
                                            .example = R"py(
>>> keras.ops.solve_triangular([[2.0, 0.0], [2.0, 1.0]], [2.0, 3.0], lower=True)
<Tensor shape=(2,), dtype=float32, values=[1. 1.]>)py"});

Value svd_impl(const Operand& x, bool full_matrices, bool compute_uv) {
  const Wide w(x);
  const Tensors out = w.narrow(prim::svd(w.x, full_matrices, compute_uv));
  if (!compute_uv) return Value(out[0]);
  return Value::tuple({Value(out[0]), Value(out[1]), Value(out[2])});
}
const auto svd_op =
    public_op("svd", LINALG "SVD",
              "U, s and V^T of x = U diag(s) V^T, with s descending; s alone without `compute_uv`.", svd_impl,
              {{"x", required, "A matrix (..., m, n) or a batch of them."},
               {"full_matrices", true, "Whether U and V^T are square."},
               {"compute_uv", true, "Whether to give them at all."}},
              {.returns = "(U, s, V^T), or s.",
               .raises = "NotImplementedError: for the gradient of square U and V^T of a matrix that is not square.",
               .example = R"py(
>>> keras.ops.svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False)
<Tensor shape=(2,), dtype=float32, values=[4. 3.]>)py"});

// 1 / s where s > cutoff, else 0; cutoff (..., 1).
Tensor inverted(const Tensor& s, const Tensor& cutoff) {
  const Tensor kept = compare(Binary::greater, s, cutoff), one = constant(1, s.dtype());
  return where(kept, divide(one, where(kept, s, one)), constant(0, s.dtype()));
}
Tensor largest(const Tensor& s) { return slice_axis(s, s.rank() - 1, 0, 1); }

Tensor pinv_impl(const Operand& x, const std::optional<double>& rcond) {
  const Wide w(x);
  const int64_t m = w.x.shape()[w.x.rank() - 2], n = w.x.shape().back();
  Shape out = batch_of(w.x.shape());
  out.push_back(n), out.push_back(m);
  if (!w.x.shape().known()) return Tensor::spec_only(out, w.dtype);
  if (m == 0 || n == 0) return full(out, 0, w.dtype);
  const Tensors f = prim::svd(w.x);
  const double share = rcond.value_or(10.0 * static_cast<double>(std::max(m, n)) * epsilon_of(w.x.dtype()));
  const Tensor s = inverted(f[1], multiply(largest(f[1]), share));
  return w.narrow(matmul(multiply(transposed(f[2]), expand_dims(s, s.rank() - 1)), f[0], false, true));
}
const auto pinv_op =
    public_op("pinv", LINALG "Pinv",
              "The Moore-Penrose inverse; singular values up to rcond times the largest count as 0.", pinv_impl,
              {{"x", required, "A matrix (..., m, n) or a batch of them."},
               {"rcond", Value(),
                "The share of the largest singular value up to which others count as 0; None follows from the dtype."}},
              {.returns = "A tensor (..., n, m).", .raises = "ValueError: for other ranks.", .example = R"py(
>>> keras.ops.pinv([[2.0], [0.0]])
<Tensor shape=(1, 2), dtype=float32, values=[[0.5 0. ]]>)py"});

Tensor matrix_rank_impl(const Operand& x, const std::optional<double>& tol) {
  const Wide w(x);
  const int64_t m = w.x.shape()[w.x.rank() - 2], n = w.x.shape().back();
  if (!w.x.shape().known()) return Tensor::spec_only(batch_of(w.x.shape()), DType::int32);
  if (m == 0 || n == 0) return full(batch_of(w.x.shape()), 0, DType::int32);
  const Tensor s = prim::svd(w.x, false, false)[0];
  const Tensor cutoff = tol ? constant(*tol, s.dtype())
                            : multiply(largest(s), static_cast<double>(std::max(m, n)) * epsilon_of(s.dtype()));
  return reduce(Reduce::sum, cast(compare(Binary::greater, s, cutoff), DType::int32), {s.rank() - 1}, false);
}
const auto matrix_rank_op = public_op(
    "matrix_rank", LINALG "MatrixRank", "The number of singular values above `tol`.", matrix_rank_impl,
    {{"x", required, "A matrix (..., m, n) or a batch of them."},
     {"tol", Value(), "The value above which singular values count; None follows from the largest and the dtype."}},
    {.returns = "An int32 per matrix.", .raises = "ValueError: for other ranks.", .example = R"py(
>>> keras.ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
<Tensor shape=(), dtype=int32, values=1>)py"});

Tensor lstsq_impl(const Operand& given_a, const Operand& given_b, const std::optional<double>& rcond) {
  const DType dtype = float_type({&given_a, &given_b});
  const Tensor a = given_a.as(working(dtype));
  Tensor b = given_b.as(working(dtype));
  if (a.rank() != 2) throw ValueError("Expected input to have rank == 2. Received input with shape ", a.shape(), ".");
  if (b.rank() != 1 && b.rank() != 2)
    throw ValueError("Expected `b` to have rank 1 or 2. Received input with shape ", b.shape(), ".");
  const int64_t m = a.shape()[0], n = a.shape()[1];
  if (m >= 0 && b.shape()[0] >= 0 && m != b.shape()[0])
    throw ValueError("Leading dimensions of input arrays must match. Received: a.shape=", a.shape(),
                     ", b.shape=", b.shape());
  Shape out = {n};
  if (b.rank() == 2) out.push_back(b.shape()[1]);
  if (!a.shape().known() || !b.shape().known()) return Tensor::spec_only(out, dtype);
  if (m == 0 || n == 0) return full(out, 0, dtype);
  if (b.rank() == 1) b = expand_dims(b, 1);
  const Tensors f = prim::svd(a);
  double share = rcond.value_or(epsilon_of(a.dtype()) * static_cast<double>(std::max(m, n)));
  if (share < 0) share = epsilon_of(a.dtype());
  const Tensor kept = compare(Binary::greater_equal, f[1], multiply(largest(f[1]), share)),
               one = constant(1, a.dtype());
  const Tensor s = where(kept, divide(one, where(kept, f[1], one)), constant(0, a.dtype()));
  const Tensor x = matmul(f[2], multiply(expand_dims(s, 1), matmul(f[0], b, true)), true);
  return cast(reshape(x, out), dtype);
}
const auto lstsq_op =
    public_op("lstsq", LINALG "Lstsq",
              "x with the least |a x - b|; singular values below rcond times the largest count as 0.", lstsq_impl,
              {{"a", required, "A matrix (m, n)."},
               {"b", required, "(m, k), or a vector (m)."},
               {"rcond", Value(),
                "The share of the largest singular value below which others count as 0; None follows from the dtype."}},
              {.returns = "A tensor (n, k), or (n).",
               .raises = "ValueError: for other ranks, and if the sizes differ.",
               .example = R"py(
>>> keras.ops.lstsq([[1.0], [1.0]], [1.0, 3.0]).shape
(1,))py"});

}  // namespace

Tensor cholesky(const Operand& x, bool upper) { return cholesky_op(x, upper); }
Tensor cholesky_inverse(const Operand& x, bool upper) { return cholesky_inverse_op(x, upper); }
Tensor det(const Operand& x) { return det_op(x); }
Tensors slogdet(const Operand& x) { return slogdet_op(x); }
Tensor logdet(const Operand& x) { return logdet_op(x); }
Tensors eigh(const Operand& x) { return eigh_op(x); }
Tensor inv(const Operand& x) { return inv_op(x); }
Tensors lu_factor(const Operand& x) { return lu_factor_op(x); }
Tensors qr(const Operand& x, const std::string& mode) { return qr_op(x, mode); }
Tensor solve(const Operand& a, const Operand& b) { return solve_op(a, b); }
Tensor solve_triangular(const Operand& a, const Operand& b, bool lower) { return solve_triangular_op(a, b, lower); }
Value svd(const Operand& x, bool full_matrices, bool compute_uv) { return svd_op(x, full_matrices, compute_uv); }
Tensor lstsq(const Operand& a, const Operand& b, const std::optional<double>& rcond) { return lstsq_op(a, b, rcond); }
Tensor pinv(const Operand& x, const std::optional<double>& rcond) { return pinv_op(x, rcond); }
Tensor matrix_rank(const Operand& x, const std::optional<double>& tol) { return matrix_rank_op(x, tol); }

}  // namespace lamina::ops
