#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

namespace {

struct ClaheArgs : ImageArgs {
  Value value_range = Value::tuple({0, 255});
  double clip_limit = 4.0;
  Value tile_grid_size = Value::tuple({8, 8});
  void fields(Fields& f) {
    f("value_range", value_range, "The smallest and largest value of images.");
    f("clip_limit", clip_limit, "How often, of what is even, a value of a tile counts at most; 0 is no limit.");
    f("tile_grid_size", tile_grid_size, "In how many tiles the height and the width are cut.");
    image_fields(f);
  }
};

constexpr int64_t kLevels = 256;

// One axis of an image: its tiles, and between which two of them each pixel lies. The tables of tiles have one more at
// either end, which is that of the last.
struct Tiles {
  int64_t size, padded;
  Tensor mirrored, tile, before, after;  // int32: the pixel of each padded one, its tile, its neighbours in the tables
  Tensor share;                          // float32: how much `after` counts
  Tiles(int64_t pixels, int64_t count) : size((pixels + count - 1) / count), padded(size * count) {
    std::vector<int32_t> pixel, own, low, high;
    std::vector<float> weight;
    const auto length = static_cast<float>(size);
    auto table = [&](float at) { return static_cast<int32_t>(std::clamp(at, 0.0f, static_cast<float>(count + 1))); };
    for (int64_t i = 0; i < padded; ++i) {
      const int64_t in_period = i % (2 * pixels);  // mirrored about the edge's outer side
      pixel.push_back(static_cast<int32_t>(std::min(in_period, 2 * pixels - 1 - in_period)));
      own.push_back(static_cast<int32_t>(i / size));
      const float at = (static_cast<float>(i) - length / 2) / length + 1, whole = std::floor(at);
      low.push_back(table(whole));
      high.push_back(table(whole + 1));
      weight.push_back(at - whole);
    }
    mirrored = Tensor::of(pixel), tile = Tensor::of(own), before = Tensor::of(low), after = Tensor::of(high);
    share = Tensor::of(weight);
  }
};

// 0, step, 2 step, ... below n * step, int32.
Tensor strides(int64_t n, int64_t step) {
  return ops::multiply(ops::arange(Operand(static_cast<long>(n)), {}, {}, DType::int32),
                       Operand(static_cast<long>(step)));
}
Tensor scaled_by(const Tensor& places, int64_t step) { return ops::multiply(places, Operand(static_cast<long>(step))); }

class ClaheLayer final : public ColourLayerWith<ClaheArgs> {
 public:
  explicit ClaheLayer(ClaheArgs a = {}, LayerArgs base = {}) : ColourLayerWith(std::move(a), std::move(base)) {
    sorted_value_range(args.value_range);
    if (!args.tile_grid_size.is_sequence() || args.tile_grid_size.as_list().size() != 2)
      throw ValueError("`tile_grid_size` must be two integers. Received: tile_grid_size=", args.tile_grid_size.repr());
    for (size_t i = 0; i < 2; ++i) {
      grid_[i] = args.tile_grid_size.as_list()[i].as_int();
      if (grid_[i] < 1)
        throw ValueError("`tile_grid_size` must be two positive integers. Received: tile_grid_size=",
                         args.tile_grid_size.repr());
    }
  }
  std::string class_name() const override { return "ContrastLimitedAdaptiveHistogramEqualization"; }
  DType transformed_dtype(DType images) const override { return images; }
  Tensor transform_images(const Tensor& images, const Value&, bool) override {
    Tensor x = channels_last() ? images : ops::transpose(images, std::vector<int>{0, 2, 3, 1});
    x = ops::cast(to_range(x, args.value_range, colour_range(), DType::float32), DType::float32);
    x = equalized(x);
    x = ops::cast(to_range(x, colour_range(), args.value_range, DType::float32), images.dtype());
    return channels_last() ? x : ops::transpose(x, std::vector<int>{0, 3, 1, 2});
  }

