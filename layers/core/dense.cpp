#include "layers/core/dense.h"

#include "backends/ops/public/ops.h"

namespace lamina {

void DenseArgs::fields(Fields& f) {
  f("units", units, "Size of the output's last axis.").required();
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
  f("quantization_config", quantization_config, kQuantizationConfig);
}

DenseLayer::DenseLayer(DenseArgs a, LayerArgs base) : LayerWith(std::move(a), std::move(base)) {
  if (args.units <= 0)
    throw ValueError("Received an invalid value for `units`, expected a positive integer. Received: units=",
                     args.units.value);
  check_lora(args.lora_rank, args.lora_alpha);
  if (!args.kernel_initializer) args.kernel_initializer = "glorot_uniform";
  if (!args.bias_initializer) args.bias_initializer = "zeros";
  supports_masking_ = true;
  InputSpec spec;
  spec.min_ndim = 2;
  input_spec_ = {spec};
}

void DenseLayer::build(const Shape& input) {
  int64_t in = input.rank() ? input.back() : Shape::kUnknown;
  if (in < 0)
    throw ValueError("The last dimension of the inputs to Dense must be known. Found input shape ", input, " in ",
                     describe(), ".");
  features_ = in;
  if (!build_quantized())
    kernel_ = add_weight("kernel", {in, args.units},
                         {.initializer = args.kernel_initializer,
                          .regularizer = args.kernel_regularizer,
                          .constraint = args.kernel_constraint});
  if (args.use_bias)
    bias_ = add_weight("bias", {args.units},
                       {.initializer = args.bias_initializer,
                        .regularizer = args.bias_regularizer,
                        .constraint = args.bias_constraint});
  input_spec_[0].axes[-1] = in;
  start_lora(args.lora_rank, {});
}

Dict DenseLayer::get_config() const {
  Dict config = LayerWith::get_config();
  write_lora(config, args.lora_rank, args.lora_alpha);
  return config;
}

LoraTarget DenseLayer::lora_target() {
  return {*this,
          kernel_,
          {features_, args.units},
          "lora_kernel",
          "kernel",
          args.kernel_regularizer,
          args.kernel_constraint};
}

std::vector<QuantizedWeight> DenseLayer::quantized_weights() {
  return {{.name = "kernel",
           .variable = &kernel_,
           .shape = {features_, args.units},
           .shared = {0},
           .layout = {1},
           .rows = features_}};
}

Tensor DenseLayer::call(const Tensor& x, const CallContext& context) {
  static const QuantizedProduct last_axis = QuantizedProduct::last_axis();
  Tensor y = quantized() ? product(x, 0, last_axis, context.training) : ops::matmul(x, adapted(kernel_));
  if (args.use_bias) y = ops::add(y, bias_of(bias_));
  return args.activation(y);
}

LAMINA_LAYER(
    DenseLayer, "Dense", "A fully connected layer: activation(x @ kernel + bias).",
    Doc{.call = about::inputs,
        .input = "A tensor (batch, ..., features).",
        .output = "A tensor (batch, ..., units).",
        .raises = "ValueError: if `units` is not a positive integer, or the input's last axis has no known size.",
        .example = R"py(
>>> keras.layers.Dense(4, activation="relu")(keras.ops.ones((2, 3))).shape
(2, 4))py"});

}  // namespace lamina
