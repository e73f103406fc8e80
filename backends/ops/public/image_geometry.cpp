// keras.ops.image: pixels from other places of the same image.
#include <cmath>
#include <limits>

#include "backends/ops/linalg/linalg.h"
#include "backends/ops/public/about.h"
#include "backends/ops/public/image.h"
#include "backends/ops/public/image_support.h"
#include "backends/ops/public/nn_convolution.h"
#include "backends/ops/public/random.h"

namespace lamina::ops::image {

namespace {

using namespace prim;

#define IMAGE "keras.src.ops.image."

Tensor column(const Tensor& t, int64_t i) {  // t[:, i] as (batch, 1, 1)
  return reshape(slice_axis(t, 1, i, i + 1), {t.shape()[0], 1, 1});
}
Tensor ramp(int64_t n, const Shape& shape, DType dtype) { return reshape(iota(n, dtype), shape); }

}  // namespace

Tensor homography(const Tensor& start, const Tensor& end) {
  const int64_t n = start.shape()[0];
  auto coordinate = [&](const Tensor& points, int64_t i) { return slice_axis(points, 2, i, i + 1); };  // (n, 4, 1)
  const Tensor sx = coordinate(start, 0), sy = coordinate(start, 1), ex = coordinate(end, 0), ey = coordinate(end, 1);
  const Tensor zero = full({n, 4, 1}, 0, start.dtype()), one = full({n, 4, 1}, 1, start.dtype());
  auto times = [](const Tensor& a, const Tensor& b) { return negative(multiply(a, b)); };
  const Tensor x_rows = concat({ex, ey, one, zero, zero, zero, times(sx, ex), times(sx, ey)}, 2);
  const Tensor y_rows = concat({zero, zero, zero, ex, ey, one, times(sy, ex), times(sy, ey)}, 2);
  return reshape(prim::solve(concat({x_rows, y_rows}, 1), concat({sx, sy}, 1)), {n, 8});
}

Tensor elastic(const Tensor& x, const Elastic& by) {
  const int order = order_of(by.interpolation);
  const Outside outside = outside_of(by.fill_mode);
  expect_images(x);
  if (!x.shape().known()) return Tensor::spec_only(x.shape(), x.dtype());
  Batch batch(x, by.data_format);
  const int64_t n = batch.size(0), height = batch.size(1), width = batch.size(2);
  const DType dtype = working_dtype(x.dtype());
  const Tensor sigma = cast(by.sigma, dtype);
  auto shift = [&] {
    const Tensor noise = multiply(random::normal({n, height, width}, 0, 1, dtype, by.seed), sigma);
    return multiply(smoothed_noise(noise, sigma, by.most_sigma), cast(by.alpha, dtype));
  };
  const Tensor dx = shift(), dy = shift();
  return batch.restored(sample_images(batch.x, add(ramp(height, {1, height, 1}, dtype), dy),
                                      add(ramp(width, {1, 1, width}, dtype), dx), order, outside, by.fill_value));
}

namespace {

Tensor affine_transform_impl(const Operand& images, const Operand& transform, const std::string& interpolation,
                             const std::string& fill_mode, double fill_value,
                             const std::optional<std::string>& data_format) {
  const int order = order_of(interpolation);
  const Outside outside = outside_of(fill_mode);
  const Tensor x = images.value();
  expect_images(x);
  Tensor t = transform.as(working_dtype(x.dtype()));
  if (t.rank() != 1 && t.rank() != 2)
    throw ValueError(
        "Invalid transform rank: expected rank 1 (single transform) or rank 2 (batch of transforms). Received input "
        "with shape: transform.shape=",
        t.shape());
  if (t.shape().known() && t.shape().back() != 8)
    throw ValueError("A transform has 8 numbers (a0, a1, a2, b0, b1, b2, c0, c1). Received: transform.shape=",
                     t.shape());
  if (!x.shape().known() || !t.shape().known()) return Tensor::spec_only(x.shape(), x.dtype());
  Batch batch(x, data_format);
  if (t.rank() == 1) t = expand_dims(t, 0);
  if (t.shape()[0] != 1 && t.shape()[0] != batch.size(0))
    throw ValueError("There must be one transform, or one for each of the ", batch.size(0),
                     " images. Received: transform.shape=", transform.shape());
  const int64_t height = batch.size(1), width = batch.size(2);
  const Tensor row = ramp(height, {1, height, 1}, t.dtype()), col = ramp(width, {1, 1, width}, t.dtype());
  auto place = [&](int64_t a) {
    return add(add(multiply(column(t, a), col), multiply(column(t, a + 1), row)), column(t, a + 2));
  };
  const Shape all = {batch.size(0), height, width};
  return batch.restored(
      sample_images(batch.x, broadcast_to(place(3), all), broadcast_to(place(0), all), order, outside, fill_value));
}
const auto affine_transform_op =
    public_op("image.affine_transform", IMAGE "AffineTransform",
              "The pixel at (x, y) is the input's at (a0 x + a1 y + a2, b0 x + b1 y + b2).", affine_transform_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"transform", required,
                "The 8 numbers a0, a1, a2, b0, b1, b2, c0, c1 (the last two 0), or one such row per image."},
               {"interpolation", "bilinear", "\"nearest\" or \"bilinear\"."},
               {"fill_mode", "constant",
                "What stands outside of the image: \"constant\", \"nearest\", \"wrap\", \"mirror\" or \"reflect\"."},
               {"fill_value", 0, "The value outside with \"constant\"."},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images of the same shape and dtype.",
               .raises = "ValueError: for other ranks, interpolations and fill modes.",
               .example = R"py(
>>> x = keras.ops.reshape(keras.ops.arange(4.0), (1, 4, 1))
>>> keras.ops.image.affine_transform(x, [1, 0, 1, 0, 1, 0, 0, 0])[0, :, 0]
<Tensor shape=(4,), dtype=float32, values=[1. 2. 3. 0.]>)py"});

// Coordinates arrive as a tensor or as a list of tensors.
Tensor map_coordinates_impl(const Operand& inputs, const Operand& coordinates, int order, const std::string& fill_mode,
                            double fill_value) {
  const Tensor x = inputs.value(), places = coordinates.value();
  const Outside outside = outside_of(fill_mode);
  if (places.rank() < 2)
    throw ValueError("Invalid coordinates rank: expected at least rank 2. Received input with shape: ", places.shape());
  if (places.shape()[0] != x.rank())
    throw ValueError(
        "First dim of `coordinates` must be the same as the rank of `inputs`. Received inputs with shape: ", x.shape(),
        " and coordinate leading dim of ", places.shape()[0]);
  if (order != 0 && order != 1)
    throw ValueError("Invalid value for argument `order`. Expected one of [0, 1]. Received: order=", order);
  Shape out;
  for (int i = 1; i < places.rank(); ++i) out.push_back(places.shape()[i]);
  if (!x.shape().known() || !places.shape().known()) return Tensor::spec_only(out, x.dtype());
  if (x.size() == 0) throw ValueError("map_coordinates: `inputs` has no elements. Received shape ", x.shape(), ".");
  Tensors each;
  std::vector<int64_t> sizes;
  const Tensor numbers = is_float(places.dtype()) ? places : cast(places, DType::float32);
  for (int i = 0; i < x.rank(); ++i) {
    each.push_back(reshape(slice_axis(numbers, 0, i, i + 1), out));
    sizes.push_back(x.shape()[i]);
  }
  return reshape(sample(reshape(x, {x.size(), 1}), sizes, each, constant(0, DType::int32), order, outside, fill_value),
                 out);
}
const auto map_coordinates_op =
    public_op("image.map_coordinates", IMAGE "MapCoordinates",
              "The values of `inputs` at `coordinates` (one row per axis), by the nearest point or linearly.",
              map_coordinates_impl,
              {{"inputs", required, "A tensor of any rank."},
               {"coordinates", required, "(rank, ...): a row of places per axis."},
               {"order", required, "0 takes the nearest point, 1 interpolates linearly."},
               {"fill_mode", "constant",
                "What stands outside of the image: \"constant\", \"nearest\", \"wrap\", \"mirror\" or \"reflect\"."},
               {"fill_value", 0, "The value outside with \"constant\"."}},
              {.returns = "A tensor of the shape of a row of `coordinates`, in the dtype of `inputs`.",
               .raises = "ValueError: if there is not one row per axis, and for other orders.",
               .example = R"py(
>>> keras.ops.image.map_coordinates([0.0, 10.0, 20.0], [[0.5, 1.0]], 1)
<Tensor shape=(2,), dtype=float32, values=[ 5. 10.]>)py"});

Tensor elastic_transform_impl(const Operand& images, double alpha, double sigma, const std::string& interpolation,
                              const std::string& fill_mode, double fill_value, const Value& seed,
                              const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  const DType dtype = working_dtype(x.dtype());
  return elastic(x, {.alpha = constant(alpha, dtype),
                     .sigma = constant(sigma, dtype),
                     .most_sigma = sigma,
                     .interpolation = interpolation,
                     .fill_mode = fill_mode,
                     .fill_value = fill_value,
                     .seed = seed,
                     .data_format = data_format});
}
const auto elastic_transform_op =
    public_op("image.elastic_transform", IMAGE "ElasticTransform",
              "Pixels from nearby places: shifts are blurred normal noise.", elastic_transform_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"alpha", 20.0, "How far pixels move."},
               {"sigma", 5.0, "The standard deviation of the noise and of its blur, in pixels."},
               {"interpolation", "bilinear", "\"nearest\" or \"bilinear\"."},
               {"fill_mode", "reflect",
                "What stands outside of the image: \"constant\", \"nearest\", \"wrap\", \"mirror\" or \"reflect\"."},
               {"fill_value", 0.0, "The value outside with \"constant\"."},
               {"seed", Value(), about::seed},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images of the same shape and dtype.",
               .raises = "ValueError: for other ranks, interpolations and fill modes.",
               .source = "Simard, Steinkraus and Platt 2003, Best Practices for Convolutional Neural Networks.",
               .example = R"py(
>>> keras.ops.image.elastic_transform(keras.ops.ones((8, 8, 3)), seed=1).shape
(8, 8, 3))py"});

Tensor perspective_transform_impl(const Operand& images, const Operand& start_points, const Operand& end_points,
                                  const std::string& interpolation, double fill_value,
                                  const std::optional<std::string>& data_format) {
  const int order = order_of(interpolation);
  const Tensor x = images.value();
  expect_images(x);
  const DType dtype = working_dtype(x.dtype());
  Tensor start = start_points.as(dtype), end = end_points.as(dtype);
  for (const auto& [points, name] : {std::pair(&start, "start_points"), std::pair(&end, "end_points")}) {
    const Shape& s = points->shape();
    if ((s.rank() != 2 && s.rank() != 3) || s[s.rank() - 2] != 4 || s.back() != 2)
      throw ValueError("Invalid ", name,
                       " shape: expected (4,2) for a single image or (N,4,2) for a batch. Received shape: ", s);
  }
  if (start.shape() != end.shape())
    throw ValueError("start_points and end_points must have the same shape. Received start_points.shape=",
                     start.shape(), ", end_points.shape=", end.shape());
  if (!x.shape().known() || !start.shape().known()) return Tensor::spec_only(x.shape(), x.dtype());
  Batch batch(x, data_format);
  if (start.rank() == 2) start = expand_dims(start, 0), end = expand_dims(end, 0);
  if (start.shape()[0] != 1 && start.shape()[0] != batch.size(0))
    throw ValueError("There must be four points for all images, or for each of the ", batch.size(0),
                     " images. Received: start_points.shape=", start_points.shape());
  const int64_t height = batch.size(1), width = batch.size(2);
  const Tensor t = homography(start, end);
  const Tensor row = ramp(height, {1, height, 1}, dtype), col = ramp(width, {1, 1, width}, dtype);
  auto form = [&](int64_t a, const Tensor& rest) {
    return add(add(multiply(column(t, a), col), multiply(column(t, a + 1), row)), rest);
  };
  const Tensor below = form(6, constant(1, dtype));
  const Shape all = {batch.size(0), height, width};
  const Tensor px = broadcast_to(divide(form(0, column(t, 2)), below), all),
               py = broadcast_to(divide(form(3, column(t, 5)), below), all);
  return batch.restored(sample_images(batch.x, py, px, order, Outside::constant, fill_value));
}
const auto perspective_transform_op =
    public_op("image.perspective_transform", IMAGE "PerspectiveTransform",
              "Images projected so that four points come to lie elsewhere.", perspective_transform_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"start_points", required, "Four (x, y) points, (4, 2), or four per image."},
               {"end_points", required, "Where they come to lie, in the same shape."},
               {"interpolation", "bilinear", "\"nearest\" or \"bilinear\"."},
               {"fill_value", 0, "The value outside."},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images of the same shape and dtype.",
               .raises = "ValueError: for points of other shapes, and other ranks and interpolations.",
               .example = R"py(
>>> corners = keras.ops.convert_to_tensor([[0.0, 0.0], [0.0, 3.0], [3.0, 0.0], [3.0, 3.0]])
>>> x = keras.ops.reshape(keras.ops.arange(4.0), (1, 4, 1))
>>> keras.ops.image.perspective_transform(x, corners, corners).shape
(1, 4, 1))py"});

