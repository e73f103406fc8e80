// EfficientNet: one architecture, made wider, deeper and for larger images by factors that belong together.
#include "api/applications/squeeze.h"

namespace lamina::applications {

namespace {

const ModuleRegistration modules({"efficientnet"}, "");

struct Variant {
  const char* published;
  double width, depth;
  int64_t size;  // of images
  double dropout;
  const char *hash, *hash_of_features;
};

struct Stage {
  int64_t kernel, repeats, filters_in, filters_out, expansion, stride;
};
constexpr Stage kStages[] = {{3, 1, 32, 16, 1, 1},  {3, 2, 16, 24, 6, 2},   {5, 2, 24, 40, 6, 2},  {3, 3, 40, 80, 6, 2},
                             {5, 3, 80, 112, 6, 1}, {5, 4, 112, 192, 6, 2}, {3, 1, 192, 320, 6, 1}};

Tensor normalized(const Tensor& x, const std::string& name) {
  return layer("BatchNormalization", x, name, {{"axis", channel_axis(3)}});
}
Tensor pointwise(const Tensor& x, int64_t filters, const std::string& name) {
  return conv(x, filters, 1, name,
              {{"padding", "same"}, {"use_bias", false}, {"kernel_initializer", conv_initializer()}});
}

Tensor block(const Tensor& input, const Stage& stage, double drop_rate, const std::string& prefix) {
  Tensor x = input;
  if (stage.expansion != 1) {
    x = pointwise(x, stage.filters_in * stage.expansion, prefix + "expand_conv");
    x = activation(normalized(x, prefix + "expand_bn"), "swish", prefix + "expand_activation");
  }
  if (stage.stride == 2) x = zero_padding(x, correct_pad(x, stage.kernel), prefix + "dwconv_pad");
  x = layer("DepthwiseConv2D", x, prefix + "dwconv",
            {{"kernel_size", stage.kernel},
             {"strides", stage.stride},
             {"padding", stage.stride == 2 ? "valid" : "same"},
             {"use_bias", false},
             {"depthwise_initializer", conv_initializer()}});
  x = activation(normalized(x, prefix + "bn"), "swish", prefix + "activation");
  x = squeeze_and_excite(x, std::max<int64_t>(1, stage.filters_in / 4), prefix);
  x = normalized(pointwise(x, stage.filters_out, prefix + "project_conv"), prefix + "project_bn");
  if (stage.stride == 1 && stage.filters_in == stage.filters_out) return with_shortcut(x, input, drop_rate, prefix);
  return x;
}

Tensor stem(const Tensor& images, const Variant& variant, const ModelArgs& args) {
  Tensor x = layer("Rescaling", images, "", {{"scale", 1.0 / 255.0}});
  x = layer("Normalization", x, "", {{"axis", channel_axis(3)}});
  if (wants_imagenet(args)) {  // the weights were trained on images that were divided by the variance
    List scale;
    for (const double deviation : {0.229, 0.224, 0.225}) scale.push_back(Value(1.0 / std::sqrt(deviation)));
    x = layer("Rescaling", x, "", {{"scale", Value(scale)}});
  }
  x = zero_padding(x, correct_pad(x, 3), "stem_conv_pad");
  x = conv(x, round_to_8(32 * variant.width), 3, "stem_conv",
           {{"strides", 2}, {"padding", "valid"}, {"use_bias", false}, {"kernel_initializer", conv_initializer()}});
  return activation(normalized(x, "stem_bn"), "swish", "stem_activation");
}

Built efficientnet(const Variant& variant, const ModelArgs& args) {
  check_arguments(args);
  const Tensor input = image_input(args, image_shape(args, {variant.size, 32}));
  Tensor x = stem(input, variant, args);
  auto repeats = [&](const Stage& s) {
    return static_cast<int64_t>(std::ceil(variant.depth * static_cast<double>(s.repeats)));
  };
  auto widened = [&](int64_t filters) { return round_to_8(static_cast<double>(filters) * variant.width); };
  double blocks = 0, done = 0;
  for (const Stage& stage : kStages) blocks += static_cast<double>(repeats(stage));
  for (size_t i = 0; i < std::size(kStages); ++i) {
    Stage stage = kStages[i];
    stage.filters_in = widened(stage.filters_in);
    stage.filters_out = widened(stage.filters_out);
    const int64_t times = repeats(stage);
    for (int64_t j = 0; j < times; ++j, ++done) {
      if (j > 0) stage.stride = 1, stage.filters_in = stage.filters_out;
      x = block(x, stage, 0.2 * done / blocks, text("block", i + 1, std::string(1, static_cast<char>('a' + j)), "_"));
    }
  }
  x = normalized(pointwise(x, widened(1280), "top_conv"), "top_bn");
  x = activation(x, "swish", "top_activation");
  x = efficient_top(x, args, variant.dropout, {{"kernel_initializer", dense_initializer()}});
  const std::string file = text(variant.published, args.include_top ? "" : "_notop", ".h5");
  return finish(args, input, x,
                {file, "https://storage.googleapis.com/keras-applications/" + file,
                 args.include_top ? variant.hash : variant.hash_of_features});
}

constexpr Doc about_efficientnet{
    .returns = about::model_returns,
    .raises = about::model_raises,
    .source = "Tan and Le, \"EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks\" (2019)."};

auto built(const Variant& variant) {
  return [variant](const ModelArgs& args) { return efficientnet(variant, args); };
}

}  // namespace

const ModelFunction<ModelArgs> EfficientNetB0("EfficientNetB0", {"efficientnet"},
                                              "EfficientNet, the smallest, for images of 224 x 224.", "efficientnetb0",
                                              about_efficientnet,
                                              built({"efficientnetb0", 1.0, 1.0, 224, 0.2,
                                                     "902e53a9f72be733fc0bcb005b3ebbac",
                                                     "50bc09e76180e00e4465e1a485ddc09d"}));
const ModelFunction<ModelArgs> EfficientNetB1(
    "EfficientNetB1", {"efficientnet"}, "EfficientNet for images of 240 x 240.", "efficientnetb1", about_efficientnet,
    built({"efficientnetb1", 1.0, 1.1, 240, 0.2, "1d254153d4ab51201f1646940f018540",
           "74c4e6b3e1f6a1eea24c589628592432"}));
const ModelFunction<ModelArgs> EfficientNetB2(
    "EfficientNetB2", {"efficientnet"}, "EfficientNet for images of 260 x 260.", "efficientnetb2", about_efficientnet,
    built({"efficientnetb2", 1.1, 1.2, 260, 0.3, "b15cce36ff4dcbd00b6dd88e7857a6ad",
           "111f8e2ac8aa800a7a99e3239f7bfb39"}));
const ModelFunction<ModelArgs> EfficientNetB3(
    "EfficientNetB3", {"efficientnet"}, "EfficientNet for images of 300 x 300.", "efficientnetb3", about_efficientnet,
    built({"efficientnetb3", 1.2, 1.4, 300, 0.3, "ffd1fdc53d0ce67064dc6a9c7960ede0",
           "af6d107764bb5b1abb91932881670226"}));
const ModelFunction<ModelArgs> EfficientNetB4(
    "EfficientNetB4", {"efficientnet"}, "EfficientNet for images of 380 x 380.", "efficientnetb4", about_efficientnet,
    built({"efficientnetb4", 1.4, 1.8, 380, 0.4, "18c95ad55216b8f92d7e70b3a046e2fc",
           "ebc24e6d6c33eaebbd558eafbeedf1ba"}));
const ModelFunction<ModelArgs> EfficientNetB5(
    "EfficientNetB5", {"efficientnet"}, "EfficientNet for images of 456 x 456.", "efficientnetb5", about_efficientnet,
    built({"efficientnetb5", 1.6, 2.2, 456, 0.4, "ace28f2a6363774853a83a0b21b9421a",
           "38879255a25d3c92d5e44e04ae6cec6f"}));
const ModelFunction<ModelArgs> EfficientNetB6(
    "EfficientNetB6", {"efficientnet"}, "EfficientNet for images of 528 x 528.", "efficientnetb6", about_efficientnet,
    built({"efficientnetb6", 1.8, 2.6, 528, 0.5, "165f6e37dce68623721b423839de8be5",
           "9ecce42647a20130c1f39a5d4cb75743"}));
const ModelFunction<ModelArgs> EfficientNetB7("EfficientNetB7", {"efficientnet"},
                                              "EfficientNet, the largest, for images of 600 x 600.", "efficientnetb7",
                                              about_efficientnet,
                                              built({"efficientnetb7", 2.0, 3.1, 600, 0.5,
                                                     "8c03f828fec3ef71311cd463b6759d99",
                                                     "cbcfe4450ddf6f3ad90b1b398090fe4a"}));

}  // namespace lamina::applications
