// VGG16 and VGG19: blocks of 3x3 convolutions, each followed by a pooling, and two wide dense layers.
#include "api/applications/architecture.h"

namespace lamina::applications {

namespace {

const ModuleRegistration modules({"vgg16", "vgg19"}, "caffe");

struct Hashes {
  const char *top, *features;
};

Built vgg(const std::string& published, int deep, const Hashes& hashes, const ModelArgs& args) {
  check_arguments(args);
  const Tensor input = image_input(args, image_shape(args, {224, 32}));
  Tensor x = input;
  const int counts[] = {2, 2, deep, deep, deep}, filters[] = {64, 128, 256, 512, 512};
  for (int block = 0; block < 5; ++block) {
    const std::string prefix = text("block", block + 1);
    for (int i = 1; i <= counts[block]; ++i)
      x = conv(x, filters[block], 3, text(prefix, "_conv", i), {{"activation", "relu"}, {"padding", "same"}});
    x = layer("MaxPooling2D", x, prefix + "_pool", {{"pool_size", 2}, {"strides", 2}});
  }
  if (args.include_top) {
    x = layer("Flatten", x, "flatten");
    x = layer("Dense", x, "fc1", {{"units", 4096}, {"activation", "relu"}});
    x = layer("Dense", x, "fc2", {{"units", 4096}, {"activation", "relu"}});
    x = classify(x, args);
  } else {
    x = pool(x, args);
  }
  const std::string file =
      text(published, "_weights_tf_dim_ordering_tf_kernels", args.include_top ? "" : "_notop", ".h5");
  return finish(args, input, x,
                {file, text(kPublished, published, "/", file), args.include_top ? hashes.top : hashes.features});
}

constexpr Doc about_vgg{
    .returns = about::model_returns,
    .raises = about::model_raises,
    .source = "Simonyan and Zisserman, \"Very Deep Convolutional Networks for Large-Scale Image Recognition\" (2015)."};

}  // namespace

const ModelFunction<ModelArgs> VGG16(
    "VGG16", {"vgg16"}, "VGG16: 13 convolutions and 3 dense layers.", "vgg16", about_vgg, [](const ModelArgs& args) {
      return vgg("vgg16", 3, {"64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"}, args);
    });
const ModelFunction<ModelArgs> VGG19(
    "VGG19", {"vgg19"}, "VGG19: 16 convolutions and 3 dense layers.", "vgg19", about_vgg, [](const ModelArgs& args) {
      return vgg("vgg19", 4, {"cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"}, args);
    });

}  // namespace lamina::applications