enum class Kernel : uint8_t { linear, cubic, lanczos3, lanczos5 };
Kernel kernel_of(const std::string& method) {
  static const std::pair<const char*, Kernel> known[] = {
      {"linear", Kernel::linear},     {"bilinear", Kernel::linear},  {"trilinear", Kernel::linear},
      {"cubic", Kernel::cubic},       {"bicubic", Kernel::cubic},    {"tricubic", Kernel::cubic},
      {"lanczos3", Kernel::lanczos3}, {"lanczos5", Kernel::lanczos5}};
  for (const auto& [name, kind] : known)
    if (method == name) return kind;
  throw ValueError(
      "Invalid value for argument `method`. Expected of one {'linear', 'bilinear', 'trilinear', 'cubic', 'bicubic', "
      "'tricubic', 'lanczos3', 'lanczos5'}. Received: method=",
      method);
}

// The weight of a sample at distance x >= 0.
Tensor weight(Kernel kind, const Tensor& x) {
  const DType dtype = x.dtype();
  const Tensor zero = constant(0, dtype);
  if (kind == Kernel::linear) return maximum(rsub(1, x), zero);
  if (kind == Kernel::cubic) {  // Keys 1981, a = -1/2
    const Tensor near = add(multiply(multiply(add(multiply(x, 1.5), -2.5), x), x), 1.0);
    const Tensor far = add(multiply(add(multiply(add(multiply(x, -0.5), 2.5), x), -4.0), x), 2.0);
    return where(compare(Binary::greater_equal, x, 2), zero, where(compare(Binary::greater_equal, x, 1), far, near));
  }
  const double radius = kind == Kernel::lanczos3 ? 3 : 5;
  const Tensor waves =
      multiply(multiply(unary(Unary::sin, multiply(x, M_PI)), unary(Unary::sin, multiply(x, M_PI / radius))), radius);
  const Tensor safe = where(compare(Binary::not_equal, x, 0), multiply(square(x), M_PI * M_PI), constant(1, dtype));
  const Tensor out = where(compare(Binary::greater, x, 1e-3), divide(waves, safe), constant(1, dtype));
  return where(compare(Binary::greater, x, radius), zero, out);
}

