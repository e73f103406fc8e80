#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomPosterizationArgs : ImageArgs {
  Value factor, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor, "The bits that are kept of 8: f for 1 to f - 1, or two numbers likewise; equal ones are meant.")
        .required();
    f("value_range", value_range, "The smallest and largest value of images.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

class RandomPosterizationLayer final : public ColourLayerWith<RandomPosterizationArgs> {
 public:
  explicit RandomPosterizationLayer(RandomPosterizationArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = factor_range(args.factor, "factor", 1, 8, FactorBounds::overlapping).pair();
    args.value_range = sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomPosterization"; }
  Value get_random_transformation(const Value& data, bool, const Value& seed) override {
    const Shape count = {count_images(images_of(data).shape())};
    const double low = args.factor.as_list()[0].as_number(), high = args.factor.as_list()[1].as_number();
    const Tensor bits = low == high ? ops::full(count, low, DType::uint8)
                                    : random::randint(count, low, high, DType::uint8, seed_or_own(seed));
    return Dict{{"shift_factor", ops::subtract(ops::full(count, 8, DType::uint8), bits)}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Tensor by = over_images(ops::cast(part_of(transformation, "shift_factor"), DType::uint8));
    const Tensor x = ops::cast(to_range(images, args.value_range, colour_range(), compute_dtype()), DType::uint8);
    const Tensor kept = ops::bitwise_left_shift(ops::bitwise_right_shift(x, by), by);
    return to_range(ops::cast(kept, compute_dtype()), colour_range(), args.value_range, compute_dtype());
  }
};
LAMINA_LAYER(RandomPosterizationLayer, "RandomPosterization", "Keeps the highest bits of colours alone.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 1 and 8, or `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomPosterization((3, 3))(keras.ops.full((1, 1, 1, 1), 100.0))
<Tensor shape=(1, 1, 1, 1), dtype=float32, values=[[[[96.]]]]>)py"});

}  // namespace
}  // namespace lamina
