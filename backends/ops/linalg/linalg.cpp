#include "backends/ops/linalg/linalg.h"

#include "backends/ops/primitives.h"

namespace lamina {

namespace {

void check_matrix(const TensorSpec& x, bool square) {
  if (x.dtype != DType::float32 && x.dtype != DType::float64)
    throw TypeError("takes float32 or float64, received ", x.dtype, ".");
  if (x.shape.rank() < 2)
    throw ValueError("Expected input to have rank >= 2. Received input with shape ", x.shape, ".");
  const int64_t m = x.shape[x.shape.rank() - 2], n = x.shape.back();
  if (square && m >= 0 && n >= 0 && m != n)
    throw ValueError("Expected a square matrix. Received non-square input with shape ", x.shape, ".");
}
Shape batch_of(const Shape& s) {
  Shape out;
  for (int i = 0; i < s.rank() - 2; ++i) out.push_back(s[i]);
  return out;
}
TensorSpec with(const TensorSpec& x, std::initializer_list<int64_t> sizes, DType dtype) {
  Shape out = batch_of(x.shape);
  for (int64_t n : sizes) out.push_back(n);
  return {out, dtype};
}
int64_t smaller(int64_t m, int64_t n) { return m < 0 || n < 0 ? Shape::kUnknown : std::min(m, n); }
int64_t rows_of(const Shape& s) { return s[s.rank() - 2]; }

std::vector<TensorSpec> infer_solution(std::span<const TensorSpec> in) {
  check_matrix(in[0], true);
  check_matrix(in[1], false);
  if (in[0].dtype != in[1].dtype)
    throw TypeError("takes two matrices of one dtype, received ", in[0].dtype, " and ", in[1].dtype, ".");
  const Shape &a = in[0].shape, &b = in[1].shape;
  if (!compatible(batch_of(a), batch_of(b)) || (a.back() >= 0 && rows_of(b) >= 0 && a.back() != rows_of(b)))
    throw ValueError(
        "Incompatible shapes between `a` and `b`. Expected `a.shape[-2] == b.shape[-2]`. Received: a.shape=", a,
        ", b.shape=", b);
  return {in[1]};
}

}  // namespace

std::vector<TensorSpec> CholeskyOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], true);
  return {in[0]};
}
std::vector<TensorSpec> TriangularSolveOp::infer(std::span<const TensorSpec> in) const { return infer_solution(in); }
std::vector<TensorSpec> SolveOp::infer(std::span<const TensorSpec> in) const { return infer_solution(in); }
std::vector<TensorSpec> LuOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], true);
  return {in[0], with(in[0], {in[0].shape.back()}, DType::int32)};
}
std::vector<TensorSpec> DetOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], true);
  return {{batch_of(in[0].shape), in[0].dtype}};
}
std::vector<TensorSpec> CofactorOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], true);
  return {in[0]};
}
std::vector<TensorSpec> SlogdetOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], true);
  const TensorSpec out{batch_of(in[0].shape), in[0].dtype};
  return {out, out};
}
std::vector<TensorSpec> EighOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], true);
  return {with(in[0], {in[0].shape.back()}, in[0].dtype), in[0]};
}
std::vector<TensorSpec> QrOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], false);
  const int64_t m = rows_of(in[0].shape), n = in[0].shape.back(), k = complete ? m : smaller(m, n);
  return {with(in[0], {m, k}, in[0].dtype), with(in[0], {k, n}, in[0].dtype)};
}
std::vector<TensorSpec> SvdOp::infer(std::span<const TensorSpec> in) const {
  check_matrix(in[0], false);
  const int64_t m = rows_of(in[0].shape), n = in[0].shape.back(), k = smaller(m, n);
  const DType dtype = in[0].dtype;
  if (!vectors) return {with(in[0], {k}, dtype)};
  return {with(in[0], {m, full ? m : k}, dtype), with(in[0], {k}, dtype), with(in[0], {full ? n : k, n}, dtype)};
}

using namespace prim;

