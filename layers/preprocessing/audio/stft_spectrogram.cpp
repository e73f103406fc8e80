#include <cmath>

#include "backends/core/settings.h"
#include "backends/core/warning.h"
#include "backends/ops/public/ops.h"
#include "layers/initializers/window.h"
#include "layers/reshaping/spatial.h"

namespace lamina {

namespace {

struct STFTSpectrogramArgs {
  std::string mode = "log";
  PositiveInt frame_length = 256;
  std::optional<int64_t> frame_step, fft_length;
  Value window = "hann";
  bool periodic = false;
  Value scaling = "density";
  std::string padding = "valid";
  bool expand_dims = false;
  Value data_format;
  void fields(Fields& f) {
    f("mode", mode, "What results are: log, magnitude, psd, real, imag, angle, or stft (real and imaginary parts).");
    f("frame_length", frame_length, "The length of a window.");
    f("frame_step", frame_step, "The distance between the starts of windows; None is half of `frame_length`.");
    f("fft_length", fft_length, "The length of a transform; None is the next power of 2.");
    f("window", window, "The name of a window as SciPy has it, its values, or None for ones.");
    f("periodic", periodic, "Whether the window is one period of a periodic function.");
    f("scaling", scaling, "'density' divides the window by its L2 norm, 'spectrum' by its L1 norm, None leaves it.");
    f("padding", padding, "valid or same.");
    f("expand_dims", expand_dims, "Whether frequencies and channels are two axes.");
    f("data_format", data_format, "channels_last or channels_first; None is the configured one.");
  }
};

class STFTSpectrogramLayer final : public LayerWith<STFTSpectrogramArgs> {
 public:
  explicit STFTSpectrogramLayer(STFTSpectrogramArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    check();
    channels_last_ = spatial::channels_last(args.data_format);
    step_ = args.frame_step.value_or(0) ? *args.frame_step : std::max<int64_t>(1, args.frame_length / 2);
    fft_ = args.fft_length.value_or(0);
    for (int64_t n = 1; !args.fft_length.value_or(0); n *= 2)
      if (n >= args.frame_length) {
        fft_ = n;
        break;
      }
    InputSpec spec;
    spec.ndim = 3;
    input_spec_ = {spec};
  }
  std::string class_name() const override { return "STFTSpectrogram"; }
  using Layer::build;
  void build(const Shape&) override {
    const Shape shape = {args.frame_length, 1, fft_ / 2 + 1};
    auto kernel = [&](const char* name, const char* side) {
      const Dict config = {
          {"side", side}, {"window", args.window}, {"scaling", args.scaling}, {"periodic", args.periodic}};
      return add_weight(name, shape, {.initializer = InitializerRef::make("STFT", config)});
    };
    if (args.mode != "imag") real_ = kernel("real_kernel", "real");
    if (args.mode != "real") imaginary_ = kernel("imag_kernel", "imag");
  }

  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    if (x.dtype() != DType::float16 && x.dtype() != DType::float32 && x.dtype() != DType::float64)
      throw TypeError("Invalid input type. Expected `float16`, `float32` or `float64`. Received: input type=",
                      x.dtype());
    if (!x.shape().known()) return Tensor::spec_only(result_shape(x.shape()), x.dtype());
    Tensor real, imaginary;
    if (args.mode != "imag") real = transformed(x, real_);
    if (args.mode != "real") imaginary = transformed(x, imaginary_);
    if (args.mode == "real") return arranged(real);
    if (args.mode == "imag") return arranged(imaginary);
    if (args.mode == "angle") return arranged(ops::arctan2(imaginary, real));
    if (args.mode == "stft") return arranged(ops::concatenate({real, imaginary}, 2));
    const Tensor power = ops::square(real) + ops::square(imaginary);
    if (args.mode == "psd") return arranged(doubled_inside(power));
    const double least = settings().epsilon();
    const Tensor magnitude = arranged(ops::sqrt(ops::maximum(power, least)));
    return args.mode == "magnitude" ? magnitude : ops::log(ops::maximum(magnitude, least));
  }

