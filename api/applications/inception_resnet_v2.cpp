// InceptionResNetV2: blocks of branches, each added to its input after a scaling.
#include "api/applications/architecture.h"

namespace lamina::applications {

namespace {

const ModuleRegistration modules({"inception_resnet_v2"}, "tf");

struct Steps {
  int64_t stride = 1;
  const char* padding = "same";
};
constexpr Steps kHalved{2, "valid"}, kInside{1, "valid"};

// Convolution, normalisation, relu.
Tensor conv_bn(const Tensor& x, int64_t filters, Value kernel_size, Steps steps = {}, const std::string& name = "") {
  Tensor y = conv(x, filters, std::move(kernel_size), name,
                  {{"strides", steps.stride}, {"padding", steps.padding}, {"use_bias", false}});
  y = layer("BatchNormalization", y, name.empty() ? name : name + "_bn", {{"axis", channel_axis(3)}, {"scale", false}});
  return activation(y, "relu", name.empty() ? name : name + "_ac");
}

Tensor joined(const Branches& branches, const std::string& name) {
  return concatenate(branches, channel_axis(3), name);
}
Tensor max_pooled(const Tensor& x) { return layer("MaxPooling2D", x, "", {{"pool_size", 3}, {"strides", 2}}); }

Branches branches_35(const Tensor& x) {
  const Tensor first = conv_bn(x, 32, 1);
  const Tensor second = conv_bn(conv_bn(x, 32, 1), 32, 3);
  return {first, second, conv_bn(conv_bn(conv_bn(x, 32, 1), 48, 3), 64, 3)};
}
Branches branches_17(const Tensor& x) {
  const Tensor first = conv_bn(x, 192, 1);
  return {first, conv_bn(conv_bn(conv_bn(x, 128, 1), 160, pair(1, 7)), 192, pair(7, 1))};
}
Branches branches_8(const Tensor& x) {
  const Tensor first = conv_bn(x, 192, 1);
  return {first, conv_bn(conv_bn(conv_bn(x, 192, 1), 224, pair(1, 3)), 256, pair(3, 1))};
}

// x plus the branches' result times scale.
Tensor residual(const Tensor& x, const Branches& branches, double scale, const std::string& name, bool rectified) {
  const Tensor mixed = joined(branches, name + "_mixed");
  const Tensor up =
      conv(mixed, channels_of(x), 1, name + "_conv", {{"strides", 1}, {"padding", "same"}, {"use_bias", true}});
  const Tensor sum = layer("CustomScaleLayer", Value(Branches{x, up}), "", {{"scale", scale}});
  return rectified ? activation(sum, "relu", name + "_ac") : sum;
}

Tensor stem(const Tensor& images) {
  Tensor x = conv_bn(images, 32, 3, kHalved);
  x = conv_bn(x, 32, 3, kInside);
  x = max_pooled(conv_bn(x, 64, 3));
  x = conv_bn(x, 80, 1, kInside);
  x = max_pooled(conv_bn(x, 192, 3, kInside));
  const Tensor one = conv_bn(x, 96, 1);
  const Tensor five = conv_bn(conv_bn(x, 48, 1), 64, 5);
  const Tensor three = conv_bn(conv_bn(conv_bn(x, 64, 1), 96, 3), 96, 3);
  const Tensor pooled =
      conv_bn(layer("AveragePooling2D", x, "", {{"pool_size", 3}, {"strides", 1}, {"padding", "same"}}), 64, 1);
  return joined({one, five, three, pooled}, "mixed_5b");
}

Tensor reduction_a(const Tensor& x) {
  const Tensor first = conv_bn(x, 384, 3, kHalved);
  const Tensor second = conv_bn(conv_bn(conv_bn(x, 256, 1), 256, 3), 384, 3, kHalved);
  return joined({first, second, max_pooled(x)}, "mixed_6a");
}

Tensor reduction_b(const Tensor& x) {
  const Tensor first = conv_bn(conv_bn(x, 256, 1), 384, 3, kHalved);
  const Tensor second = conv_bn(conv_bn(x, 256, 1), 288, 3, kHalved);
  const Tensor third = conv_bn(conv_bn(conv_bn(x, 256, 1), 288, 3), 320, 3, kHalved);
  return joined({first, second, third, max_pooled(x)}, "mixed_7a");
}

Built inception_resnet(const ModelArgs& args) {
  check_arguments(args);
  const Tensor input = image_input(args, image_shape(args, {299, 75}));
  Tensor x = stem(input);
  for (int i = 1; i <= 10; ++i) x = residual(x, branches_35(x), 0.17, text("block35_", i), true);
  x = reduction_a(x);
  for (int i = 1; i <= 20; ++i) x = residual(x, branches_17(x), 0.1, text("block17_", i), true);
  x = reduction_b(x);
  for (int i = 1; i <= 9; ++i) x = residual(x, branches_8(x), 0.2, text("block8_", i), true);
  x = residual(x, branches_8(x), 1.0, "block8_10", false);
  x = conv_bn(x, 1536, 1, {}, "conv_7b");
  x = args.include_top ? usual_top(x, args) : pool(x, args);
  const std::string file =
      text("inception_resnet_v2_weights_tf_dim_ordering_tf_kernels", args.include_top ? "" : "_notop", ".h5");
  return finish(args, input, x,
                {file, text(kPublished, "inception_resnet_v2/", file),
                 args.include_top ? "e693bd0210a403b3192acc6073ad2e96" : "d19885ff4a710c122648d3b5c3b684e4"});
}

}  // namespace

const ModelFunction<ModelArgs> InceptionResNetV2(
    "InceptionResNetV2", {"inception_resnet_v2"}, "InceptionResNetV2: inception blocks with residual connections.",
    "inception_resnet_v2",
    Doc{.returns = about::model_returns,
        .raises = about::model_raises,
        .source = "Szegedy et al., \"Inception-v4, Inception-ResNet and the Impact of Residual Connections on "
                  "Learning\" (2017)."},
    inception_resnet);

}  // namespace lamina::applications
