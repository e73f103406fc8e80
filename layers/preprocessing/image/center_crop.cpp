#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/crop_boxes.h"

namespace lamina {

namespace {

struct CenterCropArgs : ImageArgs {
  PositiveInt height, width;
  void fields(Fields& f) {
    f("height", height, "Height of the results.").required();
    f("width", width, "Width of the results.").required();
    image_fields(f);
  }
};

class CenterCropLayer final : public ImageLayerWith<CenterCropArgs> {
 public:
  explicit CenterCropLayer(CenterCropArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {}
  std::string class_name() const override { return "CenterCrop"; }
  Shape transformed_shape(const Shape& images) const override { return with_size(images, args.height, args.width); }
  Value get_random_transformation(const Value& data, bool, const Value&) override {
    return Dict{{"input_shape", images_of(data).shape()}};
  }
  // Images that are too small are resized, after what exceeds the proportions has been cut off.
  Tensor transform_images(const Tensor& images, const Value&, bool) override {
    const Tensor x = ops::cast(images, compute_dtype());
    const int64_t below = height_of(x.shape()) - args.height, beside = width_of(x.shape()) - args.width;
    if (below < 0 || beside < 0)
      return ops::image::resize(x, {args.height, args.width}, "bilinear", false, true, false, "constant", 0, format());
    List start(static_cast<size_t>(x.rank()), Value(0));
    start[static_cast<size_t>(x.rank() + height_axis())] = below / 2;
    start[static_cast<size_t>(x.rank() + width_axis())] = beside / 2;
    return ops::slice(x, start, transformed_shape(x.shape()));
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training) override {
    return transform_images(masks, transformation, training);
  }
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool) override {
    const Shape shape = transformation.as_dict().at("input_shape").as_shape();
    const int64_t height = height_of(shape), width = width_of(shape);
    const Operand new_height = side(args.height), new_width = side(args.width);
    Dict d = given;
    Tensor b = boxes::convert(d.at("boxes").as_tensor(), box_format(), "xyxy", side(height), side(width));
    if (height >= args.height && width >= args.width) {
      b = cut(b, (height - args.height) / 2, (width - args.width) / 2, args.height, args.width);
    } else {
      const CentredPart part(height, width, args.height, args.width);
      b = cut(b, part.top, part.left, part.height, part.width);
      b = boxes::convert(b, "xyxy", "rel_xyxy", side(part.height), side(part.width));
      b = boxes::convert(b, "rel_xyxy", "xyxy", new_height, new_width);
    }
    d.set("boxes", b);
    d = clipped(std::move(d), new_height, new_width);
    d.set("boxes", boxes::convert(d.at("boxes").as_tensor(), "xyxy", box_format(), new_height, new_width));
    return d;
  }

 private:
  static Tensor cut(const Tensor& b, int64_t top, int64_t left, int64_t height, int64_t width) {
    Tensors c = boxes::coordinates(b);
    for (size_t i = 0; i < 4; ++i) {
      const int64_t from = i % 2 ? top : left, size = i % 2 ? height : width;
      c[i] = ops::subtract(ops::clip(c[i], side(from), side(from + size)), side(from));
    }
    return boxes::from_coordinates({c[0], c[1], c[2], c[3]});
  }
};
LAMINA_LAYER(CenterCropLayer, "CenterCrop", "The middle of images.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "The input's shape with the height and width asked for.",
                 .raises = "ValueError: if a size is not positive.",
                 .source = about::image_source,
                 .example = R"py(
>>> x = keras.ops.reshape(keras.ops.arange(9.0), (1, 3, 3, 1))
>>> keras.layers.CenterCrop(1, 1)(x)
<Tensor shape=(1, 1, 1, 1), dtype=float32, values=[[[[4.]]]]>)py"});

}  // namespace
}  // namespace lamina
