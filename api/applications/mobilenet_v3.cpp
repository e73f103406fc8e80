// MobileNetV3: MobileNetV2's blocks with squeeze-and-excite and hard-swish, found by search.
#include "api/applications/architecture.h"
#include "backends/core/warning.h"
#include "backends/ops/public/ops.h"
#include "serialization/formats/json/json.h"

namespace lamina::applications {

void MobileNetV3Args::fields(Fields& f) {
  f("input_shape", input_shape, about::input_shape);
  f("alpha", alpha, about::alpha);
  f("minimalistic", minimalistic,
    "Whether to do without squeeze-and-excite, hard-swish and 5x5 convolutions, which some devices lack.");
  f("include_top", include_top, about::include_top);
  f("weights", weights, about::weights);
  f("input_tensor", input_tensor, about::input_tensor);
  f("classes", classes, about::classes);
  f("pooling", pooling, about::pooling);
  f("dropout_rate", dropout_rate, "Share of the features that are dropped in training before the classification.");
  f("classifier_activation", classifier_activation, about::classifier_activation);
  f("include_preprocessing", include_preprocessing, about::include_preprocessing);
  f("name", name, about::model_name);
}

namespace {

const ModuleRegistration modules({"mobilenet_v3"}, "");

struct Block {
  double expansion;
  double filters;  // before alpha
  int64_t kernel;  // 5 is 3 in minimalistic models
  int64_t stride;
  bool squeezes, swish;
};

struct Variant {
  std::string size;  // "small", in names of files
  std::vector<Block> blocks;
  double last;  // filters before the classification
};

Tensor normalized(const Tensor& x, const std::string& name) {
  return layer("BatchNormalization", x, name, {{"axis", channel_axis(-1)}, {"epsilon", 1e-3}, {"momentum", 0.999}});
}
Tensor activated(const Tensor& x, bool swish) { return swish ? activation(x, "hard_swish") : layer("ReLU", x); }
Tensor plain_conv(const Tensor& x, int64_t filters, const std::string& name) {
  return conv(x, filters, 1, name, {{"padding", "same"}, {"use_bias", false}});
}

Tensor squeeze_and_excite(const Tensor& input, int64_t filters, const std::string& prefix) {
  Tensor x = layer("GlobalAveragePooling2D", input, prefix + "avg_pool", {{"keepdims", true}});
  x = conv(x, round_to_8(static_cast<double>(filters) * 0.25), 1, prefix + "conv", {{"padding", "same"}});
  x = layer("ReLU", x, prefix + "relu");
  x = conv(x, filters, 1, prefix + "conv_1", {{"padding", "same"}});
  // A hard sigmoid.
  x = ops::multiply(layer("ReLU", ops::add(x, 3.0), "", {{"max_value", 6.0}}), 1.0 / 6.0);
  return layer("Multiply", Value(Branches{input, x}), prefix + "mul");
}

Tensor inverted_residual(const Tensor& input, int id, const Block& block, const MobileNetV3Args& args) {
  const int64_t channels = channels_of(input), filters = round_to_8(block.filters * args.alpha);
  const int64_t wide = round_to_8(static_cast<double>(channels) * block.expansion);
  const bool swish = block.swish && !args.minimalistic;
  const int64_t kernel = args.minimalistic ? 3 : block.kernel;
  const std::string prefix = id ? text("expanded_conv_", id, "_") : "expanded_conv_";
  Tensor x = input;
  if (id) x = activated(normalized(plain_conv(x, wide, prefix + "expand"), prefix + "expand_bn"), swish);
  if (block.stride == 2) x = zero_padding(x, correct_pad(x, kernel), prefix + "depthwise_pad");
  x = layer("DepthwiseConv2D", x, prefix + "depthwise",
            {{"kernel_size", kernel},
             {"strides", block.stride},
             {"padding", block.stride == 1 ? "same" : "valid"},
             {"use_bias", false}});
  x = activated(normalized(x, prefix + "depthwise_bn"), swish);
  if (block.squeezes && !args.minimalistic) x = squeeze_and_excite(x, wide, prefix + "squeeze_excite_");
  x = normalized(plain_conv(x, filters, prefix + "project"), prefix + "project_bn");
  return block.stride == 1 && channels == filters ? add({input, x}, prefix + "add") : x;
}

Tensor top(Tensor x, const Variant& variant, const MobileNetV3Args& own, const ModelArgs& args) {
  if (!args.include_top) return pool(x, args, "avg_pool", "max_pool");
  x = layer("GlobalAveragePooling2D", x, "", {{"keepdims", true}});
  const auto last = own.alpha > 1 ? round_to_8(variant.last * own.alpha) : static_cast<int64_t>(variant.last);
  x = activated(conv(x, last, 1, "conv_2", {{"padding", "same"}}), !own.minimalistic);
  if (own.dropout_rate > 0) x = layer("Dropout", x, "", {{"rate", own.dropout_rate}});
  x = conv(x, args.classes, 1, "logits", {{"padding", "same"}});
  x = layer("Flatten", x);
  check_classifier(args);
  return activation(x, args.classifier_activation, "predictions");
}

// The model takes images of any size, so nothing is filled in but the channels.
Shape shape_of_images(const ModelArgs& args) {
  constexpr int64_t any = Shape::kUnknown;
  ModelArgs asked = args;
  asked.include_top = false;
  if (args.input_tensor.is_tensor() && args.input_tensor.as_tensor().symbolic() &&
      args.input_tensor.as_tensor().rank() == 4) {
    const Rows rows = rows_of(args.input_tensor.as_tensor());
    if (args.input_shape && args.input_shape->rank() == 3 && rows_of(*args.input_shape).width != rows.width)
      throw ValueError("The sizes of `input_shape` must equal those of `input_tensor`. Received input_shape=",
                       *args.input_shape, ", input_tensor.shape=", args.input_tensor.as_tensor().shape());
    if (!args.input_shape)
      asked.input_shape = channel_axis(3) == 3 ? Shape{rows.height, rows.width, 3} : Shape{3, rows.height, rows.width};
  }
  if (asked.input_shape && asked.input_shape->rank() == 3 && rows_of(*asked.input_shape).height == any &&
      rows_of(*asked.input_shape).width == any && wants_imagenet(asked))
    asked.input_shape.reset();
  return image_shape(asked, {224, 32});
}

void check_imagenet(const MobileNetV3Args& args, const Rows& rows) {
  if (args.alpha != 1 && (args.minimalistic || args.alpha != 0.75))
    throw ValueError(
        "If imagenet weights are being loaded, alpha can be one of `0.75`, `1.0` for non minimalistic or `1.0` for "
        "minimalistic only. Received: alpha=",
        args.alpha, ", minimalistic=", args.minimalistic ? "True" : "False");
  if (rows.height != rows.width || rows.height != 224)
    warn(
        "`input_shape` is undefined or non-square, or `rows` is not 224. Weights for input shape (224, 224) will be "
        "loaded as the default.");
}

// Of the files with the top, and without it.
std::pair<const char*, const char*> hashes(const std::string& file) {
  using Row = std::tuple<const char*, const char*, const char*>;
  for (const auto& [name, top, features] :
       {Row{"large_224_0.75_float", "765b44a33ad4005b3ac83185abf1d0eb", "40af19a13ebea4e2ee0c676887f69a2e"},
        Row{"large_224_1.0_float", "59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"},
        Row{"large_minimalistic_224_1.0_float", "675e7b876c45c57e9e63e6d90a36599c", "ec5221f64a2f6d1ef965a614bdae7973"},
        Row{"small_224_0.75_float", "cb65d4e5be93758266aa0a7f2c6708b7", "ebdb5cc8e0b497cd13a7c275d475c819"},
        Row{"small_224_1.0_float", "8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"},
        Row{"small_minimalistic_224_1.0_float", "99cd97fb2fcdad2bf028eb838de69e37",
            "cde8136e733e811080d9fcd8a252f7e4"}})
    if (file == name) return {top, features};
  return {"", ""};
}

Built mobilenet_v3(const Variant& variant, const MobileNetV3Args& own) {
  const ModelArgs args = common(own);
  check_arguments(args);
  const Shape shape = shape_of_images(args);
  if (wants_imagenet(args)) check_imagenet(own, rows_of(shape));
  const Tensor input = image_input(args, shape);
  Tensor x = input;
  if (own.include_preprocessing) x = layer("Rescaling", x, "", {{"scale", 1.0 / 127.5}, {"offset", -1.0}});
  x = conv(x, 16, 3, "conv", {{"strides", 2}, {"padding", "same"}, {"use_bias", false}});
  x = activated(normalized(x, "conv_bn"), !own.minimalistic);
  for (size_t id = 0; id < variant.blocks.size(); ++id)
    x = inverted_residual(x, static_cast<int>(id), variant.blocks[id], own);
  x = plain_conv(x, round_to_8(static_cast<double>(channels_of(x)) * 6), "conv_1");
  x = activated(normalized(x, "conv_1_bn"), !own.minimalistic);
  x = top(x, variant, own, args);
  const std::string name =
      text(variant.size, own.minimalistic ? "_minimalistic" : "", "_224_", python_repr(own.alpha), "_float");
  const std::string file = text("weights_mobilenet_v3_", name, args.include_top ? "" : "_no_top_v2", ".h5");
  const auto [hash, hash_of_features] = hashes(name);
  return finish(args, input, x,
                {file, text(kPublished, "mobilenet_v3/", file), args.include_top ? hash : hash_of_features});
}

constexpr Doc about_v3{.returns = about::model_returns,
                       .raises = about::model_raises,
                       .source = "Howard et al., \"Searching for MobileNetV3\" (2019)."};

auto built(Variant variant) {
  return [variant = std::move(variant)](const MobileNetV3Args& args) { return mobilenet_v3(variant, args); };
}

}  // namespace

const ModelFunction<MobileNetV3Args> MobileNetV3Small("MobileNetV3Small", {}, "MobileNetV3 of the small size.",
                                                      "MobileNetV3Small", about_v3,
                                                      built({"small",
                                                             {{1, 16, 3, 2, true, false},
                                                              {72.0 / 16, 24, 3, 2, false, false},
                                                              {88.0 / 24, 24, 3, 1, false, false},
                                                              {4, 40, 5, 2, true, true},
                                                              {6, 40, 5, 1, true, true},
                                                              {6, 40, 5, 1, true, true},
                                                              {3, 48, 5, 1, true, true},
                                                              {3, 48, 5, 1, true, true},
                                                              {6, 96, 5, 2, true, true},
                                                              {6, 96, 5, 1, true, true},
                                                              {6, 96, 5, 1, true, true}},
                                                             1024}));
const ModelFunction<MobileNetV3Args> MobileNetV3Large("MobileNetV3Large", {}, "MobileNetV3 of the large size.",
                                                      "MobileNetV3Large", about_v3,
                                                      built({"large",
                                                             {{1, 16, 3, 1, false, false},
                                                              {4, 24, 3, 2, false, false},
                                                              {3, 24, 3, 1, false, false},
                                                              {3, 40, 5, 2, true, false},
                                                              {3, 40, 5, 1, true, false},
                                                              {3, 40, 5, 1, true, false},
                                                              {6, 80, 3, 2, false, true},
                                                              {2.5, 80, 3, 1, false, true},
                                                              {2.3, 80, 3, 1, false, true},
                                                              {2.3, 80, 3, 1, false, true},
                                                              {6, 112, 3, 1, true, true},
                                                              {6, 112, 3, 1, true, true},
                                                              {6, 160, 5, 2, true, true},
                                                              {6, 160, 5, 1, true, true},
                                                              {6, 160, 5, 1, true, true}},
                                                             1280}));

}  // namespace lamina::applications
