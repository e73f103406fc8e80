#include "layers/initializers/variance_scaling.h"

namespace lamina {

Fans compute_fans(const Shape& shape, const std::optional<std::vector<int>>& input_axes,
                  const std::optional<std::vector<int>>& output_axes) {
  if (input_axes && output_axes) {
    auto product = [&](const std::vector<int>& axes) {
      int64_t n = 1;
      for (int a : axes) n *= shape[normalize_axis(a, shape.rank())];
      return n;
    };
    return {product(*input_axes), product(*output_axes)};
  }
  if (shape.rank() == 0) return {1, 1};
  if (shape.rank() == 1) return {shape[0], shape[0]};
  int64_t field = 1;
  for (int i = 0; i < shape.rank() - 2; ++i) field *= shape[i];
  return {shape.at(-2) * field, shape.at(-1) * field};
}

Tensor scaled_by_fan(const Shape& shape, const Fans& fans, double scale, FanMode mode, Spread spread,
                     std::optional<DType> dtype, const Value& seed) {
  double in = static_cast<double>(fans.in), out = static_cast<double>(fans.out);
  double fan = mode == FanMode::in ? in : mode == FanMode::out ? out : (in + out) / 2;
  double variance = scale / std::max(1.0, fan);
  if (spread == Spread::uniform) {
    double limit = std::sqrt(3 * variance);
    return random::uniform(shape, -limit, limit, dtype, seed);
  }
  if (spread == Spread::normal) return random::normal(shape, 0, std::sqrt(variance), dtype, seed);
  constexpr double kTruncatedDeviation = .87962566103423978;  // of a standard normal cut at two deviations
  return random::truncated_normal(shape, 0, std::sqrt(variance) / kTruncatedDeviation, dtype, seed);
}

namespace {

using MaybeAxes = std::optional<std::vector<int>>;

struct VarianceScalingArgs {
  double scale = 1;
  std::string mode = "fan_in", distribution = "truncated_normal";
  Value seed;
  MaybeAxes input_axes, output_axes;
  void fields(Fields& f) {
    f("scale", scale, "Factor of the variance, above 0.");
    f("mode", mode, "What the variance is divided by: 'fan_in', 'fan_out' or their mean 'fan_avg'.");
    f("distribution", distribution, "'truncated_normal' ('normal' means the same), 'untruncated_normal' or 'uniform'.");
    f("seed", seed, "An int, a SeedGenerator or None.");
    f("input_axes", input_axes, "Axes that count as inputs, if the kernel is not (sizes..., in, out).");
    f("output_axes", output_axes, "Axes that count as outputs.");
  }
};

VarianceScalingArgs checked(VarianceScalingArgs a) {
  if (!(a.scale > 0)) throw ValueError("Argument `scale` must be positive float. Received: scale=", a.scale);
  if (a.mode != "fan_in" && a.mode != "fan_out" && a.mode != "fan_avg")
    throw ValueError("Invalid `mode` argument: ", a.mode, ". Please use one of 'fan_in', 'fan_out', 'fan_avg'");
  for (char& c : a.distribution) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (a.distribution == "normal") a.distribution = "truncated_normal";
  if (a.distribution != "uniform" && a.distribution != "truncated_normal" && a.distribution != "untruncated_normal")
    throw ValueError("Invalid `distribution` argument: ", a.distribution,
                     ". Please use one of 'uniform', 'truncated_normal', 'untruncated_normal'");
  return a;
}

FanMode mode_of(const std::string& name) {
  return name == "fan_in" ? FanMode::in : name == "fan_out" ? FanMode::out : FanMode::average;
}
Spread spread_of(const std::string& name) {
  return name == "uniform" ? Spread::uniform : name == "truncated_normal" ? Spread::truncated_normal : Spread::normal;
}

class VarianceScaling final : public RandomInitializer<VarianceScalingArgs> {
 public:
  explicit VarianceScaling(VarianceScalingArgs a) : RandomInitializer(checked(std::move(a))) {}
  std::string class_name() const override { return "VarianceScaling"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    return scaled_by_fan(shape, compute_fans(shape, args.input_axes, args.output_axes), args.scale, mode_of(args.mode),
                         spread_of(args.distribution), dtype, seed());
  }
};
LAMINA_CLASS(VarianceScaling, "keras.initializers",
             "Random values whose variance is `scale` divided by the number of inputs or outputs of a unit.",
             {"variance_scaling"},
             Doc{.raises = "ValueError: if `scale` is not positive, or `mode` or `distribution` is unknown.",
                 .source = "Glorot and Bengio (2010) and He et al. (2015), of which it is the common form.",
                 .example = R"py(
>>> keras.initializers.VarianceScaling(2.0, mode="fan_out", seed=1)((2, 3)).shape
(2, 3))py"});

// The named special cases, which only take a seed and axes.
struct FanArgs {
  Value seed;
  MaybeAxes input_axes, output_axes;
  void fields(Fields& f) {
    f("seed", seed, "An int, a SeedGenerator or None.");
    f("input_axes", input_axes, "Axes that count as inputs, if the kernel is not (sizes..., in, out).");
    f("output_axes", output_axes, "Axes that count as outputs.");
  }
};
template <int kScale, FanMode kMode, Spread kSpread>
class FanInitializer : public RandomInitializer<FanArgs> {
 public:
  using RandomInitializer::RandomInitializer;
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    return scaled_by_fan(shape, compute_fans(shape, args.input_axes, args.output_axes), scale_, mode_of(mode_),
                         spread_of(distribution_), dtype, seed());
  }
  void attributes(Fields& f) override {
    RandomInitializer::attributes(f);
    f("scale", scale_, "Factor of the variance.");
    f("mode", mode_, "What the variance is divided by.");
    f("distribution", distribution_, "What values are drawn from.");
  }

 private:
  double scale_ = kScale;
  std::string mode_ = kMode == FanMode::in ? "fan_in" : kMode == FanMode::out ? "fan_out" : "fan_avg";
  std::string distribution_ = kSpread == Spread::uniform ? "uniform" : "truncated_normal";
  static_assert(kSpread != Spread::normal);
};

class GlorotUniform final : public FanInitializer<1, FanMode::average, Spread::uniform> {
 public:
  using FanInitializer::FanInitializer;
  std::string class_name() const override { return "GlorotUniform"; }
};
LAMINA_CLASS(
    GlorotUniform, "keras.initializers", "Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).",
    {"glorot_uniform"},
    Doc{.source =
            "Glorot and Bengio, \"Understanding the Difficulty of Training Deep Feedforward Neural Networks\" (2010).",
        .example = R"py(
>>> keras.initializers.GlorotUniform(seed=1)((2, 3)).shape
(2, 3))py"});

class GlorotNormal final : public FanInitializer<1, FanMode::average, Spread::truncated_normal> {
 public:
  using FanInitializer::FanInitializer;
  std::string class_name() const override { return "GlorotNormal"; }
};
LAMINA_CLASS(
    GlorotNormal, "keras.initializers",
    "Truncated normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010).", {"glorot_normal"},
    Doc{.source =
            "Glorot and Bengio, \"Understanding the Difficulty of Training Deep Feedforward Neural Networks\" (2010).",
        .example = R"py(
>>> keras.initializers.GlorotNormal(seed=1)((2, 3)).shape
(2, 3))py"});

class LecunNormal final : public FanInitializer<1, FanMode::in, Spread::truncated_normal> {
 public:
  using FanInitializer::FanInitializer;
  std::string class_name() const override { return "LecunNormal"; }
};
LAMINA_CLASS(LecunNormal, "keras.initializers", "Truncated normal with variance 1 / fan_in (LeCun et al., 1998).",
             {"lecun_normal"}, Doc{.source = "LeCun et al., \"Efficient BackProp\" (1998).", .example = R"py(
>>> keras.initializers.LecunNormal(seed=1)((2, 3)).shape
(2, 3))py"});

class LecunUniform final : public FanInitializer<1, FanMode::in, Spread::uniform> {
 public:
  using FanInitializer::FanInitializer;
  std::string class_name() const override { return "LecunUniform"; }
};
LAMINA_CLASS(LecunUniform, "keras.initializers", "Uniform within sqrt(3 / fan_in) (LeCun et al., 1998).",
             {"lecun_uniform"}, Doc{.source = "LeCun et al., \"Efficient BackProp\" (1998).", .example = R"py(
>>> keras.initializers.LecunUniform(seed=1)((2, 3)).shape
(2, 3))py"});

class HeNormal final : public FanInitializer<2, FanMode::in, Spread::truncated_normal> {
 public:
  using FanInitializer::FanInitializer;
  std::string class_name() const override { return "HeNormal"; }
};
LAMINA_CLASS(HeNormal, "keras.initializers", "Truncated normal with variance 2 / fan_in (He et al., 2015).",
             {"he_normal"}, Doc{.source = "He et al., \"Delving Deep into Rectifiers\" (2015).", .example = R"py(
>>> keras.initializers.HeNormal(seed=1)((2, 3)).shape
(2, 3))py"});

class HeUniform final : public FanInitializer<2, FanMode::in, Spread::uniform> {
 public:
  using FanInitializer::FanInitializer;
  std::string class_name() const override { return "HeUniform"; }
};
LAMINA_CLASS(HeUniform, "keras.initializers", "Uniform within sqrt(6 / fan_in) (He et al., 2015).", {"he_uniform"},
             Doc{.source = "He et al., \"Delving Deep into Rectifiers\" (2015).", .example = R"py(
>>> keras.initializers.HeUniform(seed=1)((2, 3)).shape
(2, 3))py"});

}  // namespace
}  // namespace lamina
