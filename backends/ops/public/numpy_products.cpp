#include "backends/ops/public/numpy_products.h"

#include "backends/ops/einsum/einsum_int8.h"
#include "backends/ops/matmul/int8_matmul.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."

namespace {

Tensor times(const Tensor& a, const Tensor& b) {
  return prim::binary(a.dtype() == DType::boolean ? Binary::logical_and : Binary::multiply, a, b);
}

// Of int8 matrices, `widened` gives sums in int32.
Tensor matmul_of(Tensor a, Tensor b, bool widened = false) {
  if (a.rank() == 0 || b.rank() == 0)
    throw ValueError("scalars cannot be multiplied as matrices, received shapes ", a.shape(), " and ", b.shape(), ".");
  const bool row = a.rank() == 1, column = b.rank() == 1;
  if (row) a = prim::expand_dims(a, 0);
  if (column) b = prim::expand_dims(b, 1);
  const int64_t ka = a.shape().back(), kb = b.shape()[b.rank() - 2];
  if (ka != kb && ka >= 0 && kb >= 0)
    throw ValueError("Inner dimensions (`x1.shape[-1]` and `x2.shape[-2]`) must be equal, but received x1.shape=",
                     a.shape(), " and x2.shape=", b.shape(), ".");
  const auto product = widened && a.dtype() == DType::int8 ? prim::matmul_int8 : prim::matmul;
  Tensor out;
  if (b.rank() == 2 && a.rank() > 2 && a.shape().known() && b.shape().known()) {
    // One large product instead of a batch of small ones.
    Shape s = a.shape();
    s[s.rank() - 1] = b.shape()[1];
    out = prim::reshape(product(prim::reshape(a, {a.size() / std::max<int64_t>(1, ka), ka}), b, false, false), s);
    if (ka == 0) out = prim::full(s, 0, out.dtype());
  } else {
    Shape la(a.shape().span().first(static_cast<size_t>(a.rank() - 2))),
        lb(b.shape().span().first(static_cast<size_t>(b.rank() - 2)));
    Shape both = broadcast_shapes(la, lb), sa = both, sb = both;
    for (int i = 2; i > 0; --i) sa.push_back(a.shape()[a.rank() - i]), sb.push_back(b.shape()[b.rank() - i]);
    out = product(prim::broadcast_to(a, sa), prim::broadcast_to(b, sb), false, false);
  }
  if (column) out = prim::squeeze(out, out.rank() - 1);
  if (row) out = prim::squeeze(out, column ? out.rank() - 1 : out.rank() - 2);
  return out;
}
Tensor matmul_impl(const Operand& x1, const Operand& x2) {
  DType type = result_type({&x1, &x2});
  return matmul_of(x1.as(type), x2.as(type), x1.dtype() == x2.dtype());  // int8 by bool stays int8
}

// Contracts the axes `ax` of a with `bx` of b; the remaining axes of a, then those of b.
Tensor contract(const Tensor& a, const Tensor& b, std::vector<int> ax, std::vector<int> bx) {
  if (ax.size() != bx.size())
    throw ValueError("`axes` must name as many axes of `x1` as of `x2`, received ", ax, " and ", bx, ".");
  auto letters = [](int from, int count) {
    std::string s;
    for (int i = 0; i < count; ++i) s += static_cast<char>((from + i < 26 ? 'a' : 'A' - 26) + from + i);
    return s;
  };
  std::string sa = letters(0, a.rank()), sb = letters(a.rank(), b.rank()), out;
  for (size_t i = 0; i < ax.size(); ++i) {
    ax[i] = normalize_axis(ax[i], a.rank(), "axes"), bx[i] = normalize_axis(bx[i], b.rank(), "axes");
    int64_t na = a.shape()[ax[i]], nb = b.shape()[bx[i]];
    if (na != nb && na >= 0 && nb >= 0)
      throw ValueError("contracted axes must have equal sizes, received axis ", ax[i], " of shape ", a.shape(),
                       " and axis ", bx[i], " of shape ", b.shape(), ".");
    sb[static_cast<size_t>(bx[i])] = sa[static_cast<size_t>(ax[i])];
  }
  for (char c : sa)
    if (sb.find(c) == std::string::npos) out += c;
  for (char c : sb)
    if (sa.find(c) == std::string::npos) out += c;
  return prim::einsum(text(sa, ",", sb, "->", out), {a, b});
}

Tensor dot_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  if (a.rank() == 0 || b.rank() == 0) return prim::multiply(a, b);
  if (a.rank() <= 2 && b.rank() <= 2) return matmul_of(a, b);
  return contract(a, b, {-1}, {b.rank() == 1 ? -1 : -2});
}
Tensor vdot_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  return contract(prim::reshape(a, {a.size()}), prim::reshape(b, {b.size()}), {0}, {0});
}
Tensor inner_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  if (a.rank() == 0 || b.rank() == 0) return prim::multiply(a, b);
  if (!compatible({a.shape().back()}, {b.shape().back()}))
    throw ValueError("the last dimension of both tensors must be the same. Received shapes: ", a.shape(), " and ",
                     b.shape(), ".");
  return contract(a, b, {-1}, {-1});
}
Tensor outer_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  return times(prim::reshape(a, {a.size(), 1}), prim::reshape(b, {1, b.size()}));
}
Tensor tensordot_impl(const Operand& x1, const Operand& x2, const Value& axes) {
  auto [a, b] = promote(x1, x2);
  std::vector<int> ax, bx;
  if (axes.is_int()) {
    if (axes.as_int() < 0 || axes.as_int() > std::min(a.rank(), b.rank()))
      throw ValueError("`axes` must be between 0 and the number of axes of both tensors. Received: axes=",
                       axes.as_int(), " for shapes ", a.shape(), " and ", b.shape(), ".");
    for (int i = 0, n = static_cast<int>(axes.as_int()); i < n; ++i) ax.push_back(a.rank() - n + i), bx.push_back(i);
  } else {
    const List& both = axes.as_list();
    if (both.size() != 2)
      throw ValueError("`axes` must be a number or a pair of axis lists, received ", axes.repr(), ".");
    ax = value_to<std::vector<int>>(both[0]), bx = value_to<std::vector<int>>(both[1]);
  }
  return contract(a, b, ax, bx);
}
Tensor einsum_impl(const std::string& subscripts, const std::vector<Operand>& operands) {
  Tensors parts = promote_all(operands);
  const bool mixed =
      std::any_of(operands.begin(), operands.end(), [&](const Operand& x) { return x.dtype() != operands[0].dtype(); });
  if (mixed && parts[0].dtype() == DType::int8) return prim::einsum(subscripts, parts);  // of int8 and bool
  if (parts.empty() || parts[0].dtype() != DType::boolean) return prim::einsum_widened(subscripts, parts);
  for (Tensor& t : parts) t = prim::cast(t, DType::int32);
  return prim::cast(prim::einsum(subscripts, parts), DType::boolean);
}
Tensor kron_impl(const Operand& x1, const Operand& x2) {
  auto [a, b] = promote(x1, x2);
  const int rank = std::max(a.rank(), b.rank());
  Shape sa, sb, out;
  for (int i = 0; i < rank; ++i) {
    int64_t na = i < rank - a.rank() ? 1 : a.shape()[i - rank + a.rank()],
            nb = i < rank - b.rank() ? 1 : b.shape()[i - rank + b.rank()];
    sa.push_back(na), sa.push_back(1), sb.push_back(1), sb.push_back(nb),
        out.push_back(na < 0 || nb < 0 ? Shape::kUnknown : na * nb);
  }
  return prim::reshape(times(prim::reshape(a, sa), prim::reshape(b, sb)), out);
}
Tensor cross_impl(const Operand& x1, const Operand& x2, int axisa, int axisb, int axisc,
                  const std::optional<int>& axis) {
  if (axis) axisa = axisb = axisc = *axis;
  auto [a, b] = promote(x1, x2);
  a = to_last(a, normalize_axis(axisa, a.rank(), "axisa")), b = to_last(b, normalize_axis(axisb, b.rank(), "axisb"));
  const int64_t na = a.shape().back(), nb = b.shape().back();
  if ((na != 2 && na != 3 && na >= 0) || (nb != 2 && nb != 3 && nb >= 0))
    throw ValueError("`x1`'s dim on `axis=", axisa, "` and `x2`'s dim on `axis=", axisb,
                     "` must be either 2 or 3. Received: x1.shape=", x1.shape(), ", x2.shape=", x2.shape());
  auto part = [](const Tensor& t, int64_t i) {
    return prim::squeeze(prim::slice_axis(t, t.rank() - 1, i, i + 1), t.rank() - 1);
  };
  auto minor = [&](int i, int j) {
    return prim::subtract(prim::multiply(part(a, i), part(b, j)), prim::multiply(part(a, j), part(b, i)));
  };
  if (na == 2 && nb == 2) return minor(0, 1);
  auto widened = [](const Tensor& t) {
    std::vector<int64_t> low(t.rank(), 0), high = low;
    high.back() = 1;
    return t.shape().back() == 2 ? prim::pad(t, low, high) : t;
  };
  a = widened(a), b = widened(b);
  Tensors parts = {minor(1, 2), minor(2, 0), minor(0, 1)};
  for (Tensor& t : parts) t = prim::expand_dims(t, t.rank());
  Tensor out = prim::concat(parts, parts[0].rank() - 1);
  return from_last(out, normalize_axis(axisc, out.rank(), "axisc"));
}

