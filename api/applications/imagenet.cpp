#include "api/applications/imagenet.h"

#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/public/ops.h"
#include "serialization/formats/json/json.h"

namespace lamina::applications {

namespace {

constexpr int kChannels = 3;

// One number for each channel, of a shape that broadcasts over images.
Tensor per_channel(const std::array<double, kChannels>& numbers, const Tensor& images, bool last) {
  Shape shape = Shape::of_rank(images.rank());
  shape[last ? images.rank() - 1 : images.rank() - 3] = kChannels;
  List values;
  for (const double n : numbers) values.push_back(Value(n));
  return ops::reshape(tensor_from_list(Value(values), images.dtype()), shape);
}

// RGB to BGR.
Tensor reversed(const Tensor& images, bool last) {
  const int axis = last ? images.rank() - 1 : images.rank() - 3;
  std::vector<Operand> channels;
  for (int64_t i = kChannels; i-- > 0;) {
    List key(static_cast<size_t>(axis), Value(SliceValue{}));
    key.push_back(Value(i));
    channels.push_back(ops::getitem(images, Value::tuple(key)));
  }
  return ops::stack(channels, axis);
}

bool channels_last(const std::string& data_format) {
  if (data_format.empty()) return settings().channels_last();
  if (data_format != "channels_last" && data_format != "channels_first")
    throw ValueError("Expected data_format to be one of `channels_first` or `channels_last`. Received: data_format=",
                     data_format);
  return data_format == "channels_last";
}

void check_images(const Tensor& images, bool last) {
  if (images.rank() != 3 && images.rank() != 4)
    throw ValueError("Expected an image, of rank 3, or a batch of them, of rank 4. Received the shape ", images.shape(),
                     ".");
  const int64_t channels = last ? images.shape().back() : images.shape()[images.rank() - 3];
  if (channels != Shape::kUnknown && channels != kChannels)
    throw ValueError("Expected images with 3 channels. Received the shape ", images.shape(),
                     " with data_format=", last ? "channels_last" : "channels_first", ".");
}

}  // namespace

Tensor preprocess_input(const Tensor& images, const std::string& mode, std::string data_format) {
  if (mode != "caffe" && mode != "tf" && mode != "torch" && !mode.empty())
    throw ValueError("Expected mode to be one of `caffe`, `tf` or `torch`. Received: mode=", mode);
  const bool last = channels_last(data_format);
  if (mode.empty()) return images;
  const Tensor x = is_float(images.dtype()) ? images : ops::cast(images, settings().floatx());
  if (mode == "tf") return ops::subtract(ops::true_divide(x, 127.5), 1.0);
  check_images(x, last);
  if (mode == "caffe") {
    const Tensor swapped = reversed(x, last);
    return ops::add(swapped, per_channel({-103.939, -116.779, -123.68}, swapped, last));
  }
  const Tensor unit = ops::true_divide(x, 255.0);
  const Tensor centred = ops::add(unit, per_channel({-0.485, -0.456, -0.406}, unit, last));
  return ops::true_divide(centred, per_channel({0.229, 0.224, 0.225}, unit, last));
}

namespace {

constexpr int64_t kClasses = 1000;

// What a file of classes says of one: ["n01440764", "tench"] under "0".
std::pair<std::string, std::string> class_of(const Dict& classes, int64_t index, const std::string& path) {
  const Value* found = classes.find(text(index));
  if (!found || !found->is_sequence() || found->as_list().size() != 2 || !found->as_list()[0].is_string() ||
      !found->as_list()[1].is_string())
    throw ValueError("The file ", path, " does not say what the class ", index,
                     " is. Expected a JSON object with [id, name] for each of the keys \"0\" to \"999\".");
  return {found->as_list()[0].as_string(), found->as_list()[1].as_string()};
}

}  // namespace

const PublishedFile& class_index() {
  static const PublishedFile file{
      "imagenet_class_index.json",
      "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
      "c2c37ea517e94d9795004a39431a14cb"};
  return file;
}

void check_predictions(const Tensor& predictions, int64_t top) {
  if (predictions.rank() != 2 || predictions.shape()[1] != kClasses)
    throw ValueError(
        "`decode_predictions` expects a batch of predictions (i.e. a 2D array of shape (samples, 1000)). Received "
        "array "
        "with shape: ",
        predictions.shape());
  if (top < 1) throw ValueError("`top` should be at least 1. Received: top=", top);
}

std::vector<std::vector<Prediction>> decode_predictions(const Tensor& predictions, int64_t top,
                                                        std::string index_path) {
  check_predictions(predictions, top);
  if (index_path.empty()) index_path = cached(class_index());
  std::ifstream file(index_path);
  if (!file) throw IOError("The file ", index_path, " cannot be read.");
  std::stringstream content;
  content << file.rdbuf();
  const Value classes = parse_json(content.str(), index_path);
  EagerScope eager;
  const Tensor scores = ops::cast(predictions, DType::float32);
  const float* score = scores.data<float>();
  std::vector<std::vector<Prediction>> out;
  for (int64_t row = 0; row < scores.shape()[0]; ++row, score += kClasses) {
    std::vector<int64_t> order(kClasses);
    std::iota(order.begin(), order.end(), 0);
    auto first = [&](int64_t a, int64_t b) {
      const float x = score[a], y = score[b];
      if (std::isnan(x) != std::isnan(y)) return std::isnan(x);  // in front, where they are seen
      return x != y && !std::isnan(x) ? x > y : a > b;
    };
    std::sort(order.begin(), order.end(), first);
    order.resize(static_cast<size_t>(std::min(top, kClasses)));
    auto& sample = out.emplace_back();
    for (const int64_t i : order) {
      auto [id, name] = class_of(classes.as_dict(), i, index_path);
      sample.push_back({std::move(id), std::move(name), i, score[i]});
    }
  }
  return out;
}

}  // namespace lamina::applications
