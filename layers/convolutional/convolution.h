#pragma once
// Conv1D, Conv2D, Conv3D.
#include "backends/ops/public/transposed_window.h"
#include "layers/activation_argument.h"
#include "layers/convolutional/axis_sizes.h"
#include "layers/quantization/quantizable.h"

namespace lamina {

// A layer whose config always names the activity regularizer, as Keras' convolutions do.
template <class A>
class ConvolutionalLayer : public LayerWith<A> {
 public:
  using LayerWith<A>::LayerWith;
  Dict get_config() const override {
    Dict config = LayerWith<A>::get_config();
    if (!config.contains("activity_regularizer")) config.set("activity_regularizer", Value());
    return config;
  }
};

// "1" in Keras' signatures for one axis, (1, 1) for two.
template <int kRank>
AxisSizes ones() {
  if constexpr (kRank == 1)
    return 1;
  else if constexpr (kRank == 2)
    return {1, 1};
  else
    return {1, 1, 1};
}

// Arguments of convolution layers with kRank spatial axes, with Keras' names and defaults.
template <int kRank>
struct ConvArgs {
  int64_t filters = 0;
  AxisSizes kernel_size, strides = ones<kRank>();
  std::string padding = "valid";
  ops::DataFormat data_format;
  AxisSizes dilation_rate = ones<kRank>();
  int64_t groups = 1;
  Activation activation;
  bool use_bias = true;
  InitializerRef kernel_initializer, bias_initializer;
  RegularizerRef kernel_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, bias_constraint;
  Value lora_rank, lora_alpha;
  QuantizationConfigRef quantization_config;
  void fields(Fields& f);
};

// activation(convolution(x, kernel) + bias). Input (batch, spatial..., channels), output (batch, places..., filters),
// or with channels in front; kernel (kernel_size..., channels / groups, filters), bias (filters).
template <int kRank>
class ConvLayer final : public ConvolutionalLayer<ConvArgs<kRank>>, public FurtherQuantizableLayer {
 public:
  explicit ConvLayer(ConvArgs<kRank> args = {}, LayerArgs base = {});
  std::string class_name() const override { return text("Conv", kRank, "D"); }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override;
  Tensor call(const Tensor& x, const CallContext&) override;
  Dict get_config() const override;
  LoraTarget lora_target() override;
  std::vector<QuantizedWeight> quantized_weights() override;
  QuantizationConfigRef& quantization_config() override { return this->args.quantization_config; }

 private:
  Tensor convolve(const Tensor& x, const Tensor& kernel) const;
  Tensor convolve_quantized(const Tensor& x, bool training);
  Shape kernel_shape_;
  Variable kernel_, bias_;
};
using Conv1D = Handle<ConvLayer<1>>;
using Conv2D = Handle<ConvLayer<2>>;
using Conv3D = Handle<ConvLayer<3>>;

// Shared with the other convolutions. The channels of an input; ValueError where they are unknown.
int64_t channels_of(const Shape& input, bool channels_last, const Layer& layer);
// How channels-last inputs meet quantized kernels: (sizes..., channels / groups, filters); each channel alone,
// (sizes..., channels, multiplier); transposed, (sizes..., filters, channels), by the function of a float op, which
// knows where the windows are, and of its gradient. The inputs of a sample share a scale.
QuantizedProduct convolution_product(const Window& window, int64_t groups);
QuantizedProduct depthwise_product(const Window& window, const Shape& kernel);
QuantizedProduct transposed_product(const ops::TransposedWindow& window);
// Those kernels' entries in the table of a layer.
QuantizedWeight quantized_kernel(const std::string& name, Variable& variable, const Shape& shape);
QuantizedWeight quantized_depthwise_kernel(const std::string& name, Variable& variable, const Shape& shape);
QuantizedWeight quantized_transposed_kernel(const std::string& name, Variable& variable, const Shape& shape);
// Inputs have at least rank + 2 axes, and `channels` channels unless unknown.
InputSpec convolution_input_spec(int rank, bool channels_last, int64_t channels = Shape::kUnknown);
// activation(y + bias), along the channels.
Tensor finish_convolution(Tensor y, const Variable* bias, const Activation& activation, bool channels_last);

}  // namespace lamina
