#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomHueArgs : ImageArgs {
  Value factor, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor, "Hues turn by up to factor / 2 of the circle, either way: f for (0, f), or two numbers.")
        .required();
    f("value_range", value_range, "The smallest and largest value of images.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

class RandomHueLayer final : public ColourLayerWith<RandomHueArgs> {
 public:
  explicit RandomHueLayer(RandomHueArgs a = {}, LayerArgs base = {}) : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = factor_range(args.factor, "factor", 0, 1, FactorBounds::overlapping).pair();
    sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomHue"; }
  Value get_random_transformation(const Value& data, bool, const Value& seed) override {
    const Shape count = {count_images(images_of(data).shape())};
    const List& range = args.factor.as_list();
    const Tensor way =
        ops::where(ops::greater(random::uniform(count, 0.0, 1.0, {}, seed_or_own(seed)), 0.5), -1.0, 1.0);
    const Tensor by = random::uniform(count, range[0].as_number(), range[1].as_number(), {}, seed_or_own(seed));
    return Dict{{"factor", way * by * 0.5}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Value unit = Value::tuple({0, 1});
    const Tensor x = to_range(ops::cast(images, compute_dtype()), args.value_range, unit, DType::float32);
    const Tensor by = over_images(ops::cast(part_of(transformation, "factor"), x.dtype()));
    Tensors hsv = ops::split(ops::image::rgb_to_hsv(x, format()), 3, channel_axis());
    Tensor hue = hsv[0] + by;
    hue = ops::where(ops::greater(hue, 1.0), hue - 1.0, hue);
    hue = ops::where(ops::less(hue, 0.0), hue + 1.0, hue);
    const Tensor rgb = ops::image::hsv_to_rgb(ops::concatenate({hue, hsv[1], hsv[2]}, channel_axis()), format());
    return ops::cast(to_range(ops::clip(rgb, 0, 1), unit, args.value_range, DType::float32), compute_dtype());
  }
};
LAMINA_LAYER(RandomHueLayer, "RandomHue", "Turns the hues of colour images by a random angle.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1, or images have other than 3 channels.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomHue(0.5)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
