#include "layers/initializers/random_initializer.h"

namespace lamina {

Value initializer_seed(const Value& given) {
  if (given.is_none()) return make_default_seed();
  if (given.is_int()) return given;
  if (given.object_as<SeedGenerator>()) return given;
  if (is_serialized_object(given))
    if (ObjectPtr made = get_object(given, "keras.random"); std::dynamic_pointer_cast<SeedGenerator>(made)) return made;
  throw ValueError(
      "`seed` argument should be an instance of `keras.random.SeedGenerator()` or an integer. Received: seed=",
      given.repr());
}

namespace {

struct NormalArgs {
  double mean = 0, stddev = 0.05;
  Value seed;
  void fields(Fields& f) {
    f("mean", mean, "The centre of the distribution.");
    f("stddev", stddev, "Its standard deviation.");
    f("seed", seed, "An int, a SeedGenerator or None.");
  }
};

class RandomNormal final : public RandomInitializer<NormalArgs> {
 public:
  using RandomInitializer::RandomInitializer;
  std::string class_name() const override { return "RandomNormal"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    return random::normal(shape, args.mean, args.stddev, dtype, seed());
  }
};
LAMINA_CLASS(RandomNormal, "keras.initializers", "Normally distributed values.", {"random_normal", "normal"},
             Doc{.example = R"py(
>>> keras.initializers.RandomNormal(stddev=0.1, seed=1)((2, 3)).shape
(2, 3))py"});

class TruncatedNormal final : public RandomInitializer<NormalArgs> {
 public:
  using RandomInitializer::RandomInitializer;
  std::string class_name() const override { return "TruncatedNormal"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    return random::truncated_normal(shape, args.mean, args.stddev, dtype, seed());
  }
};
LAMINA_CLASS(TruncatedNormal, "keras.initializers",
             "Normally distributed values within two standard deviations of the mean.", {"truncated_normal"},
             Doc{.example = R"py(
>>> keras.initializers.TruncatedNormal(stddev=0.1, seed=1)((2, 3)).shape
(2, 3))py"});

struct UniformArgs {
  double minval = -0.05, maxval = 0.05;
  Value seed;
  void fields(Fields& f) {
    f("minval", minval, "Lower bound, included.");
    f("maxval", maxval, "Upper bound, not included.");
    f("seed", seed, "An int, a SeedGenerator or None.");
  }
};
class RandomUniform final : public RandomInitializer<UniformArgs> {
 public:
  using RandomInitializer::RandomInitializer;
  std::string class_name() const override { return "RandomUniform"; }
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    return random::uniform(shape, args.minval, args.maxval, dtype, seed());
  }
};
LAMINA_CLASS(RandomUniform, "keras.initializers", "Evenly distributed values: minval <= x < maxval.",
             {"random_uniform", "uniform"}, Doc{.example = R"py(
>>> keras.initializers.RandomUniform(-1.0, 1.0, seed=1)((2, 3)).shape
(2, 3))py"});

}  // namespace
}  // namespace lamina
