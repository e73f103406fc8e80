#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/augmentations.h"

namespace lamina {

namespace {

struct RandAugmentArgs : ImageArgs {
  Value value_range = Value::tuple({0, 255});
  int64_t num_ops = 2;
  Value factor = 0.5;
  std::string interpolation = "bilinear";
  Value seed;
  void fields(Fields& f) {
    f("value_range", value_range, "The smallest and largest value of images.");
    f("num_ops", num_ops, "How many changes are made one after the other; none with 0.");
    f("factor", factor, "How strong they are, in 0..1: f for (0, f), or two numbers.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandAugmentLayer final : public ImageLayerWith<RandAugmentArgs> {
 public:
  explicit RandAugmentLayer(RandAugmentArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    if (args.num_ops < 0)
      throw ValueError("Invalid value for argument `num_ops` of RandAugment. Expected 0 or more. Received: num_ops=",
                       args.num_ops);
    sorted_value_range(args.value_range);
    check_fill("constant", args.interpolation);
    source_ = make_seed_source(*this, args.seed);
    add_augmentations(layers_, *this,
                      {.factor = args.factor,
                       .value_range = args.value_range,
                       .seed = args.seed,
                       .data_format = args.data_format,
                       .bounding_box_format = args.bounding_box_format,
                       .dtype = layer_args().dtype,
                       .interpolation = args.interpolation},
                      {"random_shear", "random_translation", "random_rotation", "random_brightness",
                       "random_color_degeneration", "random_contrast", "random_sharpness", "random_posterization",
                       "solarization", "auto_contrast", "equalization"});
  }
  std::string class_name() const override { return "RandAugment"; }
  void build(const BuildShapes& shapes) override { layers_.build(shapes); }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Value source = seed_or_own(seed);
    const Tensor chosen = random::randint({args.num_ops}, 0, static_cast<long>(layers_.size()), DType::int32, source);
    Dict each;
    for (const auto& [name, layer] : layers_.all())
      each.set(name, layer->get_random_transformation(data, training, source));
    return Dict{{"transforms", each}, {"layer_idxes", chosen}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    const Tensor x = ops::cast(images, compute_dtype());
    if (!training) return x;
    return applied(x, transformation, [](ImageLayer& layer, const Tensor& t, const Value& by) {
      return layer.transform_images(t, by, true);
    });
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training) override {
    if (!training) return masks;
    return applied(masks, transformation, [](ImageLayer& layer, const Tensor& t, const Value& by) {
      return layer.transform_segmentation_masks(t, by, true);
    });
  }
  // In the order of the layers, whatever the order in which they were drawn, as Keras.
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training) return given;
    const Tensor chosen = part_of(transformation, "layer_idxes");
    const Dict each = transforms(transformation);
    Dict out = given;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const auto& [name, layer] = layers_.all()[i];
      const Dict moved = layer->transform_bounding_boxes(out, each.at(name), true);
      const Tensor meant = ops::any(ops::equal(chosen, static_cast<int>(i)));
      for (const char* key : {"boxes", "labels"})
        out.set(key, ops::where(meant, moved.at(key).as_tensor(), out.at(key).as_tensor()));
    }
    return out;
  }

 private:
  const Dict& transforms(const Value& transformation) const {
    part_of(transformation, "layer_idxes");
    return transformation.as_dict().at("transforms").as_dict();
  }
  template <class F>
  Tensor applied(const Tensor& x, const Value& transformation, F&& f) const {
    const Tensor chosen = ops::cast(part_of(transformation, "layer_idxes"), DType::int32);
    const Dict each = transforms(transformation);
    std::vector<std::function<Value(const List&)>> branches;
    for (const auto& entry : layers_.all())
      branches.push_back([&f, &x, layer = entry.layer.get(), by = each.at(entry.name)](const List& operands) -> Value {
        return ops::cast(f(*layer, operands[0].as_tensor(), by), x.dtype());
      });
    Tensor out = x;
    for (int64_t i = 0; i < chosen.shape()[0]; ++i)
      out = ops::switch_case(ops::getitem(chosen, i), branches, {out}).as_tensor();
    return out;
  }

  Augmentations layers_;
};
LAMINA_LAYER(RandAugmentLayer, "RandAugment", "Makes some changes to images, drawn from eleven.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1, or `num_ops` is negative.",
                 .source = "Cubuk, Zoph, Shlens and Le 2019, RandAugment.",
                 .example = R"py(
>>> keras.layers.RandAugment()(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
