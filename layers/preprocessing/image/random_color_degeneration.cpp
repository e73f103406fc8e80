#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomColorDegenerationArgs : ImageArgs {
  Value factor, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor, "How much of an image becomes grey: f for (-f, f), or two numbers.").required();
    f("value_range", value_range, "The smallest and largest value of images.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

class RandomColorDegenerationLayer final : public ColourLayerWith<RandomColorDegenerationArgs> {
 public:
  explicit RandomColorDegenerationLayer(RandomColorDegenerationArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = factor_range(args.factor, "factor", -1, 1, FactorBounds::overlapping).pair();
    args.value_range = sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomColorDegeneration"; }
  Value get_random_transformation(const Value& data, bool, const Value& seed) override {
    const List& range = args.factor.as_list();
    return Dict{{"factor", random::uniform({count_images(images_of(data).shape()), 1, 1, 1}, range[0].as_number(),
                                           range[1].as_number(), {}, seed_or_own(seed))}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Tensor x = ops::cast(images, compute_dtype());
    const Tensor by = ops::cast(part_of(transformation, "factor"), compute_dtype());
    return cut_to_range(x + by * (ops::image::rgb_to_grayscale(x, format()) - x), args.value_range);
  }
};
LAMINA_LAYER(RandomColorDegenerationLayer, "RandomColorDegeneration", "Mixes colour images with their grey ones.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within -1 and 1, or `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomColorDegeneration(0.5)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
