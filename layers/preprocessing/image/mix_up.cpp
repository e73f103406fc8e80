#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct MixUpArgs : ImageArgs {
  double alpha = 0.2;
  Value seed;
  void fields(Fields& f) {
    f("alpha", alpha, "Of the beta distribution of weights: small ones leave most images nearly unmixed.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

class MixUpLayer final : public ImageLayerWith<MixUpArgs> {
 public:
  explicit MixUpLayer(MixUpArgs a = {}, LayerArgs base = {}) : ImageLayerWith(std::move(a), std::move(base)) {
    if (!(args.alpha > 0)) throw ValueError("`alpha` must be above 0. Received: alpha=", args.alpha);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "MixUp"; }
  Value get_random_transformation(const Value& data, bool, const Value& seed) override {
    const int64_t count = count_images(images_of(data).shape());
    const Value source = seed_or_own(seed);
    const Tensor order =
        random::shuffle(ops::arange(Operand(static_cast<long>(count)), {}, {}, DType::int32), 0, source);
    const Tensor weight = random::beta({count}, args.alpha, args.alpha, {}, source);
    return Dict{{"mix_weight", weight}, {"permutation_order", order}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    if (!training) return images;
    return mixed(ops::cast(images, compute_dtype()), transformation, 4, compute_dtype());
  }
  Tensor transform_labels(const Tensor& labels, const Value& transformation, bool training) override {
    return training ? mixed(labels, transformation, 2, {}) : labels;
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training) override {
    return training ? mixed(masks, transformation, 4, {}) : masks;
  }
  // An image has its own boxes and then the other's.
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training) return given;
    Dict out = given;
    for (const char* key : {"boxes", "labels"}) {
      const Tensor own = given.at(key).as_tensor();
      out.set(key, ops::concatenate({own, ops::take(own, part_of(transformation, "permutation_order"), 0)}, 1));
    }
    return out;
  }

 private:
  static Tensor mixed(const Tensor& x, const Value& transformation, int rank, std::optional<DType> dtype) {
    Tensor weight = part_of(transformation, "mix_weight");
    weight = ops::reshape(dtype ? ops::cast(weight, *dtype) : weight, rank == 4 ? Shape{-1, 1, 1, 1} : Shape{-1, 1});
    return weight * x + (1.0 - weight) * ops::take(x, part_of(transformation, "permutation_order"), 0);
  }
};
LAMINA_LAYER(MixUpLayer, "MixUp", "Mixes each image, and its label, with another of the batch.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `alpha` is not above 0.",
                 .source = "Zhang, Cisse, Dauphin and Lopez-Paz 2017, mixup: Beyond Empirical Risk Minimization.",
                 .example = R"py(
>>> keras.layers.MixUp()(keras.ops.ones((2, 4, 4, 3))).shape
(2, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
