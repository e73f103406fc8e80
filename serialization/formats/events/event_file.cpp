#include "serialization/formats/events/event_file.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <protozero/pbf_writer.hpp>

#include "backends/core/error.h"
#include "serialization/formats/images/picture.h"

namespace lamina {

namespace {

constexpr std::chrono::seconds kFlushAfter{5};

// Field numbers of tensorflow.Event and of what it holds.
namespace event_field {
constexpr protozero::pbf_tag_type wall_time = 1, step = 2, file_version = 3, summary = 5, source = 10;
}
namespace value_field {
constexpr protozero::pbf_tag_type tag = 1, tensor = 8, metadata = 9;
}
namespace metadata_field {
constexpr protozero::pbf_tag_type plugin = 1, data_class = 4;
}
namespace tensor_field {
constexpr protozero::pbf_tag_type dtype = 1, shape = 2, content = 4, floats = 5, strings = 8;
}

enum class DataClass { none = 0, scalar = 1, tensor = 2, blobs = 3 };
constexpr int kFloat = 1, kDouble = 2, kString = 7;  // tensorflow.DataType

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string new_name() {
  static std::atomic<int> count{0};
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  char out[400];
  std::snprintf(out, sizeof out, "events.out.tfevents.%010lld.%s.%d.%d.v2", static_cast<long long>(seconds_now()), host,
                static_cast<int>(getpid()), count++);
  return out;
}

void write_shape(protozero::pbf_writer& tensor, const std::vector<int64_t>& shape) {
  protozero::pbf_writer message(tensor, tensor_field::shape);
  for (int64_t size : shape) {
    protozero::pbf_writer dim(message, 2);
    dim.add_int64(1, size);
  }
}

// An event with one value; `content` writes the tensor.
template <class Content>
std::string summary_event(std::string_view tag, int64_t step, const char* plugin, std::string_view plugin_content,
                          DataClass data_class, Content content) {
  std::string bytes;
  protozero::pbf_writer event(bytes);
  event.add_double(event_field::wall_time, seconds_now());
  event.add_int64(event_field::step, step);
  {
    protozero::pbf_writer summary(event, event_field::summary);
    protozero::pbf_writer value(summary, 1);
    value.add_string(value_field::tag, tag.data(), tag.size());
    {
      protozero::pbf_writer metadata(value, value_field::metadata);
      {
        protozero::pbf_writer data(metadata, metadata_field::plugin);
        data.add_string(1, plugin);
        data.add_bytes(2, plugin_content.data(), plugin_content.size());
      }
      if (data_class != DataClass::none) metadata.add_enum(metadata_field::data_class, static_cast<int>(data_class));
    }
    protozero::pbf_writer tensor(value, value_field::tensor);
    content(tensor);
  }
  return bytes;
}

void little_endian(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// (left edge, right edge, count) of each bucket, as TensorBoard's histograms of version 3 want them.
std::vector<double> buckets_of(const Tensor& values) {
  constexpr int kBuckets = 30;
  std::vector<double> numbers;
  for (int64_t i = 0; i < values.size(); ++i)
    if (const double x = values.at(i); std::isfinite(x)) numbers.push_back(x);
  std::vector<double> out;
  if (numbers.empty()) return std::vector<double>(kBuckets * 3, 0.0);
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  const double first = *low, last = *high, width = (last - first) / kBuckets;
  std::array<double, kBuckets> counts{};
  for (double x : numbers)  // all in the last bucket where there is one value alone
    ++counts[width > 0 ? std::min<size_t>(kBuckets - 1, static_cast<size_t>((x - first) / width)) : kBuckets - 1];
  for (int i = 0; i < kBuckets; ++i) {
    out.push_back(first + i * width);
    out.push_back(i + 1 == kBuckets ? last : first + (i + 1) * width);
    out.push_back(counts[static_cast<size_t>(i)]);
  }
  return out;
}

images::Picture picture_of(const Tensor& pictures, int64_t index) {
  static constexpr const char* kModes[] = {"L", "LA", "RGB", "RGBA"};
  const int64_t channels = pictures.shape()[3];
  images::Picture out = images::empty_picture(kModes[channels - 1], pictures.shape()[1], pictures.shape()[2]);
  const int64_t count = out.pixels.size();
  auto* to = out.pixels.mutable_data<uint8_t>();
  const bool bytes = pictures.dtype() == DType::uint8;
  for (int64_t i = 0; i < count; ++i) {
    const double x = pictures.at(index * count + i);
    to[i] = static_cast<uint8_t>(bytes ? x : x > 0 ? std::min(255.0, x * 255.5) : 0);  // NaN is 0
  }
  return out;
}

}  // namespace

uint32_t masked_crc32c(std::string_view bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0x82f63b78u ^ (c >> 1) : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  uint32_t crc = ~0u;
  for (char b : bytes) crc = table[(crc ^ static_cast<uint8_t>(b)) & 0xff] ^ (crc >> 8);
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

EventFile::EventFile(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  path_ = (std::filesystem::path(folder) / new_name()).string();
  file_.open(path_, std::ios::binary | std::ios::trunc);
  if (error || !file_)
    throw IOError("The event file '", path_, "' could not be opened for writing",
                  error ? ": " + error.message() : std::string(". Check that its folder can be written to."));
  std::string bytes;
  protozero::pbf_writer event(bytes);
  event.add_double(event_field::wall_time, seconds_now());
  event.add_string(event_field::file_version, "brain.Event:2");
  {
    protozero::pbf_writer source(event, event_field::source);
    source.add_string(1, "lamina");
  }
  record(bytes);
  flush();
}

EventFile::~EventFile() = default;

void EventFile::record(const std::string& event) {
  std::string header;
  little_endian(header, event.size(), 8);
  little_endian(header, masked_crc32c(header), 4);
  std::string footer;
  little_endian(footer, masked_crc32c(event), 4);
  file_ << header << event << footer;
  if (!file_) throw IOError("The event file '", path_, "' could not be written. Is the disk full?");
  if (std::chrono::steady_clock::now() - flushed_ > kFlushAfter) flush();
}

void EventFile::flush() {
  flushed_ = std::chrono::steady_clock::now();
  if (!file_.flush()) throw IOError("The event file '", path_, "' could not be written. Is the disk full?");
}

void EventFile::scalar(std::string_view tag, double value, int64_t step) {
  record(summary_event(tag, step, "scalars", "", DataClass::scalar, [&](protozero::pbf_writer& tensor) {
    tensor.add_enum(tensor_field::dtype, kFloat);
    write_shape(tensor, {});
    const float f = static_cast<float>(value);
    tensor.add_packed_float(tensor_field::floats, &f, &f + 1);
  }));
}

void EventFile::histogram(std::string_view tag, const Tensor& values, int64_t step) {
  const std::vector<double> buckets = buckets_of(values);
  record(summary_event(tag, step, "histograms", "", DataClass::tensor, [&](protozero::pbf_writer& tensor) {
    tensor.add_enum(tensor_field::dtype, kDouble);
    write_shape(tensor, {static_cast<int64_t>(buckets.size()) / 3, 3});
    tensor.add_bytes(tensor_field::content, reinterpret_cast<const char*>(buckets.data()),
                     buckets.size() * sizeof(double));
  }));
}

void EventFile::image(std::string_view tag, const Tensor& images, int64_t step, int64_t most) {
  if (images.rank() != 4 || images.shape()[3] < 1 || images.shape()[3] > 4)
    throw ValueError(
        "Images for an event file must have the shape (n, height, width, channels) with 1 to 4 channels. "
        "Received: shape=",
        images.shape(), ".");
  std::vector<std::string> strings{std::to_string(images.shape()[2]), std::to_string(images.shape()[1])};
  for (int64_t i = 0; i < std::min(most, images.shape()[0]); ++i)
    strings.push_back(images::encode(picture_of(images, i), "png"));
  record(summary_event(tag, step, "images", "", DataClass::blobs, [&](protozero::pbf_writer& tensor) {
    tensor.add_enum(tensor_field::dtype, kString);
    write_shape(tensor, {static_cast<int64_t>(strings.size())});
    for (const std::string& s : strings) tensor.add_bytes(tensor_field::strings, s);
  }));
}

void EventFile::text(std::string_view tag, std::string_view markdown, int64_t step) {
  record(summary_event(tag, step, "text", "", DataClass::tensor, [&](protozero::pbf_writer& tensor) {
    tensor.add_enum(tensor_field::dtype, kString);
    write_shape(tensor, {});
    tensor.add_bytes(tensor_field::strings, markdown.data(), markdown.size());
  }));
}

void EventFile::keras_model(std::string_view tag, const std::string& json, int64_t step) {
  record(summary_event(tag, step, "graph_keras_model", "1", DataClass::none, [&](protozero::pbf_writer& tensor) {
    tensor.add_enum(tensor_field::dtype, kString);
    write_shape(tensor, {});
    tensor.add_bytes(tensor_field::strings, json);
  }));
}

}  // namespace lamina
