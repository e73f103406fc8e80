#include "layers/convolutional/convolution.h"

#include "backends/ops/public/ops.h"

namespace lamina {

int64_t channels_of(const Shape& input, bool channels_last, const Layer& layer) {
  const int64_t channels = input.rank() < 2 ? Shape::kUnknown : channels_last ? input.back() : input[1];
  if (channels < 0)
    throw ValueError("The channel dimension of the inputs must be known. Found input shape ", input, " in ",
                     layer.describe(), ".");
  return channels;
}

InputSpec convolution_input_spec(int rank, bool channels_last, int64_t channels) {
  InputSpec spec;
  spec.min_ndim = rank + 2;
  if (channels >= 0) spec.axes[channels_last ? -1 : 1] = channels;
  return spec;
}

Tensor finish_convolution(Tensor y, const Variable* bias, const Activation& activation, bool channels_last) {
  if (bias) {
    Shape along = Shape::of_rank(y.rank(), 1);
    along[channels_last ? y.rank() - 1 : 1] = bias->shape()[0];
    y = ops::add(y, prim::reshape(bias->value(), along));
  }
  return activation(y);
}

template <int kRank>
void ConvArgs<kRank>::fields(Fields& f) {
  f("filters", filters, "Number of filters: the channels of the output.").required();
  f("kernel_size", kernel_size, "Size of the window, one integer or one per spatial axis.").required();
  f("strides", strides, "Steps of the window.");
  f("padding", padding,
    kRank == 1 ? "\"valid\", \"same\" or \"causal\" (the output never depends on later inputs)."
               : "\"valid\" (none) or \"same\" (ceil(size / stride) places).");
  f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
  f("dilation_rate", dilation_rate, "Steps between the places of the window.");
  f("groups", groups, "Groups of channels that are convolved apart.");
  f("activation", activation, "Function applied to the output.").shown({});
  f("use_bias", use_bias, "Whether to add a bias.");
  f("kernel_initializer", kernel_initializer, "Initializer of the kernel.").shown("glorot_uniform");
  f("bias_initializer", bias_initializer, "Initializer of the bias.").shown("zeros");
  f("kernel_regularizer", kernel_regularizer, "Penalty on the kernel.");
  f("bias_regularizer", bias_regularizer, "Penalty on the bias.");
  f("kernel_constraint", kernel_constraint, "Projection of the kernel after each update.");
  f("bias_constraint", bias_constraint, "Projection of the bias after each update.");
  f("lora_rank", lora_rank, kLoraRank).hidden();
  f("lora_alpha", lora_alpha, kLoraAlpha).hidden();
  f("quantization_config", quantization_config, kQuantizationConfig).hidden();
}

template <int kRank>
ConvLayer<kRank>::ConvLayer(ConvArgs<kRank> a, LayerArgs base)
    : ConvolutionalLayer<ConvArgs<kRank>>(std::move(a), std::move(base)) {
  auto& args = this->args;
  args.kernel_size.standardize(kRank, "kernel_size");
  args.strides.standardize(kRank, "strides");
  args.dilation_rate.standardize(kRank, "dilation_rate");
  standardize_padding(args.padding, kRank == 1);
  standardize_data_format(args.data_format);
  if (args.filters <= 0)
    throw ValueError("Invalid value for argument `filters`. Expected a strictly positive value. Received filters=",
                     args.filters, ".");
  if (args.groups <= 0)
    throw ValueError("The number of groups must be a positive integer. Received: groups=", args.groups, ".");
  if (args.filters % args.groups)
    throw ValueError("The number of filters must be evenly divisible by the number of groups. Received: groups=",
                     args.groups, ", filters=", args.filters, ".");
  check_strides_and_dilation(args.strides, args.dilation_rate, kRank);
  check_lora(args.lora_rank, args.lora_alpha);
  if (!args.kernel_initializer) args.kernel_initializer = "glorot_uniform";
  if (!args.bias_initializer) args.bias_initializer = "zeros";
  this->input_spec_ = {convolution_input_spec(kRank, ops::channels_last(args.data_format))};
}

template <int kRank>
void ConvLayer<kRank>::build(const Shape& input) {
  auto& args = this->args;
  const bool last = ops::channels_last(args.data_format);
  const int64_t channels = channels_of(input, last, *this);
  if (channels % args.groups)
    throw ValueError("The number of input channels must be evenly divisible by the number of groups. Received groups=",
                     args.groups, ", but the input has ", channels, " channels (full input shape is ", input, ").");
  Shape kernel{args.kernel_size.sizes(kRank, "kernel_size")};
  kernel.push_back(channels / args.groups);
  kernel.push_back(args.filters);
  convolve(Tensor::spec_only(input, this->compute_dtype()),
           Tensor::spec_only(kernel, this->compute_dtype()));  // fits, or says why not
  kernel_shape_ = kernel;
  if (!build_quantized())
    kernel_ = this->add_weight("kernel", kernel,
                               {.initializer = args.kernel_initializer,
                                .regularizer = args.kernel_regularizer,
                                .constraint = args.kernel_constraint});
  if (args.use_bias)
    bias_ = this->add_weight("bias", {args.filters},
                             {.initializer = args.bias_initializer,
                              .regularizer = args.bias_regularizer,
                              .constraint = args.bias_constraint});
  this->input_spec_ = {convolution_input_spec(kRank, last, channels)};
  start_lora(args.lora_rank, args.lora_alpha);
}

template <int kRank>
Dict ConvLayer<kRank>::get_config() const {
  Dict config = ConvolutionalLayer<ConvArgs<kRank>>::get_config();
  write_lora(config, this->args.lora_rank, this->args.lora_alpha);
  write_quantization(config, this->args.quantization_config);
  return config;
}

template <int kRank>
LoraTarget ConvLayer<kRank>::lora_target() {
  const auto& args = this->args;
  return {*this, kernel_, kernel_shape_, "lora_kernel", "kernel", args.kernel_regularizer, args.kernel_constraint};
}

template <int kRank>
std::vector<QuantizedWeight> ConvLayer<kRank>::quantized_weights() {
  return {quantized_kernel("kernel", kernel_, kernel_shape_)};
}

template <int kRank>
Tensor ConvLayer<kRank>::convolve_quantized(const Tensor& x, bool training) {
  const auto& args = this->args;
  const bool last = ops::channels_last(args.data_format), causal = args.padding == "causal";
  const Tensor inputs = last ? x : ops::channels_to_end(x);
  const ops::Sizes sizes = args.kernel_size.sizes(kRank, "kernel_size"),
                   dilation = args.dilation_rate.sizes(kRank, "dilation_rate");
  Window window = ops::window_for(inputs.shape(), sizes, args.strides.sizes(kRank, "strides"), dilation,
                                  causal ? "valid" : args.padding);
  if (causal) window.low[0] = dilation[0] * (sizes[0] - 1);
  const Tensor y = product(inputs, 0, convolution_product(window, args.groups), training);
  return last ? y : ops::channels_to_front(y);
}

template <int kRank>
Tensor ConvLayer<kRank>::convolve(const Tensor& x, const Tensor& kernel) const {
  const auto& args = this->args;
  Tensor padded = x;
  const bool causal = args.padding == "causal";
  if (causal && x.rank() == kRank + 2) {
    std::vector<int64_t> low(static_cast<size_t>(x.rank())), none(static_cast<size_t>(x.rank()));
    low[ops::channels_last(args.data_format) ? 1 : 2] =
        args.dilation_rate.sizes(1, "dilation_rate")[0] * (args.kernel_size.sizes(1, "kernel_size")[0] - 1);
    padded = prim::pad(x, low, none);
  }
  return ops::conv(padded, kernel, args.strides.sizes(kRank, "strides"), causal ? "valid" : args.padding,
                   args.data_format, args.dilation_rate.sizes(kRank, "dilation_rate"));
}

template <int kRank>
Tensor ConvLayer<kRank>::call(const Tensor& x, const CallContext& context) {
  const auto& args = this->args;
  return finish_convolution(quantized() ? convolve_quantized(x, context.training) : convolve(x, adapted(kernel_)),
                            args.use_bias ? &bias_ : nullptr, args.activation, ops::channels_last(args.data_format));
}

template class ConvLayer<1>;
template class ConvLayer<2>;
template class ConvLayer<3>;

using Conv1DLayer = ConvLayer<1>;
using Conv2DLayer = ConvLayer<2>;
using Conv3DLayer = ConvLayer<3>;
LAMINA_LAYER(Conv1DLayer, "Conv1D", "A convolution over one axis, such as time.", {"Convolution1D"},
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, channels).",
                 .output = "A tensor (batch, steps, filters).",
                 .raises = about::convolution_raises,
                 .example = R"py(
>>> keras.layers.Conv1D(4, 3)(keras.ops.ones((1, 6, 2))).shape
(1, 4, 4))py"});
LAMINA_LAYER(Conv2DLayer, "Conv2D", "A convolution over two axes, such as an image's.", {"Convolution2D"},
             Doc{.call = about::inputs,
                 .input = about::image,
                 .output = "A tensor (batch, rows, columns, filters), in the order of the input's axes.",
                 .raises = about::convolution_raises,
                 .example = R"py(
>>> keras.layers.Conv2D(4, 3, padding="same")(keras.ops.ones((1, 6, 6, 2))).shape
(1, 6, 6, 4))py"});
LAMINA_LAYER(Conv3DLayer, "Conv3D", "A convolution over three axes, such as a volume's.", {"Convolution3D"},
             Doc{.call = about::inputs,
                 .input = about::volume,
                 .output = "A tensor (batch, depth, rows, columns, filters), in the order of the input's axes.",
                 .raises = about::convolution_raises,
                 .example = R"py(
>>> keras.layers.Conv3D(4, 3)(keras.ops.ones((1, 5, 5, 5, 2))).shape
(1, 3, 3, 3, 4))py"});

}  // namespace lamina
