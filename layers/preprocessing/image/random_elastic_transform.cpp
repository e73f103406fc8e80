#include "backends/ops/public/image_support.h"
#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomElasticTransformArgs : ImageArgs {
  Value factor = 1.0, scale = 1.0;
  std::string interpolation = "bilinear", fill_mode = "reflect";
  double fill_value = 0;
  Value value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor,
      "The probability with which an image is changed, drawn for each: f for 0 to f, or two numbers.");
    f("scale", scale, "How far pixels move, in 0..1: f for (0, f), or two numbers.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("fill_mode", fill_mode, "What stands outside: reflect, wrap, constant, nearest or mirror.");
    f("fill_value", fill_value, "The constant outside.");
    f("value_range", value_range, "The smallest and largest value of images.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomElasticTransformLayer final : public ImageLayerWith<RandomElasticTransformArgs> {
 public:
  explicit RandomElasticTransformLayer(RandomElasticTransformArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    args.scale = share_range(args.scale, "scale");
    if (args.fill_mode != "mirror") check_fill(args.fill_mode, args.interpolation);
    check_fill("constant", args.interpolation);
    sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomElasticTransform"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    const List& scale = args.scale.as_list();
    if (!training || scale[1].as_number() == 0 || args.factor.as_list()[1].as_number() == 0) return {};
    const Value source = seed_or_own(seed);
    const Tensor chosen = draw_chosen(count_images(images_of(data).shape()), args.factor, source);
    const Tensor by = random::uniform({}, scale[0].as_number(), scale[1].as_number(), compute_dtype(), source);
    return Dict{{"apply_transform", chosen}, {"distortion_factor", by}, {"seed", source}};
  }

 protected:
  std::string interpolation() const override { return args.interpolation; }
  Tensor moved(const Tensor& images, const Value& transformation, const std::string& interpolation) override {
    if (transformation.is_none()) return images;
    if (images.rank() == 3)  // one image, to which the transformation of a batch of one belongs
      return ops::squeeze(moved(ops::expand_dims(images, 0), transformation, interpolation), std::vector<int>{0});
    const auto height = static_cast<double>(height_of(images.shape())),
               width = static_cast<double>(width_of(images.shape()));
    const double most = args.scale.as_list()[1].as_number(), deviation = std::min(height, width) * 0.05;
    const Tensor by = part_of(transformation, "distortion_factor");
    const Tensor out =
        ops::image::elastic(images, {.alpha = by * (std::max(height, width) * 0.1),
                                     .sigma = by * deviation,
                                     .most_sigma = deviation * std::max(most, by.has_data() ? by.item() : 0.0),
                                     .interpolation = interpolation,
                                     .fill_mode = args.fill_mode,
                                     .fill_value = args.fill_value,
                                     .seed = transformation.as_dict().at("seed"),
                                     .data_format = format()});
    const Tensor chosen = over_images(part_of(transformation, "apply_transform"));
    return ops::cast(cut_to_range(ops::where(chosen, out, images), args.value_range), compute_dtype());
  }
};
LAMINA_LAYER(RandomElasticTransformLayer, "RandomElasticTransform", "Moves pixels to nearby places at random.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` or `scale` is not within 0 and 1.\nNotImplementedError: if a name "
                           "is not known.",
                 .source = "Simard, Steinkraus and Platt 2003, Best Practices for Convolutional Neural Networks.",
                 .example = R"py(
>>> keras.layers.RandomElasticTransform()(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
