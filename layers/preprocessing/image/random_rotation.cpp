#include "layers/preprocessing/image/affine_matrix.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomRotationArgs : ImageArgs {
  Value factor;
  std::string fill_mode = "reflect", interpolation = "bilinear";
  Value seed;
  double fill_value = 0;
  void fields(Fields& f) {
    f("factor", factor, "Turns at most: f for (-f, f) of a whole turn, or two numbers.").required();
    f("fill_mode", fill_mode, "What stands outside: reflect, wrap, constant or nearest.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("seed", seed, "An int or a SeedGenerator.");
    f("fill_value", fill_value, "The constant outside.");
    image_fields(f);
  }
};

class RandomRotationLayer final : public ImageLayerWith<RandomRotationArgs> {
 public:
  explicit RandomRotationLayer(RandomRotationArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor =
        factor_range(args.factor.is_none() ? 0.0 : args.factor, "factor", -1, 1, FactorBounds::overlapping).pair();
    check_fill(args.fill_mode, args.interpolation);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomRotation"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = images_of(data).shape();
    const int64_t count = count_images(shape), height = height_of(shape), width = width_of(shape);
    const List& factor = args.factor.as_list();
    const Tensor angle =
        random::uniform({count}, factor[0].as_number() * 360, factor[1].as_number() * 360, {}, seed_or_own(seed));
    const Tensor zeros = ops::zeros({count}), ones = ops::ones({count});
    Tensor matrix = affine_matrix({angle, zeros, zeros, ones, zeros, zeros}, static_cast<double>(height),
                                  static_cast<double>(width));
    if (shape.rank() == 3) matrix = ops::squeeze(matrix, std::vector<int>{0});
    return Dict{{"angle", angle},
                {"rotation_matrix", matrix},
                {"image_height", height},
                {"image_width", width},
                {"batch_size", count}};
  }
  // Boxes are taken for xyxy, as Keras takes them.
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training) return given;
    const Dict& t = transformation.as_dict();
    const Operand height = value_to<Operand>(t.at("image_height")), width = value_to<Operand>(t.at("image_width"));
    const Tensor angle = t.at("angle").as_tensor(), zeros = ops::zeros_like(angle), ones = ops::ones_like(angle);
    Dict d = given;
    d.set("boxes", boxes::affine(d.at("boxes").as_tensor(), {angle, zeros, zeros, ones, zeros, zeros}, height, width));
    d = clipped(std::move(d), height, width);
    d.set("boxes", boxes::convert(d.at("boxes").as_tensor(), "xyxy", box_format(), height, width));
    return d;
  }

 protected:
  std::string interpolation() const override { return args.interpolation; }
  Tensor moved(const Tensor& images, const Value& transformation, const std::string& interpolation) override {
    return ops::image::affine_transform(images, transformation.as_dict().at("rotation_matrix").as_tensor(),
                                        interpolation, args.fill_mode, args.fill_value, format());
  }
};
LAMINA_LAYER(RandomRotationLayer, "RandomRotation", "Turns images by random angles.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within -1 and 1, or a name is not known.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomRotation(0.1)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
