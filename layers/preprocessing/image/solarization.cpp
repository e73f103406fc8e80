#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct SolarizationArgs : ImageArgs {
  Value addition_factor = 0.0, threshold_factor = 0.0, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("addition_factor", addition_factor, "Shares of 255 to add: f for (0, f), or two numbers.");
    f("threshold_factor", threshold_factor, "Shares of 255 from which on values are inverted, likewise.");
    f("value_range", value_range, "The smallest and largest value of images.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

Value positive_range(const Value& factor, const char* name) {
  if (factor.is_sequence()) return factor_range(factor, name, 0, 1).pair();
  factor_range(factor, name, 0, 1);
  return Value::tuple({0, factor});
}

class SolarizationLayer final : public ColourLayerWith<SolarizationArgs> {
 public:
  explicit SolarizationLayer(SolarizationArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.addition_factor = positive_range(args.addition_factor, "addition_factor");
    args.threshold_factor = positive_range(args.threshold_factor, "threshold_factor");
    args.value_range = sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "Solarization"; }
  // As in Keras, lower bounds are numbers of 0..255 already.
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = one_per_image(images_of(data).shape());
    auto draw = [&](const Value& range) {
      return random::uniform(shape, range.as_list()[0].as_number(), range.as_list()[1].as_number() * 255,
                             compute_dtype(), seed_or_own(seed));
    };
    const Tensor additions = draw(args.addition_factor), thresholds = draw(args.threshold_factor);
    return Dict{{"additions", additions}, {"thresholds", thresholds}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    Tensor x = ops::cast(images, compute_dtype());
    if (!training || transformation.is_none()) return x;
    x = to_range(x, args.value_range, colour_range(), compute_dtype());
    x = ops::clip(x + part_of(transformation, "additions"), 0, 255);
    x = ops::where(ops::less(x, part_of(transformation, "thresholds")), x, 255.0 - x);
    return to_range(x, colour_range(), args.value_range, compute_dtype());
  }
};
LAMINA_LAYER(SolarizationLayer, "Solarization", "Adds to all values, and inverts those from a threshold on.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if a factor is not within 0 and 1, or `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.Solarization()(keras.ops.ones((1, 1, 1, 1)))
<Tensor shape=(1, 1, 1, 1), dtype=float32, values=[[[[254.]]]]>)py"});

}  // namespace
}  // namespace lamina
