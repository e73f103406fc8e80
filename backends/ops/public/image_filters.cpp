// keras.ops.image: filters over neighbouring pixels.
#include "backends/ops/public/about.h"
#include "backends/ops/public/image.h"
#include "backends/ops/public/image_support.h"
#include "backends/ops/public/nn_convolution.h"

namespace lamina::ops::image {

namespace {

using namespace prim;

#define IMAGE "keras.src.ops.image."

// exp(-(x / sigma)^2 / 2) at the places of a window, with sum 1; 0 farther than `reach` from its middle.
Tensor gaussian(int64_t size, const Tensor& sigma, const Tensor& reach = {}) {
  const DType dtype = sigma.dtype();
  const Tensor x = add(iota(size, dtype), -static_cast<double>(size - 1) / 2);
  Tensor w = exp(multiply(square(divide(x, sigma)), -0.5));
  if (reach.defined()) w = where(compare(Binary::less_equal, unary(Unary::abs, x), reach), w, constant(0, dtype));
  return divide(w, reduce(Reduce::sum, w, {0}, true));
}

// (height, width) filter over each channel of (batch, height, width, channels).
Tensor filter(const Tensor& x, const Tensor& kernel, const std::string& padding) {
  const int64_t channels = x.shape()[3], h = kernel.shape()[0], w = kernel.shape()[1];
  return depthwise_conv(x, broadcast_to(reshape(kernel, {h, w, 1, 1}), {h, w, channels, 1}), {1}, padding,
                        "channels_last");
}

Tensor gaussian_blur_impl(const Operand& images, const Sizes& kernel_size, const Operand& sigma,
                          const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  expect_images(x);
  if (!x.shape().known()) return Tensor::spec_only(x.shape(), x.dtype());
  const Sizes size = sizes_for(kernel_size, 2, "kernel_size");
  const DType working = working_dtype(x.dtype());
  Tensor s = sigma.as(working);
  if (s.size() != 1 && s.size() != 2)
    throw ValueError("`sigma` must have one number, or one for each of the two axes. Received shape ", s.shape(), ".");
  s = broadcast_to(reshape(s, {s.size()}), {2});
  auto of = [&](int64_t i) { return reshape(slice_axis(s, 0, i, i + 1), {}); };
  // Keras' kernel has its first size along the rows of the outer product's second factor.
  const Tensor first = gaussian(size[0], of(0)), second = gaussian(size[1], of(1));
  const Tensor kernel = multiply(reshape(second, {size[1], 1}), reshape(first, {1, size[0]}));
  Batch batch(x, data_format);
  return batch.restored(as_pixels(filter(cast(batch.x, working), kernel, "same"), x.dtype()));
}
const auto gaussian_blur_op = public_op(
    "image.gaussian_blur", IMAGE "GaussianBlur", "Images blurred by a normal density of pixels' distances.",
    gaussian_blur_impl,
    {{"images", required, "An image (height, width, channels) or a batch of them."},
     {"kernel_size", Value::tuple({3, 3}), "The window's sizes."},
     OpArgument("sigma", Value::tuple({1.0, 1.0}), "The standard deviation along each of both axes, in pixels.")
         .in_config(),
     {"data_format", Value(), about::data_format}},
    {.returns = "Images of the same shape and dtype.", .raises = "ValueError: for other ranks.", .example = R"py(
>>> keras.ops.image.gaussian_blur(keras.ops.ones((5, 5, 3))).shape
(5, 5, 3))py"});

Tensor sobel_edges_impl(const Operand& images, const std::optional<std::string>& data_format) {
  const Tensor x = images.value();
  if (x.rank() != 4)
    throw ValueError("Invalid images rank: expected rank 4 (batch of images). Received: images.shape=", x.shape());
  Shape out = x.shape();
  out.push_back(2);
  if (!x.shape().known()) return Tensor::spec_only(out, x.dtype());
  const DType working = working_dtype(x.dtype());
  Batch batch(x, data_format);
  const Tensor values = cast(batch.x, working);
  auto edges = [&](const std::vector<float>& kernel) {
    const Tensor e = filter(values, cast(Tensor::of(kernel, {3, 3}), working), "same");
    return expand_dims(batch.restored(as_pixels(e, x.dtype())), 4);
  };
  return concat({edges({-1, -2, -1, 0, 0, 0, 1, 2, 1}), edges({-1, 0, 1, -2, 0, 2, -1, 0, 1})}, 4);
}
const auto sobel_edges_op =
    public_op("image.sobel_edges", IMAGE "SobelEdges",
              "The change of brightness downwards and to the right, along a last axis of size 2 (Sobel's operator).",
              sobel_edges_impl,
              {{"images", required, "A batch of images (batch, height, width, channels)."},
               {"data_format", Value(), about::data_format}},
              {.returns = "A tensor of the shape of `images` with an axis of size 2 behind.",
               .raises = "ValueError: for other ranks.",
               .source = "Sobel and Feldman 1968.",
               .example = R"py(
>>> keras.ops.image.sobel_edges(keras.ops.ones((1, 5, 5, 3))).shape
(1, 5, 5, 3, 2))py"});

Tensor ssim_impl(const Operand& image1, const Operand& image2, double max_val, int64_t filter_size, double filter_sigma,
                 double k1, double k2, const std::optional<std::string>& data_format) {
  const Tensor x = image1.value(), y = image2.value();
  for (const auto& [t, name] : {std::pair(&x, "image1"), std::pair(&y, "image2")})
    if (t->rank() != 3 && t->rank() != 4)
      throw ValueError("Invalid ", name,
                       " rank: expected rank 3 (single image) or rank 4 (batch of images). Received input with shape: ",
                       name, ".shape=", t->shape());
  const Shape out = x.rank() == 3 ? Shape{} : Shape{x.shape()[0]};
  if (!x.shape().known() || !y.shape().known()) return Tensor::spec_only(out, x.dtype());
  if (x.shape() != y.shape())
    throw ValueError("The two images must have the same shape. Received ", x.shape(), " and ", y.shape(), ".");
  const DType working = working_dtype(x.dtype());
  const Tensor a = cast(Batch(x, data_format).x, working), b = cast(Batch(y, data_format).x, working);
  if (filter_size < 1 || a.shape()[1] < filter_size || a.shape()[2] < filter_size)
    throw ValueError("ssim: `filter_size` must be from 1 to the images' height and width. Received: filter_size=",
                     filter_size, ", images of shape ", x.shape(), ".");
  const Tensor g = gaussian(filter_size, constant(filter_sigma, working));
  const Tensor kernel = multiply(reshape(g, {filter_size, 1}), reshape(g, {1, filter_size}));
  auto mean = [&](const Tensor& t) { return filter(t, kernel, "valid"); };
  const double c1 = (k1 * max_val) * (k1 * max_val), c2 = (k2 * max_val) * (k2 * max_val);
  // Wang et al. 2004, equation 13.
  const Tensor ma = mean(a), mb = mean(b), mab = multiply(ma, mb), maa = square(ma), mbb = square(mb);
  const Tensor va = subtract(mean(square(a)), maa), vb = subtract(mean(square(b)), mbb),
               cov = subtract(mean(multiply(a, b)), mab);
  const Tensor above = multiply(add(multiply(mab, 2.0), c1), add(multiply(cov, 2.0), c2));
  const Tensor below = multiply(add(add(maa, mbb), c1), add(add(va, vb), c2));
  const Tensor map = divide(above, below);
  const double places = static_cast<double>(map.size()) / static_cast<double>(map.shape()[0]);
  return cast(reshape(multiply(reduce(Reduce::sum, map, {1, 2, 3}, false), 1 / places), out), x.dtype());
}
const auto ssim_op =
    public_op("image.ssim", IMAGE "SSIM", "How alike two images are in structure, 1 for equal ones (Wang et al. 2004).",
              ssim_impl,
              {{"image1", required, "An image (height, width, channels) or a batch of them."},
               {"image2", required, "Images of the same shape."},
               {"max_val", 1.0, "The largest value that a pixel can have."},
               {"filter_size", 11, "The width of the window in which structure is compared."},
               {"filter_sigma", 1.5, "The standard deviation of its weights, in pixels."},
               {"k1", 0.01, "Keeps quotients of small means finite."},
               {"k2", 0.03, "Keeps quotients of small variances finite."},
               {"data_format", Value(), about::data_format}},
              {.returns = "A number per image.",
               .raises = "ValueError: if the shapes differ, or the images are smaller than the window.",
               .source = "Wang, Bovik, Sheikh and Simoncelli 2004, Image Quality Assessment.",
               .example = R"py(
>>> keras.ops.image.ssim(keras.ops.ones((2, 12, 12, 1)), keras.ops.ones((2, 12, 12, 1)))
<Tensor shape=(2,), dtype=float32, values=[1. 1.]>)py"});

}  // namespace

Tensor gaussian_blur(const Operand& images, const std::vector<int64_t>& kernel_size, const std::vector<double>& sigma,
                     const std::optional<std::string>& data_format) {
  return gaussian_blur_op(images, kernel_size, Tensor::of(sigma, {static_cast<int64_t>(sigma.size())}), data_format);
}
Tensor gaussian_blur(const Operand& images, const std::vector<int64_t>& kernel_size, const Operand& sigma,
                     const std::optional<std::string>& data_format) {
  return gaussian_blur_op(images, kernel_size, sigma, data_format);
}
Tensor smoothed_noise(const Tensor& noise, const Tensor& sigma, double most) {
  // As many places as int(6 sigma) | 1, of which a traced sigma shows the weights alone.
  if (!(most >= 0 && most <= 1e5))
    throw ValueError("`sigma` must be 0 or more, and at most 100000 pixels. Received: sigma=", most);
  const auto span = static_cast<int64_t>(6 * most) | 1;
  const Tensor whole = unary(Unary::floor, multiply(sigma, 6.0));
  const Tensor odd = add(whole, rsub(1, binary(Binary::mod, whole, constant(2, sigma.dtype()))));
  const Tensor g = gaussian(span, sigma, multiply(add(odd, -1.0), 0.5));
  const Tensor x = expand_dims(noise, 3);
  const Tensor down = filter(x, reshape(g, {span, 1}), "same"), out = filter(down, reshape(g, {1, span}), "same");
  return reshape(out, noise.shape());
}
Tensor sobel_edges(const Operand& images, const std::optional<std::string>& data_format) {
  return sobel_edges_op(images, data_format);
}

}  // namespace lamina::ops::image
