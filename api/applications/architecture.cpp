#include "api/applications/architecture.h"

#include <filesystem>

#include "api/symbolic_node.h"
#include "backends/core/settings.h"
#include "backends/core/stack.h"
#include "backends/core/warning.h"
#include "layers/activation_argument.h"
#include "layers/core/input_layer.h"

namespace lamina::applications {

const char* const kPublished = "https://storage.googleapis.com/tensorflow/keras-applications/";

void ModelArgs::fields(Fields& f) {
  f("include_top", include_top, about::include_top);
  f("weights", weights, about::weights);
  f("input_tensor", input_tensor, about::input_tensor);
  f("input_shape", input_shape, about::input_shape);
  f("pooling", pooling, about::pooling);
  f("classes", classes, about::classes);
  f("classifier_activation", classifier_activation, about::classifier_activation);
  f("name", name, about::model_name);
}

void check_arguments(const ModelArgs& args) {
  if (args.weights && !wants_imagenet(args)) {
    std::error_code unreadable;
    if (!std::filesystem::exists(*args.weights, unreadable))
      throw ValueError(
          "The `weights` argument should be either `None` (random initialization), 'imagenet' (pre-training on "
          "ImageNet), or the path to the weights file to be loaded. Received: weights='",
          *args.weights, "', where there is no file.");
  }
  if (wants_imagenet(args) && args.include_top && args.classes != 1000)
    throw ValueError(
        "If using `weights='imagenet'` with `include_top=True`, `classes` should be 1000. Received classes=",
        args.classes, ".");
  if (args.pooling && args.pooling != "avg" && args.pooling != "max")
    throw ValueError("`pooling` should be None, 'avg' or 'max'. Received: pooling='", *args.pooling, "'.");
}

void refuse_channels_first(const char* family) {
  if (!settings().channels_last())
    throw ValueError(family,
                     " does not support the `channels_first` image data format. Set `channels_last` by "
                     "keras.config.set_image_data_format(), or in your configuration file.");
}

namespace {

void check_sizes(const ModelArgs& args, const Shape& shape, int64_t least) {
  if (wants_imagenet(args) && channels_of(shape) != 3)
    throw ValueError("The input must have 3 channels; Received `input_shape=", shape, "`");
  const Rows rows = rows_of(shape);
  for (const int64_t size : {rows.height, rows.width})
    if (size != Shape::kUnknown && size < least)
      throw ValueError("Input size must be at least ", least, "x", least, "; Received: input_shape=", shape);
}

}  // namespace

Shape image_shape(const ModelArgs& args, const ImageSizes& sizes) {
  const bool last = settings().channels_last();
  std::optional<Shape> given = args.input_shape;
  if (given && given->rank() == 0) given.reset();
  if (given && given->rank() != 3)
    throw ValueError("`input_shape` must be a tuple of three integers. Received: input_shape=", *given);
  int64_t channels = 3;
  if (given && !wants_imagenet(args)) {
    channels = channels_of(*given);
    if (channels != 1 && channels != 3)
      warn(text("This model usually expects 1 or 3 input channels. However, it was passed an input_shape with ",
                channels == Shape::kUnknown ? std::string("None") : text(channels), " input channels."));
  }
  const Shape usual = last ? Shape{sizes.usual, sizes.usual, channels} : Shape{channels, sizes.usual, sizes.usual};
  if (wants_imagenet(args) && args.include_top) {
    if (given && *given != usual)
      throw ValueError("When setting `include_top=True` and loading `imagenet` weights, `input_shape` should be ",
                       usual, ". Received: input_shape=", *given);
    return usual;
  }
  if (!given) {
    if (args.include_top) return usual;
    return last ? Shape{Shape::kUnknown, Shape::kUnknown, 3} : Shape{3, Shape::kUnknown, Shape::kUnknown};
  }
  check_sizes(args, *given, sizes.least);
  if (args.include_top && !given->known())
    throw ValueError("If `include_top` is True, you should specify a static `input_shape`. Received: input_shape=",
                     *given);
  return *given;
}

Tensor image_input(const ModelArgs& args, const Shape& shape) {
  if (args.input_tensor.is_tensor() && args.input_tensor.as_tensor().symbolic()) {
    const Tensor& given = args.input_tensor.as_tensor();
    if (given.rank() != 4)
      throw ValueError(
          "`input_tensor` should be a batch of images, a tensor of rank 4. Received a tensor of the shape ",
          given.shape(), ".");
    return given;
  }
  InputLayerArgs input;
  input.shape = Value(shape);
  input.input_tensor = args.input_tensor;
  return InputLayer::make(std::move(input));
}

Rows rows_of(const Shape& image) {
  const int first = settings().channels_last() ? 0 : 1;
  return {image[first], image[first + 1]};
}
Rows rows_of(const Tensor& images) {
  const int first = settings().channels_last() ? 1 : 2;
  return {images.shape()[first], images.shape()[first + 1]};
}
int64_t channels_of(const Shape& image) { return settings().channels_last() ? image.back() : image[0]; }
int64_t channels_of(const Tensor& images) {
  return settings().channels_last() ? images.shape().back() : images.shape()[1];
}
int64_t channel_axis(int64_t last) { return settings().channels_last() ? last : 1; }

bool square_of(const Rows& rows, std::initializer_list<int64_t> sizes) {
  return rows.height == rows.width && std::find(sizes.begin(), sizes.end(), rows.height) != sizes.end();
}

int64_t scaled(double width, double factor) {
  const double product = width * factor;
  if (!(product >= 0 && product < 1e9))
    throw ValueError("A layer's number of filters, ", width, " times ", factor,
                     ", is not between 0 and a thousand million. Choose another factor.");
  return static_cast<int64_t>(product);
}

int64_t round_to_8(double width, bool never_far_below) {
  int64_t rounded = std::max<int64_t>(8, scaled(width + 4, 1) / 8 * 8);
  if (never_far_below && static_cast<double>(rounded) < 0.9 * width) rounded += 8;
  return rounded;
}

Tensor layer(const char* class_name, const Value& inputs, const std::string& name, Dict config) {
  config.set("name", name.empty() ? auto_name(snake_case(class_name)) : name);
  const ClassInfo* info = find_class(class_name, "keras.layers");
  if (!info) info = find_class(class_name);  // what Keras defines beside a model
  return std::dynamic_pointer_cast<Layer>(info->make(config))->invoke({inputs}).as_tensor();
}

Value pair(int64_t first, int64_t second) { return Value::tuple({first, second}); }
Value paddings(int64_t top, int64_t bottom, int64_t left, int64_t right) {
  return Value::tuple({pair(top, bottom), pair(left, right)});
}

Value correct_pad(const Tensor& images, int64_t kernel_size) {
  const Rows rows = rows_of(images);
  const int64_t half = kernel_size / 2;
  auto before = [&](int64_t size) {
    const bool odd = rows.height != Shape::kUnknown && size != Shape::kUnknown && size % 2;
    return half - (odd ? 0 : 1);
  };
  return paddings(before(rows.height), half, before(rows.width), half);
}

Tensor conv(const Tensor& x, int64_t filters, Value kernel_size, const std::string& name, Dict config) {
  config.set("filters", filters);
  config.set("kernel_size", std::move(kernel_size));
  return layer("Conv2D", x, name, std::move(config));
}
Tensor activation(const Tensor& x, const Value& function, const std::string& name) {
  return layer("Activation", x, name, {{"activation", function}});
}
Tensor zero_padding(const Tensor& x, Value padding, const std::string& name) {
  return layer("ZeroPadding2D", x, name, {{"padding", std::move(padding)}});
}
Tensor concatenate(const Branches& branches, int64_t axis, const std::string& name) {
  return layer("Concatenate", Value(branches), name, {{"axis", axis}});
}
Tensor add(const Branches& branches, const std::string& name) { return layer("Add", Value(branches), name); }

void check_classifier(const ModelArgs& args) {
  if (!args.weights) return;
  const Value function = Activation::from(args.classifier_activation).serialized();
  if (!function.is_string() || (function.as_string() != "softmax" && function.as_string() != "linear"))
    throw ValueError(
        "Only `None` and `softmax` activations are allowed for the `classifier_activation` argument when using "
        "pretrained weights, with `include_top=True`; Received: classifier_activation=",
        args.classifier_activation.repr());
}

Tensor classify(const Tensor& features, const ModelArgs& args, Dict config) {
  check_classifier(args);
  config.set("units", args.classes);
  config.set("activation", args.classifier_activation);
  return layer("Dense", features, "predictions", std::move(config));
}

Tensor pool(const Tensor& features, const ModelArgs& args, const std::string& average, const std::string& maximum) {
  if (args.pooling == "avg") return layer("GlobalAveragePooling2D", features, average);
  if (args.pooling == "max") return layer("GlobalMaxPooling2D", features, maximum);
  return features;
}

Tensor usual_top(const Tensor& features, const ModelArgs& args) {
  if (!args.include_top) return pool(features, args, "avg_pool", "max_pool");
  return classify(layer("GlobalAveragePooling2D", features, "avg_pool"), args);
}

namespace {

void find_sources(const Tensor& t, std::vector<const Node*>& seen, List& out) {
  check_stack("A search for a tensor's sources");
  const Node* node = node_of(t).get();
  if (std::find(seen.begin(), seen.end(), node) != seen.end()) return;
  seen.push_back(node);
  if (!node || node->is_input()) {
    out.push_back(Value(t));
    return;
  }
  for (const Tensor& input : node->input_tensors()) find_sources(input, seen, out);
}

}  // namespace

List source_inputs(const Tensor& tensor) {
  std::vector<const Node*> seen;
  List out;
  find_sources(tensor, seen, out);
  return out;
}

Built finish_from(const Value& inputs, const ModelArgs& args, const Tensor& output, PublishedFile imagenet) {
  LayerArgs base;
  base.name = args.name.value_or("");
  Built built{std::make_shared<Model>(inputs, Value(output), std::move(base)), {}};
  if (wants_imagenet(args))
    built.imagenet = std::move(imagenet);
  else if (args.weights)
    load_weights_file(*built.model, *args.weights);
  return built;
}

Built finish(const ModelArgs& args, const Tensor& input, const Tensor& output, PublishedFile imagenet) {
  const bool given = !args.input_tensor.is_none();
  return finish_from(given ? Value(source_inputs(input)) : Value(input), args, output, std::move(imagenet));
}

}  // namespace lamina::applications
