#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct ResizingArgs : ImageArgs {
  PositiveInt height, width;
  std::string interpolation = "bilinear";
  bool crop_to_aspect_ratio = false, pad_to_aspect_ratio = false;
  std::string fill_mode = "constant";
  double fill_value = 0;
  bool antialias = false;
  void fields(Fields& f) {
    f("height", height, "Height of the results.").required();
    f("width", width, "Width of the results.").required();
    f("interpolation", interpolation, "bilinear, nearest, bicubic, lanczos3 or lanczos5.");
    f("crop_to_aspect_ratio", crop_to_aspect_ratio, "Cuts off what does not fit the proportions of the result.");
    f("pad_to_aspect_ratio", pad_to_aspect_ratio, "Surrounds the image to the proportions of the result.");
    f("fill_mode", fill_mode, "What surrounds it: constant.");
    f("fill_value", fill_value, "The constant.");
    f("antialias", antialias, "Averages over the pixels that one pixel of a smaller result stands for.");
    image_fields(f);
  }
};

class ResizingLayer final : public ImageLayerWith<ResizingArgs> {
 public:
  explicit ResizingLayer(ResizingArgs a = {}, LayerArgs base = {}) : ImageLayerWith(std::move(a), std::move(base)) {}
  std::string class_name() const override { return "Resizing"; }
  Shape transformed_shape(const Shape& images) const override { return with_size(images, args.height, args.width); }
  DType transformed_dtype(DType images) const override { return images; }
  Value get_random_transformation(const Value& data, bool, const Value&) override {
    const Shape shape = images_of(data).shape();
    return Value::tuple({height_of(shape), width_of(shape)});
  }
  Tensor transform_images(const Tensor& images, const Value&, bool) override {
    return resized(images, args.interpolation);
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value&, bool) override {
    return resized(masks, "nearest");
  }
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool) override {
    const Operand height = value_to<Operand>(transformation.as_list()[0]),
                  width = value_to<Operand>(transformation.as_list()[1]);
    Dict d = given;
    const Tensor in = d.at("boxes").as_tensor();
    // Boxes that only fill a batch up stay where no image is.
    const Axes last = std::vector<int>{-1};
    const Tensor filler = ops::logical_or(ops::all(ops::equal(in, -1), last), ops::all(ops::equal(in, 0), last));
    d.set("boxes", moved_boxes(boxes::convert(in, box_format(), "xyxy", height, width), height, width));
    const Operand new_height(static_cast<long>(args.height)), new_width(static_cast<long>(args.width));
    d = clipped(std::move(d), new_height, new_width);
    const Tensor out = ops::where(ops::expand_dims(filler, -1), 0.0, d.at("boxes").as_tensor());
    d.set("boxes", boxes::convert(out, "xyxy", box_format(), new_height, new_width));
    return d;
  }

 private:
  Tensor resized(const Tensor& images, const std::string& interpolation) const {
    return ops::image::resize(images, {args.height, args.width}, interpolation, args.antialias,
                              args.crop_to_aspect_ratio, args.pad_to_aspect_ratio, args.fill_mode, args.fill_value,
                              format());
  }
  Tensor moved_boxes(const Tensor& corners, const Operand& height, const Operand& width) const {
    const Tensor h = ops::cast(height, corners.dtype()), w = ops::cast(width, corners.dtype());
    const double to_height = static_cast<double>(args.height), to_width = static_cast<double>(args.width);
    Tensor scale_x = to_width / w, scale_y = to_height / h;
    Tensor left = ops::cast(0.0, corners.dtype()), above = left;  // of the image within the result
    if (args.pad_to_aspect_ratio) {
      scale_x = scale_y = ops::minimum(scale_x, scale_y);
      left = ops::floor_divide(to_width - w * scale_x, 2.0), above = ops::floor_divide(to_height - h * scale_y, 2.0);
    } else if (args.crop_to_aspect_ratio) {
      scale_x = scale_y = ops::maximum(scale_x, scale_y);
      left = -ops::floor_divide(w * scale_x - to_width, 2.0), above = -ops::floor_divide(h * scale_y - to_height, 2.0);
    }
    const Tensors c = boxes::coordinates(corners);
    return boxes::from_coordinates(
        {c[0] * scale_x + left, c[1] * scale_y + above, c[2] * scale_x + left, c[3] * scale_y + above});
  }
};
LAMINA_LAYER(
    ResizingLayer, "Resizing", "Images of another size.",
    Doc{.call = about::image_call,
        .input = about::images,
        .output = "The input's shape with the height and width asked for.",
        .raises = "ValueError: if a size is not positive, a name is not known, or both `crop_to_aspect_ratio` and "
                  "`pad_to_aspect_ratio` are set.",
        .source = about::image_source,
        .example = R"py(
>>> x = keras.ops.reshape(keras.ops.arange(4.0), (1, 2, 2, 1))
>>> keras.layers.Resizing(1, 1)(x)
<Tensor shape=(1, 1, 1, 1), dtype=float32, values=[[[[1.5]]]]>)py"});

}  // namespace
}  // namespace lamina
