#pragma once
// Event files that TensorBoard reads: TFRecords of tensorflow.Event messages (tensorboard/compat/proto/event.proto),
// named as TensorFlow names them. Values carry the metadata of TensorBoard's plugins for scalars, histograms, images
// and texts.
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "backends/core/tensor.h"

namespace lamina {

class EventFile {
 public:
  // A new file in `folder`, which is made if it is missing. IOError if that fails, here and in every method below.
  explicit EventFile(const std::string& folder);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  void scalar(std::string_view tag, double value, int64_t step);
  // All elements, in 30 buckets of equal width. Values that are no numbers or infinite are left out.
  void histogram(std::string_view tag, const Tensor& values, int64_t step);
  // (n, height, width, channels) with 1 to 4 channels: uint8, or floats of 0 to 1. The first `most` of them are
  // written. ValueError for other shapes.
  void image(std::string_view tag, const Tensor& images, int64_t step, int64_t most = 3);
  // Markdown.
  void text(std::string_view tag, std::string_view markdown, int64_t step);
  // A model's JSON, for the view of its layers as a graph.
  void keras_model(std::string_view tag, const std::string& json, int64_t step);

  void flush();  // to the operating system; happens by itself after some seconds of writing
  const std::string& path() const { return path_; }

 private:
  void record(const std::string& event);
  std::string path_;
  std::ofstream file_;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
};

// The check sum of TFRecords: CRC-32C, rotated and offset so that sums of texts that hold sums stay good.
uint32_t masked_crc32c(std::string_view bytes);

}  // namespace lamina
