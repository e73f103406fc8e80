#include "backends/ops/public/nn_convolution.h"

#include "backends/ops/convolution/convolution.h"
#include "backends/ops/public/transposed_window.h"

namespace lamina::ops {

#define NN "keras.src.ops.nn."

namespace {

// The arguments made uniform: channels-last input and kernel of one float dtype, sizes per axis.
struct Call {
  Tensor x, w;
  Sizes strides, dilation;
  std::string padding;
  bool last;
  int rank;

  Call(const Operand& inputs, const Operand& kernel, const Sizes& s, const std::string& p,
       const DataFormat& data_format, const Sizes& d) {
    const Pair operands = promote_float(inputs, kernel);
    x = operands.a, w = operands.b;
    last = channels_last(data_format);
    padding = padding_name(p);
    rank = spatial_rank(x);
    if (w.rank() != rank + 2)
      throw ValueError("Kernel shape must have the same length as input, but received kernel of shape ", w.shape(),
                       " and input of shape ", x.shape(), ".");
    strides = sizes_for(s, rank, "strides");
    dilation = sizes_for(d, rank, "dilation_rate");
    if (!last) x = channels_to_end(x);
  }
  int64_t channels() const { return x.shape().back(); }
  Sizes kernel_sizes() const { return {w.shape().begin(), w.shape().begin() + rank}; }
  Tensor back(const Tensor& y) const { return last ? y : channels_to_front(y); }

  // Of the input's and the kernel's channels: equal where both are known.
  void match(int64_t kernel_channels) const {
    if (channels() >= 0 && kernel_channels >= 0 && channels() != kernel_channels)
      throw ValueError("The number of input channels must match the kernel's input channels. Received: input channels=",
                       channels(), ", kernel input channels=", kernel_channels, ", data_format='",
                       last ? "channels_last" : "channels_first", "'.");
  }