 private:
  void check() const {
    if (args.frame_step && (*args.frame_step > args.frame_length || *args.frame_step < 1))
      throw ValueError(
          "`frame_step` should be a positive integer not greater than `frame_length`. Received frame_step=",
          *args.frame_step, ", frame_length=", int64_t{args.frame_length});
    if (args.fft_length && *args.fft_length < args.frame_length)
      throw ValueError("`fft_length` should be not less than `frame_length`. Received fft_length=", *args.fft_length,
                       ", frame_length=", int64_t{args.frame_length});
    if (args.frame_length > (int64_t{1} << 30) || args.fft_length.value_or(0) > (int64_t{1} << 30))
      throw ValueError("Transforms have at most 2^30 places. Received frame_length=", int64_t{args.frame_length});
    if (args.fft_length && (*args.fft_length & -*args.fft_length) != *args.fft_length)
      warn(text("`fft_length` is recommended to be a power of two. Received fft_length=", *args.fft_length));
    static const char* const modes[] = {"log", "magnitude", "psd", "real", "imag", "angle", "stft"};
    if (std::none_of(std::begin(modes), std::end(modes), [&](const char* m) { return args.mode == m; }))
      throw ValueError(
          "Output mode is invalid, it must be one of log, magnitude, psd, real, imag, angle, stft. "
          "Received: mode=",
          args.mode);
    if (!args.scaling.is_none() && !(args.scaling == Value("density")) && !(args.scaling == Value("spectrum")))
      throw ValueError("Scaling is invalid, it must be `None`, 'density' or 'spectrum'. Received scaling=",
                       args.scaling.repr());
    if (args.padding != "valid" && args.padding != "same")
      throw ValueError("Padding is invalid, it should be 'valid', 'same'. Received: padding=", args.padding);
    if (args.window.is_string()) window_values(args.window.as_string(), 1, false);  // ValueError for an unknown name
  }

  // (batch, channels, frequencies, times) by a kernel, each channel alone.
  Tensor transformed(const Tensor& x, const Variable& kernel) const {
    const Shape& s = x.shape();
    const int64_t channels = s[channels_last_ ? 2 : 1], samples = s[channels_last_ ? 1 : 2];
    const Tensor weights = ops::cast(kernel.value(), x.dtype());
    const std::string format = args.data_format.as_string();
    const Shape alone = channels_last_ ? Shape{s[0] * channels, samples, 1} : Shape{s[0] * channels, 1, samples};
    const Tensor rows = channels_last_ ? ops::transpose(x, std::vector<int>{0, 2, 1}) : x;
    Tensor y = ops::conv(ops::reshape(rows, alone), weights, {step_}, args.padding, format);
    if (channels_last_) y = ops::transpose(y, std::vector<int>{0, 2, 1});
    return ops::reshape(y, {s[0], channels, y.shape()[1], y.shape()[2]});
  }
  Tensor arranged(const Tensor& y) const {
    const Shape& s = y.shape();
    if (args.expand_dims)
      return ops::transpose(y, channels_last_ ? std::vector<int>{0, 3, 2, 1} : std::vector<int>{0, 1, 3, 2});
    const Tensor flat = ops::reshape(y, {s[0], s[1] * s[2], s[3]});
    return channels_last_ ? ops::transpose(flat, std::vector<int>{0, 2, 1}) : flat;
  }
  // Frequencies between the first and the last stand for two each.
  static Tensor doubled_inside(const Tensor& power) {
    std::vector<float> times(static_cast<size_t>(power.shape()[2]), 2.0f);
    times.front() = times.back() = 1;
    return power * ops::cast(Tensor::of(times, {static_cast<int64_t>(times.size()), 1}), power.dtype());
  }
  Shape result_shape(const Shape& x) const {
    const int64_t channels = x[channels_last_ ? 2 : 1], samples = x[channels_last_ ? 1 : 2];
    const int64_t frequencies = (fft_ / 2 + 1) * (args.mode == "stft" ? 2 : 1);
    int64_t times = samples;
    if (samples >= 0 && args.padding == "same") times = (samples + step_ - 1) / step_;
    if (samples >= 0 && args.padding == "valid")
      times = samples < args.frame_length ? 0 : (samples - args.frame_length) / step_ + 1;
    const int64_t all = channels < 0 ? channels : channels * frequencies;
    if (args.expand_dims)
      return channels_last_ ? Shape{x[0], times, frequencies, channels} : Shape{x[0], channels, times, frequencies};
    return channels_last_ ? Shape{x[0], times, all} : Shape{x[0], all, times};
  }

  bool channels_last_ = true;
  int64_t step_ = 1, fft_ = 1;
  Variable real_, imaginary_;
};
LAMINA_LAYER(STFTSpectrogramLayer, "STFTSpectrogram",
             "The Fourier transforms of windows of signals, as convolutions whose kernels can be trained.",
             Doc{.call = "inputs: Signals.",
                 .input = "A tensor (batch, samples, channels), or (batch, channels, samples).",
                 .output = "A tensor (batch, times, channels * frequencies), or with an axis for each with "
                           "`expand_dims`; likewise with channels in front.",
                 .raises = "ValueError: if a length or a name is not one of those.\nTypeError: for inputs of other "
                           "dtypes than float16, float32 and float64.",
                 .source = "Keras.",
                 .example = R"py(
>>> keras.layers.STFTSpectrogram(frame_length=64)(keras.ops.ones((1, 256, 1))).shape
(1, 7, 33))py"});

}  // namespace
}  // namespace lamina
