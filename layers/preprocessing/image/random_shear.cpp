#include "layers/preprocessing/image/affine_matrix.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomShearArgs : ImageArgs {
  Value x_factor = 0.0, y_factor = 0.0;
  std::string interpolation = "bilinear", fill_mode = "reflect";
  double fill_value = 0;
  Value seed;
  void fields(Fields& f) {
    f("x_factor", x_factor,
      "How far rows move, as a share of their distance from the top: f for (-f, f), or two numbers.");
    f("y_factor", y_factor, "How far columns move, likewise.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("fill_mode", fill_mode, "What stands outside: reflect, wrap, constant or nearest.");
    f("fill_value", fill_value, "The constant outside.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

// Two numbers within 0 and 1; or what a number stands for, (-f, f), as configs hold it.
Value shear_range(const Value& factor, const char* name) {
  if (factor.is_sequence() && factor.as_list().size() == 2) {
    const List& two = factor.as_list();
    if (two[0].is_number() && two[1].is_number() && two[0].as_number() == -two[1].as_number())
      return factor_range(factor, name, -1, 1).pair();
    return factor_range(factor, name, 0, 1).pair();
  }
  factor_range(factor, name, 0, 1);
  const Value negative = factor.is_int() ? Value(-factor.as_int()) : Value(-factor.as_number());
  return Value::tuple({negative, factor});
}

class RandomShearLayer final : public ImageLayerWith<RandomShearArgs> {
 public:
  explicit RandomShearLayer(RandomShearArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    args.x_factor = shear_range(args.x_factor, "x_factor");
    args.y_factor = shear_range(args.y_factor, "y_factor");
    check_fill(args.fill_mode, args.interpolation);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomShear"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = images_of(data).shape(), column = {count_images(shape), 1};
    auto draw = [&](double low, double high) {
      return random::uniform(column, low, high, compute_dtype(), seed_or_own(seed));
    };
    auto within = [&](const Value& range) {
      return draw(range.as_list()[0].as_number(), range.as_list()[1].as_number());
    };
    const Tensor invert = draw(0, 1),
                 way = ops::where(ops::greater(invert, 0.5), -ops::ones_like(invert), ops::ones_like(invert));
    const Tensor y = within(args.y_factor), x = within(args.x_factor);
    return Dict{{"shear_factor", ops::cast(ops::concatenate({x, y}, 1), compute_dtype()) * way},
                {"input_shape", shape}};
  }
  // Shears of boxes in shares of the image, as Keras has them.
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training) return given;
    const Shape shape = transformation.as_dict().at("input_shape").as_shape();
    const Operand height(static_cast<long>(height_of(shape))), width(static_cast<long>(width_of(shape)));
    const Tensors by =
        ops::split(ops::expand_dims(ops::cast(part_of(transformation, "shear_factor"), compute_dtype()), -1), 2, 1);
    Dict d = given;
    d.set("boxes",
          sheared(boxes::convert(d.at("boxes").as_tensor(), box_format(), "rel_xyxy", height, width, compute_dtype()),
                  by[0], by[1]));
    d = clipped(std::move(d), height, width, "rel_xyxy");
    d.set("boxes", boxes::convert(d.at("boxes").as_tensor(), "rel_xyxy", box_format(), height, width, compute_dtype()));
    return d;
  }

 protected:
  std::string interpolation() const override { return args.interpolation; }
  Tensor moved(const Tensor& images, const Value& transformation, const std::string& interpolation) override {
    if (transformation.is_none()) return images;
    const Tensors by = ops::split(part_of(transformation, "shear_factor"), 2, -1);
    const Tensor ones = ops::ones_like(by[0]), zeros = ops::zeros_like(by[0]);
    return ops::image::affine_transform(images, affine_rows({ones, by[0], zeros, by[1], ones, zeros}), interpolation,
                                        args.fill_mode, args.fill_value, format());
  }

 private:
  static Tensor sheared(const Tensor& boxes, const Tensor& by_x, const Tensor& by_y) {
    const Tensors c = boxes::coordinates(boxes);
    const Tensor left_way = ops::less(by_x, 0), down = ops::greater(by_y, 0);
    const Tensor x1 = ops::where(left_way, c[0] - by_x * c[1], c[0] - by_x * c[3]);
    const Tensor x2 = ops::where(left_way, c[2] - by_x * c[3], c[2] - by_x * c[1]);
    const Tensor y1 = ops::where(down, c[1] - by_y * x2, c[1] - by_y * x1);
    const Tensor y2 = ops::where(down, c[3] - by_y * x1, c[3] - by_y * x2);
    return boxes::from_coordinates({x1, y1, x2, y2});
  }
};
LAMINA_LAYER(
    RandomShearLayer, "RandomShear", "Shears images at random.",
    Doc{.call = about::image_call,
        .input = about::images,
        .output = "That of the input.",
        .raises = "ValueError: if a factor is not within 0 and 1.\nNotImplementedError: if a name is not known.",
        .source = about::image_source,
        .example = R"py(
>>> keras.layers.RandomShear(0.2)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
