
#include "layers/preprocessing/image/image_layer.h"
#include "layers/preprocessing/image/random_boxes.h"

namespace lamina {

namespace {

struct CutMixArgs : ImageArgs {
  Value factor = 1.0, seed;
  void fields(Fields& f) {
    f("factor", factor, "The largest alpha of the beta distribution of shares that stay, or two numbers.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class CutMixLayer final : public ImageLayerWith<CutMixArgs> {
 public:
  explicit CutMixLayer(CutMixArgs a = {}, LayerArgs base = {}) : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "CutMix"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    const Shape shape = images_of(data).shape();
    if (!training || shape.rank() == 3) return {};  // a single image has none to be mixed with
    const int64_t count = count_images(shape), height = height_of(shape), width = width_of(shape);
    const Value source = seed_or_own(seed);
    const List& range = args.factor.as_list();
    const Tensor alpha =
        random::uniform({}, range[0].as_number(), range[1].as_number(), compute_dtype(), source) + 1e-6;
    const Tensor side = ops::sqrt(1.0 - random::beta({count}, alpha, alpha, compute_dtype(), source));
    const RandomBoxes boxes = draw_boxes(side, side, width, height, compute_dtype(), source);
    const Tensor area = (boxes.right - boxes.left) * (boxes.bottom - boxes.top);
    const Tensor order =
        random::shuffle(ops::arange(Operand(static_cast<long>(count)), {}, {}, DType::int32), 0, source);
    return Dict{{"permutation_order", order},
                {"batch_masks", within(boxes, shape, channels_last(), compute_dtype())},
                {"mix_weight", over_images(1.0 - area / static_cast<double>(width * height))}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    const Tensor x = ops::cast(images, compute_dtype());
    if (!training || transformation.is_none()) return x;
    return ops::where(part_of(transformation, "batch_masks"),
                      ops::take(x, part_of(transformation, "permutation_order"), 0), x);
  }
  Tensor transform_labels(const Tensor& labels, const Value& transformation, bool training) override {
    if (!training || transformation.is_none()) return labels;
    const Tensor stays = ops::reshape(part_of(transformation, "mix_weight"), {-1, 1});
    return stays * labels + (1.0 - stays) * ops::take(labels, part_of(transformation, "permutation_order"), 0);
  }
  Dict transform_bounding_boxes(const Dict&, const Value&, bool) override {
    throw UnsupportedError("CutMix has no rule for bounding boxes. Leave 'bounding_boxes' out of its data.");
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training) override {
    return transform_images(masks, transformation, training);
  }
};
LAMINA_LAYER(CutMixLayer, "CutMix", "Puts a part of another image of the batch into each, and mixes their labels.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1.\nNotImplementedError: for bounding boxes.",
                 .source = "Yun, Han, Oh, Chun, Choe and Yoo 2019, CutMix.",
                 .example = R"py(
>>> keras.layers.CutMix()(keras.ops.ones((2, 4, 4, 3))).shape
(2, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
