#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/crop_boxes.h"

namespace lamina {

namespace {

struct RandomCropArgs : ImageArgs {
  PositiveInt height, width;
  Value seed;
  void fields(Fields& f) {
    f("height", height, "Height of the results.").required();
    f("width", width, "Width of the results.").required();
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomCropLayer final : public ImageLayerWith<RandomCropArgs> {
 public:
  explicit RandomCropLayer(RandomCropArgs a = {}, LayerArgs base = {}) : ImageLayerWith(std::move(a), std::move(base)) {
    source_ = make_seed_source(*this, args.seed);
    if (args.seed.is_none()) args.seed = make_default_seed();  // what Keras writes into the config
  }
  std::string class_name() const override { return "RandomCrop"; }
  Shape transformed_shape(const Shape& images) const override { return with_size(images, args.height, args.width); }

  // (top, left): at random where the image is larger both ways, else of the centred part with the proportions.
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    const Shape shape = images_of(data).shape();
    const int64_t height = height_of(shape), width = width_of(shape);
    if (height < 0 || width < 0)
      throw ValueError(
          "RandomCrop requires the input to have a fully defined height and width. Received: images.shape=", shape);
    if (training && height > args.height && width > args.width) {
      auto place = [&](int64_t image, int64_t part) {
        return ops::cast(
            random::uniform({}, 0.0, static_cast<double>(image - part + 1), DType::float32, seed_or_own(seed)),
            DType::int32);
      };
      Tensor top = place(height, args.height), left = place(width, args.width);
      return Value::tuple({top, left});
    }
    const CentredPart part(height, width, args.height, args.width);
    return Value::tuple({part.top, part.left});
  }
  // Slices end with the image, as Python's do: what is too small afterwards is resized.
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    Tensor x = ops::cast(images, compute_dtype());
    const List& place = transformation.as_list();
    List start(static_cast<size_t>(x.rank()), Value(0));
    Shape size = x.shape();
    for (size_t i = 0; i < 2; ++i) {
      const int axis = x.rank() + (i ? width_axis() : height_axis());
      const int64_t want = i ? args.width : args.height;
      const int64_t from = place[i].is_tensor() ? 0 : place[i].as_int();
      start[static_cast<size_t>(axis)] = place[i];
      size[axis] = std::max<int64_t>(std::min(want, size[axis] - from), 0);
    }
    x = ops::slice(x, start, size);
    if (size == transformed_shape(size)) return x;
    return ops::image::resize(x, {args.height, args.width}, "bilinear", false, false, false, "constant", 0, format());
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool) override {
    return transform_images(masks, transformation, true);
  }
  // Keras takes the height's offset from the first and third coordinate, and the width's from the others.
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training) return given;
    const Operand height = side(args.height), width = side(args.width);
    Tensors c = boxes::coordinates(boxes::convert(given.at("boxes").as_tensor(), box_format(), "xyxy", height, width));
    for (size_t i = 0; i < 4; ++i) {
      const Tensor from = ops::cast(value_to<Operand>(transformation.as_list()[i % 2]), c[i].dtype());
      c[i] = ops::maximum(c[i] - from, 0);
    }
    const Tensor b = boxes::from_coordinates({c[0], c[1], c[2], c[3]});
    return {{"boxes", boxes::convert(b, "xyxy", box_format(), height, width)}, {"labels", given.at("labels")}};
  }
};
LAMINA_LAYER(RandomCropLayer, "RandomCrop", "A part of images from a random place; in inference images as they are.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "The input's shape with the height and width asked for.",
                 .raises = "ValueError: if a size is not positive.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomCrop(2, 2)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 2, 2, 3))py"});

}  // namespace
}  // namespace lamina
