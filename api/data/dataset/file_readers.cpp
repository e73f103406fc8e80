#include "api/data/dataset/file_readers.h"

#include <cstring>

#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/image_support.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/audio/sound.h"
#include "serialization/formats/images/picture.h"

namespace lamina {

namespace {

// What `read` makes of the file's bytes; an error names the file.
template <class F>
auto read_named(const std::string& path, F&& read) {
  const std::string bytes = read_file(path);
  try {
    return read(std::string_view(bytes));
  } catch (const ValueError& e) {
    throw ValueError("Cannot read '", path, "': ", e.message());
  } catch (const UnsupportedError& e) { throw UnsupportedError("Cannot read '", path, "': ", e.message()); }
}

// The file's content instead of its number; a label stays.
Dataset::Function reader(std::string name, std::vector<std::string> paths,
                         std::function<Tensor(const std::string& path)> read) {
  auto call = [paths = std::move(paths), read = std::move(read)](List args, const Dict&) -> Value {
    if (args.empty() || !args[0].is_tensor()) throw ValueError("Expected the number of a file.");
    const auto at = static_cast<int64_t>(args[0].as_tensor().item());
    if (at < 0 || at >= static_cast<int64_t>(paths.size()))
      throw IndexError("There are ", paths.size(), " files. Received the number ", at, ".");
    const DeviceScope on_cpu(Device::cpu);
    args[0] = read(paths[static_cast<size_t>(at)]);
    return args.size() == 1 ? args[0] : Value::tuple(std::move(args));
  };
  return std::dynamic_pointer_cast<Callable>(make_callable(std::move(name), std::move(call)));
}

Tensor read_image(const std::string& path, const ImageReading& o) {
  const images::Picture picture = read_named(path, [&](std::string_view bytes) {
    const images::Picture p = images::decode(bytes);
    if (o.channels == 1 && p.mode == "I;16") return p;  // as Keras keeps it
    return images::convert(p, o.channels == 1 ? "L" : o.channels == 3 ? "RGB" : "RGBA");
  });
  const Tensor x = prim::cast(picture.pixels, DType::float32);
  const Tensor image = ops::image::resized(x, 0, o.height, o.width, ops::image::interpolation_of(o.interpolation, true),
                                           false, o.crop_to_aspect_ratio, o.pad_to_aspect_ratio, 0);
  return o.channels_last ? image : prim::transpose(image, {2, 0, 1});
}

Tensor read_sound(const std::string& path, const SoundReading& o) {
  return read_named(path, [&](std::string_view bytes) {
    audio::Sound sound = audio::decode_wav(bytes);
    if (o.samples && *o.samples != sound.samples.shape()[0]) {
      Shape shape = sound.samples.shape();
      shape[0] = *o.samples;
      Tensor filled = Tensor::empty(shape, DType::float32);
      auto* to = static_cast<char*>(filled.mutable_raw());
      const size_t kept = std::min(filled.bytes(), sound.samples.bytes());
      if (kept) std::memcpy(to, sound.samples.raw(), kept);
      if (filled.bytes() > kept) std::memset(to + kept, 0, filled.bytes() - kept);
      sound.samples = filled;
    }
    return o.rate ? audio::resampled(sound, *o.rate).samples : sound.samples;
  });
}

}  // namespace

Dataset::Function image_reader(std::vector<std::string> paths, ImageReading options) {
  if (options.channels != 1 && options.channels != 3 && options.channels != 4)
    throw ValueError("Images are read with 1, 3 or 4 channels. Received: ", options.channels);
  if (options.crop_to_aspect_ratio && options.pad_to_aspect_ratio)
    throw ValueError("Only one of `pad_to_aspect_ratio`, `crop_to_aspect_ratio` can be set to `True`.");
  images::check_picture_size(options.height, options.width, "resized");
  ops::image::interpolation_of(options.interpolation, true);
  return reader("image_reader", std::move(paths),
                [options = std::move(options)](const std::string& path) { return read_image(path, options); });
}

Dataset::Function sound_reader(std::vector<std::string> paths, SoundReading options) {
  if (options.rate && *options.rate < 1)
    throw ValueError("`sampling_rate` should be higher than 0. Received: sampling_rate=", *options.rate);
  if (options.samples && *options.samples < 0)
    throw ValueError("`output_sequence_length` must be 0 or more. Received: ", *options.samples);
  return reader("sound_reader", std::move(paths),
                [options](const std::string& path) { return read_sound(path, options); });
}

}  // namespace lamina
