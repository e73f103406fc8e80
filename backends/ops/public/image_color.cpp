// keras.ops.image: colours.
#include <limits>

#include "backends/ops/public/about.h"
#include "backends/ops/public/image.h"
#include "backends/ops/public/image_support.h"

namespace lamina::ops::image {

namespace {

using namespace prim;

#define IMAGE "keras.src.ops.image."

int channel_axis(const Tensor& x, const std::optional<std::string>& data_format) {
  return channels_last(data_format) ? x.rank() - 1 : x.rank() - 3;
}

void expect_colors(const Tensor& x, int axis) {
  if (const int64_t channels = x.shape()[axis]; channels >= 0 && channels != 3)
    throw ValueError("Input images must have 3 channels, but received images with ", channels,
                     " channels. Received: images.shape=", x.shape());
}

// The three planes along the axis of channels, each with that axis of size 1.
Tensors planes(const Tensor& x, int axis) {
  expect_colors(x, axis);
  Tensors out;
  for (int i = 0; i < 3; ++i) out.push_back(slice_axis(x, axis, i, i + 1));
  return out;
}

void expect_float(const Tensor& x) {
  if (!is_float(x.dtype()))
    throw ValueError("Invalid images dtype: expected float dtype. Received: images.dtype=", x.dtype());
}

Tensor rgb_to_grayscale_impl(const Operand& images, const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  expect_images(x);
  const int axis = channel_axis(x, data_format);
  if (x.shape()[axis] != 1 && x.shape()[axis] != 3)
    throw ValueError(
        "Invalid channel size: expected 3 (RGB) or 1 (Grayscale). Received input with shape: images.shape=", x.shape());
  if (x.shape()[axis] == 1) return x;
  Shape out = x.shape();
  out[axis] = 1;
  if (!x.shape().known()) return Tensor::spec_only(out, x.dtype());
  const Tensor numbers = is_float(x.dtype()) ? x : as_float(images);
  const Tensors p = planes(numbers, axis);
  // As TensorFlow (ITU-R BT.601 luma, to four digits). Integers lose their fractions, as there.
  return cast(add(add(multiply(p[0], 0.2989), multiply(p[1], 0.5870)), multiply(p[2], 0.1140)), x.dtype());
}
const auto rgb_to_grayscale_op =
    public_op("image.rgb_to_grayscale", IMAGE "RGBToGrayscale",
              "The luma of colour images: 0.2989 red + 0.587 green + 0.114 blue.", rgb_to_grayscale_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images with one channel, in the dtype of `images`.",
               .raises = "ValueError: if there are neither 3 channels nor 1.",
               .source = "ITU-R BT.601, to four digits.",
               .example = R"py(
>>> keras.ops.image.rgb_to_grayscale(keras.ops.ones((2, 2, 3))).shape
(2, 2, 1))py"});

Tensor rgb_to_hsv_impl(const Operand& images, const std::optional<std::string>& data_format) {
  Tensor x = images.value();
  expect_images(x);
  expect_float(x);
  expect_colors(x, channel_axis(x, data_format));
  if (!x.shape().known()) return Tensor::spec_only(x.shape(), x.dtype());
  const int axis = channel_axis(x, data_format);
  const DType dtype = x.dtype();
  const Tensor zero = constant(0, dtype), one = constant(1, dtype);
  double tiny = std::numeric_limits<float>::epsilon();
  if (dtype == DType::float64) tiny = std::numeric_limits<double>::epsilon();
  if (dtype == DType::float16) tiny = 0x1p-10;
  if (dtype == DType::bfloat16) tiny = 0x1p-7;
  x = where(compare(Binary::less, unary(Unary::abs, x), tiny), zero, x);
  const Tensors p = planes(x, axis);
  const Tensor &r = p[0], &g = p[1], &b = p[2];
  const Tensor value = maximum(maximum(r, g), b), range = subtract(value, minimum(minimum(r, g), b));
  const Tensor lit = compare(Binary::greater, value, 0), coloured = compare(Binary::greater, range, 0);
  const Tensor saturation = where(lit, divide(range, where(lit, value, one)), zero);
  const Tensor norm = divide(one, multiply(where(coloured, range, one), 6.0));
  Tensor hue = where(compare(Binary::equal, value, g), add(multiply(norm, subtract(b, r)), 2.0 / 6),
                     add(multiply(norm, subtract(r, g)), 4.0 / 6));
  hue = where(compare(Binary::equal, value, r), multiply(norm, subtract(g, b)), hue);
  hue = add(where(coloured, hue, zero), cast(compare(Binary::less, hue, 0), dtype));
  return concat({hue, saturation, value}, axis);
}
const auto rgb_to_hsv_op =
    public_op("image.rgb_to_hsv", IMAGE "RGBToHSV", "Red, green and blue in 0..1 as hue, saturation and value in 0..1.",
              rgb_to_hsv_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images of the same shape and dtype.",
               .raises = "ValueError: if there are not 3 channels, or the dtype is no floating one.",
               .example = R"py(
>>> keras.ops.image.rgb_to_hsv([[[1.0, 0.0, 0.0]]])
<Tensor shape=(1, 1, 3), dtype=float32, values=[[[0. 1. 1.]]]>)py"});

Tensor hsv_to_rgb_impl(const Operand& images, const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  expect_images(x);
  expect_float(x);
  expect_colors(x, channel_axis(x, data_format));
  if (!x.shape().known()) return Tensor::spec_only(x.shape(), x.dtype());
  const int axis = channel_axis(x, data_format);
  const DType dtype = x.dtype();
  const Tensor zero = constant(0, dtype), one = constant(1, dtype);
  const Tensors p = planes(x, axis);
  const Tensor dh = multiply(binary(Binary::mod, p[0], one), 6.0);
  auto away = [&](double centre) { return unary(Unary::abs, add(dh, -centre)); };
  auto channel = [&](const Tensor& share) {
    const Tensor clipped = minimum(maximum(share, zero), one);
    return multiply(p[2], add(rsub(1, p[1]), multiply(p[1], clipped)));
  };
  return concat({channel(add(away(3), -1.0)), channel(rsub(2, away(2))), channel(rsub(2, away(4)))}, axis);
}
const auto hsv_to_rgb_op =
    public_op("image.hsv_to_rgb", IMAGE "HSVToRGB", "Hue, saturation and value in 0..1 as red, green and blue in 0..1.",
              hsv_to_rgb_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images of the same shape and dtype.",
               .raises = "ValueError: if there are not 3 channels, or the dtype is no floating one.",
               .example = R"py(
>>> keras.ops.image.hsv_to_rgb([[[0.0, 1.0, 1.0]]])
<Tensor shape=(1, 1, 3), dtype=float32, values=[[[1. 0. 0.]]]>)py"});

}  // namespace

Tensor rgb_to_grayscale(const Operand& images, const std::optional<std::string>& data_format) {
  return rgb_to_grayscale_op(images, data_format);
}
Tensor rgb_to_hsv(const Operand& images, const std::optional<std::string>& data_format) {
  return rgb_to_hsv_op(images, data_format);
}
Tensor hsv_to_rgb(const Operand& images, const std::optional<std::string>& data_format) {
  return hsv_to_rgb_op(images, data_format);
}

}  // namespace lamina::ops::image