namespace prim {

Tensor transposed(const Tensor& a) {
  std::vector<int> axes;
  for (int i = 0; i < a.rank(); ++i) axes.push_back(i);
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return transpose(a, axes);
}

Tensor triangle(int64_t n, bool lower, double diagonal, DType dtype) {
  const Tensor row = reshape(iota(n, DType::int32), {n, 1}), column = reshape(iota(n, DType::int32), {1, n});
  const Tensor side = cast(binary(lower ? Binary::greater : Binary::less, row, column), dtype);
  return add(side, multiply(cast(binary(Binary::equal, row, column), dtype), diagonal));
}

Tensor cholesky(const Tensor& a) { return apply1(make_op<CholeskyOp>(), {a}); }
Tensor triangular_solve(const Tensor& a, const Tensor& b, bool lower, bool transpose) {
  return apply1(make_op<TriangularSolveOp>(lower, transpose), {a, b});
}
Tensor solve(const Tensor& a, const Tensor& b, bool transpose) { return apply1(make_op<SolveOp>(transpose), {a, b}); }
Tensors lu(const Tensor& a) { return apply(make_op<LuOp>(), {a}); }
Tensor det(const Tensor& a) { return apply1(make_op<DetOp>(), {a}); }
Tensors slogdet(const Tensor& a) { return apply(make_op<SlogdetOp>(), {a}); }
Tensors eigh(const Tensor& a) { return apply(make_op<EighOp>(), {a}); }
Tensors qr(const Tensor& a, bool complete) { return apply(make_op<QrOp>(complete), {a}); }
Tensors svd(const Tensor& a, bool full, bool vectors) { return apply(make_op<SvdOp>(full, vectors), {a}); }

}  // namespace prim

namespace {

Tensor identity_like(const Tensor& a) {
  const int64_t n = a.shape().back();
  return broadcast_to(subtract(triangle(n, true, 1, a.dtype()), triangle(n, true, 0, a.dtype())), a.shape());
}
Tensor matrix(const Tensor& t) { return expand_dims(expand_dims(t, t.rank()), t.rank() + 1); }  // (...) -> (..., 1, 1)
Tensor row(const Tensor& v) { return expand_dims(v, v.rank() - 1); }  // (..., n) -> (..., 1, n)
Tensor column(const Tensor& v) { return expand_dims(v, v.rank()); }   // (..., n) -> (..., n, 1)
Tensor sum_matrix(const Tensor& a) { return reduce(Reduce::sum, a, {a.rank() - 2, a.rank() - 1}, false); }
Tensor symmetric(const Tensor& a) { return multiply(add(a, transposed(a)), 0.5); }
Tensor plus(const Tensor& a, const Tensor& b) { return !a.defined() ? b : !b.defined() ? a : add(a, b); }
Tensor zeros_like(const Tensor& a) { return full(a.shape(), 0, a.dtype()); }

// 1 / (v_j - v_i) off the diagonal, 0 on it and where two are equal.
Tensor gaps(const Tensor& v) {
  const Tensor gap = subtract(row(v), column(v)), zero = full({}, 0, v.dtype());
  const Tensor same = binary(Binary::equal, gap, zero);
  return where(same, zero, divide(full({}, 1, v.dtype()), where(same, full({}, 1, v.dtype()), gap)));
}

}  // namespace

Tensors CholeskyOp::vjp(const VjpContext& c) const {
  const Tensor &l = c.outputs[0], &g = c.grads[0];
  const Tensor p = multiply(matmul(l, g, true), triangle(l.shape().back(), true, 0.5, l.dtype()));
  const Tensor left = triangular_solve(l, p, true, true);                             // L^-T P
  return {symmetric(transposed(triangular_solve(l, transposed(left), true, true)))};  // ... L^-1
}

Tensors TriangularSolveOp::vjp(const VjpContext& c) const {
  const Tensor &a = c.inputs[0], &x = c.outputs[0];
  const Tensor gb = triangular_solve(a, c.grads[0], lower, !transpose);
  Tensor ga;
  if (c.needed[0]) {
    const Tensor whole = transpose ? matmul(x, gb, false, true) : matmul(gb, x, false, true);
    ga = negative(multiply(whole, triangle(a.shape().back(), lower, 1, a.dtype())));
  }
  return {ga, gb};
}

Tensors SolveOp::vjp(const VjpContext& c) const {
  const Tensor &a = c.inputs[0], &x = c.outputs[0];
  const Tensor gb = solve(a, c.grads[0], !transpose);
  Tensor ga;
  if (c.needed[0]) ga = negative(transpose ? matmul(x, gb, false, true) : matmul(gb, x, false, true));
  return {ga, gb};
}