// (in, out): how much each input counts for each output along an axis.
Tensor weights(int64_t in, int64_t out, const Tensor& scale, const Tensor& translation, Kernel kind, bool antialias) {
  const DType dtype = scale.dtype();
  const Tensor inverse = divide(constant(1, dtype), scale);
  const Tensor width = antialias ? maximum(inverse, constant(1, dtype)) : constant(1, dtype);
  const Tensor at = add(subtract(multiply(add(iota(out, dtype), 0.5), inverse), multiply(translation, inverse)), -0.5);
  const Tensor distance = unary(Unary::abs, subtract(expand_dims(at, 0), reshape(iota(in, dtype), {in, 1})));
  Tensor w = weight(kind, divide(distance, width));
  const Tensor total = reduce(Reduce::sum, w, {0}, true), zero = constant(0, dtype);
  const double tiny =
      1000 * (dtype == DType::float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon());
  const Tensor safe = where(compare(Binary::not_equal, total, 0), total, constant(1, dtype));
  w = where(compare(Binary::greater, unary(Unary::abs, total), tiny), divide(w, safe), zero);
  const Tensor covered = binary(Binary::logical_and, compare(Binary::greater_equal, at, -0.5),
                                compare(Binary::less_equal, at, static_cast<double>(in) - 0.5));
  return where(expand_dims(covered, 0), w, zero);
}

