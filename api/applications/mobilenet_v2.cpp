// MobileNetV2: residual blocks that widen, filter each channel, and narrow again without an activation.
#include <cstdio>

#include "api/applications/architecture.h"
#include "backends/core/warning.h"
#include "serialization/formats/json/json.h"

namespace lamina::applications {

void MobileNetV2Args::fields(Fields& f) {
  f("input_shape", input_shape, about::input_shape);
  f("alpha", alpha, about::alpha);
  f("include_top", include_top, about::include_top);
  f("weights", weights, about::weights);
  f("input_tensor", input_tensor, about::input_tensor);
  f("pooling", pooling, about::pooling);
  f("classes", classes, about::classes);
  f("classifier_activation", classifier_activation, about::classifier_activation);
  f("name", name, "Name of the model; None makes one of `alpha` and the image's height.");
}

namespace {

const ModuleRegistration modules({"mobilenet_v2"}, "tf");

Tensor normalized(const Tensor& x, const std::string& name) {
  return layer("BatchNormalization", x, name, {{"axis", channel_axis(-1)}, {"epsilon", 1e-3}, {"momentum", 0.999}});
}
Tensor rectified(const Tensor& x, const std::string& name) { return layer("ReLU", x, name, {{"max_value", 6.0}}); }

struct Block {
  int64_t filters, stride;
};

Tensor inverted_residual(const Tensor& input, int id, const Block& block, double alpha) {
  const int64_t channels = channels_of(input);
  const auto narrow = static_cast<double>(scaled(static_cast<double>(block.filters), alpha));
  const int64_t filters = round_to_8(narrow);
  const std::string prefix = id ? text("block_", id, "_") : "expanded_conv_";
  Tensor x = input;
  if (id) {
    x = conv(x, scaled(static_cast<double>(channels), 6), 1, prefix + "expand",
             {{"padding", "same"}, {"use_bias", false}});
    x = rectified(normalized(x, prefix + "expand_BN"), prefix + "expand_relu");
  }
  if (block.stride == 2) x = zero_padding(x, correct_pad(x, 3), prefix + "pad");
  x = layer("DepthwiseConv2D", x, prefix + "depthwise",
            {{"kernel_size", 3},
             {"strides", block.stride},
             {"use_bias", false},
             {"padding", block.stride == 1 ? "same" : "valid"}});
  x = rectified(normalized(x, prefix + "depthwise_BN"), prefix + "depthwise_relu");
  x = conv(x, filters, 1, prefix + "project", {{"padding", "same"}, {"use_bias", false}});
  x = normalized(x, prefix + "project_BN");
  return channels == filters && block.stride == 1 ? add({input, x}, prefix + "add") : x;
}

constexpr std::initializer_list<int64_t> kTrainedSizes = {96, 128, 160, 192, 224};

void check_imagenet(double alpha) {
  for (const double trained : {0.35, 0.5, 0.75, 1.0, 1.3, 1.4})
    if (alpha == trained) return;
  throw ValueError(
      "If imagenet weights are being loaded, alpha must be one of `0.35`, `0.50`, `0.75`, `1.0`, `1.3` or `1.4` only; "
      "Received `alpha=",
      alpha, "`");
}

// What the image's size is taken from: input_shape, or the tensor; none where there is neither.
std::optional<Rows> given_rows(const ModelArgs& args) {
  const bool symbolic = args.input_tensor.is_tensor() && args.input_tensor.as_tensor().symbolic();
  if (args.input_shape && args.input_shape->rank() == 3) {
    const Rows rows = rows_of(*args.input_shape);
    if (symbolic && args.input_tensor.as_tensor().rank() == 4 &&
        rows_of(args.input_tensor.as_tensor()).width != rows.width)
      throw ValueError("The sizes of `input_shape` must equal those of `input_tensor`; Received `input_tensor.shape=",
                       args.input_tensor.as_tensor().shape(), "`, `input_shape=", *args.input_shape, "`");
    return rows;
  }
  if (symbolic && args.input_tensor.as_tensor().rank() == 4) return rows_of(args.input_tensor.as_tensor());
  return {};
}

Tensor body(Tensor x, double alpha) {
  x = conv(x, round_to_8(32 * alpha), 3, "Conv1", {{"strides", 2}, {"padding", "same"}, {"use_bias", false}});
  x = rectified(normalized(x, "bn_Conv1"), "Conv1_relu");
  const Block blocks[] = {{16, 1}, {24, 2}, {24, 1}, {32, 2}, {32, 1},  {32, 1},  {64, 2},  {64, 1}, {64, 1},
                          {64, 1}, {96, 1}, {96, 1}, {96, 1}, {160, 2}, {160, 1}, {160, 1}, {320, 1}};
  for (int id = 0; id < 17; ++id) x = inverted_residual(x, id, blocks[id], alpha);
  x = conv(x, alpha > 1 ? round_to_8(1280 * alpha) : 1280, 1, "Conv_1", {{"use_bias", false}});
  return rectified(normalized(x, "Conv_1_bn"), "out_relu");
}

Built mobilenet_v2(const MobileNetV2Args& own) {
  ModelArgs args = common(own);
  check_arguments(args);
  const std::optional<Rows> given = given_rows(args);
  const Shape shape = image_shape(args, {given && square_of(*given, kTrainedSizes) ? given->height : 224, 32});
  int64_t height = rows_of(shape).height;
  if (wants_imagenet(args)) {
    check_imagenet(own.alpha);
    if (!square_of(rows_of(shape), kTrainedSizes)) {
      height = 224;
      warn(
          "`input_shape` is undefined or non-square, or `rows` is not in [96, 128, 160, 192, 224]. Weights for input "
          "shape (224, 224) will be loaded as the default.");
    }
  }
  const Tensor input = image_input(args, shape);
  Tensor x = body(input, own.alpha);
  x = args.include_top ? classify(layer("GlobalAveragePooling2D", x), args) : pool(x, args);
  if (!args.name) {
    char factor[40];
    std::snprintf(factor, sizeof factor, "%.2f", own.alpha);
    args.name = text("mobilenetv2_", factor, "_", height == Shape::kUnknown ? std::string("None") : text(height));
  }
  const std::string file = text("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_", python_repr(own.alpha), "_", height,
                                args.include_top ? "" : "_no_top", ".h5");
  return finish(args, input, x, {file, text(kPublished, "mobilenet_v2/", file), ""});
}

}  // namespace

const ModelFunction<MobileNetV2Args> MobileNetV2(
    "MobileNetV2", {"mobilenet_v2"}, "MobileNetV2: inverted residual blocks, for small devices.", std::nullopt,
    Doc{.returns = about::model_returns,
        .raises = about::model_raises,
        .source = "Sandler et al., \"MobileNetV2: Inverted Residuals and Linear Bottlenecks\" (2018)."},
    mobilenet_v2);

}  // namespace lamina::applications
