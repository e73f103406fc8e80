#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/augmentations.h"

namespace lamina {

namespace {

struct RandomColorJitterArgs : ImageArgs {
  Value value_range = Value::tuple({0, 255}), brightness_factor, contrast_factor, saturation_factor, hue_factor, seed;
  void fields(Fields& f) {
    f("value_range", value_range, "The smallest and largest value of images.");
    f("brightness_factor", brightness_factor, "Of RandomBrightness; None leaves brightness.");
    f("contrast_factor", contrast_factor, "Of RandomContrast; None leaves contrast.");
    f("saturation_factor", saturation_factor, "Of RandomSaturation; None leaves saturation.");
    f("hue_factor", hue_factor, "Of RandomHue; None leaves hues.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomColorJitterLayer final : public ColourLayerWith<RandomColorJitterArgs> {
 public:
  explicit RandomColorJitterLayer(RandomColorJitterArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
    auto add = [&](const char* name, const char* class_name, const Value& factor) {
      if (factor.is_none()) return;
      Dict config = {{"factor", factor}, {"value_range", args.value_range}, {"seed", args.seed}};
      config.set("data_format", args.data_format);
      if (!layer_args().dtype.is_none()) config.set("dtype", layer_args().dtype);
      layers_.add(*this, name, class_name, std::move(config));
    };
    add("random_brightness", "RandomBrightness", args.brightness_factor);
    add("random_contrast", "RandomContrast", args.contrast_factor);
    add("random_saturation", "RandomSaturation", args.saturation_factor);
    add("random_hue", "RandomHue", args.hue_factor);
  }
  std::string class_name() const override { return "RandomColorJitter"; }
  void build(const BuildShapes& shapes) override { layers_.build(shapes); }
  // Numbers are drawn here, as in Keras: the layer has no transformation of its own.
  Tensor transform_images(const Tensor& images, const Value&, bool training) override {
    if (!training) return images;
    Tensor x = ops::cast(images, compute_dtype());
    for (const auto& entry : layers_.all())
      x = entry.layer->transform_images(x, entry.layer->get_random_transformation(x, true, source_), true);
    return ops::cast(x, compute_dtype());
  }

 private:
  Augmentations layers_;
};
LAMINA_LAYER(RandomColorJitterLayer, "RandomColorJitter",
             "Changes brightness, contrast, saturation and hues of images at random.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if a factor is not within the bounds of its layer.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomColorJitter(brightness_factor=0.2)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
