// DenseNet: in a block each layer sees what all layers before it gave.
#include "api/applications/architecture.h"

namespace lamina::applications {

namespace {

const ModuleRegistration modules({"densenet"}, "torch");

struct Variant {
  std::string published;
  std::array<int, 4> blocks;
  const char *hash, *hash_of_features;
};

constexpr int64_t kGrowth = 32;  // channels that each layer adds

Tensor ready(const Tensor& x, const std::string& name) {
  const Tensor normalized =
      layer("BatchNormalization", x, name + "bn", {{"axis", channel_axis(3)}, {"epsilon", 1.001e-5}});
  return activation(normalized, "relu", name + "relu");
}

Tensor dense_block(Tensor x, int layers, const std::string& name) {
  for (int i = 1; i <= layers; ++i) {
    const std::string here = text(name, "_block", i);
    Tensor more = ready(x, here + "_0_");
    more = conv(more, 4 * kGrowth, 1, here + "_1_conv", {{"use_bias", false}});
    more = ready(more, here + "_1_");
    more = conv(more, kGrowth, 3, here + "_2_conv", {{"padding", "same"}, {"use_bias", false}});
    x = concatenate({x, more}, channel_axis(3), here + "_concat");
  }
  return x;
}

// Halves the channels and the image.
Tensor transition(Tensor x, const std::string& name) {
  x = ready(x, name + "_");
  x = conv(x, channels_of(x) / 2, 1, name + "_conv", {{"use_bias", false}});
  return layer("AveragePooling2D", x, name + "_pool", {{"pool_size", 2}, {"strides", 2}});
}

Built densenet(const Variant& variant, const ModelArgs& args) {
  refuse_channels_first("DenseNet");
  check_arguments(args);
  const Tensor input = image_input(args, image_shape(args, {224, 32}));
  Tensor x = zero_padding(input, paddings(3));
  x = conv(x, 64, 7, "conv1_conv", {{"strides", 2}, {"use_bias", false}});
  x = ready(x, "conv1_");
  x = zero_padding(x, paddings(1));
  x = layer("MaxPooling2D", x, "pool1", {{"pool_size", 3}, {"strides", 2}});
  for (int i = 0; i < 4; ++i) {
    x = dense_block(x, variant.blocks[static_cast<size_t>(i)], text("conv", i + 2));
    if (i < 3) x = transition(x, text("pool", i + 2));
  }
  x = usual_top(ready(x, ""), args);
  const std::string file =
      text(variant.published, "_weights_tf_dim_ordering_tf_kernels", args.include_top ? "" : "_notop", ".h5");
  return finish(
      args, input, x,
      {file, text(kPublished, "densenet/", file), args.include_top ? variant.hash : variant.hash_of_features});
}

constexpr Doc about_densenet{.returns = about::model_returns,
                             .raises = about::model_raises,
                             .source = "Huang et al., \"Densely Connected Convolutional Networks\" (2017)."};

auto built(Variant variant) {
  return [variant = std::move(variant)](const ModelArgs& args) { return densenet(variant, args); };
}

}  // namespace

const ModelFunction<ModelArgs> DenseNet121(
    "DenseNet121", {"densenet"}, "DenseNet of 121 layers.", "densenet121", about_densenet,
    built({"densenet121", {6, 12, 24, 16}, "9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"}));
const ModelFunction<ModelArgs> DenseNet169(
    "DenseNet169", {"densenet"}, "DenseNet of 169 layers.", "densenet169", about_densenet,
    built({"densenet169", {6, 12, 32, 32}, "d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"}));
const ModelFunction<ModelArgs> DenseNet201(
    "DenseNet201", {"densenet"}, "DenseNet of 201 layers.", "densenet201", about_densenet,
    built({"densenet201", {6, 12, 48, 32}, "1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"}));

}  // namespace lamina::applications
