// Random initializers. Numbers come from Philox: one int seed gives the same tensor on every engine.
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/random.h"
#include "backends/ops/random/seed_generator.h"
#include "layers/initializers/initializer.h"

namespace lamina {

namespace {

DType or_floatx(std::optional<DType> dtype) { return dtype.value_or(settings().floatx()); }

// The seed to draw with: the argument, or one drawn when the initializer was made (its config still says None).
class Seed {
 public:
  explicit Seed(const Value& given) : source_(given.is_none() ? Value(make_default_seed()) : given) {}
  const Value& source() const { return source_; }

 private:
  Value source_;
};

struct RandomNormalArgs {
  double mean = 0, stddev = 0.05;
  Value seed;
  void fields(Fields& f) {
    f("mean", mean, "Mean.");
    f("stddev", stddev, "Standard deviation.");
    f("seed", seed, "An int or a SeedGenerator.");
  }
};
class RandomNormal final : public Config<Initializer, RandomNormalArgs> {
 public:
  explicit RandomNormal(RandomNormalArgs a = {}) : Config(std::move(a)), seed_(args.seed) {}
  std::string class_name() const override { return "RandomNormal"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override { return random::normal(shape, args.mean, args.stddev, or_floatx(dtype), seed_.source()); }

 private:
  Seed seed_;
};
LAMINA_CLASS(RandomNormal, "keras.initializers", "Normal distribution.", {"random_normal", "normal"});

class TruncatedNormal final : public Config<Initializer, RandomNormalArgs> {
 public:
  explicit TruncatedNormal(RandomNormalArgs a = {}) : Config(std::move(a)), seed_(args.seed) {}
  std::string class_name() const override { return "TruncatedNormal"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override { return random::truncated_normal(shape, args.mean, args.stddev, or_floatx(dtype), seed_.source()); }

 private:
  Seed seed_;
};
LAMINA_CLASS(TruncatedNormal, "keras.initializers", "Normal distribution cut at two standard deviations.", {"truncated_normal"});

struct RandomUniformArgs {
  double minval = -0.05, maxval = 0.05;
  Value seed;
  void fields(Fields& f) {
    f("minval", minval, "Lower bound, inclusive.");
    f("maxval", maxval, "Upper bound, exclusive.");
    f("seed", seed, "An int or a SeedGenerator.");
  }
};
class RandomUniform final : public Config<Initializer, RandomUniformArgs> {
 public:
  explicit RandomUniform(RandomUniformArgs a = {}) : Config(std::move(a)), seed_(args.seed) {}
  std::string class_name() const override { return "RandomUniform"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override { return random::uniform(shape, args.minval, args.maxval, or_floatx(dtype), seed_.source()); }

 private:
  Seed seed_;
};
LAMINA_CLASS(RandomUniform, "keras.initializers", "Uniform distribution.", {"random_uniform", "uniform"});

// (fan in, fan out) of a kernel: the last two axes times the receptive field before them.
std::pair<double, double> fans(const Shape& shape) {
  if (shape.rank() < 1) return {1, 1};
  if (shape.rank() == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  double field = 1;
  for (int i = 0; i < shape.rank() - 2; ++i) field *= static_cast<double>(shape[i]);
  return {static_cast<double>(shape.at(-2)) * field, static_cast<double>(shape.at(-1)) * field};
}

// stddev^2 or limit^2/3 = scale / fan (Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998).
Tensor scaled(const Shape& shape, DType dtype, double scale, const std::string& mode, const std::string& distribution, const Value& seed) {
  auto [in, out] = fans(shape);
  double n = mode == "fan_in" ? in : mode == "fan_out" ? out : (in + out) / 2;
  scale /= std::max(1.0, n);
  if (distribution == "truncated_normal") return random::truncated_normal(shape, 0, std::sqrt(scale) / 0.87962566103423978, dtype, seed);
  if (distribution == "untruncated_normal") return random::normal(shape, 0, std::sqrt(scale), dtype, seed);
  double limit = std::sqrt(3 * scale);
  return random::uniform(shape, -limit, limit, dtype, seed);
}

struct VarianceScalingArgs {
  double scale = 1;
  std::string mode = "fan_in", distribution = "truncated_normal";
  Value seed;
  void fields(Fields& f) {
    f("scale", scale, "Factor of the variance, positive.");
    f("mode", mode, "\"fan_in\", \"fan_out\" or \"fan_avg\".");
    f("distribution", distribution, "\"truncated_normal\", \"untruncated_normal\" or \"uniform\".");
    f("seed", seed, "An int or a SeedGenerator.");
  }
};
class VarianceScaling final : public Config<Initializer, VarianceScalingArgs> {
 public:
  explicit VarianceScaling(VarianceScalingArgs a = {}) : Config(std::move(a)), seed_(args.seed) {
    if (args.scale <= 0) throw ValueError("Argument `scale` must be positive float. Received: scale=", args.scale);
    for (char& c : args.mode) c = static_cast<char>(std::tolower(c));
    for (char& c : args.distribution) c = static_cast<char>(std::tolower(c));
    if (args.mode != "fan_in" && args.mode != "fan_out" && args.mode != "fan_avg") throw ValueError("Invalid `mode` argument: ", args.mode, ". Please use one of ('fan_in', 'fan_out', 'fan_avg').");
    if (args.distribution == "normal") args.distribution = "truncated_normal";
    if (args.distribution != "uniform" && args.distribution != "truncated_normal" && args.distribution != "untruncated_normal")
      throw ValueError("Invalid `distribution` argument: ", args.distribution, ". Please use one of ('uniform', 'truncated_normal', 'untruncated_normal').");
  }
  std::string class_name() const override { return "VarianceScaling"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override { return scaled(shape, or_floatx(dtype), args.scale, args.mode, args.distribution, seed_.source()); }

 private:
  Seed seed_;
};
LAMINA_CLASS(VarianceScaling, "keras.initializers", "Variance adapted to the shape of the weights.", {"variance_scaling"});

struct SeedArgs {
  Value seed;
  void fields(Fields& f) { f("seed", seed, "An int or a SeedGenerator."); }
};
#define LAMINA_SCALED(NAME, ALIAS, SCALE, MODE, DISTRIBUTION, DOC)                                              \
  class NAME final : public Config<Initializer, SeedArgs> {                                                     \
   public:                                                                                                      \
    explicit NAME(SeedArgs a = {}) : Config(std::move(a)), seed_(args.seed) {}                                  \
    std::string class_name() const override { return #NAME; }                                                   \
    Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {                          \
      return scaled(shape, or_floatx(dtype), SCALE, MODE, DISTRIBUTION, seed_.source());                        \
    }                                                                                                           \
                                                                                                                \
   private:                                                                                                     \
    Seed seed_;                                                                                                 \
  };                                                                                                            \
  LAMINA_CLASS(NAME, "keras.initializers", DOC, {ALIAS});
LAMINA_SCALED(GlorotUniform, "glorot_uniform", 1.0, "fan_avg", "uniform", "Glorot and Bengio, 2010: uniform.")
LAMINA_SCALED(GlorotNormal, "glorot_normal", 1.0, "fan_avg", "truncated_normal", "Glorot and Bengio, 2010: truncated normal.")
LAMINA_SCALED(HeUniform, "he_uniform", 2.0, "fan_in", "uniform", "He et al., 2015: uniform.")
LAMINA_SCALED(HeNormal, "he_normal", 2.0, "fan_in", "truncated_normal", "He et al., 2015: truncated normal.")
LAMINA_SCALED(LecunUniform, "lecun_uniform", 1.0, "fan_in", "uniform", "LeCun et al., 1998: uniform.")
LAMINA_SCALED(LecunNormal, "lecun_normal", 1.0, "fan_in", "truncated_normal", "LeCun et al., 1998: truncated normal.")

}  // namespace
}  // namespace lamina
