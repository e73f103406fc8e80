// DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D.
#include "backends/ops/public/ops.h"
#include "layers/convolutional/convolution.h"

namespace lamina {

namespace {

// What both have, standardized.
template <class A>
void standardize(A& args, int rank) {
  args.kernel_size.standardize(rank, "kernel_size");
  args.strides.standardize(rank, "strides");
  args.dilation_rate.standardize(rank, "dilation_rate");
  standardize_padding(args.padding);
  standardize_data_format(args.data_format);
  if (args.depth_multiplier <= 0)
    throw ValueError(
        "Invalid value for argument `depth_multiplier`. Expected a strictly positive value. Received depth_multiplier=",
        args.depth_multiplier, ".");
  if (!args.depthwise_initializer) args.depthwise_initializer = "glorot_uniform";
  if (!args.bias_initializer) args.bias_initializer = "zeros";
}

// Where the windows of a layer are on channels-last inputs.
template <int kRank, class A>
Window window_of(const A& args, const Shape& inputs) {
  return ops::window_for(inputs, args.kernel_size.sizes(kRank, "kernel_size"), args.strides.sizes(kRank, "strides"),
                         args.dilation_rate.sizes(kRank, "dilation_rate"), args.padding);
}

template <int kRank>
struct DepthwiseConvArgs {
  AxisSizes kernel_size, strides = ones<kRank>();
  std::string padding = "valid";
  int64_t depth_multiplier = 1;
  ops::DataFormat data_format;
  AxisSizes dilation_rate = ones<kRank>();
  Activation activation;
  bool use_bias = true;
  InitializerRef depthwise_initializer, bias_initializer;
  RegularizerRef depthwise_regularizer, bias_regularizer;
  ConstraintRef depthwise_constraint, bias_constraint;
  QuantizationConfigRef quantization_config;
  void fields(Fields& f) {
    f("kernel_size", kernel_size, "Size of the window, one integer or one per spatial axis.").required();
    f("strides", strides, "Steps of the window.");
    f("padding", padding, "\"valid\" (none) or \"same\" (ceil(size / stride) places).");
    f("depth_multiplier", depth_multiplier, "Outputs of each channel.");
    f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
    f("dilation_rate", dilation_rate, "Steps between the places of the window.");
    f("activation", activation, "Function applied to the output.").shown({});
    f("use_bias", use_bias, "Whether to add a bias.");
    f("depthwise_initializer", depthwise_initializer, "Initializer of the kernel.").shown("glorot_uniform");
    f("bias_initializer", bias_initializer, "Initializer of the bias.").shown("zeros");
    f("depthwise_regularizer", depthwise_regularizer, "Penalty on the kernel.");
    f("bias_regularizer", bias_regularizer, "Penalty on the bias.");
    f("depthwise_constraint", depthwise_constraint, "Projection of the kernel after each update.");
    f("bias_constraint", bias_constraint, "Projection of the bias after each update.");
    f("quantization_config", quantization_config, kQuantizationConfig).hidden();
  }
};

// activation(each channel convolved alone + bias); kernel (kernel_size..., channels, depth_multiplier), bias (channels
// * depth_multiplier).
template <int kRank>
class DepthwiseConvLayer final : public ConvolutionalLayer<DepthwiseConvArgs<kRank>>, public FurtherQuantizableLayer {
 public:
  explicit DepthwiseConvLayer(DepthwiseConvArgs<kRank> a = {}, LayerArgs base = {})
      : ConvolutionalLayer<DepthwiseConvArgs<kRank>>(std::move(a), std::move(base)) {
    standardize(this->args, kRank);
    this->input_spec_ = {convolution_input_spec(kRank, ops::channels_last(this->args.data_format))};
  }
  std::string class_name() const override { return text("DepthwiseConv", kRank, "D"); }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    auto& args = this->args;
    const bool last = ops::channels_last(args.data_format);
    const int64_t channels = channels_of(input, last, *this);
    Shape kernel{args.kernel_size.sizes(kRank, "kernel_size")};
    kernel.push_back(channels);
    kernel.push_back(args.depth_multiplier);
    convolve(Tensor::spec_only(input, this->compute_dtype()),
             Tensor::spec_only(kernel, this->compute_dtype()));  // fits, or says why not
    kernel_shape_ = kernel;
    if (!build_quantized())
      kernel_ = this->add_weight("kernel", kernel,
                                 {.initializer = args.depthwise_initializer,
                                  .regularizer = args.depthwise_regularizer,
                                  .constraint = args.depthwise_constraint});
    if (args.use_bias)
      bias_ = this->add_weight("bias", {channels * args.depth_multiplier},
                               {.initializer = args.bias_initializer,
                                .regularizer = args.bias_regularizer,
                                .constraint = args.bias_constraint});
    this->input_spec_ = {convolution_input_spec(kRank, last, channels)};
  }
  Dict get_config() const override {
    Dict config = ConvolutionalLayer<DepthwiseConvArgs<kRank>>::get_config();
    write_quantization(config, this->args.quantization_config);
    return config;
  }
  bool takes_lora() const override { return false; }
  LoraTarget lora_target() override { return {*this, kernel_, kernel_shape_, "lora_kernel", "kernel", {}, {}}; }
  std::vector<QuantizedWeight> quantized_weights() override {
    return {quantized_depthwise_kernel("kernel", kernel_, kernel_shape_)};
  }
  QuantizationConfigRef& quantization_config() override { return this->args.quantization_config; }
  Tensor call(const Tensor& x, const CallContext& context) override {
    return finish_convolution(quantized() ? convolve_quantized(x, context.training) : convolve(x, kernel_.value()),
                              this->args.use_bias ? &bias_ : nullptr, this->args.activation,
                              ops::channels_last(this->args.data_format));
  }

