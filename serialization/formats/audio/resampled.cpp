#include "backends/core/error.h"
#include "serialization/formats/audio/sound.h"

#ifdef LAMINA_SPEEX
#include <speex/speex_resampler.h>
#include <algorithm>
#include <limits>
#include <memory>
#endif

namespace lamina::audio {

#ifdef LAMINA_SPEEX

namespace {

struct Destroy {
  void operator()(SpeexResamplerState* state) const { speex_resampler_destroy(state); }
};
// A filter has 256 places for each channel and input sample in reach, more where the rate falls.
constexpr int64_t kMostRate = 10'000'000, kMostRatio = 256;

}  // namespace

Sound resampled(const Sound& sound, int64_t rate) {
  if (rate == sound.rate) return sound;
  if (rate < 1 || rate > kMostRate || sound.rate > kMostRate || sound.rate / rate > kMostRatio ||
      rate / sound.rate > kMostRatio)
    throw ValueError("Sampling rates are converted between 1 and ", kMostRate, ", at most by the factor ", kMostRatio,
                     ". Received: from ", sound.rate, " to ", rate, ".");
  const auto channels = static_cast<uint32_t>(sound.samples.shape()[1]);
  int error = 0;
  const std::unique_ptr<SpeexResamplerState, Destroy> state(speex_resampler_init(
      channels, static_cast<uint32_t>(sound.rate), static_cast<uint32_t>(rate), SPEEX_RESAMPLER_QUALITY_MAX, &error));
  if (!state) throw RuntimeError("A sound could not be resampled: ", speex_resampler_strerror(error), ".");
  speex_resampler_skip_zeros(state.get());  // the filter's delay
  const int64_t count = sound.samples.shape()[0], wanted = (count * rate + sound.rate - 1) / sound.rate;
  Sound out{Tensor::empty({wanted, channels}, DType::float32), rate};
  const float* from = sound.samples.data<float>();
  float* to = out.samples.mutable_data<float>();
  // Silence follows the sound until all of it has left the filter.
  const std::vector<float> silence(size_t{1024} * channels, 0.0f);
  for (int64_t read = 0, written = 0; written < wanted;) {
    const bool sounding = read < count;
    auto in = static_cast<uint32_t>(sounding ? std::min<int64_t>(count - read, 1 << 16) : 1024);
    auto made = static_cast<uint32_t>(std::min<int64_t>(wanted - written, 1 << 16));
    error = speex_resampler_process_interleaved_float(state.get(), sounding ? from + read * channels : silence.data(),
                                                      &in, to + written * channels, &made);
    if (error) throw RuntimeError("A sound could not be resampled: ", speex_resampler_strerror(error), ".");
    if (sounding) read += in;
    written += made;
  }
  return out;
}

#else

Sound resampled(const Sound& sound, int64_t rate) {
  if (rate == sound.rate) return sound;
  throw UnsupportedError("This build of Lamina is without speexdsp and cannot convert sampling rates (from ",
                         sound.rate, " to ", rate, "). Install speexdsp's headers and build again.");
}

#endif

}  // namespace lamina::audio