Tensor norm_impl(const Operand& x, const Value& ord, const Axes& axis, bool keepdims) {
  Tensor t = as_float(x);
  std::vector<int> axes = axes_of(axis, t.rank());
  auto square_root = [&] { return prim::sqrt(prim::reduce(Reduce::sum, prim::square(t), axes, keepdims)); };
  if (ord.is_none() && (!axis || axes.size() <= 2)) return square_root();
  Tensor magnitude = prim::unary(Unary::abs, t);
  if (axes.size() == 1) {
    if (ord.is_string()) throw ValueError("Invalid `ord` argument for vector norm. Received: ord=", ord.as_string());
    double p = ord.as_number();
    if (p == 2) return square_root();
    if (p == INFINITY) return prim::reduce(Reduce::max, magnitude, axes, keepdims);
    if (p == -INFINITY) return prim::reduce(Reduce::min, magnitude, axes, keepdims);
    if (p == 0)
      return prim::reduce(Reduce::sum, prim::cast(compare(Binary::not_equal, t, 0), t.dtype()), axes, keepdims);
    if (p == 1) return prim::reduce(Reduce::sum, magnitude, axes, keepdims);
    Tensor total = prim::reduce(Reduce::sum, prim::power(magnitude, constant(p, t.dtype())), axes, keepdims);
    return prim::power(total, constant(1 / p, t.dtype()));
  }
  if (axes.size() != 2)
    throw ValueError("Improper number of axes for norm: axis=", axes, ". Pass one axis for vectors, two for matrices.");
  if (ord.is_string()) {
    if (ord.as_string() == "fro") return square_root();
    throw ValueError("Invalid `ord` argument for matrix norm. Received: ord=", ord.as_string());
  }
  double p = ord.as_number();
  if (std::abs(p) != 1 && !std::isinf(p))
    throw UnsupportedError("norm: the matrix norm of order ", p,
                           " needs singular values, which are not available here.");
  // The order in which axes are given counts: columns are summed over the first, rows over the second.
  std::vector<int> given;
  for (int a : axis ? *axis : std::vector<int>{0, 1}) given.push_back(normalize_axis(a, t.rank()));
  int inner = std::abs(p) == 1 ? given[0] : given[1], outer = std::abs(p) == 1 ? given[1] : given[0];
  Tensor sums = prim::reduce(Reduce::sum, magnitude, {inner}, true);
  Tensor out = prim::reduce(p > 0 ? Reduce::max : Reduce::min, sums, {outer}, true);
  if (keepdims) return out;
  Shape s = out.shape();
  for (size_t i = axes.size(); i-- > 0;) s.erase(axes[i]);
  return prim::reshape(out, s);
}

