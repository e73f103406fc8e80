#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomInvertArgs : ImageArgs {
  Value factor = 1.0, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor,
      "The probability with which an image is inverted, drawn for each: f for 0 to f, or two numbers.");
    f("value_range", value_range, "The smallest and largest value of images.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomInvertLayer final : public ColourLayerWith<RandomInvertArgs> {
 public:
  explicit RandomInvertLayer(RandomInvertArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomInvert"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    return Dict{
        {"apply_inversion", draw_chosen(count_images(images_of(data).shape()), args.factor, seed_or_own(seed))}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Tensor x = ops::cast(images, compute_dtype());
    return ops::where(over_images(part_of(transformation, "apply_inversion")),
                      args.value_range.as_list()[1].as_number() - x, x);
  }
};
LAMINA_LAYER(RandomInvertLayer, "RandomInvert", "Subtracts some of the images from the largest value.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1, or `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomInvert((1.0, 1.0))(keras.ops.ones((1, 1, 1, 3)))
<Tensor shape=(1, 1, 1, 3), dtype=float32, values=[[[[254. 254. 254.]]]]>)py"});

}  // namespace
}  // namespace lamina
