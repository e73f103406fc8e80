// Conv1DTranspose, Conv2DTranspose, Conv3DTranspose.
#include "backends/ops/public/ops.h"
#include "layers/convolutional/convolution.h"

namespace lamina {

namespace {

template <int kRank>
struct ConvTransposeArgs {
  int64_t filters = 0;
  AxisSizes kernel_size, strides = ones<kRank>();
  std::string padding = "valid";
  AxisSizes output_padding;
  ops::DataFormat data_format;
  AxisSizes dilation_rate = ones<kRank>();
  Activation activation;
  bool use_bias = true;
  InitializerRef kernel_initializer, bias_initializer;
  RegularizerRef kernel_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, bias_constraint;
  QuantizationConfigRef quantization_config;
  void fields(Fields& f) {
    auto output = [&] {
      f("output_padding", output_padding,
        "Places added behind the output, below the strides; None: as many as the padding's name says.");
    };
    f("filters", filters, "Number of filters: the channels of the output.").required();
    f("kernel_size", kernel_size, "Size of the window, one integer or one per spatial axis.").required();
    f("strides", strides, "How many times as large the output is.");
    f("padding", padding, "\"valid\" (all places that a window reaches) or \"same\" (size * stride places).");
    if constexpr (kRank < 3) output();
    f("data_format", data_format, "\"channels_last\" or \"channels_first\"; None: the global setting.");
    if constexpr (kRank == 3) output();  // Keras' order
    f("dilation_rate", dilation_rate, "Steps between the places of the window.");
    f("activation", activation, "Function applied to the output.").shown({});
    f("use_bias", use_bias, "Whether to add a bias.");
    f("kernel_initializer", kernel_initializer, "Initializer of the kernel.").shown("glorot_uniform");
    f("bias_initializer", bias_initializer, "Initializer of the bias.").shown("zeros");
    f("kernel_regularizer", kernel_regularizer, "Penalty on the kernel.");
    f("bias_regularizer", bias_regularizer, "Penalty on the bias.");
    f("kernel_constraint", kernel_constraint, "Projection of the kernel after each update.");
    f("bias_constraint", bias_constraint, "Projection of the bias after each update.");
    f("quantization_config", quantization_config, kQuantizationConfig).hidden();
  }
};

// The gradient of a convolution as a layer; kernel (kernel_size..., filters, channels), bias (filters).
template <int kRank>
class ConvTransposeLayer final : public ConvolutionalLayer<ConvTransposeArgs<kRank>>, public FurtherQuantizableLayer {
 public:
  explicit ConvTransposeLayer(ConvTransposeArgs<kRank> a = {}, LayerArgs base = {})
      : ConvolutionalLayer<ConvTransposeArgs<kRank>>(std::move(a), std::move(base)) {
    auto& args = this->args;
    args.kernel_size.standardize(kRank, "kernel_size");
    args.strides.standardize(kRank, "strides");
    args.dilation_rate.standardize(kRank, "dilation_rate");
    standardize_padding(args.padding);
    if (!args.output_padding.is_none()) args.output_padding.standardize(kRank, "output_padding", 0);
    standardize_data_format(args.data_format);
    if (args.filters <= 0)
      throw ValueError("Invalid value for argument `filters`. Expected a strictly positive value. Received filters=",
                       args.filters, ".");
    if (!args.output_padding.is_none()) {
      const ops::Sizes p = args.output_padding.sizes(kRank, "output_padding", 0),
                       s = args.strides.sizes(kRank, "strides");
      for (size_t i = 0; i < p.size(); ++i)
        if (p[i] >= s[i])
          throw ValueError("`output_padding` must be strictly less than `strides` for all dimensions. At dimension ", i,
                           ", `output_padding` is ", p[i], " but `strides` is ", s[i],
                           ". Received: output_padding=", args.output_padding.value().repr(),
                           ", strides=", args.strides.value().repr());
    }
    check_strides_and_dilation(args.strides, args.dilation_rate, kRank);
    if (!args.kernel_initializer) args.kernel_initializer = "glorot_uniform";
    if (!args.bias_initializer) args.bias_initializer = "zeros";
    this->input_spec_ = {convolution_input_spec(kRank, ops::channels_last(args.data_format))};
  }
  std::string class_name() const override { return text("Conv", kRank, "DTranspose"); }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    auto& args = this->args;
    const bool last = ops::channels_last(args.data_format);
    const int64_t channels = channels_of(input, last, *this);
    Shape kernel{args.kernel_size.sizes(kRank, "kernel_size")};
    kernel.push_back(args.filters);
    kernel.push_back(channels);
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
  }
  Dict get_config() const override {
    Dict config = ConvolutionalLayer<ConvTransposeArgs<kRank>>::get_config();
    write_quantization(config, this->args.quantization_config);
    return config;
  }
  bool takes_lora() const override { return false; }
  LoraTarget lora_target() override { return {*this, kernel_, kernel_shape_, "lora_kernel", "kernel", {}, {}}; }
  std::vector<QuantizedWeight> quantized_weights() override {
    return {quantized_transposed_kernel("kernel", kernel_, kernel_shape_)};
  }
  QuantizationConfigRef& quantization_config() override { return this->args.quantization_config; }
  Tensor call(const Tensor& x, const CallContext& context) override {
    const auto& args = this->args;
    const ops::Sizes strides = args.strides.sizes(kRank, "strides"),
                     dilation = args.dilation_rate.sizes(kRank, "dilation_rate");
    std::optional<ops::Sizes> output_padding;
    if (!args.output_padding.is_none()) output_padding = args.output_padding.sizes(kRank, "output_padding", 0);
    Tensor y;
    if (quantized()) {
      const bool last = ops::channels_last(args.data_format);
      const ops::Sizes sizes = args.kernel_size.sizes(kRank, "kernel_size");
      y = product(last ? x : ops::channels_to_end(x), 0,
                  transposed_product(ops::transposed_window(sizes, strides, args.padding, output_padding, dilation)),
                  context.training);
      if (!last) y = ops::channels_to_front(y);
    } else {
      y = ops::conv_transpose(x, kernel_.value(), strides, args.padding, output_padding, args.data_format, dilation);
    }
    return finish_convolution(y, args.use_bias ? &bias_ : nullptr, args.activation,
                              ops::channels_last(args.data_format));
  }

