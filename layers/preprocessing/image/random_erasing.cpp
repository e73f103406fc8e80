
#include "layers/preprocessing/image/image_layer.h"
#include "layers/preprocessing/image/random_boxes.h"

namespace lamina {

namespace {

struct RandomErasingArgs : ImageArgs {
  Value factor = 1.0, scale = Value::tuple({0.02, 0.33}), fill_value, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor,
      "The probability with which a part is erased, drawn for each image: f for 0 to f, or two numbers.");
    f("scale", scale, "The share of the image that the part has, f for (0, f), or two numbers.");
    f("fill_value", fill_value, "What fills the part: a number, or three for the channels; None is normal noise.");
    f("value_range", value_range, "The smallest and largest value of images.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomErasingLayer final : public ColourLayerWith<RandomErasingArgs> {
 public:
  explicit RandomErasingLayer(RandomErasingArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    args.scale = share_range(args.scale, "scale");
    sorted_value_range(args.value_range);
    const Value& fill = args.fill_value;
    bool known = fill.is_none() || fill.is_number();
    if (fill.is_sequence() && fill.as_list().size() == 3)
      known = std::all_of(fill.as_list().begin(), fill.as_list().end(), [](const Value& v) { return v.is_number(); });
    if (!known)
      throw ValueError(
          "The `fill_value` argument should be a number (or a list of three numbers). Received: fill_value=",
          fill.repr());
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomErasing"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = images_of(data).shape();
    const int64_t count = count_images(shape);
    const Value source = seed_or_own(seed);
    const List& scale = args.scale.as_list();
    const Tensor share =
        ops::sqrt(random::uniform({count, 2}, scale[0].as_number(), scale[1].as_number(), compute_dtype(), source));
    const Tensors sides = ops::split(share, 2, 1);
    const RandomBoxes boxes = draw_boxes(ops::reshape(sides[0], {count}), ops::reshape(sides[1], {count}),
                                         width_of(shape), height_of(shape), compute_dtype(), source);
    const Tensor chosen = draw_chosen(count, args.factor, source);
    return Dict{{"apply_erasing", chosen},
                {"batch_masks", within(boxes, shape, channels_last(), compute_dtype())},
                {"fill_value", filling(shape, source)}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    const Tensor x = ops::cast(images, compute_dtype());
    if (!training) return x;
    const Tensor erased = ops::where(part_of(transformation, "batch_masks"), part_of(transformation, "fill_value"), x);
    return ops::cast(ops::where(over_images(part_of(transformation, "apply_erasing")), erased, x), compute_dtype());
  }

 private:
  Tensor filling(const Shape& images, const Value& source) const {
    Tensor out;
    if (args.fill_value.is_none()) {
      out = random::normal(images, 0, 1, compute_dtype(), source) * args.value_range.as_list()[1].as_number();
    } else if (args.fill_value.is_number()) {
      out = ops::full(images, args.fill_value.as_number(), compute_dtype());
    } else {
      const int64_t channels = images[images.rank() + channel_axis()];
      if (channels != 3)
        throw ValueError("A `fill_value` of three numbers is for images with 3 channels. Received: fill_value=",
                         args.fill_value.repr(), ", images.shape=", images);
      const Tensor colour = ops::cast(tensor_from_list(args.fill_value), compute_dtype());
      out = ops::broadcast_to(ops::reshape(colour, channels_last() ? Shape{3} : Shape{3, 1, 1}), images);
    }
    return cut_to_range(out, args.value_range);
  }
};
LAMINA_LAYER(RandomErasingLayer, "RandomErasing", "Fills a random rectangle of images.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` or `scale` is not within 0 and 1, or `fill_value` is no colour.",
                 .source = "Zhong, Zheng, Kang, Li and Yang 2017, Random Erasing Data Augmentation.",
                 .example = R"py(
>>> keras.layers.RandomErasing(fill_value=0)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
