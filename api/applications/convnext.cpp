// ConvNeXt: a convolutional network with the design of vision transformers.
#include "api/applications/architecture.h"
#include "api/sequential.h"
#include "backends/ops/public/ops.h"

namespace lamina::applications {

void ConvNeXtArgs::fields(Fields& f) {
  f("include_top", include_top, about::include_top);
  f("include_preprocessing", include_preprocessing, about::include_preprocessing);
  f("weights", weights, about::weights);
  f("input_tensor", input_tensor, about::input_tensor);
  f("input_shape", input_shape, about::input_shape);
  f("pooling", pooling, about::pooling);
  f("classes", classes, about::classes);
  f("classifier_activation", classifier_activation, about::classifier_activation);
  f("name", name, about::model_name);
}

namespace {

const ModuleRegistration modules({"convnext"}, "");

struct Variant {
  std::string published;
  std::array<int, 4> depths;
  std::array<int64_t, 4> widths;
  const char *hash, *hash_of_features;
};

Tensor block(const Tensor& input, int64_t width, const std::string& name) {
  Tensor x = conv(input, width, 7, name + "_depthwise_conv", {{"padding", "same"}, {"groups", width}});
  x = layer("LayerNormalization", x, name + "_layernorm", {{"epsilon", 1e-6}});
  x = layer("Dense", x, name + "_pointwise_conv_1", {{"units", 4 * width}});
  x = activation(x, "gelu", name + "_gelu");
  x = layer("Dense", x, name + "_pointwise_conv_2", {{"units", width}});
  x = layer("LayerScale", x, name + "_layer_scale", {{"init_values", 1e-6}, {"projection_dim", width}});
  return ops::add(input, activation(x, "linear", name + "_identity"));
}

LayerPtr part(const char* class_name, const std::string& name, Dict config) {
  config.set("name", name);
  return std::dynamic_pointer_cast<Layer>(find_class(class_name, "keras.layers")->make(config));
}

// What comes before stage i: a normalisation and a convolution that shrinks the image.
Tensor shrink(const Tensor& x, int i, int64_t width, const std::string& name) {
  std::vector<LayerPtr> parts;
  LayerArgs base;
  if (i == 0) {
    parts = {part("Conv2D", name + "_stem_conv", {{"filters", width}, {"kernel_size", 4}, {"strides", 4}}),
             part("LayerNormalization", name + "_stem_layernorm", {{"epsilon", 1e-6}})};
    base.name = name + "_stem";
  } else {
    parts = {part("LayerNormalization", text(name, "_downsampling_layernorm_", i - 1), {{"epsilon", 1e-6}}),
             part("Conv2D", text(name, "_downsampling_conv_", i - 1),
                  {{"filters", width}, {"kernel_size", 2}, {"strides", 2}})};
    base.name = text(name, "_downsampling_block_", i - 1);
  }
  return std::make_shared<Sequential>(std::move(parts), std::move(base))->invoke({Value(x)}).as_tensor();
}

Tensor normalized_images(const Tensor& images, const std::string& name) {
  List mean, variance;
  for (const double m : {0.485, 0.456, 0.406}) mean.push_back(Value(m * 255));
  for (const double deviation : {0.229, 0.224, 0.225}) variance.push_back(Value(std::pow(deviation * 255, 2)));
  return layer("Normalization", images, name + "_prestem_normalization",
               {{"mean", Value(mean)}, {"variance", Value(variance)}});
}

Built convnext(const Variant& variant, const ConvNeXtArgs& own) {
  const ModelArgs args = common(own);
  refuse_channels_first("ConvNeXt");
  check_arguments(args);
  const std::string name = own.name.value_or(variant.published);  // begins the names of all layers
  const Shape shape = image_shape(args, {224, 32});
  const Tensor input = image_input(args, shape);
  Tensor x = input;
  if (own.include_preprocessing && channels_of(shape) == 3) x = normalized_images(x, name);
  for (int i = 0; i < 4; ++i) {
    const auto stage = static_cast<size_t>(i);
    x = shrink(x, i, variant.widths[stage], name);
    for (int j = 0; j < variant.depths[stage]; ++j)
      x = block(x, variant.widths[stage], text(name, "_stage_", i, "_block_", j));
  }
  if (args.include_top) {
    check_classifier(args);
    x = layer("GlobalAveragePooling2D", x, name + "_head_gap");
    x = layer("LayerNormalization", x, name + "_head_layernorm", {{"epsilon", 1e-6}});
    x = layer("Dense", x, name + "_head_dense", {{"units", args.classes}, {"activation", args.classifier_activation}});
  } else {
    x = layer("LayerNormalization", pool(x, args), "", {{"epsilon", 1e-6}});
  }
  const Value source = args.input_tensor.is_none() ? Value(input) : source_inputs(input).front();
  const std::string file = text(variant.published, args.include_top ? "" : "_notop", ".h5");
  return finish_from(
      source, args, x,
      {file, text(kPublished, "convnext/", file), args.include_top ? variant.hash : variant.hash_of_features});
}

constexpr Doc about_convnext{.returns = about::model_returns,
                             .raises = about::model_raises,
                             .source = "Liu et al., \"A ConvNet for the 2020s\" (2022)."};

auto built(Variant variant) {
  return [variant = std::move(variant)](const ConvNeXtArgs& args) { return convnext(variant, args); };
}

}  // namespace

const ModelFunction<ConvNeXtArgs> ConvNeXtTiny(
    "ConvNeXtTiny", {"convnext"}, "ConvNeXt of 29 million weights.", "convnext_tiny", about_convnext,
    built({"convnext_tiny",
           {3, 3, 9, 3},
           {96, 192, 384, 768},
           "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
           "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"}));
const ModelFunction<ConvNeXtArgs> ConvNeXtSmall(
    "ConvNeXtSmall", {"convnext"}, "ConvNeXt of 50 million weights.", "convnext_small", about_convnext,
    built({"convnext_small",
           {3, 3, 27, 3},
           {96, 192, 384, 768},
           "ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
           "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab"}));
const ModelFunction<ConvNeXtArgs> ConvNeXtBase(
    "ConvNeXtBase", {"convnext"}, "ConvNeXt of 89 million weights.", "convnext_base", about_convnext,
    built({"convnext_base",
           {3, 3, 27, 3},
           {128, 256, 512, 1024},
           "52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
           "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45"}));
const ModelFunction<ConvNeXtArgs> ConvNeXtLarge(
    "ConvNeXtLarge", {"convnext"}, "ConvNeXt of 198 million weights.", "convnext_large", about_convnext,
    built({"convnext_large",
           {3, 3, 27, 3},
           {192, 384, 768, 1536},
           "070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
           "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd"}));
const ModelFunction<ConvNeXtArgs> ConvNeXtXLarge(
    "ConvNeXtXLarge", {"convnext"}, "ConvNeXt of 350 million weights.", "convnext_xlarge", about_convnext,
    built({"convnext_xlarge",
           {3, 3, 27, 3},
           {256, 512, 1024, 2048},
           "c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee",
           "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05"}));

}  // namespace lamina::applications
