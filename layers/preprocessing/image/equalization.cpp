#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct EqualizationArgs : ImageArgs {
  Value value_range = Value::tuple({0, 255});
  PositiveInt bins = 256;
  void fields(Fields& f) {
    f("value_range", value_range, "The smallest and largest value of images.");
    f("bins", bins, "In how many parts values are counted.");
    image_fields(f);
  }
};

class EqualizationLayer final : public ColourLayerWith<EqualizationArgs> {
 public:
  explicit EqualizationLayer(EqualizationArgs a = {}, LayerArgs base = {})
      : ColourLayerWith(std::move(a), std::move(base)) {
    args.value_range = sorted_value_range(args.value_range);
  }
  std::string class_name() const override { return "Equalization"; }
  DType transformed_dtype(DType images) const override { return images; }
  Tensor transform_images(const Tensor& images, const Value&, bool training) override {
    if (!training) return images;
    const Tensor x = ops::cast(images, compute_dtype());
    const int64_t channels = x.shape()[x.rank() + channel_axis()];
    std::vector<Operand> out;
    for (const Tensor& channel : ops::split(x, channels, channel_axis())) out.push_back(equalized(channel));
    return ops::cast(ops::concatenate(out, channel_axis()), compute_dtype());
  }

 private:
  static Tensor scaled(const Tensor& x, const Value& from, const Value& to) {
    const double low = from.as_list()[0].as_number(), target = to.as_list()[0].as_number();
    const double scale = (to.as_list()[1].as_number() - target) / (from.as_list()[1].as_number() - low);
    return scale == 1 && low == target ? x : x * scale + (target - low * scale);
  }
  // One channel of all images, whose values are counted together.
  Tensor equalized(const Tensor& channel) const {
    const int64_t bins = args.bins;
    const auto last = static_cast<double>(bins - 1);
    const Tensor x = scaled(channel, args.value_range, colour_range());
    const Tensor place = ops::clip(ops::cast(ops::cast(x, DType::float32) * last / 255.0, DType::int32), 0, last);
    const Tensor ids = ops::reshape(place, {-1});
    const Tensor counts = ops::segment_sum(ops::ones({ids.size()}, DType::int64), ids, bins);
    const Tensor below = ops::cumsum(counts);
    const Tensor first = ops::take(below, ops::argmax(ops::greater(below, 0)));
    const Tensor above = ops::max(below) - first;
    const Tensor share = ops::cast(ops::multiply(below - first, 255), DType::float32) /
                         ops::cast(ops::where(ops::equal(above, 0), 1, above), DType::float32);
    const Tensor table = ops::cast(ops::clip(ops::round(share), 0, 255), x.dtype());
    const Tensor entry = ops::cast(ops::clip(x / 255.0 * last, 0, last), DType::int32);
    const Tensor several = ops::greater(ops::count_nonzero(counts), 1);
    return scaled(ops::where(several, ops::take(table, entry), x), colour_range(), args.value_range);
  }
};
LAMINA_LAYER(EqualizationLayer, "Equalization",
             "Spreads the values of each channel so that all are about equally frequent.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `bins` is not positive, or `value_range` is not two numbers.",
                 .source = "Histogram equalization, with the counts of a channel over all images of a batch, as Keras.",
                 .example = R"py(
>>> keras.layers.Equalization()(keras.ops.array([[[[1.0], [2.0], [3.0]]]]))
<Tensor shape=(1, 1, 3, 1), dtype=float32, values=[[[[  0.]
   [128.]
   [255.]]]]>)py"});

}  // namespace
}  // namespace lamina
