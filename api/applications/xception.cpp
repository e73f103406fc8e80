// Xception: separable convolutions with residual connections.
#include "api/applications/architecture.h"

namespace lamina::applications {

namespace {

const ModuleRegistration modules({"xception"}, "tf");

Tensor normalized(const Tensor& x, const std::string& name = "") {
  return layer("BatchNormalization", x, name, {{"axis", channel_axis(-1)}});
}
Tensor separable(const Tensor& x, int64_t filters, const std::string& name) {
  const Tensor y = layer("SeparableConv2D", x, name,
                         {{"filters", filters}, {"kernel_size", 3}, {"padding", "same"}, {"use_bias", false}});
  return normalized(y, name + "_bn");
}
Tensor rectified(const Tensor& x, const std::string& name) { return activation(x, "relu", name + "_act"); }

// Two separable convolutions that halve the image, beside a convolution.
Tensor halving_block(const Tensor& input, int block, int64_t first, int64_t second) {
  const std::string prefix = text("block", block), one = prefix + "_sepconv1", two = prefix + "_sepconv2";
  const Tensor shortcut =
      normalized(conv(input, second, 1, "", {{"strides", 2}, {"padding", "same"}, {"use_bias", false}}));
  Tensor x = separable(block == 2 ? input : rectified(input, one), first, one);
  x = separable(rectified(x, two), second, two);
  x = layer("MaxPooling2D", x, prefix + "_pool", {{"pool_size", 3}, {"strides", 2}, {"padding", "same"}});
  return add({x, shortcut});
}

Tensor middle_block(const Tensor& input, int block) {
  Tensor x = input;
  for (int i = 1; i <= 3; ++i) {
    const std::string name = text("block", block, "_sepconv", i);
    x = separable(rectified(x, name), 728, name);
  }
  return add({x, input});
}

Built xception(const ModelArgs& args) {
  check_arguments(args);
  const Tensor input = image_input(args, image_shape(args, {299, 71}));
  Tensor x = conv(input, 32, 3, "block1_conv1", {{"strides", 2}, {"use_bias", false}});
  x = rectified(normalized(x, "block1_conv1_bn"), "block1_conv1");
  x = conv(x, 64, 3, "block1_conv2", {{"use_bias", false}});
  x = rectified(normalized(x, "block1_conv2_bn"), "block1_conv2");
  x = halving_block(x, 2, 128, 128);
  x = halving_block(x, 3, 256, 256);
  x = halving_block(x, 4, 728, 728);
  for (int block = 5; block <= 12; ++block) x = middle_block(x, block);
  x = halving_block(x, 13, 728, 1024);
  x = rectified(separable(x, 1536, "block14_sepconv1"), "block14_sepconv1");
  x = rectified(separable(x, 2048, "block14_sepconv2"), "block14_sepconv2");
  x = args.include_top ? usual_top(x, args) : pool(x, args);
  const std::string file = text("xception_weights_tf_dim_ordering_tf_kernels", args.include_top ? "" : "_notop", ".h5");
  return finish(args, input, x,
                {file, text(kPublished, "xception/", file),
                 args.include_top ? "0a58e3b7378bc2990ea3b43d5981f1f6" : "b0042744bf5b25fce3cb969f33bebb97"});
}

}  // namespace

const ModelFunction<ModelArgs> Xception(
    "Xception", {"xception"}, "Xception: separable convolutions with residual connections.", "xception",
    Doc{.returns = about::model_returns,
        .raises = about::model_raises,
        .source = "Chollet, \"Xception: Deep Learning with Depthwise Separable Convolutions\" (2017)."},
    xception);

}  // namespace lamina::applications
