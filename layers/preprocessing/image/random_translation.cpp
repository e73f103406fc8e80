#include "layers/preprocessing/image/affine_matrix.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomTranslationArgs : ImageArgs {
  Value height_factor, width_factor;
  std::string fill_mode = "reflect", interpolation = "bilinear";
  Value seed;
  double fill_value = 0;
  void fields(Fields& f) {
    f("height_factor", height_factor, "Shares of the height to move down: f for (-f, f), or two numbers.").required();
    f("width_factor", width_factor, "Shares of the width to move to the right.").required();
    f("fill_mode", fill_mode, "What stands outside: reflect, wrap, constant or nearest.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("seed", seed, "An int or a SeedGenerator.");
    f("fill_value", fill_value, "The constant outside.");
    image_fields(f);
  }
};

class RandomTranslationLayer final : public ImageLayerWith<RandomTranslationArgs> {
 public:
  explicit RandomTranslationLayer(RandomTranslationArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    height_ = factor_range(args.height_factor, "height_factor", -1, 1);
    width_ = factor_range(args.width_factor, "width_factor", -1, 1);
    check_fill(args.fill_mode, args.interpolation);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomTranslation"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = images_of(data).shape();
    auto draw = [&](const FactorRange& range, int64_t size) {
      return random::uniform({count_images(shape), 1}, range.low(), range.high(), {}, seed_or_own(seed)) *
             static_cast<double>(size);
    };
    const Tensor down = draw(height_, height_of(shape)), right = draw(width_, width_of(shape));
    return Dict{{"translations", ops::cast(ops::concatenate({right, down}, 1), DType::float32)},
                {"input_shape", shape}};
  }
  // Boxes move with the image.
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training) return given;
    const Dict& t = transformation.as_dict();
    const Shape shape = t.at("input_shape").as_shape();
    const Operand height(static_cast<long>(height_of(shape))), width(static_cast<long>(width_of(shape)));
    Tensors c = boxes::coordinates(boxes::convert(given.at("boxes").as_tensor(), box_format(), "xyxy", height, width));
    const Tensors by = ops::split(t.at("translations").as_tensor(), 2, -1);
    for (size_t i = 0; i < 4; ++i) c[i] = c[i] + (c[i].rank() == 3 ? ops::expand_dims(by[i % 2], -1) : by[i % 2]);
    Dict d = given;
    d.set("boxes", boxes::from_coordinates({c[0], c[1], c[2], c[3]}));
    d = clipped(std::move(d), height, width);
    d.set("boxes", boxes::convert(d.at("boxes").as_tensor(), "xyxy", box_format(), height, width));
    return d;
  }

 protected:
  std::string interpolation() const override { return args.interpolation; }
  Tensor moved(const Tensor& images, const Value& transformation, const std::string& interpolation) override {
    if (transformation.is_none()) return images;
    const Tensors by = ops::split(transformation.as_dict().at("translations").as_tensor(), 2, -1);
    const Tensor ones = ops::ones_like(by[0]), zeros = ops::zeros_like(by[0]);
    Tensor matrix = affine_rows({ones, zeros, -by[0], zeros, ones, -by[1]});
    if (images.rank() == 3) matrix = ops::squeeze(matrix, std::vector<int>{0});
    return ops::image::affine_transform(images, matrix, interpolation, args.fill_mode, args.fill_value, format());
  }

 private:
  FactorRange height_, width_;
};
LAMINA_LAYER(RandomTranslationLayer, "RandomTranslation", "Moves images at random.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if a factor is not within -1 and 1, or a name is not known.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomTranslation(0.1, 0.1)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