Tensors DetOp::vjp(const VjpContext& c) const {
  return {multiply(matrix(c.grads[0]), apply1(make_op<CofactorOp>(), {c.inputs[0]}))};
}

// d (det(a) a^-T) for regular matrices: with B = a^-T, det (tr(H^T B) B - B H^T B).
Tensors CofactorOp::vjp(const VjpContext& c) const {
  const Tensor &a = c.inputs[0], &h = c.grads[0];
  const Tensor b = solve(a, identity_like(a), true);
  const Tensor trace = matrix(sum_matrix(multiply(h, b)));
  const Tensor inner = subtract(multiply(trace, b), matmul(b, matmul(h, b, true)));
  return {multiply(matrix(det(a)), inner)};
}

Tensors SlogdetOp::vjp(const VjpContext& c) const {
  if (!c.grads[1].defined()) return {Tensor()};
  const Tensor& a = c.inputs[0];
  return {multiply(matrix(c.grads[1]), solve(a, identity_like(a), true))};
}

Tensors EighOp::vjp(const VjpContext& c) const {
  const Tensor &w = c.outputs[0], &v = c.outputs[1];
  Tensor inner;
  if (c.grads[0].defined()) inner = multiply(identity_like(v), row(c.grads[0]));
  if (c.grads[1].defined()) inner = plus(inner, multiply(gaps(w), matmul(v, c.grads[1], true)));
  return {symmetric(matmul(v, matmul(inner, v, false, true)))};
}

Tensors QrOp::vjp(const VjpContext& c) const {
  const Tensor &q = c.outputs[0], &r = c.outputs[1];
  const int64_t m = rows_of(c.inputs[0].shape()), n = c.inputs[0].shape().back();
  if (m < n || (complete && m != n))
    throw UnsupportedError("the gradient of a QR decomposition needs at least as many rows as columns",
                           complete ? ", and as many for mode 'complete'" : "", ". Received a matrix of shape ",
                           c.inputs[0].shape(), ".");
  const Tensor gq = c.grads[0].defined() ? c.grads[0] : zeros_like(q);
  Tensor middle = negative(matmul(gq, q, true));
  if (c.grads[1].defined()) middle = add(matmul(r, c.grads[1], false, true), middle);
  const Tensor below = multiply(middle, triangle(n, true, 0, q.dtype()));
  const Tensor copied = add(add(below, transposed(below)), multiply(middle, identity_like(middle)));
  const Tensor whole = add(gq, matmul(q, copied));
  return {transposed(triangular_solve(r, transposed(whole), false))};
}

Tensors SvdOp::vjp(const VjpContext& c) const {
  const Tensor& a = c.inputs[0];
  const int64_t m = rows_of(a.shape()), n = a.shape().back();
  if (!vectors || (!c.grads[0].defined() && !c.grads[2].defined())) {
    const Tensor g = vectors ? c.grads[1] : c.grads[0];
    const Tensors thin = svd(a);
    return {matmul(multiply(thin[0], row(g)), thin[2])};
  }
  if (full && m != n)
    throw UnsupportedError(
        "the gradient of the vectors of a singular value decomposition needs full_matrices=False for a "
        "matrix that is not square. Received a matrix of shape ",
        a.shape(), ".");
  const Tensor &u = c.outputs[0], &s = c.outputs[1], &vt = c.outputs[2], f = gaps(square(s));
  const Tensor inverse = divide(prim::full({}, 1, s.dtype()), s);
  Tensor inner, out;
  if (c.grads[1].defined()) inner = multiply(identity_like(f), row(c.grads[1]));
  if (const Tensor& gu = c.grads[0]; gu.defined()) {
    const Tensor t = matmul(u, gu, true);
    inner = plus(inner, multiply(multiply(f, subtract(t, transposed(t))), row(s)));
    if (m > n) out = matmul(multiply(subtract(gu, matmul(u, t)), row(inverse)), vt);
  }
  if (c.grads[2].defined()) {
    const Tensor gv = transposed(c.grads[2]), t = matmul(vt, gv);
    inner = plus(inner, multiply(column(s), multiply(f, subtract(t, transposed(t)))));
    if (n > m) {
      const Tensor rest = transposed(subtract(gv, matmul(vt, t, true)));  // gV^T (I - V V^T)
      out = plus(out, matmul(multiply(u, row(inverse)), rest));
    }
  }
  return {plus(out, matmul(u, matmul(inner, vt)))};
}

}  // namespace lamina