Tensor scale_and_translate_impl(const Operand& images, const Shape& output_shape, const Operand& scale,
                                const Operand& translation, const std::vector<int>& spatial_dims,
                                const std::string& method, bool antialias) {
  const Kernel kind = kernel_of(method);
  Tensor x = images.value();
  if (output_shape.rank() != x.rank())
    throw ValueError("`output_shape` must have as many axes as the images. Received: output_shape=", output_shape,
                     ", images.shape=", x.shape());
  const DType dtype = x.dtype(), working = working_dtype(dtype);
  const Tensor scales = scale.as(working), shifts = translation.as(working);
  const auto count = static_cast<int64_t>(spatial_dims.size());
  for (const Tensor* t : {&scales, &shifts})
    if (t->rank() != 1 || t->shape()[0] != count)
      throw ValueError("`scale` and `translation` must have one number for each of the ", count,
                       " axes in `spatial_dims`. Received shape ", t->shape(), ".");
  if (!x.shape().known()) return Tensor::spec_only(output_shape, dtype);
  x = cast(x, working);
  const std::vector<int> axes = axes_of(spatial_dims, x.rank());
  if (axes.size() != spatial_dims.size()) throw ValueError("`spatial_dims` names an axis twice.");
  for (size_t i = 0; i < spatial_dims.size(); ++i) {
    const int axis = spatial_dims[i] < 0 ? spatial_dims[i] + x.rank() : spatial_dims[i];
    auto one = [&](const Tensor& t) {
      return reshape(slice_axis(t, 0, static_cast<int64_t>(i), static_cast<int64_t>(i) + 1), {});
    };
    const Tensor w = weights(x.shape()[axis], output_shape[axis], one(scales), one(shifts), kind, antialias);
    Tensor moved = to_last(x, axis);
    Shape rows = {moved.size() / std::max<int64_t>(1, moved.shape().back()), moved.shape().back()},
          back = moved.shape();
    back[back.rank() - 1] = output_shape[axis];
    x = from_last(reshape(matmul(reshape(moved, rows), w), back), axis);
  }
  return as_pixels(x, dtype);
}
const auto scale_and_translate_op = public_op(
    "image.scale_and_translate", IMAGE "ScaleAndTranslate",
    "Images scaled and shifted along some axes, by a linear, cubic or Lanczos kernel.", scale_and_translate_impl,
    {{"images", required, "A tensor."},
     OpArgument("output_shape", required, "The shape of the result.").in_call(),
     {"scale", required, "A factor per axis of `spatial_dims`."},
     {"translation", required, "A shift per axis of `spatial_dims`, in pixels of the result."},
     {"spatial_dims", required, "The axes that are scaled and shifted."},
     {"method", required,
      "\"linear\", \"cubic\", \"lanczos3\" or \"lanczos5\"; \"bilinear\" and its kin mean the same."},
     {"antialias", true, "Whether to smooth where the images shrink."}},
    {.returns = "A tensor of that shape, in the dtype of `images`.",
     .raises = "ValueError: for other methods, and if `scale` or `translation` have other lengths.",
     .source = "Keys 1981 for the cubic kernel.",
     .example = R"py(
>>> keras.ops.image.scale_and_translate([0.0, 2.0, 4.0], (3,), [1.0], [1.0], (0,), "linear")
<Tensor shape=(3,), dtype=float32, values=[0. 0. 2.]>)py"});

}  // namespace

