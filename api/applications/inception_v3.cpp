// InceptionV3: blocks of branches with small and with long narrow convolutions, whose results are concatenated.
#include "api/applications/architecture.h"

namespace lamina::applications {

namespace {

const ModuleRegistration modules({"inception_v3"}, "tf");

struct Size {
  int64_t height, width;
};

// Convolution, normalisation, relu, all without names.
Tensor conv_bn(const Tensor& x, int64_t filters, Size kernel, const char* padding = "same", int64_t stride = 1) {
  Tensor y = conv(x, filters, pair(kernel.height, kernel.width), "",
                  {{"strides", pair(stride, stride)}, {"padding", padding}, {"use_bias", false}});
  y = layer("BatchNormalization", y, "", {{"axis", channel_axis(3)}, {"scale", false}});
  return activation(y, "relu");
}
Tensor conv_bn(const Tensor& x, int64_t filters, int64_t size, const char* padding = "same", int64_t stride = 1) {
  return conv_bn(x, filters, Size{size, size}, padding, stride);
}

Tensor joined(const Branches& branches, const std::string& name = "") {
  return concatenate(branches, channel_axis(3), name);
}
Tensor max_pooled(const Tensor& x) { return layer("MaxPooling2D", x, "", {{"pool_size", 3}, {"strides", 2}}); }
Tensor pooled_branch(const Tensor& x, int64_t filters) {
  return conv_bn(layer("AveragePooling2D", x, "", {{"pool_size", 3}, {"strides", 1}, {"padding", "same"}}), filters, 1);
}

// 35 x 35 places.
Tensor wide_block(const Tensor& x, int64_t pool_filters, const std::string& name) {
  const Tensor one = conv_bn(x, 64, 1);
  const Tensor five = conv_bn(conv_bn(x, 48, 1), 64, 5);
  const Tensor twice = conv_bn(conv_bn(conv_bn(x, 64, 1), 96, 3), 96, 3);
  return joined({one, five, twice, pooled_branch(x, pool_filters)}, name);
}

// 17 x 17 places: 7 x 7 convolutions as 1 x 7 and 7 x 1.
Tensor middle_block(const Tensor& x, int64_t filters, const std::string& name) {
  const Size row{1, 7}, column{7, 1};
  const Tensor one = conv_bn(x, 192, 1);
  const Tensor seven = conv_bn(conv_bn(conv_bn(x, filters, 1), filters, row), 192, column);
  Tensor twice = conv_bn(conv_bn(conv_bn(x, filters, 1), filters, column), filters, row);
  twice = conv_bn(conv_bn(twice, filters, column), 192, row);
  return joined({one, seven, twice, pooled_branch(x, 192)}, name);
}

// 8 x 8 places.
Tensor narrow_block(const Tensor& x, int i) {
  const Size row{1, 3}, column{3, 1};
  const Tensor one = conv_bn(x, 320, 1);
  Tensor three = conv_bn(x, 384, 1);
  const Tensor three_row = conv_bn(three, 384, row), three_column = conv_bn(three, 384, column);
  three = joined({three_row, three_column}, text("mixed9_", i));
  Tensor twice = conv_bn(conv_bn(x, 448, 1), 384, 3);
  const Tensor twice_row = conv_bn(twice, 384, row), twice_column = conv_bn(twice, 384, column);
  twice = joined({twice_row, twice_column});
  return joined({one, three, twice, pooled_branch(x, 192)}, text("mixed", 9 + i));
}

Tensor inception_blocks(Tensor x) {
  x = wide_block(x, 32, "mixed0");
  x = wide_block(x, 64, "mixed1");
  x = wide_block(x, 64, "mixed2");
  {
    const Tensor three = conv_bn(x, 384, 3, "valid", 2);
    const Tensor twice = conv_bn(conv_bn(conv_bn(x, 64, 1), 96, 3), 96, 3, "valid", 2);
    x = joined({three, twice, max_pooled(x)}, "mixed3");
  }
  x = middle_block(x, 128, "mixed4");
  x = middle_block(x, 160, "mixed5");
  x = middle_block(x, 160, "mixed6");
  x = middle_block(x, 192, "mixed7");
  {
    const Tensor three = conv_bn(conv_bn(x, 192, 1), 320, 3, "valid", 2);
    Tensor seven = conv_bn(conv_bn(conv_bn(x, 192, 1), 192, Size{1, 7}), 192, Size{7, 1});
    seven = conv_bn(seven, 192, 3, "valid", 2);
    x = joined({three, seven, max_pooled(x)}, "mixed8");
  }
  x = narrow_block(x, 0);
  return narrow_block(x, 1);
}

Built inception(const ModelArgs& args) {
  check_arguments(args);
  const Tensor input = image_input(args, image_shape(args, {299, 75}));
  Tensor x = conv_bn(input, 32, 3, "valid", 2);
  x = conv_bn(x, 32, 3, "valid");
  x = max_pooled(conv_bn(x, 64, 3));
  x = conv_bn(x, 80, 1, "valid");
  x = max_pooled(conv_bn(x, 192, 3, "valid"));
  x = inception_blocks(x);
  x = args.include_top ? usual_top(x, args) : pool(x, args);
  const std::string file =
      text("inception_v3_weights_tf_dim_ordering_tf_kernels", args.include_top ? "" : "_notop", ".h5");
  return finish(args, input, x,
                {file, text(kPublished, "inception_v3/", file),
                 args.include_top ? "9a0d58056eeedaa3f26cb7ebd46da564" : "bcbd6486424b2319ff4ef7d526e38f63"});
}

}  // namespace

const ModelFunction<ModelArgs> InceptionV3(
    "InceptionV3", {"inception_v3"}, "InceptionV3: branches of convolutions of several sizes.", "inception_v3",
    Doc{.returns = about::model_returns,
        .raises = about::model_raises,
        .source = "Szegedy et al., \"Rethinking the Inception Architecture for Computer Vision\" (2016)."},
    inception);

}  // namespace lamina::applications