  Tensor run(const Tensor& kernel, int64_t groups) const {
    const Sizes sizes = kernel_sizes();
    const Window window = window_for(x.shape(), sizes, strides, dilation, padding);
    for (int i = 0; i < rank; ++i)
      if (x.shape()[i + 1] > 0 && window.outputs(i, x.shape()[i + 1], sizes[static_cast<size_t>(i)]) == 0)
        throw ValueError("Computed output size would be zero or negative. Received `inputs shape=", x.shape(),
                         "`, `kernel shape=", w.shape(), "`, `dilation_rate=", dilation, "`, `strides=", strides,
                         "`, `padding=", padding, "`. Use padding='same', a larger input or a smaller kernel.");
    return back(prim::convolution(x, kernel, window, groups));
  }
};

Tensor conv_impl(const Operand& inputs, const Operand& kernel, const Sizes& strides, const std::string& padding,
                 const DataFormat& data_format, const Sizes& dilation_rate) {
  const Call c(inputs, kernel, strides, padding, data_format, dilation_rate);
  const int64_t have = c.channels(), wanted = c.w.shape()[c.rank];
  if (have < 0 || wanted < 0) {
    if (have < 0 && wanted >= 0) {  // taken as one group
      Shape known = c.x.shape();
      known[c.rank + 1] = wanted;
      Call single = c;
      single.x = Tensor::spec_only(known, c.x.dtype());
      return single.run(c.w, 1);
    }
    return c.run(c.w, 1);
  }
  if (wanted == 0 || have % wanted)
    throw ValueError(
        "The number of input channels must match the kernel's input channels, or be evenly divisible by kernel's "
        "in_channels for groups. Received: input channels=",
        have, ", kernel input channels=", wanted, ", data_format='", c.last ? "channels_last" : "channels_first", "'.");
  return c.run(c.w, have / wanted);
}

Tensor depthwise_impl(const Operand& inputs, const Operand& kernel, const Sizes& strides, const std::string& padding,
                      const DataFormat& data_format, const Sizes& dilation_rate) {
  const Call c(inputs, kernel, strides, padding, data_format, dilation_rate);
  const Shape& w = c.w.shape();
  c.match(w[c.rank]);
  Shape flat = w;
  flat[c.rank] = 1;
  flat[c.rank + 1] = w[c.rank] < 0 || w[c.rank + 1] < 0 ? Shape::kUnknown : w[c.rank] * w[c.rank + 1];
  return c.run(prim::reshape(c.w, flat), std::max<int64_t>(1, w[c.rank]));
}

Tensor separable_impl(const Operand& inputs, const Operand& depthwise_kernel, const Operand& pointwise_kernel,
                      const Sizes& strides, const std::string& padding, const DataFormat& data_format,
                      const Sizes& dilation_rate) {
  const Tensor middle = depthwise_impl(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate);
  return conv_impl(middle, pointwise_kernel, {1}, "valid", data_format, dilation_rate);
}

Tensor transpose_impl(const Operand& inputs, const Operand& kernel, const Sizes& strides, const std::string& padding,
                      const std::optional<Sizes>& output_padding, const DataFormat& data_format,
                      const Sizes& dilation_rate) {
  Call c(inputs, kernel, strides, padding, data_format, dilation_rate);
  c.match(c.w.shape()[c.rank + 1]);
  const Sizes sizes = c.kernel_sizes();
  std::optional<Sizes> given;
  if (output_padding) given = sizes_for(*output_padding, c.rank, "output_padding", 0);
  const TransposedWindow t = transposed_window(sizes, c.strides, c.padding, given, c.dilation);
  if (c.channels() < 0 && c.w.shape()[c.rank + 1] >= 0) {
    Shape known = c.x.shape();
    known[c.rank + 1] = c.w.shape()[c.rank + 1];
    c.x = Tensor::spec_only(known, c.x.dtype());
  }
  return c.back(with_places_behind(prim::convolution_input_grad(c.x, c.w, t.window, 1, t.rest), t));
}

const auto conv_op =
    public_op("conv", NN "Conv",
              "Slides a kernel (sizes..., channels / groups, filters) over the spatial axes of `inputs`.", conv_impl,
              {{"inputs", required, about::spatial},
               {"kernel", required, "The kernel (sizes..., channels / groups, filters)."},
               {"strides", 1, about::strides},
               {"padding", "valid", about::padding},
               {"data_format", Value(), about::data_format},
               {"dilation_rate", 1, about::dilation}},
              {.returns = about::windows,
               .raises = "ValueError: if the channels of inputs and kernel do not fit, or `padding` is unknown.",
               .example = R"py(
>>> keras.ops.conv(keras.ops.ones((1, 5, 2)), keras.ops.ones((3, 2, 4))).shape
(1, 3, 4))py"});
const auto depthwise_conv_op =
    public_op("depthwise_conv", NN "DepthwiseConv",
              "A convolution of each channel alone, by a kernel (sizes..., channels, multiplier).", depthwise_impl,
              {{"inputs", required, about::spatial},
               {"kernel", required, "The kernel (sizes..., channels, multiplier)."},
               {"strides", 1, about::strides},
               {"padding", "valid", about::padding},
               {"data_format", Value(), about::data_format},
               {"dilation_rate", 1, about::dilation}},
              {.returns = about::windows,
               .raises = "ValueError: if the channels of inputs and kernel do not fit, or `padding` is unknown.",
               .example = R"py(
>>> keras.ops.depthwise_conv(keras.ops.ones((1, 5, 2)), keras.ops.ones((3, 2, 1))).shape
(1, 3, 2))py"});
const auto separable_conv_op = public_op(
    "separable_conv", NN "SeparableConv",
    "A depthwise convolution, then a pointwise one by a kernel (1..., channels * multiplier, filters).", separable_impl,
    {{"inputs", required, about::spatial},
     {"depthwise_kernel", required, "The kernel of the first step (sizes..., channels, multiplier)."},
     {"pointwise_kernel", required, "The kernel of the second step (1..., channels * multiplier, filters)."},
     {"strides", 1, about::strides},
     {"padding", "valid", about::padding},
     {"data_format", Value(), about::data_format},
     {"dilation_rate", 1, about::dilation}},
    {.returns = about::windows,
     .raises = "ValueError: if the channels do not fit, or `padding` is unknown.",
     .source = "Chollet, \"Xception: Deep Learning with Depthwise Separable Convolutions\" (2017).",
     .example = R"py(
>>> x, depthwise, pointwise = keras.ops.ones((1, 5, 2)), keras.ops.ones((3, 2, 1)), keras.ops.ones((1, 2, 4))
>>> keras.ops.separable_conv(x, depthwise, pointwise).shape
(1, 3, 4))py"});
const auto conv_transpose_op = public_op(
    "conv_transpose", NN "ConvTranspose",
    "The transposed convolution, a convolution's gradient, by a kernel (sizes..., filters, channels).", transpose_impl,
    {{"inputs", required, about::spatial},
     {"kernel", required, "The kernel (sizes..., filters, channels)."},
     {"strides", 1, about::strides},
     {"padding", "valid", about::padding},
     {"output_padding", Value(),
      "Sizes to add at the end of each axis; None lets them follow from strides and padding."},
     {"data_format", Value(), about::data_format},
     {"dilation_rate", 1, about::dilation}},
    {.returns = about::windows,
     .raises = "ValueError: if the channels of inputs and kernel do not fit, or `padding` is unknown.",
     .example = R"py(
>>> keras.ops.conv_transpose(keras.ops.ones((1, 4, 2)), keras.ops.ones((3, 5, 2)), strides=2).shape
(1, 9, 5))py"});

}  // namespace

Tensor conv(const Operand& inputs, const Operand& kernel, const Sizes& strides, const std::string& padding,
            const DataFormat& data_format, const Sizes& dilation_rate) {
  return conv_op(inputs, kernel, strides, padding, data_format, dilation_rate);
}
Tensor depthwise_conv(const Operand& inputs, const Operand& kernel, const Sizes& strides, const std::string& padding,
                      const DataFormat& data_format, const Sizes& dilation_rate) {
  return depthwise_conv_op(inputs, kernel, strides, padding, data_format, dilation_rate);
}
Tensor separable_conv(const Operand& inputs, const Operand& depthwise_kernel, const Operand& pointwise_kernel,
                      const Sizes& strides, const std::string& padding, const DataFormat& data_format,
                      const Sizes& dilation_rate) {
  return separable_conv_op(inputs, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate);
}
Tensor conv_transpose(const Operand& inputs, const Operand& kernel, const Sizes& strides, const std::string& padding,
                      const std::optional<Sizes>& output_padding, const DataFormat& data_format,
                      const Sizes& dilation_rate) {
  return conv_transpose_op(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate);
}

}  // namespace lamina::ops
