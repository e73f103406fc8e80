#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct AutoContrastArgs : ImageArgs {
  Value value_range = Value::tuple({0, 255});
  void fields(Fields& f) {
    f("value_range", value_range, "The smallest and largest value of images.");
    image_fields(f);
  }
};

class AutoContrastLayer final : public ColourLayerWith<AutoContrastArgs> {
 public:
  explicit AutoContrastLayer(AutoContrastArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.value_range = sorted_value_range(args.value_range);
  }
  std::string class_name() const override { return "AutoContrast"; }
  // As Keras: over axes 1 and 2 whatever the format. Images of one value stay.
  Tensor transform_images(const Tensor& images, const Value&, bool) override {
    const Tensor x = ops::cast(to_range(images, args.value_range, colour_range(), compute_dtype()), compute_dtype());
    const std::vector<int> axes = {1, 2};
    const Tensor low = ops::min(x, axes, true), high = ops::max(x, axes, true), scale = 255.0 / (high - low);
    const Tensor stretched = ops::clip(x * scale + (-low) * scale, 0.0, 255.0);
    const Tensor out = to_range(stretched, colour_range(), args.value_range, compute_dtype());
    return ops::cast(ops::where(ops::isnan(out), ops::cast(images, compute_dtype()), out), compute_dtype());
  }
};
LAMINA_LAYER(AutoContrastLayer, "AutoContrast", "Stretches the values of each channel to the whole range.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `value_range` is not two numbers.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.AutoContrast()(keras.ops.array([[[[1.0], [2.0]]]]))
<Tensor shape=(1, 1, 2, 1), dtype=float32, values=[[[[  0.]
   [255.]]]]>)py"});

}  // namespace
}  // namespace lamina
