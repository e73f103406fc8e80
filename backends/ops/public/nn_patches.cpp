#include "backends/ops/public/nn_patches.h"

#include "backends/ops/gather/scatter_sum.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NN "keras.src.ops.nn."

namespace {

struct Size {
  int64_t height, width;
};

Size size_of(const std::vector<int64_t>& given, const char* name, int64_t least) {
  if (given.size() != 1 && given.size() != 2)
    throw ValueError("`", name, "` must be a number or a pair of them. Received ", given.size(), " numbers.");
  const Size out{given[0], given.back()};
  if (out.height < least || out.width < least)
    throw ValueError("`", name, "` must be at least ", least, ". Received: ", name, "=", given, ".");
  return out;
}

// The blocks of a padded image.
struct Blocks {
  Size kernel, dilation, padding, stride;
  Blocks(const std::vector<int64_t>& k, const std::vector<int64_t>& d, const std::vector<int64_t>& p,
         const std::vector<int64_t>& s)
      : kernel(size_of(k, "kernel_size", 1)),
        dilation(size_of(d, "dilation", 1)),
        padding(size_of(p, "padding", 0)),
        stride(size_of(s, "stride", 1)) {}
  static int64_t along(int64_t image, int64_t kernel, int64_t dilation, int64_t padding, int64_t stride) {
    return (image + 2 * padding - multiply_sizes(dilation, kernel - 1) - 1 + stride) / stride;
  }
  // How many there are; ValueError if not one fits.
  Size count(Size image) const {
    const Size out{along(image.height, kernel.height, dilation.height, padding.height, stride.height),
                   along(image.width, kernel.width, dilation.width, padding.width, stride.width)};
    if (out.height < 1 || out.width < 1)
      throw ValueError("no block of `kernel_size` (", kernel.height, ", ", kernel.width, ") fits into an image of ",
                       image.height, " x ", image.width, " with this `dilation` and `padding`.");
    return out;
  }
  // Where each element of each block lies in the padded image, flattened: (kernel elements, blocks).
  Tensor places(Size image) const {
    const Size blocks = count(image);
    auto line = [](int64_t n, double step, int axis) {
      return prim::multiply(positions(4, axis, n, DType::int32), step);
    };
    const auto row = static_cast<double>(image.width + 2 * padding.width);
    Tensor out = line(kernel.height, static_cast<double>(dilation.height) * row, 0);
    out = prim::add(out, line(kernel.width, static_cast<double>(dilation.width), 1));
    out = prim::add(out, line(blocks.height, static_cast<double>(stride.height) * row, 2));
    out = prim::add(out, line(blocks.width, static_cast<double>(stride.width), 3));
    return prim::reshape(out, {kernel.height * kernel.width, blocks.height * blocks.width});
  }
};

Tensor unfold_impl(const Operand& x, const std::vector<int64_t>& kernel_size, const std::vector<int64_t>& dilation,
                   const std::vector<int64_t>& padding, const std::vector<int64_t>& stride) {
  Tensor t = x.value();
  if (t.rank() != 4)
    throw ValueError("`x` must have the shape (batch, channels, height, width). Received: ", t.shape(), ".");
  const Blocks b(kernel_size, dilation, padding, stride);
  const int64_t n = t.shape()[0], channels = t.shape()[1], kernel = b.kernel.height * b.kernel.width;
  const Size image{t.shape()[2], t.shape()[3]};
  if (!t.shape().known()) {
    int64_t blocks = Shape::kUnknown;
    if (image.height >= 0 && image.width >= 0) blocks = b.count(image).height * b.count(image).width;
    return Tensor::spec_only({n, channels < 0 ? channels : channels * kernel, blocks}, t.dtype());
  }
  const Tensor places = b.places(image);
  t = prim::pad(t, {0, 0, b.padding.height, b.padding.width}, {0, 0, b.padding.height, b.padding.width});
  t = prim::gather(prim::reshape(t, {n, channels, t.shape()[2] * t.shape()[3]}), places, 2);
  return prim::reshape(t, {n, channels * kernel, places.shape()[1]});
}
const char* const kDilation = "The distance between neighbouring elements of a block: a number, or one per axis.";
const char* const kPadding = "Zeros around the image: a number, or one per axis.";
const char* const kStride = "The distance between neighbouring blocks: a number, or one per axis.";
const char* const kKernel = "The size of a block: a number, or (height, width).";
const auto unfold_op =
    public_op("unfold", NN "Unfold", "The blocks of images as columns (im2col).", unfold_impl,
              {{"x", required, "Images (batch, channels, height, width)."},
               {"kernel_size", required, kKernel},
               {"dilation", 1, kDilation},
               {"padding", 0, kPadding},
               {"stride", 1, kStride}},
              {.returns = "A tensor (batch, channels * block height * block width, blocks).",
               .raises = "ValueError: if `x` has not four axes, a size is out of range, or no block fits.",
               .example = R"py(
>>> x = keras.ops.reshape(keras.ops.arange(9), (1, 1, 3, 3))
>>> keras.ops.unfold(x, 2)[0, :, 0]
<Tensor shape=(4,), dtype=int32, values=[0 1 3 4]>)py"});

Tensor fold_impl(const Operand& x, const std::vector<int64_t>& output_size, const std::vector<int64_t>& kernel_size,
                 const std::vector<int64_t>& dilation, const std::vector<int64_t>& padding,
                 const std::vector<int64_t>& stride) {
  Tensor t = x.value();
  if (t.rank() != 3)
    throw ValueError("Input must be a 3D tensor (batch, channels * block, blocks). Received: input.shape=", t.shape());
  const Blocks b(kernel_size, dilation, padding, stride);
  const Size image = size_of(output_size, "output_size", 1), blocks = b.count(image);
  const int64_t n = t.shape()[0], columns = t.shape()[1], kernel = b.kernel.height * b.kernel.width;
  if (columns >= 0 && columns % kernel)
    throw ValueError("the second axis of `x` must be a multiple of the ", kernel,
                     " elements of a block. Received: x.shape=", t.shape(), ".");
  if (t.shape()[2] >= 0 && t.shape()[2] != blocks.height * blocks.width)
    throw ValueError("`x` must have ", blocks.height * blocks.width, " blocks, which an image of ", image.height, " x ",
                     image.width, " has. Received: x.shape=", t.shape(), ".");
  if (!t.shape().known())
    return Tensor::spec_only({n, columns < 0 ? columns : columns / kernel, image.height, image.width}, t.dtype());
  const int64_t height = image.height + 2 * b.padding.height, width = image.width + 2 * b.padding.width;
  const Tensor places = b.places(image);
  t = prim::reshape(t, {n, columns / kernel, places.size()});
  t = prim::scatter_sum(prim::reshape(places, {places.size()}), t, 2, height * width);
  t = prim::reshape(t, {n, columns / kernel, height, width});
  t = prim::slice_axis(t, 2, b.padding.height, b.padding.height + image.height);
  return prim::slice_axis(t, 3, b.padding.width, b.padding.width + image.width);
}
const auto fold_op = public_op(
    "fold", NN "Fold", "Images from blocks as columns (col2im): the sums where blocks overlap.", fold_impl,
    {{"x", required, "Blocks (batch, channels * block height * block width, blocks), as unfold() gives them."},
     {"output_size", required, "The size of the images: a number, or (height, width)."},
     {"kernel_size", required, kKernel},
     {"dilation", 1, kDilation},
     {"padding", 0, kPadding},
     {"stride", 1, kStride}},
    {.returns = "A tensor (batch, channels, height, width).",
     .raises = "ValueError: if the shape of `x` does not fit the sizes, or a size is out of range.",
     .example = R"py(
>>> x = keras.ops.ones((1, 4, 4))
>>> keras.ops.fold(x, 3, 2)[0, 0]
<Tensor shape=(3, 3), dtype=float32, values=[[1. 2. 1.]
 [2. 4. 2.]
 [1. 2. 1.]]>)py"});

}  // namespace

Tensor unfold(const Operand& x, const std::vector<int64_t>& kernel_size, const std::vector<int64_t>& dilation,
              const std::vector<int64_t>& padding, const std::vector<int64_t>& stride) {
  return unfold_op(x, kernel_size, dilation, padding, stride);
}
Tensor fold(const Operand& x, const std::vector<int64_t>& output_size, const std::vector<int64_t>& kernel_size,
            const std::vector<int64_t>& dilation, const std::vector<int64_t>& padding,
            const std::vector<int64_t>& stride) {
  return fold_op(x, output_size, kernel_size, dilation, padding, stride);
}

}  // namespace lamina::ops
