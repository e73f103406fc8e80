// SpatialDropout1D/2D/3D and AlphaDropout.
#include "backends/core/constant_value.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/reshaping/spatial.h"
#include "layers/seed_source.h"

namespace lamina {

namespace {

template <int N>
struct SpatialDropoutArgs {
  double rate = 0;
  Value data_format, seed;
  void fields(Fields& f) {
    f("rate", rate, "Share of the channels to drop, in [0, 1].").required();
    if constexpr (N > 1) f("data_format", data_format, "\"channels_last\" or \"channels_first\".");
    f("seed", seed, "An int or a SeedGenerator.");
  }
};

// In training whole channels of a sample are 0 with probability rate, the others scaled by 1 / (1 - rate) (Tompson et
// al., 2014).
template <int N>
class SpatialDropoutLayer : public LayerWith<SpatialDropoutArgs<N>> {
 public:
  using Args = SpatialDropoutArgs<N>;
  explicit SpatialDropoutLayer(Args a = {}, LayerArgs base = {}) : LayerWith<Args>(std::move(a), std::move(base)) {
    check_rate(this->args.rate);
    if (N > 1) last_ = spatial::channels_last(this->args.data_format);
    this->supports_masking_ = true;
    if (this->args.rate > 0) source_ = make_seed_source(*this, this->args.seed);
    this->input_spec_ = {spatial::of_rank(N + 2)};
    this->set_built(true);
  }
  std::string class_name() const override { return text("SpatialDropout", N, "D"); }
  // Keras' class takes these arguments and no others.
  Dict get_config() const override {
    Dict config{{"rate", this->args.rate},
                {"seed", this->args.seed},
                {"name", this->name()},
                {"dtype", std::string(name_of(this->variable_dtype()))}};
    if (N > 1) config.set("data_format", this->args.data_format);
    return config;
  }
  bool call_takes_training() const override { return true; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext& c) override {
    if (!c.training || this->args.rate == 0) return x;
    Shape noise = x.shape();
    for (int i = 0; i < N; ++i) noise[i + (last_ ? 1 : 2)] = 1;
    return random::dropout(x, this->args.rate, noise, source_);
  }

 private:
  bool last_ = true;
  Value source_;
};
using SpatialDropout1D = SpatialDropoutLayer<1>;
using SpatialDropout2D = SpatialDropoutLayer<2>;
using SpatialDropout3D = SpatialDropoutLayer<3>;
LAMINA_LAYER(SpatialDropout1D, "SpatialDropout1D", "Drops whole channels of sequences at random in training.",
             Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
                 .input = "A tensor (batch, steps, channels).",
                 .output = "That of the input.",
                 .raises = about::rate_raises,
                 .source = "Tompson et al., \"Efficient Object Localization Using Convolutional Networks\" (2015).",
                 .example = R"py(
>>> keras.layers.SpatialDropout1D(0.5)(keras.ops.ones((1, 2, 3)), training=False).shape
(1, 2, 3))py"});
LAMINA_LAYER(SpatialDropout2D, "SpatialDropout2D", "Drops whole channels of images at random in training.",
             Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
                 .input = about::image,
                 .output = "That of the input.",
                 .raises = about::rate_raises,
                 .source = "Tompson et al., \"Efficient Object Localization Using Convolutional Networks\" (2015).",
                 .example = R"py(
>>> keras.layers.SpatialDropout2D(0.5)(keras.ops.ones((1, 2, 2, 3)), training=False).shape
(1, 2, 2, 3))py"});
LAMINA_LAYER(SpatialDropout3D, "SpatialDropout3D", "Drops whole channels of volumes at random in training.",
             Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
                 .input = about::volume,
                 .output = "That of the input.",
                 .raises = about::rate_raises,
                 .source = "Tompson et al., \"Efficient Object Localization Using Convolutional Networks\" (2015).",
                 .example = R"py(
>>> keras.layers.SpatialDropout3D(0.5)(keras.ops.ones((1, 2, 2, 2, 3)), training=False).shape
(1, 2, 2, 2, 3))py"});

struct AlphaDropoutArgs {
  double rate = 0;
  Value noise_shape, seed;
  void fields(Fields& f) {
    f("rate", rate, "Share of the inputs to drop, in [0, 1].").required();
    f("noise_shape", noise_shape, "Shape of the mask, broadcast over the input; None entries take the input's size.");
    f("seed", seed, "An int or a SeedGenerator.");
  }
};
// Dropout that keeps mean and variance of selu's outputs: dropped elements take selu's lower limit, and an affine map
// restores the moments (Klambauer et al., 2017).
class AlphaDropoutLayer final : public LayerWith<AlphaDropoutArgs> {
 public:
  explicit AlphaDropoutLayer(AlphaDropoutArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    check_rate(args.rate);
    args.noise_shape = plain_numbers(args.noise_shape);
    supports_masking_ = true;
    if (args.rate > 0) source_ = make_seed_source(*this, args.seed);
    set_built(true);
  }
  std::string class_name() const override { return "AlphaDropout"; }
  bool call_takes_training() const override { return true; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext& c) override {
    if (!c.training || args.rate == 0) return x;
    Shape noise = args.noise_shape.is_none() ? x.shape() : args.noise_shape.as_shape();
    for (int i = 0; i < noise.rank() && i < x.rank(); ++i)
      if (noise[i] < 0) noise[i] = x.shape()[i];
    if (!noise.known() || !x.shape().known()) return x;
    constexpr double lowest = -1.6732632423543772 * 1.0507009873554805;
    const double a = 1 / std::sqrt((1 - args.rate) * (1 + args.rate * lowest * lowest)), b = -a * lowest * args.rate;
    Tensor keep = ops::greater_equal(random::uniform(noise, 0.0, 1.0, DType::float32, source_), args.rate);
    return prim::where(keep, prim::add(prim::multiply(x, a), b), prim::full({}, a * lowest + b, x.dtype()));
  }

 private:
  Value source_;
};
LAMINA_LAYER(AlphaDropoutLayer, "AlphaDropout", "Dropout that keeps mean and variance, for selu.",
             Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
                 .input = "Any.",
                 .output = "That of the input.",
                 .raises = about::rate_raises,
                 .source = "Klambauer et al., \"Self-Normalizing Neural Networks\" (2017).",
                 .example = R"py(
>>> keras.layers.AlphaDropout(0.5)(keras.ops.array([1.0, 2.0]), training=False)
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"});

}  // namespace
}  // namespace lamina
