#include "backends/ops/public/image_support.h"

#include <limits>

namespace lamina::ops::image {

using namespace prim;

void expect_images(const Tensor& images) {
  if (images.rank() != 3 && images.rank() != 4)
    throw ValueError(
        "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). Received input with shape: "
        "images.shape=",
        images.shape());
}

Batch::Batch(const Tensor& images, const std::optional<std::string>& data_format)
    : x(images), single_(images.rank() == 3), first_(!channels_last(data_format)) {
  expect_images(images);
  if (single_) x = expand_dims(x, 0);
  if (first_) x = transpose(x, {0, 2, 3, 1});
}

Tensor Batch::restored(const Tensor& batch) const {
  Tensor out = first_ ? transpose(batch, {0, 3, 1, 2}) : batch;
  if (!single_) return out;
  Shape shape;
  for (int i = 1; i < out.rank(); ++i) shape.push_back(out.shape()[i]);
  return reshape(out, shape);
}

DType working_dtype(DType dtype) { return dtype == DType::float64 ? DType::float64 : DType::float32; }

Tensor as_pixels(const Tensor& values, DType dtype) {
  return cast(is_float(dtype) ? values : unary(Unary::round, values), dtype);
}

Outside outside_of(const std::string& fill_mode) {
  static const std::pair<const char*, Outside> known[] = {{"constant", Outside::constant},
                                                          {"nearest", Outside::nearest},
                                                          {"wrap", Outside::wrap},
                                                          {"mirror", Outside::mirror},
                                                          {"reflect", Outside::reflect}};
  for (const auto& [name, kind] : known)
    if (fill_mode == name) return kind;
  throw ValueError(
      "Invalid value for argument `fill_mode`. Expected one of {'constant', 'nearest', 'wrap', 'mirror', 'reflect'}. "
      "Received: fill_mode=",
      fill_mode);
}

int order_of(const std::string& interpolation) {
  if (interpolation == "nearest") return 0;
  if (interpolation == "bilinear") return 1;
  throw ValueError(
      "Invalid value for argument `interpolation`. Expected of one {'nearest', 'bilinear'}. Received: interpolation=",
      interpolation);
}

namespace {

Tensor scalar(double value, const Tensor& like) { return constant(value, like.dtype()); }
Tensor clamp(const Tensor& x, double low, double high) { return minimum(maximum(x, scalar(low, x)), scalar(high, x)); }
Tensor modulo(const Tensor& x, double n) { return binary(Binary::mod, x, scalar(n, x)); }

Tensor mirrored(const Tensor& index, int64_t size) {  // 0 1 2 1 0 1 ...
  if (size == 1) return multiply(index, 0.0);
  const double last = static_cast<double>(size - 1);
  return unary(Unary::abs, add(modulo(add(index, last), 2 * last), -last));
}

// A whole-numbered index as one inside.
Tensor inside(const Tensor& index, int64_t size, Outside outside) {
  switch (outside) {
    case Outside::constant:
    case Outside::nearest: return clamp(index, 0, static_cast<double>(size - 1));
    case Outside::wrap: return modulo(index, static_cast<double>(size));
    case Outside::mirror: return mirrored(index, size);
    case Outside::reflect: break;
  }
  const Tensor doubled = add(mirrored(add(multiply(index, 2.0), 1.0), 2 * size + 1), -1.0);
  return binary(Binary::floor_divide, doubled, scalar(2, doubled));
}

struct Neighbour {
  Tensor index, weight, valid;  // weight undefined: 1; valid undefined: always
};

std::vector<Neighbour> neighbours(const Tensor& coordinate, int64_t size, int order, Outside outside) {
  std::vector<std::pair<Tensor, Tensor>> found;
  if (order == 0) {
    const Tensor half = unary(Unary::floor, add(unary(Unary::abs, coordinate), 0.5));  // away from zero
    found = {{multiply(half, unary(Unary::sign, coordinate)), Tensor()}};
  } else {
    const Tensor low = unary(Unary::floor, coordinate), share = subtract(coordinate, stop_gradient(low));
    found = {{low, rsub(1, share)}, {add(low, 1.0), share}};
  }
  std::vector<Neighbour> out;
  for (auto& [index, weight] : found) {
    Tensor whole = cast(clamp(index, -1e9, 1e9), DType::int32), valid;
    if (outside == Outside::constant)
      valid = binary(Binary::logical_and, compare(Binary::greater_equal, whole, 0.0),
                     compare(Binary::less, whole, static_cast<double>(size)));
    out.push_back({inside(whole, size, outside), weight, valid});
  }
  return out;
}

}  // namespace

Tensor sample(const Tensor& rows, const std::vector<int64_t>& sizes, const Tensors& coordinates, const Tensor& base,
              int order, Outside outside, double fill_value) {
  const DType dtype = rows.dtype(), working = working_dtype(dtype);
  std::vector<Neighbour> corners = {{base, Tensor(), Tensor()}};
  int64_t stride = 1;
  for (size_t axis = sizes.size(); axis-- > 0;) {
    std::vector<Neighbour> next;
    for (const Neighbour& n : neighbours(coordinates[axis], sizes[axis], order, outside))
      for (const Neighbour& c : corners) {
        Neighbour both{add(c.index, multiply(n.index, static_cast<double>(stride))), c.weight, c.valid};
        if (n.weight.defined()) both.weight = c.weight.defined() ? multiply(c.weight, n.weight) : n.weight;
        if (n.valid.defined()) both.valid = c.valid.defined() ? binary(Binary::logical_and, c.valid, n.valid) : n.valid;
        next.push_back(both);
      }
    corners = std::move(next);
    stride *= sizes[axis];
  }
  const Tensor values = cast(rows, working);
  Tensor out;
  for (const Neighbour& c : corners) {
    auto spread = [](const Tensor& t) { return expand_dims(t, t.rank()); };  // over channels
    Tensor part = gather(values, c.index, 0);
    if (c.valid.defined()) part = where(spread(c.valid), part, constant(fill_value, working));
    if (c.weight.defined()) part = multiply(part, spread(cast(c.weight, working)));
    out = out.defined() ? add(out, part) : part;
  }
  return as_pixels(out, dtype);
}

Tensor sample_images(const Tensor& images, const Tensor& y, const Tensor& x, int order, Outside outside,
                     double fill_value) {
  const int64_t batch = images.shape()[0], height = images.shape()[1], width = images.shape()[2];
  if (batch * height * width > std::numeric_limits<int32_t>::max())
    throw ValueError("Images of ", images.shape(), " have more pixels than 32 bits can count. Use smaller batches.");
  const Tensor base = reshape(iota(batch, DType::int32, 0, static_cast<double>(height * width)), {batch, 1, 1});
  return sample(reshape(images, {batch * height * width, images.shape()[3]}), {height, width}, {y, x}, base, order,
                outside, fill_value);
}

}  // namespace lamina::ops::image