 private:
  // (batch, height, width, channels) in 0..255.
  Tensor equalized(const Tensor& x) const {
    const int64_t batch = x.shape()[0], height = x.shape()[1], width = x.shape()[2], channels = x.shape()[3];
    const double cells = static_cast<double>(batch) * static_cast<double>(grid_[0] + 2) *
                         static_cast<double>(grid_[1] + 2) * static_cast<double>(channels * kLevels);
    if (!(cells < 2147483648.0))
      throw ValueError("`tile_grid_size` asks for more tables than 32 bits can count. Received: tile_grid_size=",
                       args.tile_grid_size.repr(), ", images.shape=", x.shape());
    if (batch == 0 || height == 0 || width == 0 || channels == 0) return x;
    const Tiles rows(height, grid_[0]), columns(width, grid_[1]);
    const Tensor padded = ops::take(ops::take(x, rows.mirrored, 1), columns.mirrored, 2);
    const Tensor level = ops::cast(ops::clip(padded, 0, 255), DType::int32);
    const Tensor tables = tables_of(level, rows, columns);
    const Tensor flat = ops::reshape(tables, {-1});
    const int64_t in_row = channels * kLevels, in_column = in_row * (grid_[1] + 2), each = in_column * (grid_[0] + 2);
    const Tensor base = ops::reshape(strides(batch, each), {batch, 1, 1, 1}) +
                        ops::reshape(strides(channels, kLevels), {1, 1, 1, channels}) + level;
    auto down = [&](const Tensor& t) { return ops::reshape(t, {1, rows.padded, 1, 1}); };
    auto across = [&](const Tensor& t) { return ops::reshape(t, {1, 1, columns.padded, 1}); };
    const Tensor right = across(columns.share), low = down(rows.share);
    auto row_of = [&](const Tensor& row) {
      const Tensor start = base + down(scaled_by(row, in_column));
      const Tensor before = ops::take(flat, start + across(scaled_by(columns.before, in_row))),
                   after = ops::take(flat, start + across(scaled_by(columns.after, in_row)));
      return before * (1.0 - right) + after * right;
    };
    const Tensor out = row_of(rows.before) * (1.0 - low) + row_of(rows.after) * low;
    return ops::slice(out, List(4, Value(0)), x.shape());
  }

  // For each tile and channel what each of the 256 values becomes, (batch, rows + 2, columns + 2, channels, 256).
  Tensor tables_of(const Tensor& level, const Tiles& rows, const Tiles& columns) const {
    const int64_t batch = level.shape()[0], channels = level.shape()[3], in_row = channels * kLevels;
    const Tensor ids = ops::reshape(strides(batch, grid_[0] * grid_[1] * in_row), {batch, 1, 1, 1}) +
                       ops::reshape(scaled_by(rows.tile, grid_[1] * in_row), {1, rows.padded, 1, 1}) +
                       ops::reshape(scaled_by(columns.tile, in_row), {1, 1, columns.padded, 1}) +
                       ops::reshape(strides(channels, kLevels), {1, 1, 1, channels}) + level;
    Tensor counts = ops::segment_sum(ops::ones({ids.size()}, DType::float32), ops::reshape(ids, {-1}),
                                     batch * grid_[0] * grid_[1] * in_row);
    counts = ops::reshape(counts, {batch, grid_[0], grid_[1], channels, kLevels});
    const std::vector<int> last = {-1};
    const auto pixels = static_cast<double>(rows.size * columns.size);
    if (args.clip_limit > 0) {
      const Tensor kept = ops::clip(counts, 0, args.clip_limit * pixels / kLevels);
      counts = kept + ops::sum(counts - kept, last, true) / static_cast<double>(kLevels);
    }
    const Tensor below = ops::cumsum(counts, -1), least = ops::min(below, last, true);
    const Tensor range = pixels - least;
    Tensor out = (below - least) * 255.0 / ops::where(ops::equal(range, 0), 1.0, range);
    out = ops::clip(out, 0, 255);
    for (const auto& [axis, n] : {std::pair(1, grid_[0]), std::pair(2, grid_[1])}) {
      auto at = [&, axis = axis](int64_t i) {
        return ops::take(out, Tensor::of<int32_t>({static_cast<int32_t>(i)}), axis);
      };
      out = ops::concatenate({at(0), out, at(n - 1)}, axis);
    }
    return out;
  }

  int64_t grid_[2] = {};
};
LAMINA_LAYER(ClaheLayer, "ContrastLimitedAdaptiveHistogramEqualization",
             "Equalizes the histogram of each part of images by itself, with a limit to what is amplified.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `tile_grid_size` is not two positive integers.",
                 .source = "Zuiderveld 1994, Contrast Limited Adaptive Histogram Equalization.",
                 .example = R"py(
>>> keras.layers.ContrastLimitedAdaptiveHistogramEqualization()(keras.ops.ones((1, 16, 16, 3))).shape
(1, 16, 16, 3))py"});

}  // namespace
}  // namespace lamina
