#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct MaxNumBoundingBoxesArgs : ImageArgs {
  PositiveInt max_number;
  int64_t fill_value = -1;
  void fields(Fields& f) {
    f("max_number", max_number, "How many boxes each image has afterwards.").required();
    f("fill_value", fill_value, "What stands for boxes that are missing.");
    image_fields(f);
  }
};

class MaxNumBoundingBoxesLayer final : public ColourLayerWith<MaxNumBoundingBoxesArgs> {
 public:
  explicit MaxNumBoundingBoxesLayer(MaxNumBoundingBoxesArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {}
  std::string class_name() const override { return "MaxNumBoundingBoxes"; }
  DType transformed_dtype(DType images) const override { return images; }
  // Keras' configs leave `fill_value` out; here those have it that would mean something else without.
  Dict get_config() const override {
    Dict config = ColourLayerWith::get_config();
    if (args.fill_value == -1) config.erase("fill_value");
    return config;
  }
  Tensor transform_images(const Tensor& images, const Value&, bool) override { return images; }
  Dict transform_bounding_boxes(const Dict& given, const Value&, bool) override {
    Dict out = given;
    out.set("boxes", cut(given.at("boxes").as_tensor()));
    out.set("labels", cut(given.at("labels").as_tensor()));
    return out;
  }

 private:
  // Along axis 1.
  Tensor cut(const Tensor& x) const {
    Shape kept = x.shape();
    kept[1] = std::min<int64_t>(kept[1], args.max_number);
    const Tensor first = ops::slice(x, List(static_cast<size_t>(x.rank()), Value(0)), kept);
    if (kept[1] == args.max_number) return first;
    Shape missing = kept;
    missing[1] = args.max_number - kept[1];
    return ops::concatenate({first, ops::full(missing, static_cast<double>(args.fill_value), x.dtype())}, 1);
  }
};
LAMINA_LAYER(MaxNumBoundingBoxesLayer, "MaxNumBoundingBoxes", "Gives each image the same number of bounding boxes.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input; its bounding boxes are as many as asked for.",
                 .raises = "ValueError: if `max_number` is not positive.",
                 .source = about::image_source,
                 .example = R"py(
>>> layer = keras.layers.MaxNumBoundingBoxes(2, bounding_box_format="xyxy")
>>> boxes = {"boxes": keras.ops.ones((1, 1, 4)), "labels": keras.ops.ones((1, 1))}
>>> layer({"images": keras.ops.ones((1, 4, 4, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"]
<Tensor shape=(1, 2), dtype=float32, values=[[ 1. -1.]]>)py"});

}  // namespace
}  // namespace lamina
