#pragma once
// Sounds as files hold them. The reader takes files for hostile: sizes are checked before memory is taken, and a file
// that ends early is a ValueError.
#include <string_view>

#include "backends/core/tensor.h"

namespace lamina::audio {

// Samples are (samples, channels), float32; those of whole numbers lie in -1..1.
struct Sound {
  Tensor samples;
  int64_t rate = 0;  // samples of a channel in a second
};

// WAV (RIFF) with PCM of 8, 16, 24 or 32 bits, or floating point of 32 or 64. ValueError for what is none or is
// damaged, UnsupportedError for other encodings.
Sound decode_wav(std::string_view bytes);

// At another rate, by Speex' resampler at its best quality: the result has ceil(samples * rate / sound.rate) samples
// and no delay. UnsupportedError in builds without it, ValueError for rates out of its range.
Sound resampled(const Sound& sound, int64_t rate);

}  // namespace lamina::audio
