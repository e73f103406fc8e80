#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomContrastArgs : ImageArgs {
  Value factor, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor, "Contrast is multiplied by 1 - factor[0] to 1 + factor[1]; f stands for (0, f).").required();
    f("value_range", value_range, "The smallest and largest value of images.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomContrastLayer final : public ImageLayerWith<RandomContrastArgs> {
 public:
  explicit RandomContrastLayer(RandomContrastArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor = factor_range(args.factor, "factor", 0, 1, FactorBounds::overlapping).pair();
    source_ = make_seed_source(*this, args.seed);
    sorted_value_range(args.value_range);
  }
  std::string class_name() const override { return "RandomContrast"; }
  DType transformed_dtype(DType images) const override { return is_float(images) ? images : compute_dtype(); }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    const Shape shape = one_per_image(images_of(data).shape());
    if (!training) return Dict{{"contrast_factor", ops::zeros(shape)}};
    const List& factor = args.factor.as_list();
    return Dict{{"contrast_factor", random::uniform(shape, 1 - factor[0].as_number(), 1 + factor[1].as_number(),
                                                    compute_dtype(), seed_or_own(seed))}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Tensor by = transformation.as_dict().at("contrast_factor").as_tensor();
    const Tensor mean =
        ops::mean(ops::mean(images, std::vector<int>{height_axis()}, true), std::vector<int>{width_axis()}, true);
    const List& range = args.value_range.as_list();
    return ops::clip((images - mean) * by + mean, value_to<Operand>(range[0]), value_to<Operand>(range[1]));
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value&, bool) override { return masks; }
};
LAMINA_LAYER(RandomContrastLayer, "RandomContrast", "Multiplies the distance of pixels from their channel's mean.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1, or `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> layer = keras.layers.RandomContrast(0.2)
>>> layer(keras.ops.ones((1, 1, 1, 1)), training=False)
<Tensor shape=(1, 1, 1, 1), dtype=float32, values=[[[[1.]]]]>)py"});

}  // namespace
}  // namespace lamina
