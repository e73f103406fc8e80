#include "backends/ops/public/image_support.h"
#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomPerspectiveArgs : ImageArgs {
  Value factor = 1.0;
  double scale = 1.0;
  std::string interpolation = "bilinear";
  double fill_value = 0;
  Value seed;
  void fields(Fields& f) {
    f("factor", factor,
      "The probability with which an image is changed, drawn for each: f for 0 to f, or two numbers.");
    f("scale", scale, "How far corners move at most, as a share of their distance from the first one, in 0..1.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("fill_value", fill_value, "The value outside.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class RandomPerspectiveLayer final : public ImageLayerWith<RandomPerspectiveArgs> {
 public:
  explicit RandomPerspectiveLayer(RandomPerspectiveArgs a = {}, LayerArgs base = {})
      : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    if (!(args.scale >= 0 && args.scale <= 1))
      throw ValueError("The `scale` argument should be a number in the range [0,1]. Received: scale=", args.scale);
    check_fill("constant", args.interpolation);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomPerspective"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = images_of(data).shape();
    const int64_t count = count_images(shape);
    const Tensor chosen = draw_chosen(count, args.factor, seed_or_own(seed));
    const Tensor by =
        random::uniform({count, 4, 2}, -0.5 * args.scale, 0.5 * args.scale, compute_dtype(), seed_or_own(seed));
    const auto bottom = static_cast<float>(height_of(shape) - 1), right = static_cast<float>(width_of(shape) - 1);
    const Tensor corners = Tensor::of<float>({0, 0, right, 0, 0, bottom, right, bottom}, {1, 4, 2});
    const Tensor start = ops::broadcast_to(ops::cast(corners, compute_dtype()), {count, 4, 2});
    return Dict{{"apply_perspective", chosen},
                {"start_points", start},
                {"end_points", start + start * by},
                {"input_shape", shape}};
  }
  // The boxes around the projected corners; in the format xyxy whatever they came in, as Keras gives them.
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training || transformation.is_none()) return given;
    const Shape shape = transformation.as_dict().at("input_shape").as_shape();
    const Operand height(static_cast<long>(height_of(shape))), width(static_cast<long>(width_of(shape)));
    const Tensor before = boxes::convert(given.at("boxes").as_tensor(), box_format(), "xyxy", height, width);
    const Tensor by = ops::image::homography(ops::cast(part_of(transformation, "start_points"), DType::float32),
                                             ops::cast(part_of(transformation, "end_points"), DType::float32));
    const Tensor chosen = ops::reshape(part_of(transformation, "apply_perspective"), {-1, 1, 1});
    Dict d = given;
    d.set("boxes", ops::where(chosen, projected(before, by), before));
    return clipped(std::move(d), height, width);
  }

 protected:
  std::string interpolation() const override { return args.interpolation; }
  Tensor moved(const Tensor& images, const Value& transformation, const std::string& interpolation) override {
    if (transformation.is_none()) return images;
    if (images.rank() == 3)  // one image, to which the transformation of a batch of one belongs
      return ops::squeeze(moved(ops::expand_dims(images, 0), transformation, interpolation), std::vector<int>{0});
    const Tensor out = ops::image::perspective_transform(images, part_of(transformation, "start_points"),
                                                         part_of(transformation, "end_points"), interpolation,
                                                         args.fill_value, format());
    return ops::where(over_images(part_of(transformation, "apply_perspective")), out, images);
  }

 private:
  // xyxy boxes (batch, boxes, 4) by the inverse of the projections (batch, 8).
  static Tensor projected(const Tensor& boxes, const Tensor& by) {
    const int64_t count = by.shape()[0];
    const Tensor matrix = ops::reshape(ops::concatenate({by, ops::ones({count, 1}, by.dtype())}, 1), {count, 3, 3});
    const Tensors c = boxes::coordinates(boxes);
    std::vector<Operand> xs, ys;
    for (const auto& [x, y] :
         {std::pair(c[0], c[1]), std::pair(c[2], c[3]), std::pair(c[0], c[3]), std::pair(c[2], c[1])}) {
      const Tensor point = ops::swapaxes(ops::concatenate({x, y, ops::ones_like(x)}, -1), -1, -2);  // (batch, 3, boxes)
      const Tensors p = ops::split(ops::matmul(ops::inv(matrix), point), 3, 1);
      xs.push_back(ops::swapaxes(p[0] / p[2], -1, -2));
      ys.push_back(ops::swapaxes(p[1] / p[2], -1, -2));
    }
    const Tensor x = ops::concatenate(xs, -1), y = ops::concatenate(ys, -1);
    const std::vector<int> last = {-1};
    return boxes::from_coordinates(
        {ops::min(x, last, true), ops::min(y, last, true), ops::max(x, last, true), ops::max(y, last, true)});
  }
};
LAMINA_LAYER(RandomPerspectiveLayer, "RandomPerspective", "Shows images from random points of view.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` or `scale` is not within 0 and 1.\nNotImplementedError: if the "
                           "interpolation is not known.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomPerspective(scale=0.2)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
