// Layers that act in training only: Dropout, GaussianNoise, GaussianDropout; and ActivityRegularization.
#include "backends/core/constant_value.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/seed_source.h"

namespace lamina {

namespace {

struct DropoutArgs {
  double rate = 0;
  Value noise_shape, seed;
  void fields(Fields& f) {
    f("rate", rate, "Share of the inputs to drop, in [0, 1].").required();
    f("noise_shape", noise_shape, "Shape of the mask, broadcast over the input; None entries take the input's size.");
    f("seed", seed, "An int or a SeedGenerator.");
  }
};
// In training each element is 0 with probability rate, else scaled by 1 / (1 - rate).
class DropoutLayer final : public LayerWith<DropoutArgs> {
 public:
  explicit DropoutLayer(DropoutArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    check_rate(args.rate);
    args.noise_shape = plain_numbers(args.noise_shape);
    check_noise_shape();
    supports_masking_ = true;
    if (args.rate > 0) source_ = make_seed_source(*this, args.seed);
    set_built(true);
  }
  std::string class_name() const override { return "Dropout"; }
  bool call_takes_training() const override { return true; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext& c) override {
    if (!c.training || args.rate == 0) return x;
    std::optional<Shape> noise;
    if (!args.noise_shape.is_none()) noise = args.noise_shape.as_shape();
    if (noise)
      for (int i = 0; i < noise->rank(); ++i)
        if ((*noise)[i] == Shape::kUnknown) (*noise)[i] = x.shape()[i];
    return random::dropout(x, args.rate, noise, source_);
  }

 private:
  void check_noise_shape() const {
    const Value& v = args.noise_shape;
    auto fail = [&](const char* expected) {
      throw ValueError("Invalid value received for argument `noise_shape`. Expected ", expected,
                       ". Received: noise_shape=", v.repr());
    };
    if (v.is_none()) return;
    if (!v.is_sequence()) fail("a tuple or list of integers");
    for (const Value& d : v.as_list()) {
      if (!d.is_none() && !d.is_int()) fail("all elements to be integers or None");
      if (d.is_int() && d.as_int() <= 0) fail("all dimensions to be positive integers or None");
    }
  }
  Value source_;
};
LAMINA_LAYER(
    DropoutLayer, "Dropout", "Drops inputs at random in training.",
    Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
        .input = "Any.",
        .output = "That of the input.",
        .raises = about::rate_raises,
        .source = "Srivastava et al., \"Dropout: A Simple Way to Prevent Neural Networks from Overfitting\" (2014).",
        .example = R"py(
>>> keras.layers.Dropout(0.5)(keras.ops.array([1.0, 2.0]), training=False)
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"});

struct GaussianArgs {
  double stddev = 0;
  Value seed;
  void fields(Fields& f) {
    f("stddev", stddev, "Standard deviation of the noise.").required();
    f("seed", seed, "An int or a SeedGenerator.");
  }
};
class GaussianNoiseLayer final : public LayerWith<GaussianArgs> {
 public:
  explicit GaussianNoiseLayer(GaussianArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!(args.stddev >= 0 && args.stddev <= 1))
      throw ValueError(
          "Invalid value received for argument `stddev`. Expected a float value between 0 and 1. Received: stddev=",
          args.stddev);
    supports_masking_ = true;
    if (args.stddev > 0) source_ = make_seed_source(*this, args.seed);
    set_built(true);
  }
  std::string class_name() const override { return "GaussianNoise"; }
  bool call_takes_training() const override { return true; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext& c) override {
    if (!c.training || args.stddev == 0 || !x.shape().known()) return x;
    return prim::add(x, random::normal(x.shape(), 0, args.stddev, x.dtype(), source_));
  }

 private:
  Value source_;
};
LAMINA_LAYER(GaussianNoiseLayer, "GaussianNoise", "Adds Gaussian noise in training.",
             Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
                 .input = "Any.",
                 .output = "That of the input.",
                 .raises = "ValueError: if `stddev` is not between 0 and 1.",
                 .example = R"py(
>>> keras.layers.GaussianNoise(0.5)(keras.ops.array([1.0, 2.0]), training=False)
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"});

struct GaussianDropoutArgs {
  double rate = 0;
  Value seed;
  void fields(Fields& f) {
    f("rate", rate, "As Dropout's rate: the noise has standard deviation sqrt(rate / (1 - rate)).").required();
    f("seed", seed, "An int or a SeedGenerator.");
  }
};
class GaussianDropoutLayer final : public LayerWith<GaussianDropoutArgs> {
 public:
  explicit GaussianDropoutLayer(GaussianDropoutArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    check_rate(args.rate);
    supports_masking_ = true;
    if (args.rate > 0) source_ = make_seed_source(*this, args.seed);
    set_built(true);
  }
  std::string class_name() const override { return "GaussianDropout"; }
  bool call_takes_training() const override { return true; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext& c) override {
    if (!c.training || args.rate == 0 || !x.shape().known()) return x;
    return prim::multiply(x, random::normal(x.shape(), 1, std::sqrt(args.rate / (1 - args.rate)), x.dtype(), source_));
  }

 private:
  Value source_;
};
LAMINA_LAYER(
    GaussianDropoutLayer, "GaussianDropout", "Multiplies by Gaussian noise around 1 in training.",
    Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
        .input = "Any.",
        .output = "That of the input.",
        .raises = about::rate_raises,
        .source = "Srivastava et al., \"Dropout: A Simple Way to Prevent Neural Networks from Overfitting\" (2014).",
        .example = R"py(
>>> keras.layers.GaussianDropout(0.5)(keras.ops.array([1.0, 2.0]), training=False)
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"});

struct ActivityRegularizationArgs {
  double l1 = 0, l2 = 0;
  void fields(Fields& f) {
    f("l1", l1, "Factor of sum(|x|).");
    f("l2", l2, "Factor of sum(x^2).");
  }
};
class ActivityRegularizationLayer final : public LayerWith<ActivityRegularizationArgs> {
 public:
  explicit ActivityRegularizationLayer(ActivityRegularizationArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    supports_masking_ = true;
    Value config = Dict{{"class_name", "L1L2"},
                        {"module", "keras.regularizers"},
                        {"config", Dict{{"l1", args.l1}, {"l2", args.l2}}},
                        {"registered_name", Value()}};
    set_activity_regularizer(RegularizerRef::from(config));
    set_built(true);
  }
  std::string class_name() const override { return "ActivityRegularization"; }
  Dict get_config() const override {
    Dict c = LayerWith::get_config();
    c.erase("activity_regularizer");
    return c;
  }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override { return x; }
};
LAMINA_LAYER(ActivityRegularizationLayer, "ActivityRegularization", "A penalty on its input.",
             Doc{.call = about::inputs, .input = "Any.", .output = "That of the input.", .example = R"py(
>>> layer = keras.layers.ActivityRegularization(l2=0.5)
>>> x = layer(keras.ops.array([[1.0, 2.0]]))
>>> layer.losses
[<Tensor shape=(), dtype=float32, values=2.5>])py"});

}  // namespace
}  // namespace lamina
