#include "layers/preprocessing/image/affine_matrix.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomZoomArgs : ImageArgs {
  Value height_factor, width_factor;
  std::string fill_mode = "reflect", interpolation = "bilinear";
  Value seed;
  double fill_value = 0;
  void fields(Fields& f) {
    f("height_factor", height_factor, "Heights are divided by 1 + this: f for (-f, f), or two numbers.").required();
    f("width_factor", width_factor, "The same of widths; None keeps the proportions.");
    f("fill_mode", fill_mode, "What stands outside: reflect, wrap, constant or nearest.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("seed", seed, "An int or a SeedGenerator.");
    f("fill_value", fill_value, "The constant outside.");
    image_fields(f);
  }
};

class RandomZoomLayer final : public ImageLayerWith<RandomZoomArgs> {
 public:
  explicit RandomZoomLayer(RandomZoomArgs a = {}, LayerArgs base = {}) : ImageLayerWith(std::move(a), std::move(base)) {
    height_ = factor_range(args.height_factor, "height_factor", -1, 1, FactorBounds::open_below);
    if (!args.width_factor.is_none())
      width_ = factor_range(args.width_factor, "width_factor", -1, 1, FactorBounds::open_below);
    check_fill(args.fill_mode, args.interpolation);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomZoom"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Shape shape = images_of(data).shape();
    auto draw = [&](const FactorRange& range) {
      return random::uniform({count_images(shape), 1}, 1 + range.low(), 1 + range.high(), {}, seed_or_own(seed));
    };
    const Tensor height = draw(height_), width = width_ ? draw(*width_) : height;
    return Dict{{"height_zoom", height}, {"width_zoom", width}, {"input_shape", shape}};
  }
  Dict transform_bounding_boxes(const Dict& given, const Value& transformation, bool training) override {
    if (!training) return given;
    const Dict& t = transformation.as_dict();
    const Shape shape = t.at("input_shape").as_shape();
    const int64_t height = height_of(shape), width = width_of(shape);
    const Operand full_height(static_cast<long>(height)), full_width(static_cast<long>(width));
    Tensor b = boxes::convert(given.at("boxes").as_tensor(), box_format(), "xyxy", full_height, full_width);
    // The part of the input that fills the result.
    const Zoom zoom(t, height, width);
    auto place = [&](const Tensor& t) { return b.rank() == 3 ? ops::expand_dims(t, -1) : t; };
    const Tensor left = place(zoom.x_offset), above = place(zoom.y_offset);
    const Tensor wide = place(zoom.x) * static_cast<double>(width), high = place(zoom.y) * static_cast<double>(height);
    Tensors c = boxes::coordinates(b);
    for (size_t i = 0; i < 4; ++i) {
      const Tensor& from = i % 2 ? above : left;
      c[i] = ops::clip(c[i], from, from + (i % 2 ? high : wide)) - from;
    }
    b = boxes::from_coordinates({c[0], c[1], c[2], c[3]});
    b = boxes::convert(b, "xyxy", "rel_xyxy", high, wide);
    Dict d = given;
    d.set("boxes", b);
    d = clipped(std::move(d), high, wide, "rel_xyxy");
    d.set("boxes", boxes::convert(d.at("boxes").as_tensor(), "rel_xyxy", box_format(), full_height, full_width));
    return d;
  }

 protected:
  std::string interpolation() const override { return args.interpolation; }
  Tensor moved(const Tensor& images, const Value& transformation, const std::string& interpolation) override {
    if (transformation.is_none()) return images;
    const Zoom zoom(transformation.as_dict(), height_of(images.shape()), width_of(images.shape()));
    const Tensor zeros = ops::zeros_like(zoom.x);
    Tensor matrix = affine_rows({zoom.x, zeros, zoom.x_offset, zeros, zoom.y, zoom.y_offset});
    if (images.rank() == 3) matrix = ops::squeeze(matrix, std::vector<int>{0});
    return ops::image::affine_transform(images, matrix, interpolation, args.fill_mode, args.fill_value, format());
  }

 private:
  // Factors and offsets, (batch, 1) each, that keep the centre in its place.
  struct Zoom {
    Tensor x, y, x_offset, y_offset;
    Zoom(const Dict& t, int64_t height, int64_t width)
        : x(ops::cast(t.at("width_zoom").as_tensor(), DType::float32)),
          y(ops::cast(t.at("height_zoom").as_tensor(), DType::float32)),
          x_offset((1.0 - x) * (static_cast<double>(width - 1) / 2)),
          y_offset((1.0 - y) * (static_cast<double>(height - 1) / 2)) {}
  };
  FactorRange height_;
  std::optional<FactorRange> width_;
};
LAMINA_LAYER(RandomZoomLayer, "RandomZoom", "Zooms into and out of images at random.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if a factor is not above -1 and up to 1, or a name is not known.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomZoom(0.1)(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
