#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomSharpnessArgs : ImageArgs {
  Value factor, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor, "0 smooths, 0.5 changes nothing, 1 sharpens: f for (0, f), or two numbers.").required();
    f("value_range", value_range, "The smallest and largest value of images.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

class RandomSharpnessLayer final : public ColourLayerWith<RandomSharpnessArgs> {
 public:
  explicit RandomSharpnessLayer(RandomSharpnessArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = factor_range(args.factor, "factor", 0, 1, FactorBounds::overlapping).pair();
    args.value_range = sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomSharpness"; }
  Value get_random_transformation(const Value& data, bool, const Value& seed) override {
    const List& range = args.factor.as_list();
    return Dict{{"factor", random::uniform({count_images(images_of(data).shape())}, range[0].as_number(),
                                           range[1].as_number(), {}, seed_or_own(seed))}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    const Tensor given = ops::cast(images, compute_dtype());
    if (!training) return given;
    const Tensor x = channels_last() ? given : ops::transpose(given, std::vector<int>{0, 2, 3, 1});
    const Tensor by = over_images(ops::cast(part_of(transformation, "factor") * 2.0, compute_dtype()));
    constexpr float around = 1.0f / 13, centre = 5.0f / 13;  // as Pillow's SMOOTH filter
    std::vector<float> weights(9, around);
    weights[4] = centre;
    const int64_t channels = x.shape()[3];
    const Tensor kernel =
        ops::broadcast_to(ops::cast(Tensor::of(weights, {3, 3, 1, 1}), compute_dtype()), {3, 3, channels, 1});
    const Tensor smooth = ops::depthwise_conv(x, kernel, {1}, "same", "channels_last");
    const Tensor out = cut_to_range(x + (1.0 - by) * (smooth - x), args.value_range);
    return channels_last() ? out : ops::transpose(out, std::vector<int>{0, 3, 1, 2});
  }
};
LAMINA_LAYER(RandomSharpnessLayer, "RandomSharpness", "Smooths or sharpens images by a random amount.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1, or `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomSharpness(0.5)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
