#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomBrightnessArgs : ImageArgs {
  Value factor, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor, "How much of the range to add at most: f for (-f, f), or two numbers.").required();
    f("value_range", value_range, "The smallest and largest value of images.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomBrightnessLayer final : public ImageLayerWith<RandomBrightnessArgs> {
 public:
  explicit RandomBrightnessLayer(RandomBrightnessArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor =
        factor_range(args.factor.is_none() ? 0.0 : args.factor, "factor", -1, 1, FactorBounds::overlapping).pair();
    source_ = make_seed_source(*this, args.seed);
    args.value_range = sorted_value_range(args.value_range);
  }
  std::string class_name() const override { return "RandomBrightness"; }
  DType transformed_dtype(DType images) const override { return images; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    const Shape shape = one_per_image(images_of(data).shape());
    if (!training) return Dict{{"rgb_delta", ops::zeros(shape)}};
    const List &factor = args.factor.as_list(), &range = args.value_range.as_list();
    const Tensor u = random::uniform(shape, factor[0].as_number(), factor[1].as_number(), {}, seed_or_own(seed));
    return Dict{{"rgb_delta", u * (range[1].as_number() - range[0].as_number())}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Tensor delta = ops::cast(transformation.as_dict().at("rgb_delta").as_tensor(), images.dtype());
    const List& range = args.value_range.as_list();
    return ops::clip(images + delta, value_to<Operand>(range[0]), value_to<Operand>(range[1]));
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value&, bool) override { return masks; }
};
LAMINA_LAYER(RandomBrightnessLayer, "RandomBrightness", "Adds a random number to all of an image.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within -1 and 1, or `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> layer = keras.layers.RandomBrightness(0.2)
>>> layer(keras.ops.ones((1, 1, 1, 1)), training=False)
<Tensor shape=(1, 1, 1, 1), dtype=float32, values=[[[[1.]]]]>)py"});

}  // namespace
}  // namespace lamina
