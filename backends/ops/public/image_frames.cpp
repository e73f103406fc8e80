// keras.ops.image: parts of images, and images with more around them.
#include "backends/ops/public/about.h"
#include "backends/ops/public/image.h"
#include "backends/ops/public/image_support.h"

namespace lamina::ops::image {

namespace {

using namespace prim;

#define IMAGE "keras.src.ops.image."

using Size = std::optional<int64_t>;

// Of a side: what goes or comes before, behind, and the size after; two of the three are given.
struct Side {
  int64_t before, behind, size;
};

Side resolve(int64_t size, Size before, Size behind, Size target, bool crop, const std::string& first,
             const std::string& second, const std::string& third) {
  for (const auto& [value, name] : {std::pair(before, first), std::pair(behind, second), std::pair(target, third)})
    if (value && *value < 0) throw ValueError(name, " must be >= 0. Received: ", name, "=", *value);
  auto shown = [](const Size& s) { return s ? text(*s) : std::string("None"); };
  if (before.has_value() + behind.has_value() + target.has_value() != 2)
    throw ValueError("Must specify exactly two of ", first, ", ", second, ", ", third, ". Received: ", first, "=",
                     shown(before), ", ", second, "=", shown(behind), ", ", third, "=", shown(target));
  if (size < 0) {
    if (!target && crop)
      throw ValueError("When the ", third.substr(third.find('_') + 1), " of the images is unknown, `", third,
                       "` must be specified.");
    if (!target) return {before.value_or(0), behind.value_or(0), Shape::kUnknown};
    return {before.value_or(0), behind.value_or(0), *target};
  }
  const int64_t sign = crop ? -1 : 1;
  if (!target) target = size + sign * (*before + *behind);
  if (!before) before = sign * (*target - size) - *behind;
  if (!behind) behind = sign * (*target - size) - *before;
  const Side out{*before, *behind, *target};
  for (const auto& [value, name] :
       {std::pair(out.before, first), std::pair(out.behind, second), std::pair(out.size, third)})
    if (value < 0) throw ValueError(name, " must be >= 0. Received: ", name, "=", value);
  return out;
}

struct Frame {
  int h, w;
  Side vertical, horizontal;
};

Frame frame_of(const Tensor& x, Size top, Size left, Size bottom, Size right, Size height, Size width,
               const std::optional<std::string>& data_format, bool crop) {
  expect_images(x);
  const std::string ending = crop ? "_cropping" : "_padding";
  const int h = channels_last(data_format) ? x.rank() - 3 : x.rank() - 2, w = h + 1;
  return {h, w, resolve(x.shape()[h], top, bottom, height, crop, "top" + ending, "bottom" + ending, "target_height"),
          resolve(x.shape()[w], left, right, width, crop, "left" + ending, "right" + ending, "target_width")};
}

Tensor crop_images_impl(const Operand& images, const Size& top, const Size& left, const Size& bottom, const Size& right,
                        const Size& height, const Size& width, const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  const Frame f = frame_of(x, top, left, bottom, right, height, width, data_format, true);
  Shape out = x.shape();
  out[f.h] = f.vertical.size, out[f.w] = f.horizontal.size;
  if (!x.shape().known()) return Tensor::spec_only(out, x.dtype());
  return slice_axis(slice_axis(x, f.h, f.vertical.before, f.vertical.before + f.vertical.size), f.w,
                    f.horizontal.before, f.horizontal.before + f.horizontal.size);
}
const auto crop_images_op =
    public_op("image.crop_images", IMAGE "CropImages",
              "A part of images: two of top, bottom and height, and two of left, right and width.", crop_images_impl,
              {{"images", required, "An image (height, width, channels) or a batch of them."},
               {"top_cropping", Value(), "Rows to cut above."},
               {"left_cropping", Value(), "Columns to cut at the left."},
               {"bottom_cropping", Value(), "Rows to cut below."},
               {"right_cropping", Value(), "Columns to cut at the right."},
               {"target_height", Value(), "The height of the result."},
               {"target_width", Value(), "The width of the result."},
               {"data_format", Value(), about::data_format}},
              {.returns = "Images of that size.",
               .raises = "ValueError: unless exactly two of each three are given, and where one comes out below 0.",
               .example = R"py(
>>> keras.ops.image.crop_images(keras.ops.ones((4, 6, 3)), 1, 2, target_height=2, target_width=3).shape
(2, 3, 3))py"});

Tensor pad_images_impl(const Operand& images, const Size& top, const Size& left, const Size& bottom, const Size& right,
                       const Size& height, const Size& width, const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  const Frame f = frame_of(x, top, left, bottom, right, height, width, data_format, false);
  Shape out = x.shape();
  out[f.h] = f.vertical.size, out[f.w] = f.horizontal.size;
  if (!x.shape().known()) return Tensor::spec_only(out, x.dtype());
  std::vector<int64_t> low(static_cast<size_t>(x.rank()), 0), high = low;
  low[static_cast<size_t>(f.h)] = f.vertical.before, high[static_cast<size_t>(f.h)] = f.vertical.behind;
  low[static_cast<size_t>(f.w)] = f.horizontal.before, high[static_cast<size_t>(f.w)] = f.horizontal.behind;
  return pad(x, low, high);
}
const auto pad_images_op = public_op(
    "image.pad_images", IMAGE "PadImages",
    "Images with zeros around them: two of top, bottom and height, and two of left, right and width.", pad_images_impl,
    {{"images", required, "An image (height, width, channels) or a batch of them."},
     {"top_padding", Value(), "Rows to add above."},
     {"left_padding", Value(), "Columns to add at the left."},
     {"bottom_padding", Value(), "Rows to add below."},
     {"right_padding", Value(), "Columns to add at the right."},
     {"target_height", Value(), "The height of the result."},
     {"target_width", Value(), "The width of the result."},
     {"data_format", Value(), about::data_format}},
    {.returns = "Images of that size.",
     .raises = "ValueError: unless exactly two of each three are given, and where one comes out below 0.",
     .example = R"py(
>>> keras.ops.image.pad_images(keras.ops.ones((2, 3, 3)), 1, 2, target_height=5, target_width=8).shape
(5, 8, 3))py"});

// Windows of a tensor with `rank` spatial axes, each as one vector: its places in order, the channels of each together.
Tensor windows(const Tensor& images, int rank, const Sizes& size, const std::optional<Sizes>& strides,
               const Sizes& dilation_rate, const std::string& padding, const std::optional<std::string>& data_format) {
  Tensor x = images;
  if (x.rank() != rank + 1 && x.rank() != rank + 2)
    throw ValueError("Invalid images rank: expected rank ", rank + 1, " (one), or rank ", rank + 2,
                     " (a batch). Received input with shape: images.shape=", x.shape());
  const bool single = x.rank() == rank + 1, last = channels_last(data_format);
  const Sizes k = sizes_for(size, rank, "size"),
              s = sizes_for(strides && !strides->empty() ? *strides : k, rank, "strides"),
              d = sizes_for(dilation_rate, rank, "dilation_rate");
  const bool same = padding_name(padding) == "same";
  if (single) x = expand_dims(x, 0);
  if (!last) x = channels_to_end(x);
  const int64_t channels = x.shape().back();
  Shape out = x.shape();
  std::vector<int64_t> low(static_cast<size_t>(x.rank()), 0), high = low;
  for (int i = 0; i < rank; ++i) {
    const int64_t n = x.shape()[i + 1], span = (k[i] - 1) * d[i] + 1;
    if (n < 0) {
      out[i + 1] = Shape::kUnknown;
      continue;
    }
    out[i + 1] = same ? (n + s[i] - 1) / s[i] : n < span ? 0 : (n - span) / s[i] + 1;
    const int64_t missing = same ? std::max<int64_t>(0, (out[i + 1] - 1) * s[i] + span - n) : 0;
    low[static_cast<size_t>(i) + 1] = missing / 2, high[static_cast<size_t>(i) + 1] = missing - missing / 2;
  }
  int64_t places = 1;
  for (int64_t n : k) places = multiply_sizes(places, n);
  out[out.rank() - 1] = channels < 0 ? Shape::kUnknown : multiply_sizes(places, channels);
  auto restored = [&](const Tensor& t) {
    Tensor r = last ? t : channels_to_front(t);
    if (!single) return r;
    Shape shape;
    for (int i = 1; i < r.rank(); ++i) shape.push_back(r.shape()[i]);
    return r.shape().known() ? reshape(r, shape) : Tensor::spec_only(shape, r.dtype());
  };
  if (!x.shape().known()) return restored(Tensor::spec_only(out, x.dtype()));
  x = pad(x, low, high);
  Tensors parts;
  for (int64_t place = 0; place < places; ++place) {
    std::vector<int64_t> start(static_cast<size_t>(x.rank()), 0), limit, stride(static_cast<size_t>(x.rank()), 1);
    for (int i = 0; i < x.rank(); ++i) limit.push_back(x.shape()[i]);
    int64_t rest = place;
    for (int i = rank; i-- > 0;) {
      const auto a = static_cast<size_t>(i) + 1;
      start[a] = rest % k[i] * d[i], rest /= k[i];
      stride[a] = s[i];
      limit[a] = out[i + 1] ? start[a] + (out[i + 1] - 1) * s[i] + 1 : start[a];
    }
    parts.push_back(prim::slice(x, start, limit, stride));
  }
  return restored(concat(parts, x.rank() - 1));
}

Tensor extract_patches_impl(const Operand& images, const Value& given_size, const std::optional<Sizes>& strides,
                            const Sizes& dilation_rate, const std::string& padding,
                            const std::optional<std::string>& data_format) {
  if (!given_size.is_int() && !given_size.is_sequence() && !given_size.is_tensor())
    throw TypeError("Invalid `size` argument. Expected an int or a tuple of length 2 or 3. Received: size=",
                    given_size.repr());
  const auto size = value_to<Sizes>(given_size);
  if (size.size() > 3)
    throw ValueError("Invalid `size` argument. Expected a tuple of length 2 or 3. Received: size=", size);
  return windows(images.value(), size.size() == 3 ? 3 : 2, size, strides, dilation_rate, padding, data_format);
}
const auto extract_patches_op = public_op(
    "image.extract_patches", IMAGE "ExtractPatches",
    "Windows of images (or of volumes, where `size` has three numbers), each as one vector.", extract_patches_impl,
    {{"images", required,
      "An image (height, width, channels) or a batch of them. Volumes where `size` has three numbers."},
     {"size", required, "The window's sizes: a number, or one per axis."},
     {"strides", Value(), "The step along each axis; None takes the window's sizes."},
     {"dilation_rate", 1, about::dilation},
     {"padding", "valid", about::padding},
     {"data_format", Value(), about::data_format}},
    {.returns = "A tensor with a vector for each window: its places in order, the channels of each together.",
     .raises = "ValueError: for other ranks and paddings.",
     .example = R"py(
>>> keras.ops.image.extract_patches(keras.ops.ones((1, 4, 6, 3)), (2, 3)).shape
(1, 2, 2, 18))py"});

Tensor extract_patches_3d_impl(const Operand& volumes, const Sizes& size, const std::optional<Sizes>& strides,
                               const Sizes& dilation_rate, const std::string& padding,
                               const std::optional<std::string>& data_format) {
  if (size.size() != 1 && size.size() != 3)
    throw TypeError("Invalid `size` argument. Expected an int or a tuple of length 3. Received: size=", size);
  return windows(volumes.value(), 3, size, strides, dilation_rate, padding, data_format);
}
const auto extract_patches_3d_op =
    public_op("image.extract_patches_3d", IMAGE "ExtractPatches", "Windows of volumes, each as one vector.",
              extract_patches_3d_impl,
              {{"volumes", required, "A volume (depth, height, width, channels) or a batch of them."},
               {"size", required, "The window's sizes: a number, or one per axis."},
               {"strides", Value(), "The step along each axis; None takes the window's sizes."},
               {"dilation_rate", 1, about::dilation},
               {"padding", "valid", about::padding},
               {"data_format", Value(), about::data_format}},
              {.returns = "A tensor with a vector for each window.",
               .raises = "ValueError: for other ranks and paddings.",
               .example = R"py(
>>> keras.ops.image.extract_patches_3d(keras.ops.ones((1, 4, 4, 4, 2)), 2).shape
(1, 2, 2, 2, 16))py"});

}  // namespace

Tensor crop_images(const Operand& images, const CropOptions& o) {
  return crop_images_op(images, o.top, o.left, o.bottom, o.right, o.height, o.width, o.data_format);
}
Tensor pad_images(const Operand& images, const CropOptions& o) {
  return pad_images_op(images, o.top, o.left, o.bottom, o.right, o.height, o.width, o.data_format);
}
Tensor extract_patches(const Operand& images, const Sizes& size, const std::optional<Sizes>& strides,
                       const Sizes& dilation_rate, const std::string& padding,
                       const std::optional<std::string>& data_format) {
  return extract_patches_op(images, to_value(size), strides, dilation_rate, padding, data_format);
}

}  // namespace lamina::ops::image
