#pragma once
// What files hold, as functions for Dataset::map(): the number of a file gives its content, (number, label) gives
// (content, label). Reading, decoding and resizing run on the workers of map(), on the CPU.
//
//   Dataset::from_slices(Value::tuple({numbers, labels})).map(image_reader(paths, {.height = 64, .width = 64}), 4)
#include "api/data/dataset/dataset.h"

namespace lamina {

struct ImageReading {
  int64_t height = 256, width = 256;
  int channels = 3;  // 1, 3 or 4
  // bilinear, nearest, bicubic, area, lanczos3, lanczos5, gaussian or mitchellcubic
  std::string interpolation = "bilinear";
  bool crop_to_aspect_ratio = false, pad_to_aspect_ratio = false, channels_last = true;
};
// Images are float32 (height, width, channels), with values as the file has them: 0..255, or of 16 bits. ValueError for
// options that are none of the above.
Dataset::Function image_reader(std::vector<std::string> paths, ImageReading options);

// How sound files become tensors.
struct SoundReading {
  std::optional<int64_t> rate;     // what sounds are converted to
  std::optional<int64_t> samples;  // longer sounds are cut, others filled up with silence; before the conversion
};
// Sounds are float32 (samples, channels) in -1..1.
Dataset::Function sound_reader(std::vector<std::string> paths, SoundReading options);

}  // namespace lamina
