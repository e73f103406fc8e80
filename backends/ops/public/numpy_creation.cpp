#include "backends/ops/public/numpy_creation.h"

#include "backends/core/constant_value.h"
#include "backends/core/settings.h"
#include "backends/ops/public/numpy_shape.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NUMPY "keras.src.ops.numpy."
#define FUNCTION "keras.src.ops.numpy."  // without an operation class

namespace {

DType or_floatx(const std::optional<DType>& dtype) { return dtype.value_or(settings().floatx()); }
const OpArgument kDtype("dtype", Value(), about::dtype);

template <int value>
Tensor filled(const Shape& shape, const std::optional<DType>& dtype) {
  return prim::full(shape, value, or_floatx(dtype));
}
const auto zeros_op =
    public_op("zeros", FUNCTION, "A tensor of zeros.", filled<0>, {{"shape", required, about::shape}, kDtype},
              {.returns = about::created, .example = R"py(
>>> keras.ops.zeros((2, 2))
<Tensor shape=(2, 2), dtype=float32, values=[[0. 0.]
 [0. 0.]]>)py"});
const auto ones_op = public_op("ones", FUNCTION, "A tensor of ones.", filled<1>,
                               {{"shape", required, about::shape}, kDtype}, {.returns = about::created, .example = R"py(
>>> keras.ops.ones((2, 2))
<Tensor shape=(2, 2), dtype=float32, values=[[1. 1.]
 [1. 1.]]>)py"});
const auto empty_op =
    public_op("empty", FUNCTION, "A tensor whose values mean nothing (zeros).", filled<0>,
              {{"shape", required, about::shape}, kDtype}, {.returns = about::created, .example = R"py(
>>> keras.ops.empty((2, 3)).shape
(2, 3))py"});

Tensor full_impl(const Shape& shape, const Operand& fill_value, const std::optional<DType>& dtype) {
  if (fill_value.is_scalar()) return prim::full(shape, fill_value.number(), or_floatx(dtype));
  return prim::broadcast_to(fill_value.as(or_floatx(dtype)), shape);
}
const auto full_op = public_op("full", NUMPY "Full", "A tensor of one repeated value.", full_impl,
                               {OpArgument("shape", required, about::shape),
                                {"fill_value", required, "The value, a number or a tensor that broadcasts."},
                                kDtype},
                               {.returns = about::created, .example = R"py(
>>> keras.ops.full((2, 2), 7.0)
<Tensor shape=(2, 2), dtype=float32, values=[[7. 7.]
 [7. 7.]]>)py"});

template <int value>
Tensor filled_like(const Operand& x, const std::optional<DType>& dtype) {
  return prim::full(x.shape(), value, dtype.value_or(x.dtype()));
}
const auto zeros_like_op = public_op(
    "zeros_like", NUMPY "ZerosLike", "Zeros in the shape and dtype of x.", filled_like<0>,
    {{"x", required, about::tensor}, {"dtype", Value(), about::like_dtype}}, {.returns = about::like, .example = R"py(
>>> keras.ops.zeros_like(keras.ops.array([1, 2]))
<Tensor shape=(2,), dtype=int32, values=[0 0]>)py"});
const auto ones_like_op = public_op("ones_like", NUMPY "OnesLike", "Ones in the shape and dtype of x.", filled_like<1>,
                                    {{"x", required, about::tensor}, {"dtype", Value(), about::like_dtype}},
                                    {.returns = about::like, .example = R"py(
>>> keras.ops.ones_like(keras.ops.array([1, 2]))
<Tensor shape=(2,), dtype=int32, values=[1 1]>)py"});
const auto empty_like_op = public_op(
    "empty_like", NUMPY "EmptyLike", "A tensor like x whose values mean nothing (zeros).", filled_like<0>,
    {{"x", required, about::tensor}, {"dtype", Value(), about::like_dtype}}, {.returns = about::like, .example = R"py(
>>> keras.ops.empty_like(keras.ops.ones((2, 3))).shape
(2, 3))py"});
Tensor full_like_impl(const Operand& x, const Operand& fill_value, const std::optional<DType>& dtype) {
  return full_impl(x.shape(), fill_value, dtype.value_or(x.dtype()));
}
const auto full_like_op =
    public_op("full_like", NUMPY "FullLike", "One repeated value in the shape and dtype of x.", full_like_impl,
              {{"x", required, about::tensor},
               {"fill_value", required, "The value, a number or a tensor that broadcasts."},
               {"dtype", Value(), about::like_dtype}},
              {.returns = about::like, .example = R"py(
>>> keras.ops.full_like(keras.ops.array([1, 2]), 7)
<Tensor shape=(2,), dtype=int32, values=[7 7]>)py"});

// Column minus row of each element of an (n, m) matrix, compared with k.
Tensor band(int64_t n, int64_t m, Binary kind, int64_t k) {
  if (n < 0 || m < 0)
    throw ValueError("The sizes of a matrix cannot be negative. Received: ", n, " rows and ", m, " columns.");
  k = std::clamp(k, -n, m);  // beyond the corners nothing changes
  Tensor gap = prim::subtract(positions(2, 1, m, DType::int32), positions(2, 0, n, DType::int32));
  return compare(kind, gap, static_cast<double>(k));
}
// A size that no float stands for. TypeError naming it.
int64_t whole_size(const Value& v, const char* name) {
  if (v.is_real() || v.is_string() || (v.is_tensor() && is_float(v.as_tensor().dtype())))
    throw TypeError("`", name, "` must be an integer. Received: ", name, "=", v.repr());
  return v.is_tensor() ? value_to<int64_t>(plain_numbers(v)) : v.as_int();
}
Tensor eye_impl(const Value& N, const Value& M, int64_t k, const std::optional<DType>& dtype) {
  const int64_t rows = whole_size(N, "N");
  return prim::cast(band(rows, M.is_none() ? rows : whole_size(M, "M"), Binary::equal, k), or_floatx(dtype));
}
const auto eye_op =
    public_op("eye", FUNCTION, "An (N, M) matrix with ones on diagonal k and zeros elsewhere.", eye_impl,
              {{"N", required, "The number of rows."},
               {"M", Value(), "The number of columns; None takes N."},
               {"k", 0, "The diagonal: 0 is the main one, those above are positive."},
               kDtype},
              {.returns = "A matrix (N, M).", .raises = "TypeError: for sizes that are no integers.", .example = R"py(
>>> keras.ops.eye(2)
<Tensor shape=(2, 2), dtype=float32, values=[[1. 0.]
 [0. 1.]]>)py"});
Tensor identity_impl(const Value& n, const std::optional<DType>& dtype) { return eye_impl(n, Value(), 0, dtype); }
const auto identity_op = public_op("identity", FUNCTION, "The (n, n) identity matrix.", identity_impl,
                                   {{"n", required, "The number of rows and columns."}, kDtype},
                                   {.returns = "A matrix (n, n).", .example = R"py(
>>> keras.ops.identity(2)
<Tensor shape=(2, 2), dtype=float32, values=[[1. 0.]
 [0. 1.]]>)py"});
Tensor tri_impl(int64_t N, const std::optional<int64_t>& M, int64_t k, const std::optional<DType>& dtype) {
  return prim::cast(band(N, M.value_or(N), Binary::less_equal, k), or_floatx(dtype));
}
const auto tri_op = public_op("tri", FUNCTION, "An (N, M) matrix with ones at and below diagonal k.", tri_impl,
                              {{"N", required, "The number of rows."},
                               {"M", Value(), "The number of columns; None takes N."},
                               {"k", 0, "The highest diagonal with ones: 0 is the main one, those above are positive."},
                               kDtype},
                              {.returns = "A matrix (N, M).", .example = R"py(
>>> keras.ops.tri(3)
<Tensor shape=(3, 3), dtype=float32, values=[[1. 0. 0.]
 [1. 1. 0.]
 [1. 1. 1.]]>)py"});

double number_of(const Operand& x, const char* what) {
  if (x.is_scalar()) return x.number();
  if (!x.tensor().has_data())
    throw ValueError("`", what, "` decides about the shape and must be a known number, received ", x.tensor().str(),
                     ".");
  return x.tensor().item();
}
Tensor arange_impl(const Operand& start, const std::optional<Operand>& stop, const std::optional<Operand>& step,
                   const std::optional<DType>& dtype) {
  double from = number_of(start, "start"), to = stop ? number_of(*stop, "stop") : from,
         by = step ? number_of(*step, "step") : 1;
  if (!stop) from = 0;
  if (by == 0) throw ValueError("`step` must not be 0.");
  std::vector<PromotionType> types = {start.type()};
  if (stop) types.push_back(stop->type());
  if (step) types.push_back(step->type());
  DType type = dtype.value_or(result_type(types.data(), types.size()));
  return prim::iota(std::max<int64_t>(0, whole_number(std::ceil((to - from) / by), "stop")), type, from, by);
}
const auto arange_op =
    public_op("arange", NUMPY "Arange", "start, start + step, ... up to but not including stop.", arange_impl,
              {{"start", required, "The first number; the end, where `stop` is None, which then begins at 0."},
               {"stop", Value(), "The end, itself left out."},
               {"step", Value(), "The distance; None is 1."},
               {"dtype", Value(), about::kept_dtype}},
              {.returns = "A vector.", .example = R"py(
>>> keras.ops.arange(0, 10, 3)
<Tensor shape=(4,), dtype=int32, values=[0 3 6 9]>)py"});

// Fractions 0..1 in `num` steps, along a new axis 0 before the axes of start and stop.
struct Span {
  Tensor values, step;
};
Span spread(const Operand& start, const Operand& stop, int64_t num, bool endpoint, DType type) {
  if (num < 0) throw ValueError("`num` must be a non-negative integer. Received: num=", num);
  Tensor a = start.as(type), b = stop.as(type);
  Shape s = broadcast_shapes(a.shape(), b.shape());
  a = prim::broadcast_to(a, s), b = prim::broadcast_to(b, s);
  double parts = static_cast<double>(endpoint ? num - 1 : num);
  Tensor width = prim::subtract(b, a),
         step = parts > 0 ? prim::divide(width, constant(parts, type)) : prim::multiply(width, NAN);
  Tensor t = prim::divide(positions(s.rank() + 1, 0, num, type), constant(std::max(1.0, parts), type));
  // a (1 - t) + b t meets both ends exactly
  Tensor values =
      prim::add(prim::multiply(prim::expand_dims(a, 0), prim::rsub(1, t)), prim::multiply(prim::expand_dims(b, 0), t));
  return {values, step};
}
Tensor first_axis_to(const Tensor& x, int axis) {
  return axis == 0 || axis == -x.rank() ? x : ops::moveaxis(x, {0}, {axis});
}
DType spread_type(const Operand& start, const Operand& stop) { return float_type({&start, &stop}); }

Value linspace_impl(const Operand& start, const Operand& stop, int64_t num, bool endpoint, bool retstep,
                    const std::optional<DType>& dtype, int axis) {
  DType type = dtype.value_or(spread_type(start, stop));
  DType compute = is_float(type) ? type : spread_type(start, stop);
  Span s = spread(start, stop, num, endpoint, compute);
  Tensor values = is_float(type) ? s.values : prim::unary(Unary::floor, s.values);
  values = prim::cast(first_axis_to(values, axis), type);
  return retstep ? Value::tuple({values, s.step}) : Value(values);
}
const auto linspace_op =
    public_op("linspace", NUMPY "Linspace",
              "`num` numbers at equal distances from start to stop; with retstep also that distance.", linspace_impl,
              {{"start", required, "The first number, or a tensor of them."},
               {"stop", required, "The last number, or a tensor of them."},
               {"num", 50, "How many."},
               {"endpoint", true, "Whether `stop` belongs to them."},
               {"retstep", false, "Whether to give the distance too."},
               {"dtype", Value(), about::kept_dtype},
               {"axis", 0, "Where the axis of the numbers is put."}},
              {.returns = "A floating tensor; with `retstep` also the distance.", .example = R"py(
>>> keras.ops.linspace(0.0, 1.0, 5)
<Tensor shape=(5,), dtype=float32, values=[0.   0.25 0.5  0.75 1.  ]>)py"});
Tensor logspace_impl(const Operand& start, const Operand& stop, int64_t num, bool endpoint, double base,
                     const std::optional<DType>& dtype, int axis) {
  DType compute = spread_type(start, stop);
  Tensor powers = prim::power(constant(base, compute), spread(start, stop, num, endpoint, compute).values);
  return prim::cast(first_axis_to(powers, axis), dtype.value_or(compute));
}
const auto logspace_op =
    public_op("logspace", NUMPY "Logspace",
              "`base` to the power of `num` numbers at equal distances from start to stop.", logspace_impl,
              {{"start", required, "The exponent of the first number, or a tensor of them."},
               {"stop", required, "The exponent of the last number, or a tensor of them."},
               {"num", 50, "How many."},
               {"endpoint", true, "Whether `stop` belongs to them."},
               {"base", 10, "What is raised to the exponents."},
               {"dtype", Value(), about::kept_dtype},
               {"axis", 0, "Where the axis of the numbers is put."}},
              {.returns = "A floating tensor.", .example = R"py(
>>> keras.ops.logspace(0.0, 2.0, 3)
<Tensor shape=(3,), dtype=float32, values=[  1.  10. 100.]>)py"});
Tensor geomspace_impl(const Operand& start, const Operand& stop, int64_t num, bool endpoint,
                      const std::optional<DType>& dtype, int axis) {
  DType compute = spread_type(start, stop);
  Tensor a = start.as(compute), b = stop.as(compute), sign = prim::unary(Unary::sign, a);
  auto log_of = [](const Tensor& t) { return prim::log(prim::unary(Unary::abs, t)); };
  Tensor values = prim::multiply(prim::exp(spread(log_of(a), log_of(b), num, endpoint, compute).values), sign);
  return prim::cast(first_axis_to(values, axis), dtype.value_or(compute));
}
const auto geomspace_op =
    public_op("geomspace", NUMPY "Geomspace",
              "`num` numbers from start to stop, each the same multiple of the one before.", geomspace_impl,
              {{"start", required, "The first number, or a tensor of them."},
               {"stop", required, "The last number, or a tensor of them."},
               {"num", 50, "How many."},
               {"endpoint", true, "Whether `stop` belongs to them."},
               {"dtype", Value(), about::kept_dtype},
               {"axis", 0, "Where the axis of the numbers is put."}},
              {.returns = "A floating tensor.", .example = R"py(
>>> keras.ops.geomspace(1.0, 8.0, 4)
<Tensor shape=(4,), dtype=float32, values=[1. 2. 4. 8.]>)py"});

Tensor array_impl(const Operand& x, const std::optional<DType>& dtype) { return x.as(dtype.value_or(x.dtype())); }
const auto array_op = public_op(
    "array", NUMPY "Array", "x as a tensor, of the given dtype.", array_impl, {{"x", required, about::tensor}, kDtype},
    {.returns = "A tensor.", .raises = "ValueError: if nested lists are not rectangular.", .example = R"py(
>>> keras.ops.array([1.5, 2.5])
<Tensor shape=(2,), dtype=float32, values=[1.5 2.5]>)py"});

// --- Diagonals ----------------------------------------------------------------------------------------------------
template <bool lower>
Tensor triangle(const Operand& x, int64_t k) {
  Tensor t = x.value();
  if (t.rank() < 2) throw ValueError("expected at least 2 axes, received shape ", t.shape(), ".");
  int64_t n = t.shape()[t.rank() - 2], m = t.shape()[t.rank() - 1];
  if (n < 0 || m < 0) return Tensor::spec_only(t.shape(), t.dtype());
  return prim::where(band(n, m, lower ? Binary::less_equal : Binary::greater_equal, k), t, constant(0, t.dtype()));
}
const auto tril_op =
    public_op("tril", NUMPY "Tril", "The last two axes with zeros above diagonal k.", triangle<true>,
              {{"x", required, "A matrix, or a stack of them."}, {"k", 0, "The highest diagonal that is kept."}},
              {.returns = about::same, .example = R"py(
>>> keras.ops.tril([[1, 2], [3, 4]])
<Tensor shape=(2, 2), dtype=int32, values=[[1 0]
 [3 4]]>)py"});
const auto triu_op =
    public_op("triu", NUMPY "Triu", "The last two axes with zeros below diagonal k.", triangle<false>,
              {{"x", required, "A matrix, or a stack of them."}, {"k", 0, "The lowest diagonal that is kept."}},
              {.returns = about::same, .example = R"py(
>>> keras.ops.triu([[1, 2], [3, 4]])
<Tensor shape=(2, 2), dtype=int32, values=[[1 2]
 [0 4]]>)py"});

// The diagonal of the last two axes, moved to the last.
Tensor last_diagonal(const Tensor& t, int64_t offset) {
  const int r = t.rank();
  int64_t n = t.shape()[r - 2], m = t.shape()[r - 1];
  if (n >= 0 && m >= 0) offset = std::clamp(offset, -n, m);
  int64_t row = std::max<int64_t>(0, -offset), column = std::max<int64_t>(0, offset);
  int64_t length = n < 0 || m < 0 ? Shape::kUnknown : std::max<int64_t>(0, std::min(n - row, m - column));
  Shape out = t.shape(), flat = t.shape();
  out.erase(r - 1);
  out[r - 2] = length;
  if (!out.known() || n < 0 || m < 0) return Tensor::spec_only(out, t.dtype());
  flat.erase(r - 1);
  flat[r - 2] = n * m;
  Tensor places = prim::iota(length, DType::int32, static_cast<double>(row * m + column), static_cast<double>(m + 1));
  return prim::gather(prim::reshape(t, flat), places, r - 2);
}
Tensor diagonal_impl(const Operand& x, int64_t offset, int axis1, int axis2) {
  Tensor t = x.value();
  if (t.rank() < 2)
    throw ValueError("`diagonal` requires an array of at least two dimensions, but `x` is of shape ", t.shape(), ".");
  int a = normalize_axis(axis1, t.rank(), "axis1"), b = normalize_axis(axis2, t.rank(), "axis2");
  if (a == b) throw ValueError("`axis1` and `axis2` must be different, received ", axis1, " and ", axis2, ".");
  std::vector<int> order;
  for (int i = 0; i < t.rank(); ++i)
    if (i != a && i != b) order.push_back(i);
  order.push_back(a), order.push_back(b);
  return last_diagonal(prim::transpose(t, order), offset);
}
const auto diagonal_op =
    public_op("diagonal", NUMPY "Diagonal", "The diagonal of two axes, as the last axis of the result.", diagonal_impl,
              {{"x", required, about::tensor},
               {"offset", 0, "The diagonal: 0 is the main one, those above are positive."},
               {"axis1", 0, "The axis of the rows."},
               {"axis2", 1, "The axis of the columns."}},
              {.returns = "A tensor without the two axes and with one of the diagonal's elements last.",
               .raises = "ValueError: if `x` has fewer than two axes.",
               .example = R"py(
>>> keras.ops.diagonal(keras.ops.array([[1, 2], [3, 4]]))
<Tensor shape=(2,), dtype=int32, values=[1 4]>)py"});

Tensor diag_impl(const Operand& x, int64_t k) {
  Tensor t = x.value();
  if (t.rank() == 2) return last_diagonal(t, k);
  if (t.rank() != 1) throw ValueError("`x` must be 1-D or 2-D. Received: x.shape=", t.shape());
  int64_t n = t.shape()[0], side = n < 0 ? n : add_sizes(n, k < 0 ? multiply_sizes(k, -1) : k);
  if (n < 0) return Tensor::spec_only({side, side}, t.dtype());
  // Row i holds x[i - shift] at column i + k.
  Tensor padded = prim::pad(t, {std::max<int64_t>(0, -k)}, {std::max<int64_t>(0, k)});
  return prim::where(band(side, side, Binary::equal, k), prim::expand_dims(padded, 1), constant(0, t.dtype()));
}
const auto diag_op = public_op(
    "diag", NUMPY "Diag", "The diagonal k of a matrix, or a matrix with the vector on diagonal k.", diag_impl,
    {{"x", required, "A vector or a matrix."}, {"k", 0, "The diagonal: 0 is the main one, those above are positive."}},
    {.returns = "A matrix for a vector, a vector for a matrix, in the dtype of `x`.",
     .raises = "ValueError: if `x` is neither.",
     .example = R"py(
>>> keras.ops.diag([1, 2])
<Tensor shape=(2, 2), dtype=int32, values=[[1 0]
 [0 2]]>)py"});
Tensor diagflat_impl(const Operand& x, int64_t k) {
  Tensor t = x.value();
  return diag_impl(prim::reshape(t, {t.size()}), k);
}
const auto diagflat_op =
    public_op("diagflat", NUMPY "Diagflat", "A matrix with the flattened elements on diagonal k.", diagflat_impl,
              {{"x", required, about::tensor}, {"k", 0, "The diagonal: 0 is the main one, those above are positive."}},
              {.returns = "A square matrix in the dtype of `x`.", .example = R"py(
>>> keras.ops.diagflat([[1, 2]])
<Tensor shape=(2, 2), dtype=int32, values=[[1 0]
 [0 2]]>)py"});
Tensor trace_impl(const Operand& x, int64_t offset, int axis1, int axis2) {
  Tensor d = diagonal_impl(x, offset, axis1, axis2);
  DType type = d.dtype();
  if (type == DType::boolean || type == DType::int8 || type == DType::int16) type = DType::int32;
  if (type == DType::uint8 || type == DType::uint16) type = DType::uint32;
  return prim::reduce(Reduce::sum, prim::cast(d, type), {d.rank() - 1}, false);
}
const auto trace_op =
    public_op("trace", NUMPY "Trace", "The sum of a diagonal of two axes.", trace_impl,
              {{"x", required, about::tensor},
               {"offset", 0, "The diagonal: 0 is the main one, those above are positive."},
               {"axis1", 0, "The axis of the rows."},
               {"axis2", 1, "The axis of the columns."}},
              {.returns = "A tensor without the two axes; int32 for small integers and bools.", .example = R"py(
>>> keras.ops.trace([[1, 2], [3, 4]])
<Tensor shape=(), dtype=int32, values=5>)py"});

}  // namespace

Tensor zeros(const Shape& shape, const std::optional<DType>& dtype) { return zeros_op(shape, dtype); }
Tensor ones(const Shape& shape, const std::optional<DType>& dtype) { return ones_op(shape, dtype); }
Tensor empty(const Shape& shape, const std::optional<DType>& dtype) { return empty_op(shape, dtype); }
Tensor full(const Shape& shape, const Operand& fill_value, const std::optional<DType>& dtype) {
  return full_op(shape, fill_value, dtype);
}
Tensor zeros_like(const Operand& x, const std::optional<DType>& dtype) { return zeros_like_op(x, dtype); }
Tensor ones_like(const Operand& x, const std::optional<DType>& dtype) { return ones_like_op(x, dtype); }
Tensor empty_like(const Operand& x, const std::optional<DType>& dtype) { return empty_like_op(x, dtype); }
Tensor full_like(const Operand& x, const Operand& fill_value, const std::optional<DType>& dtype) {
  return full_like_op(x, fill_value, dtype);
}
Tensor eye(int64_t N, const std::optional<int64_t>& M, int64_t k, const std::optional<DType>& dtype) {
  return eye_op(N, M, k, dtype);
}
Tensor identity(int64_t n, const std::optional<DType>& dtype) { return identity_op(n, dtype); }
Tensor tri(int64_t N, const std::optional<int64_t>& M, int64_t k, const std::optional<DType>& dtype) {
  return tri_op(N, M, k, dtype);
}
Tensor arange(const Operand& start, const std::optional<Operand>& stop, const std::optional<Operand>& step,
              const std::optional<DType>& dtype) {
  return arange_op(start, stop, step, dtype);
}
Value linspace(const Operand& start, const Operand& stop, int64_t num, bool endpoint, bool retstep,
               const std::optional<DType>& dtype, int axis) {
  return linspace_op(start, stop, num, endpoint, retstep, dtype, axis);
}
Tensor linspace(const Operand& start, const Operand& stop, int64_t num, bool endpoint) {
  return linspace(start, stop, num, endpoint, false, {}, 0).as_tensor();
}
Tensor logspace(const Operand& start, const Operand& stop, int64_t num, bool endpoint, double base,
                const std::optional<DType>& dtype, int axis) {
  return logspace_op(start, stop, num, endpoint, base, dtype, axis);
}
Tensor geomspace(const Operand& start, const Operand& stop, int64_t num, bool endpoint,
                 const std::optional<DType>& dtype, int axis) {
  return geomspace_op(start, stop, num, endpoint, dtype, axis);
}
Tensor array(const Operand& x, const std::optional<DType>& dtype) { return array_op(x, dtype); }
Tensor tril(const Operand& x, int64_t k) { return tril_op(x, k); }
Tensor triu(const Operand& x, int64_t k) { return triu_op(x, k); }
Tensor diag(const Operand& x, int64_t k) { return diag_op(x, k); }
Tensor diagflat(const Operand& x, int64_t k) { return diagflat_op(x, k); }
Tensor diagonal(const Operand& x, int64_t offset, int axis1, int axis2) { return diagonal_op(x, offset, axis1, axis2); }
Tensor trace(const Operand& x, int64_t offset, int axis1, int axis2) { return trace_op(x, offset, axis1, axis2); }

}  // namespace lamina::ops
