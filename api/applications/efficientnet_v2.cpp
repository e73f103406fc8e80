// EfficientNetV2: EfficientNet's blocks, of which the first ones widen and filter in one convolution.
#include "api/applications/squeeze.h"

namespace lamina::applications {

void EfficientNetV2Args::fields(Fields& f) {
  f("include_top", include_top, about::include_top);
  f("weights", weights, about::weights);
  f("input_tensor", input_tensor, about::input_tensor);
  f("input_shape", input_shape, about::input_shape);
  f("pooling", pooling, about::pooling);
  f("classes", classes, about::classes);
  f("classifier_activation", classifier_activation, about::classifier_activation);
  f("include_preprocessing", include_preprocessing, about::include_preprocessing);
  f("name", name, about::model_name);
}

namespace {

const ModuleRegistration modules({"efficientnet_v2"}, "");

struct Stage {
  int64_t repeats, filters_in, filters_out, expansion, stride;
  bool fused, squeezes;
};
using Stages = std::vector<Stage>;

struct Variant {
  std::string published;
  double width, depth;
  int64_t size;     // of images
  bool normalizes;  // like EfficientNet, instead of scaling to -1 to 1
  Stages stages;
  const char *hash, *hash_of_features;
};

int64_t rounded(double filters, double width) { return round_to_8(filters * width, false); }

Tensor normalized(const Tensor& x, const std::string& name) {
  return layer("BatchNormalization", x, name, {{"axis", channel_axis(3)}, {"momentum", 0.9}});
}
Tensor swished(const Tensor& x, const std::string& name) { return activation(x, "swish", name); }
Tensor plain_conv(const Tensor& x, int64_t filters, int64_t kernel, int64_t stride, const std::string& name) {
  return conv(
      x, filters, kernel, name,
      {{"strides", stride}, {"padding", "same"}, {"use_bias", false}, {"kernel_initializer", conv_initializer()}});
}

Tensor block(const Tensor& input, const Stage& stage, double drop_rate, const std::string& prefix) {
  constexpr int64_t kKernel = 3;
  const bool widens = stage.expansion != 1;
  Tensor x = input;
  if (widens) {
    x = plain_conv(x, stage.filters_in * stage.expansion, stage.fused ? kKernel : 1, stage.fused ? stage.stride : 1,
                   prefix + "expand_conv");
    x = swished(normalized(x, prefix + "expand_bn"), prefix + "expand_activation");
  }
  if (!stage.fused) {
    x = layer("DepthwiseConv2D", x, prefix + "dwconv2",
              {{"kernel_size", kKernel},
               {"strides", stage.stride},
               {"padding", "same"},
               {"use_bias", false},
               {"depthwise_initializer", conv_initializer()}});
    x = swished(normalized(x, prefix + "bn"), prefix + "activation");
  }
  if (stage.squeezes) x = squeeze_and_excite(x, std::max<int64_t>(1, stage.filters_in / 4), prefix);
  const bool filters_here = stage.fused && !widens;
  x = plain_conv(x, stage.filters_out, filters_here ? kKernel : 1, filters_here ? stage.stride : 1,
                 prefix + "project_conv");
  x = normalized(x, prefix + "project_bn");
  if (filters_here) x = swished(x, prefix + "project_activation");
  if (stage.stride == 1 && stage.filters_in == stage.filters_out) return with_shortcut(x, input, drop_rate, prefix);
  return x;
}

Tensor preprocessed(const Tensor& images, int64_t channels, const Variant& variant) {
  if (!variant.normalizes || channels != 3)
    return layer("Rescaling", images, "", {{"scale", 1.0 / 128.0}, {"offset", -1}});
  const Tensor x = layer("Rescaling", images, "", {{"scale", 1.0 / 255}});
  List mean, variance;
  for (const double m : {0.485, 0.456, 0.406}) mean.push_back(Value(m));
  for (const double deviation : {0.229, 0.224, 0.225}) variance.push_back(Value(std::pow(deviation, 2)));
  return layer("Normalization", x, "",
               {{"mean", Value(mean)}, {"variance", Value(variance)}, {"axis", channel_axis(3)}});
}

Built efficientnet_v2(const Variant& variant, const EfficientNetV2Args& own) {
  const ModelArgs args = common(own);
  check_arguments(args);
  const Shape shape = image_shape(args, {variant.size, 32});
  const Tensor input = image_input(args, shape);
  Tensor x = own.include_preprocessing ? preprocessed(input, channels_of(shape), variant) : input;
  x = plain_conv(x, rounded(static_cast<double>(variant.stages[0].filters_in), variant.width), 3, 2, "stem_conv");
  x = swished(normalized(x, "stem_bn"), "stem_activation");
  double blocks = 0, done = 0;  // counted before the depth's factor, as Keras does
  for (const Stage& stage : variant.stages) blocks += static_cast<double>(stage.repeats);
  for (size_t i = 0; i < variant.stages.size(); ++i) {
    Stage stage = variant.stages[i];
    stage.filters_in = rounded(static_cast<double>(stage.filters_in), variant.width);
    stage.filters_out = rounded(static_cast<double>(stage.filters_out), variant.width);
    const auto times = static_cast<int64_t>(std::ceil(variant.depth * static_cast<double>(stage.repeats)));
    for (int64_t j = 0; j < times; ++j, ++done) {
      if (j > 0) stage.stride = 1, stage.filters_in = stage.filters_out;
      x = block(x, stage, 0.2 * done / blocks, text("block", i + 1, std::string(1, static_cast<char>('a' + j)), "_"));
    }
  }
  x = plain_conv(x, rounded(1280, variant.width), 1, 1, "top_conv");
  x = swished(normalized(x, "top_bn"), "top_activation");
  x = efficient_top(x, args, 0.2,
                    {{"kernel_initializer", dense_initializer()},
                     {"bias_initializer", Dict{{"class_name", "Constant"}, {"config", Dict{{"value", 0.0}}}}}});
  const std::string file = text(variant.published, args.include_top ? "" : "_notop", ".h5");
  return finish(
      args, input, x,
      {file, text(kPublished, "efficientnet_v2/", file), args.include_top ? variant.hash : variant.hash_of_features});
}

constexpr Doc about_v2{.returns = about::model_returns,
                       .raises = about::model_raises,
                       .source = "Tan and Le, \"EfficientNetV2: Smaller Models and Faster Training\" (2021)."};

auto built(Variant variant) {
  return [variant = std::move(variant)](const EfficientNetV2Args& args) { return efficientnet_v2(variant, args); };
}

// Of the sizes B0 to B3, which width and depth tell apart.
Stages small_stages() {
  return {{1, 32, 16, 1, 1, true, false}, {2, 16, 32, 4, 2, true, false},  {2, 32, 48, 4, 2, true, false},
          {3, 48, 96, 4, 2, false, true}, {5, 96, 112, 6, 1, false, true}, {8, 112, 192, 6, 2, false, true}};
}

}  // namespace

const ModelFunction<EfficientNetV2Args> EfficientNetV2B0("EfficientNetV2B0", {"efficientnet_v2"},
                                                         "EfficientNetV2, the smallest, for images of 224 x 224.",
                                                         "efficientnetv2-b0", about_v2,
                                                         built({"efficientnetv2-b0", 1.0, 1.0, 224, true,
                                                                small_stages(), "21ecbf6da12460d5c40bb2f29ceb2188",
                                                                "893217f2bb855e2983157299931e43ff"}));
const ModelFunction<EfficientNetV2Args> EfficientNetV2B1(
    "EfficientNetV2B1", {"efficientnet_v2"}, "EfficientNetV2 for images of 240 x 240.", "efficientnetv2-b1", about_v2,
    built({"efficientnetv2-b1", 1.0, 1.1, 240, true, small_stages(), "069f0534ff22adf035c89e2d9547a9dc",
           "0e80663031ca32d657f9caa404b6ec37"}));
const ModelFunction<EfficientNetV2Args> EfficientNetV2B2(
    "EfficientNetV2B2", {"efficientnet_v2"}, "EfficientNetV2 for images of 260 x 260.", "efficientnetv2-b2", about_v2,
    built({"efficientnetv2-b2", 1.1, 1.2, 260, true, small_stages(), "424e49f28180edbde1e94797771950a7",
           "1dfe2e7a5d45b6632553a8961ea609eb"}));
const ModelFunction<EfficientNetV2Args> EfficientNetV2B3(
    "EfficientNetV2B3", {"efficientnet_v2"}, "EfficientNetV2 for images of 300 x 300.", "efficientnetv2-b3", about_v2,
    built({"efficientnetv2-b3", 1.2, 1.4, 300, true, small_stages(), "1f1fc43bd98a6e4fd8fdfd551e02c7a0",
           "f6abf7b5849ac99a89b50dd3fd532856"}));
const ModelFunction<EfficientNetV2Args> EfficientNetV2S("EfficientNetV2S", {"efficientnet_v2"},
                                                        "EfficientNetV2 for images of 384 x 384.", "efficientnetv2-s",
                                                        about_v2,
                                                        built({"efficientnetv2-s",
                                                               1.0,
                                                               1.0,
                                                               384,
                                                               false,
                                                               {{2, 24, 24, 1, 1, true, false},
                                                                {4, 24, 48, 4, 2, true, false},
                                                                {4, 48, 64, 4, 2, true, false},
                                                                {6, 64, 128, 4, 2, false, true},
                                                                {9, 128, 160, 6, 1, false, true},
                                                                {15, 160, 256, 6, 2, false, true}},
                                                               "e1d88a8495beba45748fedd0cecbe016",
                                                               "af0682fb74e8c54910f2d4393339c070"}));
const ModelFunction<EfficientNetV2Args> EfficientNetV2M("EfficientNetV2M", {"efficientnet_v2"},
                                                        "EfficientNetV2 for images of 480 x 480.", "efficientnetv2-m",
                                                        about_v2,
                                                        built({"efficientnetv2-m",
                                                               1.0,
                                                               1.0,
                                                               480,
                                                               false,
                                                               {{3, 24, 24, 1, 1, true, false},
                                                                {5, 24, 48, 4, 2, true, false},
                                                                {5, 48, 80, 4, 2, true, false},
                                                                {7, 80, 160, 4, 2, false, true},
                                                                {14, 160, 176, 6, 1, false, true},
                                                                {18, 176, 304, 6, 2, false, true},
                                                                {5, 304, 512, 6, 1, false, true}},
                                                               "a3bf6aa3276309f4fc6a34aa114c95cd",
                                                               "1b8dc055df72dde80d614482840fe342"}));
const ModelFunction<EfficientNetV2Args> EfficientNetV2L("EfficientNetV2L", {"efficientnet_v2"},
                                                        "EfficientNetV2, the largest, for images of 480 x 480.",
                                                        "efficientnetv2-l", about_v2,
                                                        built({"efficientnetv2-l",
                                                               1.0,
                                                               1.0,
                                                               480,
                                                               false,
                                                               {{4, 32, 32, 1, 1, true, false},
                                                                {7, 32, 64, 4, 2, true, false},
                                                                {7, 64, 96, 4, 2, true, false},
                                                                {10, 96, 192, 4, 2, false, true},
                                                                {19, 192, 224, 6, 1, false, true},
                                                                {25, 224, 384, 6, 2, false, true},
                                                                {7, 384, 640, 6, 1, false, true}},
                                                               "27e6d408b53c7ebc868fefa357689935",
                                                               "b0b66b5c863aef5b46e8608fe1711615"}));

}  // namespace lamina::applications