 private:
  Shape kernel_shape_;
  Variable kernel_, bias_;
};

using Conv1DTransposeLayer = ConvTransposeLayer<1>;
using Conv2DTransposeLayer = ConvTransposeLayer<2>;
using Conv3DTransposeLayer = ConvTransposeLayer<3>;
LAMINA_LAYER(Conv1DTransposeLayer, "Conv1DTranspose", "A transposed convolution over one axis.",
             {"Convolution1DTranspose"},
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, channels).",
                 .output = "A tensor (batch, steps, filters).",
                 .raises = about::convolution_raises,
                 .source = "Zeiler et al., \"Deconvolutional Networks\" (2010).",
                 .example = R"py(
>>> keras.layers.Conv1DTranspose(4, 3, strides=2)(keras.ops.ones((1, 6, 2))).shape
(1, 13, 4))py"});
LAMINA_LAYER(Conv2DTransposeLayer, "Conv2DTranspose", "A transposed convolution over two axes.",
             {"Convolution2DTranspose"},
             Doc{.call = about::inputs,
                 .input = about::image,
                 .output = "A tensor (batch, rows, columns, filters), in the order of the input's axes.",
                 .raises = about::convolution_raises,
                 .source = "Zeiler et al., \"Deconvolutional Networks\" (2010).",
                 .example = R"py(
>>> keras.layers.Conv2DTranspose(4, 3, strides=2)(keras.ops.ones((1, 6, 6, 2))).shape
(1, 13, 13, 4))py"});
LAMINA_LAYER(Conv3DTransposeLayer, "Conv3DTranspose", "A transposed convolution over three axes.",
             {"Convolution3DTranspose"},
             Doc{.call = about::inputs,
                 .input = about::volume,
                 .output = "A tensor (batch, depth, rows, columns, filters), in the order of the input's axes.",
                 .raises = about::convolution_raises,
                 .source = "Zeiler et al., \"Deconvolutional Networks\" (2010).",
                 .example = R"py(
>>> keras.layers.Conv3DTranspose(4, 3)(keras.ops.ones((1, 3, 3, 3, 2))).shape
(1, 5, 5, 5, 4))py"});

}  // namespace
}  // namespace lamina