 private:
  Tensor convolve_quantized(const Tensor& x, bool training) {
    const bool last = ops::channels_last(this->args.data_format);
    const Tensor inputs = last ? x : ops::channels_to_end(x);
    const Tensor y =
        product(inputs, 0, depthwise_product(window_of<kRank>(this->args, inputs.shape()), kernel_shape_), training);
    return last ? y : ops::channels_to_front(y);
  }
  Tensor convolve(const Tensor& x, const Tensor& kernel) const {
    const auto& args = this->args;
    return ops::depthwise_conv(x, kernel, args.strides.sizes(kRank, "strides"), args.padding, args.data_format,
                               args.dilation_rate.sizes(kRank, "dilation_rate"));
  }
  Shape kernel_shape_;
  Variable kernel_, bias_;
};

template <int kRank>
struct SeparableConvArgs {
  int64_t filters = 0;
  AxisSizes kernel_size, strides = ones<kRank>();
  std::string padding = "valid";
  ops::DataFormat data_format;
  AxisSizes dilation_rate = ones<kRank>();
  int64_t depth_multiplier = 1;
  Activation activation;
  bool use_bias = true;
  InitializerRef depthwise_initializer, pointwise_initializer, bias_initializer;
  RegularizerRef depthwise_regularizer, pointwise_regularizer, bias_regularizer;
  ConstraintRef depthwise_constraint, pointwise_constraint, bias_constraint;
  QuantizationConfigRef quantization_config;
  void fields(Fields& f) {
    f("filters", filters, "Number of filters: the channels of the output.").required();
    f("kernel_size", kernel_size, "Size of the depthwise window, one integer or one per spatial axis.").required();
    f("strides", strides, "Steps of the window.");
    f("padding", padding, "\"valid\" (none) or \"same\" (ceil(size / stride) places).");
    f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
    f("dilation_rate", dilation_rate, "Steps between the places of the window.");
    f("depth_multiplier", depth_multiplier, "Outputs of each channel before they are mixed.");
    f("activation", activation, "Function applied to the output.").shown({});
    f("use_bias", use_bias, "Whether to add a bias.");
    f("depthwise_initializer", depthwise_initializer, "Initializer of the depthwise kernel.").shown("glorot_uniform");
    f("pointwise_initializer", pointwise_initializer, "Initializer of the pointwise kernel.").shown("glorot_uniform");
    f("bias_initializer", bias_initializer, "Initializer of the bias.").shown("zeros");
    f("depthwise_regularizer", depthwise_regularizer, "Penalty on the depthwise kernel.");
    f("pointwise_regularizer", pointwise_regularizer, "Penalty on the pointwise kernel.");
    f("bias_regularizer", bias_regularizer, "Penalty on the bias.");
    f("depthwise_constraint", depthwise_constraint, "Projection of the depthwise kernel after each update.");
    f("pointwise_constraint", pointwise_constraint, "Projection of the pointwise kernel after each update.");
    f("bias_constraint", bias_constraint, "Projection of the bias after each update.");
    f("quantization_config", quantization_config, kQuantizationConfig).hidden();
  }
};

// activation(depthwise, then pointwise convolution + bias); kernels (kernel_size..., channels, depth_multiplier) and
// (1..., channels * depth_multiplier, filters), bias (filters).
template <int kRank>
class SeparableConvLayer final : public ConvolutionalLayer<SeparableConvArgs<kRank>>, public FurtherQuantizableLayer {
 public:
  explicit SeparableConvLayer(SeparableConvArgs<kRank> a = {}, LayerArgs base = {})
      : ConvolutionalLayer<SeparableConvArgs<kRank>>(std::move(a), std::move(base)) {
    standardize(this->args, kRank);
    if (this->args.filters <= 0)
      throw ValueError("Invalid value for argument `filters`. Expected a strictly positive value. Received filters=",
                       this->args.filters, ".");
    if (!this->args.pointwise_initializer) this->args.pointwise_initializer = "glorot_uniform";
    this->input_spec_ = {convolution_input_spec(kRank, ops::channels_last(this->args.data_format))};
  }
  std::string class_name() const override { return text("SeparableConv", kRank, "D"); }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    auto& args = this->args;
    const bool last = ops::channels_last(args.data_format);
    const int64_t channels = channels_of(input, last, *this);
    Shape depthwise{args.kernel_size.sizes(kRank, "kernel_size")}, pointwise = Shape::of_rank(kRank, 1);
    depthwise.push_back(channels);
    depthwise.push_back(args.depth_multiplier);
    pointwise.push_back(channels * args.depth_multiplier);
    pointwise.push_back(args.filters);
    const DType dtype = this->compute_dtype();
    convolve(Tensor::spec_only(input, dtype), Tensor::spec_only(depthwise, dtype),
             Tensor::spec_only(pointwise, dtype));  // fits, or says why not
    depthwise_shape_ = depthwise, pointwise_shape_ = pointwise;
    if (!build_quantized()) {
      depthwise_ = this->add_weight("depthwise_kernel", depthwise,
                                    {.initializer = args.depthwise_initializer,
                                     .regularizer = args.depthwise_regularizer,
                                     .constraint = args.depthwise_constraint});
      pointwise_ = this->add_weight("pointwise_kernel", pointwise,
                                    {.initializer = args.pointwise_initializer,
                                     .regularizer = args.pointwise_regularizer,
                                     .constraint = args.pointwise_constraint});
    }
    if (args.use_bias)
      bias_ = this->add_weight("bias", {args.filters},
                               {.initializer = args.bias_initializer,
                                .regularizer = args.bias_regularizer,
                                .constraint = args.bias_constraint});
    this->input_spec_ = {convolution_input_spec(kRank, last, channels)};
  }
  Dict get_config() const override {
    Dict config = ConvolutionalLayer<SeparableConvArgs<kRank>>::get_config();
    write_quantization(config, this->args.quantization_config);
    return config;
  }
  bool takes_lora() const override { return false; }
  LoraTarget lora_target() override {
    return {*this, depthwise_, depthwise_shape_, "lora_kernel", "depthwise kernel", {}, {}};
  }
  std::vector<QuantizedWeight> quantized_weights() override {
    return {quantized_depthwise_kernel("depthwise_kernel", depthwise_, depthwise_shape_),
            quantized_kernel("pointwise_kernel", pointwise_, pointwise_shape_)};
  }
  QuantizationConfigRef& quantization_config() override { return this->args.quantization_config; }
  Tensor call(const Tensor& x, const CallContext& context) override {
    return finish_convolution(
        quantized() ? convolve_quantized(x, context.training) : convolve(x, depthwise_.value(), pointwise_.value()),
        this->args.use_bias ? &bias_ : nullptr, this->args.activation, ops::channels_last(this->args.data_format));
  }

