#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomGrayscaleArgs : ImageArgs {
  double factor = 0.5;
  Value seed;
  void fields(Fields& f) {
    f("factor", factor, "The probability with which an image becomes grey.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

class RandomGrayscaleLayer final : public ColourLayerWith<RandomGrayscaleArgs> {
 public:
  explicit RandomGrayscaleLayer(RandomGrayscaleArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    if (!(args.factor >= 0 && args.factor <= 1))
      throw ValueError("`factor` should be between 0 and 1. Received: factor=", args.factor);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomGrayscale"; }
  DType transformed_dtype(DType images) const override { return images; }
  Value get_random_transformation(const Value& data, bool, const Value& seed) override {
    const Tensor u = random::uniform({count_images(images_of(data).shape())}, 0.0, 1.0, {}, seed_or_own(seed));
    return over_images(ops::less(u, args.factor));
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    const Value chosen = transformation.is_none() ? get_random_transformation(images, training, {}) : transformation;
    return ops::where(value_to<Operand>(chosen), ops::image::rgb_to_grayscale(images, format()), images);
  }
};
LAMINA_LAYER(RandomGrayscaleLayer, "RandomGrayscale", "Makes some of the colour images grey.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomGrayscale(0.5)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
