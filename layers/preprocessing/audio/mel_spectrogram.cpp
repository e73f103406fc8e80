#include <cmath>

#include "backends/ops/public/ops.h"
#include "layers/layer.h"
#include "layers/preprocessing/audio/mel_weights.h"

namespace lamina {

namespace {

struct MelSpectrogramArgs {
  PositiveInt fft_length = 2048, sequence_stride = 512;
  std::optional<int64_t> sequence_length;
  Value window = "hann", sampling_rate = 16000;
  PositiveInt num_mel_bins = 128;
  Value min_freq = 20.0, max_freq;
  bool power_to_db = true;
  double top_db = 80, mag_exp = 2, min_power = 1e-10, ref_power = 1;
  void fields(Fields& f) {
    f("fft_length", fft_length, "The length of a transform.");
    f("sequence_stride", sequence_stride, "The distance between the starts of windows.");
    f("sequence_length", sequence_length, "The length of a window; None takes `fft_length`.");
    f("window", window, "\"hann\", \"hamming\", a vector of `sequence_length` numbers, or None for ones.");
    f("sampling_rate", sampling_rate, "Samples in a second.");
    f("num_mel_bins", num_mel_bins, "How many bands.");
    f("min_freq", min_freq, "Where the lowest band begins, in hertz.");
    f("max_freq", max_freq, "Where the highest band ends; None is half of the sampling rate.");
    f("power_to_db", power_to_db, "Whether results are in decibels.");
    f("top_db", top_db, "How many decibels below the largest result the others are cut off.");
    f("mag_exp", mag_exp, "The exponent of magnitudes: 1 for them, 2 for power.");
    f("min_power", min_power, "The least power, and the least `ref_power`.");
    f("ref_power", ref_power, "The power of 0 decibels.");
  }
};

double positive_number(const Value& v, const char* name) {
  if (!v.is_number() || !(v.as_number() > 0) || !std::isfinite(v.as_number()))
    throw ValueError("`", name, "` must be a number above 0. Received: ", name, "=", v.repr());
  return v.as_number();
}

class MelSpectrogramLayer final : public LayerWith<MelSpectrogramArgs> {
 public:
  explicit MelSpectrogramLayer(MelSpectrogramArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    if (!args.sequence_length || *args.sequence_length == 0) args.sequence_length = args.fft_length;
    if (*args.sequence_length < 0 || args.fft_length < *args.sequence_length)
      throw ValueError("`fft_length` must be greater than or equal to `sequence_length`. Received: `sequence_length`=",
                       *args.sequence_length, ", `fft_length`=", int64_t{args.fft_length}, ".");
    const double rate = positive_number(args.sampling_rate, "sampling_rate");
    if (args.max_freq.is_none() || (args.max_freq.is_number() && args.max_freq.as_number() == 0))
      args.max_freq = static_cast<int64_t>(std::min(rate / 2, 9e15));
    positive_number(args.max_freq, "max_freq");
    if (!args.min_freq.is_number() || !(args.min_freq.as_number() >= 0))
      throw ValueError("`min_freq` must be a number, 0 or above. Received: min_freq=", args.min_freq.repr());
  }
  std::string class_name() const override { return "MelSpectrogram"; }
  using Layer::call;
  Tensor call(const Tensor& inputs, const CallContext&) override {
    const Tensor x = ops::cast(inputs, compute_dtype() == DType::float64 ? DType::float64 : DType::float32);
    const Tensors parts = ops::stft(x, *args.sequence_length, args.sequence_stride, args.fft_length, args.window, true);
    const Shape& spectrum = parts[0].shape();
    if (!spectrum.known()) {
      Shape out = spectrum;
      out[out.rank() - 1] = out[out.rank() - 2];
      out[out.rank() - 2] = args.num_mel_bins;
      return Tensor::spec_only(out, compute_dtype());
    }
    const Tensor power = ops::power(ops::sqrt(ops::square(parts[0]) + ops::square(parts[1])), args.mag_exp);
    const Tensor weights = mel_weights(args.num_mel_bins, spectrum.back(), args.sampling_rate.as_number(),
                                       args.min_freq.as_number(), args.max_freq.as_number(), DType::float32);
    const Tensor bands = ops::matmul(power, weights);
    return ops::cast(ops::swapaxes(args.power_to_db ? decibels(bands) : bands, -1, -2), compute_dtype());
  }

 private:
  Tensor decibels(const Tensor& power) const {
    const double reference = std::max(std::abs(args.ref_power), args.min_power);
    const Tensor level = ops::log10(ops::maximum(power, args.min_power)) * 10.0 - 10.0 * std::log10(reference);
    return ops::maximum(level, ops::max(level) - args.top_db);
  }
};
LAMINA_LAYER(
    MelSpectrogramLayer, "MelSpectrogram", "Sounds as their power in bands of the mel scale over time.",
    Doc{.call = "inputs: Sounds.",
        .input = "A tensor (samples,) or (batch, samples).",
        .output = "A tensor (num_mel_bins, times) or (batch, num_mel_bins, times).",
        .raises = "ValueError: if `fft_length` is less than `sequence_length`, or a frequency is not positive.",
        .source = "Stevens, Volkmann and Newman 1937 for the mel scale.",
        .example = R"py(
>>> keras.layers.MelSpectrogram(num_mel_bins=64)(keras.ops.ones((1, 8000))).shape
(1, 64, 16))py"});

}  // namespace
}  // namespace lamina