 private:
  // What stands between the two steps is quantized again.
  Tensor convolve_quantized(const Tensor& x, bool training) {
    const bool last = ops::channels_last(this->args.data_format);
    const Tensor inputs = last ? x : ops::channels_to_end(x);
    const Tensor middle =
        product(inputs, 0, depthwise_product(window_of<kRank>(this->args, inputs.shape()), depthwise_shape_), training);
    const ops::Sizes one(kRank, 1), none(kRank, 0);
    const Tensor y = product(middle, 1, convolution_product({one, none, none, one}, 1), training);
    return last ? y : ops::channels_to_front(y);
  }
  Tensor convolve(const Tensor& x, const Tensor& depthwise, const Tensor& pointwise) const {
    const auto& args = this->args;
    return ops::separable_conv(x, depthwise, pointwise, args.strides.sizes(kRank, "strides"), args.padding,
                               args.data_format, args.dilation_rate.sizes(kRank, "dilation_rate"));
  }
  Shape depthwise_shape_, pointwise_shape_;
  Variable depthwise_, pointwise_, bias_;
};

using DepthwiseConv1DLayer = DepthwiseConvLayer<1>;
using DepthwiseConv2DLayer = DepthwiseConvLayer<2>;
using SeparableConv1DLayer = SeparableConvLayer<1>;
using SeparableConv2DLayer = SeparableConvLayer<2>;
LAMINA_LAYER(DepthwiseConv1DLayer, "DepthwiseConv1D", "A convolution of each channel alone, over one axis.",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, channels).",
                 .output = "A tensor (batch, steps, channels * depth_multiplier).",
                 .raises = about::convolution_raises,
                 .example = R"py(
