#include "layers/preprocessing/categories/encode.h"

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {

namespace {

// (R, n) of categories -> (R, depth).
Tensor counted(const Tensor& rows, int64_t depth, DType dtype, const Tensor& weights, bool once) {
  const int64_t count = rows.shape()[0], size = multiply_sizes(count, depth);
  const DType index =
      size > INT32_MAX || rows.dtype() == DType::int64 || rows.dtype() == DType::uint32 || rows.dtype() == DType::uint64
          ? DType::int64
          : DType::int32;
  const Tensor x = prim::cast(rows, index), zero = prim::full({}, 0, index),
               limit = prim::full({}, static_cast<double>(depth), index);
  const Tensor inside = prim::binary(Binary::logical_and, prim::binary(Binary::greater_equal, x, zero),
                                     prim::binary(Binary::less, x, limit));
  const Tensor start = prim::multiply(prim::reshape(prim::iota(count, index), {count, 1}), limit);
  const Tensor places = prim::where(inside, prim::add(x, start), prim::full({}, static_cast<double>(size), index));
  const DType wide = is_half(dtype) ? DType::float32 : dtype;  // halves stop counting at 2048
  const Tensor ones = weights.defined() ? prim::cast(weights, wide) : prim::full(rows.shape(), 1, wide);
  const Tensor flat = prim::scatter(once ? Scatter::update : Scatter::add, prim::full({size}, 0, wide),
                                    prim::reshape(places, {rows.size()}), prim::reshape(ones, {rows.size()}), 0);
  return prim::cast(prim::reshape(flat, {count, depth}), dtype);
}

}  // namespace

Tensor encode_categories(const Tensor& indices, const std::string& mode, int64_t depth, DType dtype,
                         const Tensor& given_weights) {
  if (mode == "int") return prim::cast(indices, dtype);
  Tensor x = indices.rank() ? indices : prim::reshape(indices, {1}), weights = given_weights;
  if (weights.defined() && !compatible(weights.shape(), indices.shape()))
    throw ValueError("`count_weights` must have the shape of the inputs, ", indices.shape(), ". Received: shape ",
                     weights.shape());
  if (weights.defined() && !weights.rank()) weights = prim::reshape(weights, {1});
  if (mode == "one_hot") {
    if (x.rank() > 1 && x.shape().back() == 1) x = prim::squeeze(x, -1);
    return ops::one_hot(x, depth, -1, dtype);
  }
  if (weights.defined()) dtype = weights.dtype();
  const int axis = x.rank() > 1 ? 1 : 0;
  Shape out = x.shape();
  out.erase(axis);
  out.push_back(depth);
  if (!x.shape().known()) return Tensor::spec_only(out, dtype);
  auto rows = [&](const Tensor& t) {
    if (!t.defined()) return t;
    const Tensor last = ops::moveaxis(t, {axis}, {-1});
    return prim::reshape(
        last, {last.shape().back() ? last.size() / last.shape().back() : out.elements() / depth, last.shape().back()});
  };
  return prim::reshape(counted(rows(x), depth, dtype, rows(weights), mode == "multi_hot"), out);
}

std::string checked_output_mode(const std::string& given, const std::vector<std::string>& allowed,
                                const std::string& layer) {
  const std::string mode = given == "binary" ? "multi_hot" : given == "tf-idf" ? "tf_idf" : given;
  if (std::find(allowed.begin(), allowed.end(), mode) != allowed.end()) return mode;
  std::vector<std::string> quoted;
  for (const std::string& a : allowed) quoted.push_back("'" + a + "'");
  throw ValueError("Unknown value for `output_mode` argument of ", layer, ". Allowed values are: ", join(quoted, ", "),
                   ". Received: output_mode='", given, "'");
}

void refuse_sparse(bool sparse, const std::string& layer) {
  if (sparse)
    throw ValueError(
        "`sparse=True` can only be used with the TensorFlow backend: there are no sparse tensors here, and ", layer,
        " gives dense ones.");
}

namespace {
bool beyond_int32(const Value& v) {
  if (v.is_int()) return v.as_int() > INT32_MAX || v.as_int() < INT32_MIN;
  if (!v.is_sequence()) return false;
  return std::any_of(v.as_list().begin(), v.as_list().end(), beyond_int32);
}
}  // namespace

Value plain_data(const Value& v) {
  if (v.is_string()) return Tensor::of({v.as_string()}, Shape{});
  if (v.is_number() || v.is_bool()) {
    if (beyond_int32(v)) return Tensor::scalar(v.as_int());
    return value_to<Operand>(v).value();
  }
  if (!v.is_sequence() || holds_symbolic(v)) return v;
  if (!holds_tensor(v) && beyond_int32(v)) return tensor_from_list(v, DType::int64);
  return tensor_from_list(v);
}

}  // namespace lamina
