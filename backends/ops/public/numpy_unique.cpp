#include "backends/ops/public/numpy_unique.h"

#include "backends/ops/public/numpy_reduce.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

namespace {

// The places of the rows of (n, columns) in ascending order, equal rows in the order in which they came.
Tensor row_order(const Tensor& rows) {
  Tensor order = prim::iota(rows.shape()[0], DType::int32);
  for (int64_t c = rows.shape()[1]; c-- > 0;) {
    const Tensor column = prim::squeeze(prim::slice_axis(rows, 1, c, c + 1), 1);
    order = prim::gather(order, prim::sort_last(prim::gather(column, order, 0)).indices, 0);
  }
  return order;
}

struct Found {
  Tensor count;                           // scalar
  Tensor values, index, inverse, counts;  // one per row of the input; those behind `count` mean nothing
};

// rows (n, columns), n above 0.
Found find_unique(const Tensor& rows) {
  const int64_t n = rows.shape()[0];
  const Tensor order = row_order(rows), sorted = prim::gather(rows, order, 0);
  const Tensor differs = prim::reduce(
      Reduce::any, compare(Binary::not_equal, prim::slice_axis(sorted, 0, 1, n), prim::slice_axis(sorted, 0, 0, n - 1)),
      {1}, false);
  const Tensor first = prim::pad(prim::cast(differs, DType::int32), {1}, {0}, 1);  // where another value begins
  const Tensor rank = prim::add(prim::cumulative(CumulativeOp::Kind::sum, first, 0), -1);
  Found out;
  out.count = prim::add(prim::reduce_all(Reduce::max, rank), 1);
  // The first of each group: groups' places are the sorted places with all others moved behind them.
  const Tensor place = prim::iota(n, DType::int32);
  const Tensor firsts =
      prim::sort_last(prim::where(compare(Binary::equal, first, 1), place, prim::add(place, static_cast<double>(n))))
          .indices;
  out.values = prim::gather(sorted, firsts, 0);
  out.index = prim::gather(order, firsts, 0);
  out.inverse = prim::scatter(Scatter::update, prim::full({n}, 0, DType::int32), order, rank, 0);
  out.counts = prim::scatter(Scatter::add, prim::full({n}, 0, DType::int32), rank, prim::full({n}, 1, DType::int32), 0);
  return out;
}

// The first `size` rows, or with `filler` in place of those behind `count`, and behind the end.
Tensor first_rows(const Tensor& t, int64_t size, const Tensor& count, const Tensor& filler) {
  const int64_t n = t.shape()[0];
  Tensor out = prim::slice_axis(t, 0, 0, std::min(n, size));
  if (!filler.defined()) return out;
  Shape low = Shape::of_rank(t.rank(), 0), high = low;
  if (size > n) high[0] = size - n, out = prim::pad(out, {low.begin(), low.end()}, {high.begin(), high.end()}, 0);
  const Tensor real = compare(Binary::less, positions(t.rank(), 0, size, DType::int32),
                              prim::reshape(count, Shape::of_rank(t.rank(), 1)));
  return prim::where(real, out, filler);
}

Value unique_impl(const Operand& x, bool, bool return_index, bool return_inverse, bool return_counts,
                  const std::optional<int>& axis, const std::optional<int64_t>& size,
                  const std::optional<Operand>& fill_value) {
  Tensor t = x.value();
  if (axis && t.rank() == 0) throw ValueError("a scalar has no axis ", *axis, ".");
  const int at = axis ? normalize_axis(*axis, t.rank()) : 0;
  if (size && *size < 0) throw ValueError("`size` must not be negative. Received: size=", *size, ".");
  const Shape given = t.shape();
  const int64_t known_size = size ? *size : Shape::kUnknown;
  if (!given.known() || (!size && !t.has_data())) {
    if (!t.shape_only())
      throw ValueError("the number of different elements depends on the values, which are not known here (", t.spec(),
                       "). Pass `size`, or run eagerly.");
    Shape values{known_size}, inverse = axis ? Shape{given[at]} : given;
    if (axis) values = given, values[at] = known_size;
    List out{Tensor::spec_only(values, t.dtype())};
    if (return_index) out.push_back(Tensor::spec_only({known_size}, DType::int32));
    if (return_inverse) out.push_back(Tensor::spec_only(inverse, DType::int32));
    if (return_counts) out.push_back(Tensor::spec_only({known_size}, DType::int32));
    return out.size() == 1 ? out[0] : Value::tuple(std::move(out));
  }
  // Rows: what is compared with each other.
  Shape rest = given;
  if (axis) {
    std::vector<int> order{at};
    for (int a = 0; a < t.rank(); ++a)
      if (a != at) order.push_back(a);
    t = prim::transpose(t, order);
    rest.erase(at);
  } else {
    rest = {};
  }
  const int64_t n = axis ? given[at] : given.elements();
  const DType dtype = t.dtype();
  Tensor rows = prim::reshape(t, {n, axis ? rest.elements() : 1});
  if (dtype == DType::boolean) rows = prim::cast(rows, DType::uint8);
  const Found found = n > 0 ? find_unique(rows)
                            : Found{constant(0, DType::int32), rows, prim::full({0}, 0, DType::int32),
                                    prim::full({0}, 0, DType::int32), prim::full({0}, 0, DType::int32)};
  const int64_t rows_out = size ? *size : static_cast<int64_t>(found.count.item());
  auto cut = [&](const Tensor& v, const Tensor& filler) {
    return first_rows(v, rows_out, found.count, size ? filler : Tensor());
  };
  const Tensor zero = constant(0, DType::int32);
  Tensor filler = fill_value ? prim::cast(fill_value->value(), rows.dtype()) : constant(0, rows.dtype());
  Tensor values = cut(found.values, filler);
  if (dtype == DType::boolean) values = prim::cast(values, dtype);
  if (axis) {
    Shape wide = rest;
    wide.insert(0, rows_out);
    std::vector<int> back;
    for (int a = 1; a < given.rank(); ++a) back.push_back(a);
    back.insert(back.begin() + at, 0);
    values = prim::transpose(prim::reshape(values, wide), back);
  } else {
    values = prim::reshape(values, {rows_out});
  }
  List out{values};
  if (return_index) out.push_back(cut(found.index, zero));
  if (return_inverse) out.push_back(axis ? found.inverse : prim::reshape(found.inverse, given));
  if (return_counts) out.push_back(cut(found.counts, zero));
  return out.size() == 1 ? out[0] : Value::tuple(std::move(out));
}
const auto unique_op = public_op(
    "unique", "keras.src.ops.numpy.Unique",
    "The different elements in ascending order, or the different slices along an axis.", unique_impl,
    {{"x", required, about::tensor},
     {"sorted", true, "True; the elements always come in ascending order."},
     {"return_index", false, "Whether to return where each element stands first."},
     {"return_inverse", false, "Whether to return which of the elements stands at each place of `x`."},
     {"return_counts", false, "Whether to return how often each element stands in `x`."},
     {"axis", Value(), "The axis whose slices are compared; None compares the elements."},
     {"size", Value(),
      "How many to return: fewer are filled up, more are cut. None returns all, which only a tensor whose "
      "values are known can tell."},
     OpArgument("fill_value", Value(), "What fills up to `size`; None is 0.").in_config()},
    {.returns =
         "The elements; a tuple of them and of int32 tensors of the places, the inverse and the counts, as far as "
         "they are asked for.",
     .raises = "ValueError: without `size` where the values are not known (in compiled functions).",
     .example = R"py(
>>> keras.ops.unique(keras.ops.array([3, 1, 2, 1, 3, 2]))
<Tensor shape=(3,), dtype=int32, values=[1 2 3]>)py"});

}  // namespace

Value unique(const Operand& x, bool sorted, bool return_index, bool return_inverse, bool return_counts,
             const std::optional<int>& axis, const std::optional<int64_t>& size,
             const std::optional<Operand>& fill_value) {
  return unique_op(x, sorted, return_index, return_inverse, return_counts, axis, size, fill_value);
}

}  // namespace lamina::ops
