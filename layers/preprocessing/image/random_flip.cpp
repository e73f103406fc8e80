#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomFlipArgs : ImageArgs {
  std::string mode = "horizontal_and_vertical";
  Value seed;
  void fields(Fields& f) {
    f("mode", mode, "horizontal, vertical or horizontal_and_vertical.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomFlipLayer final : public ImageLayerWith<RandomFlipArgs> {
 public:
  explicit RandomFlipLayer(RandomFlipArgs a = {}, LayerArgs base = {}) : ImageLayerWith(std::move(a), std::move(base)) {
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomFlip"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = images_of(data).shape();
    const Tensor u = random::uniform(one_per_image(shape), 0.0, 1.0, DType::float32, seed_or_own(seed));
    return Dict{{"flips", ops::less_equal(u, 0.5)}, {"input_shape", shape}};
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training) override {
    return transform_images(masks, transformation, training);
  }
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training || transformation.is_none()) return given;
    const Dict& t = transformation.as_dict();
    const Shape shape = t.at("input_shape").as_shape();
    const Operand height(static_cast<long>(height_of(shape))), width(static_cast<long>(width_of(shape)));
    const Tensor flips = ops::squeeze(t.at("flips").as_tensor(), std::vector<int>{-1});
    Tensor b = boxes::convert(given.at("boxes").as_tensor(), box_format(), "rel_xyxy", height, width);
    if (horizontal()) {
      const Tensors c = boxes::coordinates(b);
      b = ops::where(flips, boxes::from_coordinates({1.0 - c[2], c[1], 1.0 - c[0], c[3]}), b);
    }
    if (vertical()) {
      const Tensors c = boxes::coordinates(b);
      b = ops::where(flips, boxes::from_coordinates({c[0], 1.0 - c[3], c[2], 1.0 - c[1]}), b);
    }
    Dict d = given;
    d.set("boxes", b);
    d = clipped(std::move(d), height, width);  // Keras clips the shares to the sizes
    d.set("boxes", boxes::convert(d.at("boxes").as_tensor(), "rel_xyxy", box_format(), height, width));
    return d;
  }

 protected:
  Tensor moved(const Tensor& images, const Value& transformation, const std::string&) override {
    if (transformation.is_none()) return images;
    const Tensor flips = transformation.as_dict().at("flips").as_tensor();
    Tensor x = images;
    if (horizontal()) x = ops::where(flips, ops::flip(x, std::vector<int>{width_axis()}), x);
    if (vertical()) x = ops::where(flips, ops::flip(x, std::vector<int>{height_axis()}), x);
    return x;
  }

 private:
  bool both() const { return args.mode == "horizontal_and_vertical"; }
  bool horizontal() const { return both() || args.mode == "horizontal"; }
  bool vertical() const { return both() || args.mode == "vertical"; }
};
LAMINA_LAYER(RandomFlipLayer, "RandomFlip", "Flips images at random.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `mode` is not known.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomFlip("horizontal")(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