Tensor diff_impl(const Operand& a, int n, int axis) {
  Tensor t = a.value();
  int x = normalize_axis(axis, t.rank());
  for (int i = 0; i < n; ++i) {
    int64_t size = t.shape()[x];
    if (size < 0) return t;
    if (size == 0) break;
    Tensor next = prim::slice_axis(t, x, 1, size), last = prim::slice_axis(t, x, 0, size - 1);
    t = t.dtype() == DType::boolean ? compare(Binary::not_equal, next, last) : prim::subtract(next, last);
  }
  return t;
}

Tensor cdist_impl(const Operand& x, const Operand& y) {
  auto [a, b] = promote_float(x, y);
  if (a.rank() < 2 || b.rank() < 2)
    throw ValueError("`x` and `y` need at least 2 axes, received shapes ", a.shape(), " and ", b.shape(), ".");
  Tensor gap = prim::subtract(prim::expand_dims(a, a.rank() - 1), prim::expand_dims(b, b.rank() - 2));
  return prim::sqrt(prim::reduce(Reduce::sum, prim::square(gap), {gap.rank() - 1}, false));
}

const auto matmul_op =
    public_op("matmul", NUMPY "Matmul",
              "The matrix product (..., m, k) x (..., k, n) -> (..., m, n); vectors count as a row or a column.",
              matmul_impl, {{"x1", required, about::first}, {"x2", required, about::second}},
              {.returns = "A tensor in the dtype that both promote to; leading axes broadcast.",
               .raises = "ValueError: if the inner sizes differ or an operand is a scalar.",
               .example = R"py(
>>> keras.ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
<Tensor shape=(1, 1), dtype=float32, values=[[11.]]>)py"});
const auto dot_op = public_op("dot", NUMPY "Dot", "The product over the last axis of x1 and the second to last of x2.",
                              dot_impl, {{"x1", required, about::first}, {"x2", required, about::second}},
                              {.returns = "A tensor in the dtype that both promote to.",
                               .raises = "ValueError: if the summed sizes differ.",
                               .example = R"py(
>>> keras.ops.dot([1.0, 2.0], [3.0, 4.0])
<Tensor shape=(), dtype=float32, values=11.0>)py"});
const auto vdot_op = public_op("vdot", NUMPY "Vdot", "The sum of products of all elements, in order.", vdot_impl,
                               {{"x1", required, about::first}, {"x2", required, about::second}},
                               {.returns = "A scalar in the dtype that both promote to.", .example = R"py(
>>> keras.ops.vdot([1.0, 2.0], [3.0, 4.0])
<Tensor shape=(), dtype=float32, values=11.0>)py"});
const auto inner_op =
    public_op("inner", NUMPY "Inner", "The product over the last axes of both.", inner_impl,
              {{"x1", required, about::first}, {"x2", required, about::second}},
              {.returns = "A tensor of the other axes of both, in the dtype that both promote to.", .example = R"py(
>>> keras.ops.inner([1.0, 2.0], [3.0, 4.0])
<Tensor shape=(), dtype=float32, values=11.0>)py"});
const auto outer_op = public_op("outer", NUMPY "Outer", "The products of all pairs of elements: (n, m).", outer_impl,
                                {{"x1", required, about::first}, {"x2", required, about::second}},
                                {.returns = "A matrix in the dtype that both promote to.", .example = R"py(
>>> keras.ops.outer(keras.ops.array([1, 2]), keras.ops.array([3, 4]))
<Tensor shape=(2, 2), dtype=int32, values=[[3 4]
 [6 8]]>)py"});
const auto tensordot_op = public_op(
    "tensordot", NUMPY "Tensordot",
    "The product over pairs of axes: the last `axes` of x1 with the first of x2, or those named.", tensordot_impl,
    {{"x1", required, about::first},
     {"x2", required, about::second},
     {"axes", 2, "A number of axes, or the axes of `x1` and those of `x2`."}},
    {.returns = "A tensor of the axes that are not summed, in the dtype that both promote to.",
     .raises = "ValueError: if the summed sizes differ.",
     .example = R"py(
>>> keras.ops.tensordot([[1, 2]], [[3], [4]], axes=1)
<Tensor shape=(1, 1), dtype=int32, values=[[11]]>)py"});
const auto einsum_op = public_op(
    "einsum", NUMPY "Einsum", "Products summed over the labels that the output does not name: 'ij,jk->ik'.",
    einsum_impl,
    {OpArgument("subscripts", required, "The labels: of each operand, and after \"->\" of the result.").in_config(),
     OpArgument("operands", required, "The tensors, one for each group of labels.").variadic()},
    {.returns = "A tensor in the dtype that the operands promote to.",
     .raises = "ValueError: if labels and operands do not fit.",
     .example = R"py(
>>> keras.ops.einsum("ij,jk->ik", [[1, 2]], [[3], [4]])
<Tensor shape=(1, 1), dtype=int32, values=[[11]]>)py"});
const auto kron_op =
    public_op("kron", NUMPY "Kron", "The Kronecker product: x2 scaled by each element of x1.", kron_impl,
              {{"x1", required, about::first}, {"x2", required, about::second}},
              {.returns = "A tensor of the products of the sizes, in the dtype that both promote to.", .example = R"py(
>>> keras.ops.kron([1, 2], [1, 10])
<Tensor shape=(4,), dtype=int32, values=[ 1 10  2 20]>)py"});
const auto cross_op = public_op(
    "cross", NUMPY "Cross", "The vector product of vectors with 2 or 3 components.", cross_impl,
    {{"x1", required, about::first},
     {"x2", required, about::second},
     {"axisa", -1, "The axis of the vectors of `x1`."},
     {"axisb", -1, "The axis of the vectors of `x2`."},
     {"axisc", -1, "The axis of the vectors of the result."},
     {"axis", Value(), "One axis in place of the three."}},
    {.returns = "A tensor in the dtype that both promote to; without the vectors' axis where both have 2 components.",
     .raises = "ValueError: if vectors have other than 2 or 3 components.",
     .example = R"py(
>>> keras.ops.cross([1, 0, 0], [0, 1, 0])
<Tensor shape=(3,), dtype=int32, values=[0 0 1]>)py"});
const auto norm_op =
    public_op("norm", "keras.src.ops.linalg.Norm",
              "The length of vectors (one axis) or the norm of matrices (two axes).", norm_impl,
              {{"x", required, about::tensor},
               {"ord", Value(), "Which norm: a number, \"fro\" or \"nuc\" for matrices; None is the Euclidean length."},
               {"axis", Value(), "One axis for vectors, two for matrices; None takes all elements."},
               {"keepdims", false, about::keepdims}},
              {.returns = about::reduced_floating,
               .raises = "ValueError: if `ord` does not fit the number of axes.",
               .example = R"py(
>>> keras.ops.norm([3.0, 4.0])
<Tensor shape=(), dtype=float32, values=5.0>)py"});
const auto diff_op =
    public_op("diff", NUMPY "Diff", "Each element minus the one before along `axis`, n times.", diff_impl,
              {{"a", required, about::tensor}, {"n", 1, "How many times."}, {"axis", -1, about::axis}},
              {.returns = "A tensor of the dtype of `a`, shorter by n along `axis`.",
               .raises = "ValueError: if `a` has no axes.",
               .example = R"py(
>>> keras.ops.diff([1, 4, 9])
<Tensor shape=(2,), dtype=int32, values=[3 5]>)py"});
const auto cdist_op = public_op(
    "cdist", "keras.src.ops.math.CDist", "The Euclidean distance of each row of x to each row of y.", cdist_impl,
    {{"x", required, "A matrix of points in rows."}, {"y", required, "A matrix of points in rows."}},
    {.returns = "A floating matrix (rows of x, rows of y).", .example = R"py(
>>> keras.ops.cdist([[0.0, 0.0]], [[3.0, 4.0]])
<Tensor shape=(1, 1), dtype=float32, values=[[5.]]>)py"});

}  // namespace

Tensor matmul(const Operand& x1, const Operand& x2) { return matmul_op(x1, x2); }
Tensor dot(const Operand& x1, const Operand& x2) { return dot_op(x1, x2); }
Tensor vdot(const Operand& x1, const Operand& x2) { return vdot_op(x1, x2); }
Tensor inner(const Operand& x1, const Operand& x2) { return inner_op(x1, x2); }
Tensor outer(const Operand& x1, const Operand& x2) { return outer_op(x1, x2); }
Tensor tensordot(const Operand& x1, const Operand& x2, const Value& axes) { return tensordot_op(x1, x2, axes); }
Tensor einsum(const std::string& subscripts, const std::vector<Operand>& operands) {
  return einsum_op(subscripts, operands);
}
Tensor kron(const Operand& x1, const Operand& x2) { return kron_op(x1, x2); }
Tensor cross(const Operand& x1, const Operand& x2, int axisa, int axisb, int axisc, const std::optional<int>& axis) {
  return cross_op(x1, x2, axisa, axisb, axisc, axis);
}
Tensor norm(const Operand& x, const Value& ord, const Axes& axis, bool keepdims) {
  return norm_op(x, ord, axis, keepdims);
}
Tensor diff(const Operand& a, int n, int axis) { return diff_op(a, n, axis); }
Tensor cdist(const Operand& x, const Operand& y) { return cdist_op(x, y); }

}  // namespace lamina::ops
