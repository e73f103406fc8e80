// Kernels of a short-time Fourier transform as a convolution.
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "layers/initializers/window.h"

namespace lamina {
namespace {

struct STFTArgs {
  std::string side = "real";
  Value window = "hann", scaling = "density";
  bool periodic = false;
  void fields(Fields& f) {
    f("side", side, "'real' (cosines) or 'imag' (sines).");
    f("window", window, "The name of a window, its values, or None.");
    f("scaling", scaling, "'density' divides the window by its L2 norm, 'spectrum' by its L1 norm, None leaves it.");
    f("periodic", periodic, "Whether the window is one period of a periodic function.");
  }
};

// shape (T, 1, F): element (t, 0, k) is cos(-2 pi t k / (2 (F - 1))), or the sine, times the window.
class STFT final : public Config<Initializer, STFTArgs> {
 public:
  explicit STFT(STFTArgs a) : Config(std::move(a)) {
    if (args.side != "real" && args.side != "imag")
      throw ValueError("side should be 'real' or 'imag', not ", args.side);
    if (args.window.is_string()) window_values(args.window.as_string(), 1, false);  // ValueError for an unknown name
    if (!args.scaling.is_none() && !(args.scaling == Value("density")) && !(args.scaling == Value("spectrum")))
      throw ValueError("Scaling is invalid, it must be `None`, 'density' or 'spectrum'. Received scaling=",
                       args.scaling.is_string() ? args.scaling.as_string() : args.scaling.repr());
  }
  std::string class_name() const override { return "STFT"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    if (shape.rank() != 3)
      throw ValueError("STFT makes kernels of shape (frame_length, 1, frequencies). Received: shape=", shape);
    const int64_t frames = shape[0], frequencies = shape[2];
    std::vector<double> window = window_of(frames);
    std::vector<double> kernel(static_cast<size_t>(frames * frequencies));
    const double step = -2 * M_PI / (2 * static_cast<double>(frequencies - 1));
    for (int64_t t = 0; t < frames; ++t)
      for (int64_t k = 0; k < frequencies; ++k) {
        double angle = step * static_cast<double>(t) * static_cast<double>(k);
        kernel[static_cast<size_t>(t * frequencies + k)] =
            (args.side == "real" ? std::cos(angle) : std::sin(angle)) * window[static_cast<size_t>(t)];
      }
    return prim::cast(Tensor::of(kernel, {frames, 1, frequencies}), dtype.value_or(settings().floatx()));
  }

 private:
  std::vector<double> window_of(int64_t frames) const {
    if (args.window.is_none()) return std::vector<double>(static_cast<size_t>(frames), 1.0);
    std::vector<double> w;
    if (args.window.is_string()) {
      w = window_values(args.window.as_string(), frames, args.periodic);
    } else {
      Tensor given = value_to<Operand>(args.window).as(DType::float64);
      if (given.shape() != Shape{frames})
        throw ValueError("The shape of `window` must be equal to [frame_length].Received: window shape=",
                         given.shape());
      w = given.to_vector<double>();
    }
    double size = 0;
    for (double x : w) size += args.scaling == Value("density") ? x * x : std::abs(x);
    if (args.scaling.is_none()) return w;
    for (double& x : w) x /= args.scaling == Value("density") ? std::sqrt(size) : size;
    return w;
  }
};
LAMINA_CLASS(STFT, "keras.initializers",
             "The cosines or sines of a short-time Fourier transform, windowed: a convolution's kernel.",
             {"stft", "STFTInitializer", "stft_initializer"},
             Doc{.raises = "ValueError: if `side` or `scaling` is unknown.", .example = R"py(
>>> keras.initializers.STFT(side="real")((8, 1, 5)).shape
(8, 1, 5))py"});

}  // namespace
}  // namespace lamina
