// ResNet (2015) and ResNetV2 (2016): stacks of residual blocks. In V2 normalisation and activation come before the
// convolutions.
#include "api/applications/architecture.h"

namespace lamina::applications {

namespace {

const ModuleRegistration first({"resnet", "resnet50"}, "caffe");
const ModuleRegistration second({"resnet_v2"}, "tf");

struct Variant {
  std::string published;  // the name of its files
  std::array<int, 4> blocks;
  const char *hash, *hash_of_features;
};

Tensor normalized(const Tensor& x, const std::string& name) {
  return layer("BatchNormalization", x, name, {{"axis", channel_axis(3)}, {"epsilon", 1.001e-5}});
}
Tensor rectified(const Tensor& x, const std::string& name) { return activation(x, "relu", name); }

Tensor block_v1(const Tensor& input, int64_t filters, int64_t stride, bool widens, const std::string& name) {
  Tensor shortcut = input;
  if (widens)
    shortcut = normalized(conv(input, 4 * filters, 1, name + "_0_conv", {{"strides", stride}}), name + "_0_bn");
  Tensor x = conv(input, filters, 1, name + "_1_conv", {{"strides", stride}});
  x = rectified(normalized(x, name + "_1_bn"), name + "_1_relu");
  x = conv(x, filters, 3, name + "_2_conv", {{"padding", "same"}});
  x = rectified(normalized(x, name + "_2_bn"), name + "_2_relu");
  x = normalized(conv(x, 4 * filters, 1, name + "_3_conv"), name + "_3_bn");
  return rectified(add({shortcut, x}, name + "_add"), name + "_out");
}

Tensor stack_v1(Tensor x, int stage, int64_t filters, int blocks) {
  for (int i = 1; i <= blocks; ++i)
    x = block_v1(x, filters, i == 1 && stage > 0 ? 2 : 1, i == 1, text("conv", stage + 2, "_block", i));
  return x;
}

Tensor block_v2(const Tensor& input, int64_t filters, int64_t stride, bool widens, const std::string& name) {
  const Tensor ready = rectified(normalized(input, name + "_preact_bn"), name + "_preact_relu");
  Tensor shortcut = input;
  if (widens)
    shortcut = conv(ready, 4 * filters, 1, name + "_0_conv", {{"strides", stride}});
  else if (stride > 1)
    shortcut = layer("MaxPooling2D", input, "", {{"pool_size", 1}, {"strides", stride}});
  Tensor x = conv(ready, filters, 1, name + "_1_conv", {{"strides", 1}, {"use_bias", false}});
  x = rectified(normalized(x, name + "_1_bn"), name + "_1_relu");
  x = zero_padding(x, paddings(1), name + "_2_pad");
  x = conv(x, filters, 3, name + "_2_conv", {{"strides", stride}, {"use_bias", false}});
  x = rectified(normalized(x, name + "_2_bn"), name + "_2_relu");
  x = conv(x, 4 * filters, 1, name + "_3_conv");
  return add({shortcut, x}, name + "_out");
}

// The last block of a stage halves the image, but that of the last stage.
Tensor stack_v2(Tensor x, int stage, int64_t filters, int blocks) {
  for (int i = 1; i <= blocks; ++i)
    x = block_v2(x, filters, i == blocks && stage < 3 ? 2 : 1, i == 1, text("conv", stage + 2, "_block", i));
  return x;
}

Built resnet(const Variant& variant, bool v2, const ModelArgs& args) {
  check_arguments(args);
  const Tensor input = image_input(args, image_shape(args, {224, 32}));
  Tensor x = zero_padding(input, paddings(3), "conv1_pad");
  x = conv(x, 64, 7, "conv1_conv", {{"strides", 2}});
  if (!v2) x = rectified(normalized(x, "conv1_bn"), "conv1_relu");
  x = zero_padding(x, paddings(1), "pool1_pad");
  x = layer("MaxPooling2D", x, "pool1_pool", {{"pool_size", 3}, {"strides", 2}});
  for (int stage = 0; stage < 4; ++stage)
    x = (v2 ? stack_v2 : stack_v1)(x, stage, int64_t{64} << stage, variant.blocks[static_cast<size_t>(stage)]);
  if (v2) x = rectified(normalized(x, "post_bn"), "post_relu");
  x = usual_top(x, args);
  const std::string file =
      text(variant.published, "_weights_tf_dim_ordering_tf_kernels", args.include_top ? "" : "_notop", ".h5");
  return finish(args, input, x,
                {file, text(kPublished, "resnet/", file), args.include_top ? variant.hash : variant.hash_of_features});
}

constexpr Doc about_v1{.returns = about::model_returns,
                       .raises = about::model_raises,
                       .source = "He et al., \"Deep Residual Learning for Image Recognition\" (2015)."};
constexpr Doc about_v2{.returns = about::model_returns,
                       .raises = about::model_raises,
                       .source = "He et al., \"Identity Mappings in Deep Residual Networks\" (2016)."};

auto built(bool v2, Variant variant) {
  return [v2, variant = std::move(variant)](const ModelArgs& args) { return resnet(variant, v2, args); };
}

}  // namespace

const ModelFunction<ModelArgs> ResNet50(
    "ResNet50", {"resnet", "resnet50"}, "ResNet of 50 layers.", "resnet50", about_v1,
    built(false, {"resnet50", {3, 4, 6, 3}, "2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"}));
const ModelFunction<ModelArgs> ResNet101(
    "ResNet101", {"resnet"}, "ResNet of 101 layers.", "resnet101", about_v1,
    built(false, {"resnet101", {3, 4, 23, 3}, "f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21"}));
const ModelFunction<ModelArgs> ResNet152(
    "ResNet152", {"resnet"}, "ResNet of 152 layers.", "resnet152", about_v1,
    built(false, {"resnet152", {3, 8, 36, 3}, "100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c"}));
const ModelFunction<ModelArgs> ResNet50V2(
    "ResNet50V2", {"resnet_v2"}, "ResNetV2 of 50 layers.", "resnet50v2", about_v2,
    built(true, {"resnet50v2", {3, 4, 6, 3}, "3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"}));
const ModelFunction<ModelArgs> ResNet101V2(
    "ResNet101V2", {"resnet_v2"}, "ResNetV2 of 101 layers.", "resnet101v2", about_v2,
    built(true,
          {"resnet101v2", {3, 4, 23, 3}, "6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5"}));
const ModelFunction<ModelArgs> ResNet152V2(
    "ResNet152V2", {"resnet_v2"}, "ResNetV2 of 152 layers.", "resnet152v2", about_v2,
    built(true,
          {"resnet152v2", {3, 8, 36, 3}, "a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33"}));

}  // namespace lamina::applications
