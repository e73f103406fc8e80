#include "backends/core/settings.h"
#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomSaturationArgs : ImageArgs {
  Value factor, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor, "Saturation is multiplied by f / (1 - f), f drawn within it: 0.5 changes nothing.").required();
    f("value_range", value_range, "The smallest and largest value of images.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

class RandomSaturationLayer final : public ColourLayerWith<RandomSaturationArgs> {
 public:
  explicit RandomSaturationLayer(RandomSaturationArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = factor_range(args.factor, "factor", -1, 1, FactorBounds::overlapping).pair();
    args.value_range = sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomSaturation"; }
  DType transformed_dtype(DType images) const override { return is_float(images) ? images : compute_dtype(); }
  Value get_random_transformation(const Value& data, bool, const Value& seed) override {
    const List& range = args.factor.as_list();
    const Tensor f = random::uniform({count_images(images_of(data).shape())}, range[0].as_number(),
                                     range[1].as_number(), {}, seed_or_own(seed));
    return Dict{{"factor", f / (1.0 - f + settings().epsilon())}};
  }
  // Keras cuts the saturation, which lies in 0..1, to the range of the images' values.
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Tensor x = is_float(images.dtype()) ? images : ops::cast(images, compute_dtype());
    const Tensor by = over_images(ops::cast(part_of(transformation, "factor"), compute_dtype()));
    Tensors hsv = ops::split(ops::image::rgb_to_hsv(x, format()), 3, channel_axis());
    const Tensor saturation = cut_to_range(hsv[1] * by, args.value_range);
    return ops::image::hsv_to_rgb(ops::concatenate({hsv[0], saturation, hsv[2]}, channel_axis()), format());
  }
};
LAMINA_LAYER(RandomSaturationLayer, "RandomSaturation",
             "Multiplies the saturation of colour images by a random number.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within -1 and 1, or images have other than 3 channels.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomSaturation((0.2, 0.8))(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