Tensor affine_transform(const Operand& images, const Operand& transform, const std::string& interpolation,
                        const std::string& fill_mode, double fill_value,
                        const std::optional<std::string>& data_format) {
  return affine_transform_op(images, transform, interpolation, fill_mode, fill_value, data_format);
}
Tensor perspective_transform(const Operand& images, const Operand& start_points, const Operand& end_points,
                             const std::string& interpolation, double fill_value,
                             const std::optional<std::string>& data_format) {
  return perspective_transform_op(images, start_points, end_points, interpolation, fill_value, data_format);
}
Tensor map_coordinates(const Operand& inputs, const Operand& coordinates, int order, const std::string& fill_mode,
                       double fill_value) {
  return map_coordinates_op(inputs, coordinates, order, fill_mode, fill_value);
}
Tensor elastic_transform(const Operand& images, double alpha, double sigma, const std::string& interpolation,
                         const std::string& fill_mode, double fill_value, const Value& seed,
                         const std::optional<std::string>& data_format) {
  return elastic_transform_op(images, alpha, sigma, interpolation, fill_mode, fill_value, seed, data_format);
}
Tensor scale_and_translate(const Operand& images, const Shape& output_shape, const Operand& scale,
                           const Operand& translation, const std::vector<int>& spatial_dims, const std::string& method,
                           bool antialias) {
  return scale_and_translate_op(images, output_shape, scale, translation, spatial_dims, method, antialias);
}

}  // namespace lamina::ops::image
