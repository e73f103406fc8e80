#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct RandomGaussianBlurArgs : ImageArgs {
  Value factor = 1.0, kernel_size = 3, sigma = 1.0, value_range = Value::tuple({0, 255}), seed;
  void fields(Fields& f) {
    f("factor", factor,
      "The probability with which an image is blurred, drawn for each: f for 0 to f, or two numbers.");
    f("kernel_size", kernel_size, "The window's size, odd, or its width and height.");
    f("sigma", sigma, "The largest standard deviation in pixels, up to 1, or two numbers between which it is drawn.");
    f("value_range", value_range, "The smallest and largest value of images.");
    format_field(f);
    f("seed", seed, "An int or a SeedGenerator.");
    box_field(f);
  }
};

std::vector<int64_t> odd_sizes(const Value& given) {
  auto fail = [&] {
    throw ValueError("`kernel_size` must be a positive odd number, or two of them. Received: kernel_size=",
                     given.repr());
  };
  const List both = given.is_sequence() ? given.as_list() : List{given, given};
  if (both.size() != 2) fail();
  std::vector<int64_t> sizes;
  for (const Value& v : both) {
    if (!v.is_number()) fail();
    const double size = v.as_number();
    // A window is held in memory as a whole; 4001 pixels are more than any image needs.
    if (!(size >= 1 && size <= 4001) || std::fmod(size, 2) != 1) fail();
    sizes.push_back(static_cast<int64_t>(size));
  }
  return sizes;
}

class RandomGaussianBlurLayer final : public ColourLayerWith<RandomGaussianBlurArgs> {
 public:
  explicit RandomGaussianBlurLayer(RandomGaussianBlurArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    sizes_ = odd_sizes(args.kernel_size);
    args.kernel_size = args.kernel_size.is_sequence() ? Value::tuple(args.kernel_size.as_list())
                                                      : Value::tuple({args.kernel_size, args.kernel_size});
    args.sigma = share_range(args.sigma, "sigma");
    sorted_value_range(args.value_range);
    source_ = make_seed_source(*this, args.seed);
  }
  std::string class_name() const override { return "RandomGaussianBlur"; }
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Tensor chosen = draw_chosen(count_images(images_of(data).shape()), args.factor, seed_or_own(seed));
    const List& range = args.sigma.as_list();
    const Tensor sigma =
        random::uniform({2}, range[0].as_number(), range[1].as_number(), compute_dtype(), seed_or_own(seed)) + 1e-6;
    return Dict{{"should_apply_blur", chosen}, {"blur_factor", sigma}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    const Tensor x = ops::cast(images, compute_dtype());
    if (!training || transformation.is_none()) return x;
    const Tensor blurred = ops::image::gaussian_blur(x, sizes_, part_of(transformation, "blur_factor"), format());
    const Tensor out = ops::where(over_images(part_of(transformation, "should_apply_blur")), blurred, x);
    return ops::cast(cut_to_range(out, args.value_range), compute_dtype());
  }

 private:
  std::vector<int64_t> sizes_;
};
LAMINA_LAYER(RandomGaussianBlurLayer, "RandomGaussianBlur", "Blurs some of the images.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` or `sigma` is not within 0 and 1, or `kernel_size` is not odd.",
                 .source = about::image_source,
                 .example = R"py(
>>> keras.layers.RandomGaussianBlur()(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