>>> keras.layers.DepthwiseConv1D(3)(keras.ops.ones((1, 6, 2))).shape
(1, 4, 2))py"});
LAMINA_LAYER(
    DepthwiseConv2DLayer, "DepthwiseConv2D", "A convolution of each channel alone, over two axes.",
    Doc{.call = about::inputs,
        .input = about::image,
        .output = "A tensor (batch, rows, columns, channels * depth_multiplier), in the order of the input's axes.",
        .raises = about::convolution_raises,
        .example = R"py(
>>> keras.layers.DepthwiseConv2D(3)(keras.ops.ones((1, 6, 6, 2))).shape
(1, 4, 4, 2))py"});
LAMINA_LAYER(SeparableConv1DLayer, "SeparableConv1D",
             "A depthwise convolution over one axis, then a mix of the channels.", {"SeparableConvolution1D"},
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, channels).",
                 .output = "A tensor (batch, steps, filters).",
                 .raises = about::convolution_raises,
                 .source = "Chollet, \"Xception: Deep Learning with Depthwise Separable Convolutions\" (2017).",
                 .example = R"py(
>>> keras.layers.SeparableConv1D(4, 3)(keras.ops.ones((1, 6, 2))).shape
(1, 4, 4))py"});
LAMINA_LAYER(SeparableConv2DLayer, "SeparableConv2D",
             "A depthwise convolution over two axes, then a mix of the channels.", {"SeparableConvolution2D"},
             Doc{.call = about::inputs,
                 .input = about::image,
                 .output = "A tensor (batch, rows, columns, filters), in the order of the input's axes.",
                 .raises = about::convolution_raises,
                 .source = "Chollet, \"Xception: Deep Learning with Depthwise Separable Convolutions\" (2017).",
                 .example = R"py(
>>> keras.layers.SeparableConv2D(4, 3)(keras.ops.ones((1, 6, 6, 2))).shape
(1, 4, 4, 4))py"});

}  // namespace
}  // namespace lamina
