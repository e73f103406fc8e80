// MobileNet: depthwise convolutions, each followed by one that mixes the channels.
#include <cstdio>

#include "api/applications/architecture.h"
#include "backends/core/warning.h"

namespace lamina::applications {

void MobileNetArgs::fields(Fields& f) {
  f("input_shape", input_shape, about::input_shape);
  f("alpha", alpha, about::alpha);
  f("depth_multiplier", depth_multiplier, "Number of filters of the depthwise convolutions for each channel.");
  f("dropout", dropout, "Share of the features that are dropped in training before the classification.");
  f("include_top", include_top, about::include_top);
  f("weights", weights, about::weights);
  f("input_tensor", input_tensor, about::input_tensor);
  f("pooling", pooling, about::pooling);
  f("classes", classes, about::classes);
  f("classifier_activation", classifier_activation, about::classifier_activation);
  f("name", name, "Name of the model; None makes one of `alpha` and the image's height.");
}

namespace {

const ModuleRegistration modules({"mobilenet"}, "tf");

Tensor ready(const Tensor& x, const std::string& name) {
  const Tensor normalized = layer("BatchNormalization", x, name + "_bn", {{"axis", channel_axis(-1)}});
  return layer("ReLU", normalized, name + "_relu", {{"max_value", 6.0}});
}

Tensor block(Tensor x, int id, int64_t filters, int64_t stride, const MobileNetArgs& args) {
  if (stride > 1) x = zero_padding(x, paddings(0, 1, 0, 1), text("conv_pad_", id));
  const std::string depthwise = text("conv_dw_", id), pointwise = text("conv_pw_", id);
  x = layer("DepthwiseConv2D", x, depthwise,
            {{"kernel_size", 3},
             {"padding", stride > 1 ? "valid" : "same"},
             {"depth_multiplier", args.depth_multiplier},
             {"strides", stride},
             {"use_bias", false}});
  x = ready(x, depthwise);
  x = conv(x, scaled(static_cast<double>(filters), args.alpha), 1, pointwise,
           {{"padding", "same"}, {"use_bias", false}, {"strides", 1}});
  return ready(x, pointwise);
}

// The height of the images that the weights were trained on.
int64_t check_imagenet(const MobileNetArgs& args, const Rows& rows) {
  if (args.depth_multiplier != 1)
    throw ValueError("If imagenet weights are being loaded, depth multiplier must be 1. Received depth_multiplier=",
                     args.depth_multiplier);
  if (args.alpha != 0.25 && args.alpha != 0.5 && args.alpha != 0.75 && args.alpha != 1)
    throw ValueError(
        "If imagenet weights are being loaded, alpha can be one of `0.25`, `0.50`, `0.75` or `1.0` only. Received "
        "alpha=",
        args.alpha);
  if (square_of(rows, {128, 160, 192, 224})) return rows.height;
  warn(
      "`input_shape` is undefined or non-square, or `rows` is not in [128, 160, 192, 224]. Weights for input shape "
      "(224, 224) will be loaded as the default.");
  return 224;
}

Tensor top(Tensor x, const ModelArgs& args, double dropout) {
  if (!args.include_top) return pool(x, args);
  x = layer("GlobalAveragePooling2D", x, "", {{"keepdims", true}});
  x = layer("Dropout", x, "dropout", {{"rate", dropout}});
  x = conv(x, args.classes, 1, "conv_preds", {{"padding", "same"}});
  x = layer("Reshape", x, "reshape_2", {{"target_shape", Value::tuple({args.classes})}});
  check_classifier(args);
  return activation(x, args.classifier_activation, "predictions");
}

// "mobilenet_1.00_224"; an unknown height is called None.
std::string name_of_model(double alpha, int64_t height) {
  char factor[40];
  std::snprintf(factor, sizeof factor, "%.2f", alpha);
  return text("mobilenet_", factor, "_", height == Shape::kUnknown ? std::string("None") : text(height));
}

Built mobilenet(const MobileNetArgs& own) {
  ModelArgs args = common(own);
  check_arguments(args);
  const bool made_for =
      args.input_shape && args.input_shape->rank() == 3 && square_of(rows_of(*args.input_shape), {128, 160, 192, 224});
  const Shape shape = image_shape(args, {made_for ? rows_of(*args.input_shape).height : 224, 32});
  int64_t height = rows_of(shape).height;
  if (wants_imagenet(args)) height = check_imagenet(own, rows_of(shape));
  const Tensor input = image_input(args, shape);
  Tensor x = conv(input, scaled(32, own.alpha), 3, "conv1", {{"padding", "same"}, {"use_bias", false}, {"strides", 2}});
  x = ready(x, "conv1");
  const int64_t filters[] = {64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024};
  for (int id = 1; id <= 13; ++id)
    x = block(x, id, filters[id - 1], id == 2 || id == 4 || id == 6 || id == 12 ? 2 : 1, own);
  x = top(x, args, own.dropout);
  if (!args.name) args.name = name_of_model(own.alpha, height);
  const char* alpha = own.alpha == 1 ? "1_0" : own.alpha == 0.75 ? "7_5" : own.alpha == 0.5 ? "5_0" : "2_5";
  const std::string file = text("mobilenet_", alpha, "_", height, "_tf", args.include_top ? "" : "_no_top", ".h5");
  return finish(args, input, x, {file, text(kPublished, "mobilenet/", file), ""});
}

}  // namespace

const ModelFunction<MobileNetArgs> MobileNet(
    "MobileNet", {"mobilenet"}, "MobileNet: depthwise convolutions, for small devices.", std::nullopt,
    Doc{.returns = about::model_returns,
        .raises = about::model_raises,
        .source = "Howard et al., \"MobileNets: Efficient Convolutional Neural Networks for Mobile Vision "
                  "Applications\" (2017).",
        .example = R"py(
>>> model = keras.applications.MobileNet(weights=None, input_shape=(32, 32, 3), alpha=0.25, classes=10)
>>> model.output_shape
(None, 10))py"},
    mobilenet);

}  // namespace lamina::applications
