#include "backends/ops/public/image.h"

#include <cmath>

#include "backends/core/settings.h"
#include "backends/ops/public/image_support.h"

namespace lamina::ops::image {

namespace {

using namespace prim;

// The part of `a` (with `b` the other side) that has the target's proportions: floor(b * want_a / want_b).
int64_t proportional(int64_t b, int64_t want_a, int64_t want_b) {
  return static_cast<int64_t>(static_cast<double>(b * want_a) / static_cast<double>(want_b));
}

// Whole numbers within the range of an integer type.
Tensor saturated(const Tensor& x, DType type) {
  double low = 0, high = 0;
  with_dtype(type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>)
      low = static_cast<double>(std::numeric_limits<T>::lowest()),
      high = static_cast<double>(std::numeric_limits<T>::max());
  });
  Tensor whole = unary(Unary::round, x);
  return cast(minimum(maximum(whole, constant(low, x.dtype())), constant(high, x.dtype())), type);
}

}  // namespace

Interpolation interpolation_of(const std::string& name, bool of_files) {
  static const std::pair<const char*, Interpolation> known[] = {
      {"bilinear", Interpolation::linear},   {"nearest", Interpolation::nearest},
      {"lanczos3", Interpolation::lanczos3}, {"lanczos5", Interpolation::lanczos5},
      {"bicubic", Interpolation::cubic},     {"area", Interpolation::area},
      {"gaussian", Interpolation::gaussian}, {"mitchellcubic", Interpolation::mitchell}};
  for (const auto& [key, kind] : known)
    if (name == key && (of_files || kind <= Interpolation::lanczos5)) return kind;
  throw ValueError(
      "Invalid value for argument `interpolation`. Expected one of ('bilinear', 'nearest', 'lanczos3', 'lanczos5', "
      "'bicubic'",
      of_files ? ", 'area', 'gaussian', 'mitchellcubic'" : "", "). Received: interpolation=", name);
}

Tensor resized(Tensor x, int h, int64_t to_height, int64_t to_width, Interpolation kind, bool antialias, bool crop,
               bool pad, double fill_value) {
  const int w = h + 1;
  const int64_t height = x.shape()[h], width = x.shape()[w];
  if (crop) {
    const int64_t ch = std::max<int64_t>(std::min(height, proportional(width, to_height, to_width)), 1),
                  cw = std::max<int64_t>(std::min(width, proportional(height, to_width, to_height)), 1);
    x = slice_axis(slice_axis(x, h, (height - ch) / 2, (height - ch) / 2 + ch), w, (width - cw) / 2,
                   (width - cw) / 2 + cw);
  } else if (pad) {
    const int64_t above = (std::max(height, proportional(width, to_height, to_width)) - height) / 2,
                  beside = (std::max(width, proportional(height, to_width, to_height)) - width) / 2;
    std::vector<int64_t> around(static_cast<size_t>(x.rank()), 0);
    around[static_cast<size_t>(above > 0 ? h : w)] = above > 0 ? above : beside;  // both sides alike, along one axis
    if (above > 0 || beside > 0) x = prim::pad(x, around, around, fill_value);
  }
  const DType type = x.dtype();
  const bool widen = kind != Interpolation::nearest && !is_float(type);
  if (widen) x = cast(x, DType::float32);
  x = resample(resample(x, h, to_height, kind, antialias), w, to_width, kind, antialias);
  return widen ? saturated(x, type) : x;
}

namespace {

Tensor resize_impl(const Operand& images, const std::vector<int64_t>& size, const std::string& interpolation,
                   bool antialias, bool crop, bool pad, const std::string& fill_mode, double fill_value,
                   const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  const std::string format = data_format.value_or(settings().channels_last() ? "channels_last" : "channels_first");
  if (format != "channels_last" && format != "channels_first")
    throw ValueError("The `data_format` argument must be one of {'channels_first', 'channels_last'}. Received: ",
                     format);
  if (size.size() != 2) throw ValueError("Expected `size` to be a tuple of 2 integers. Received: size=", size);
  if (size[0] <= 0 || size[1] <= 0)
    throw ValueError("`size` must have positive height and width. Received: size=", size);
  if (x.rank() != 3 && x.rank() != 4)
    throw ValueError(
        "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). Received input with shape: "
        "images.shape=",
        x.shape());
  if (pad && crop) throw ValueError("Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`.");
  const Interpolation kind = interpolation_of(interpolation);
  if (fill_mode != "constant")
    throw ValueError("Invalid value for argument `fill_mode`. Only `'constant'` is supported. Received: fill_mode=",
                     fill_mode);
  const int h = format == "channels_last" ? x.rank() - 3 : x.rank() - 2;
  if (x.shape()[h] < 0 || x.shape()[h + 1] < 0) {
    Shape out = x.shape();
    out[h] = size[0], out[h + 1] = size[1];
    return Tensor::spec_only(out, x.dtype());
  }
  return resized(x, h, size[0], size[1], kind, antialias, crop, pad, fill_value);
}
const auto resize_op =
    public_op("image.resize", "keras.src.ops.image.Resize",
              "Images of another size, by nearest, bilinear, bicubic or Lanczos interpolation.", resize_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"size", required, "The new height and width."},
               {"interpolation", "bilinear", "\"nearest\", \"bilinear\", \"bicubic\", \"lanczos3\" or \"lanczos5\"."},
               {"antialias", false, "Whether to smooth where the images shrink."},
               {"crop_to_aspect_ratio", false, "Whether to cut the images first so that their sides keep their ratio."},
               {"pad_to_aspect_ratio", false, "Whether to pad the images first so that their sides keep their ratio."},
               {"fill_mode", "constant", "\"constant\": how padding is filled."},
               {"fill_value", 0.0, "What padding is filled with."},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images of the new size, in the dtype of `images`.",
               .raises = "ValueError: if `size` is no pair, `interpolation` is unknown, or both ways of keeping the "
                         "ratio are asked for.",
               .example = R"py(
>>> keras.ops.image.resize(keras.ops.array([[[1.0], [3.0]]]), (1, 4), interpolation="nearest")
<Tensor shape=(1, 4, 1), dtype=float32, values=[[[1.]
  [1.]
  [3.]
  [3.]]]>)py"});

}  // namespace

Tensor resize(const Operand& images, const std::vector<int64_t>& size, const std::string& interpolation, bool antialias,
              bool crop_to_aspect_ratio, bool pad_to_aspect_ratio, const std::string& fill_mode, double fill_value,
              const std::optional<std::string>& data_format) {
  return resize_op(images, size, interpolation, antialias, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_mode,
                   fill_value, data_format);
}

}  // namespace lamina::ops::image
