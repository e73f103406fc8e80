// ZeroPadding1D/2D/3D and Cropping1D/2D/3D.
#include "backends/ops/primitives.h"
#include "layers/reshaping/spatial.h"

namespace lamina {

namespace {

using Pairs = std::vector<std::vector<int64_t>>;

// The arguments of either kind; one-dimensional ones hold one pair.
template <int N, bool crops>
struct EdgeArgs {
  static constexpr bool kFormat = !(crops && N == 1);
  Value edges, data_format;
  void fields(Fields& f) {
    if constexpr (crops)
      f("cropping", edges, "Steps to cut off: an int, an int an axis, or (before, after) an axis.");
    else
      f("padding", edges, "Zeros to add: an int, an int an axis, or (before, after) an axis.");
    if constexpr (kFormat) f("data_format", data_format, "\"channels_last\" or \"channels_first\".");
  }
  EdgeArgs() {
    if constexpr (N == 1)
      edges = crops ? Value::tuple({1, 1}) : Value(1);
    else if constexpr (crops && N == 2)
      edges = spatial::tuple_of(Pairs(2, {0, 0}));
    else if constexpr (N == 2)
      edges = Value::tuple({1, 1});
    else
      edges = spatial::tuple_of(Pairs(3, {1, 1}));
  }
};

// (batch, spatial axes..., channels), or with channels before the spatial axes.
template <int N, bool crops>
class EdgeLayer : public LayerWith<EdgeArgs<N, crops>> {
 public:
  using Args = EdgeArgs<N, crops>;
  explicit EdgeLayer(Args a = {}, LayerArgs base = {}) : LayerWith<Args>(std::move(a), std::move(base)) {
    const char* argument = crops ? "cropping" : "padding";
    Value& edges = this->args.edges;
    if constexpr (N == 1) {
      edges_ = {spatial::integers(edges, 2, argument, 0)};
      edges = spatial::tuple_of(edges_[0]);
    } else {
      edges_ = spatial::pairs(edges, N, argument);
      edges = spatial::tuple_of(edges_);
    }
    first_ = !Args::kFormat || spatial::channels_last(this->args.data_format) ? 1 : 2;
    this->input_spec_ = {spatial::of_rank(N + 2)};
    this->set_built(true);
  }
  std::string class_name() const override { return text(crops ? "Cropping" : "ZeroPadding", N, "D"); }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    if constexpr (crops) {
      Tensor y = x;
      for (int i = 0; i < N; ++i) {
        const int64_t size = x.shape()[first_ + i], before = edges_[i][0], after = edges_[i][1];
        if (size >= 0 && add_sizes(before, after) >= size) fail(x.shape());
        if (before > 0 || after > 0)
          y = size < 0 ? unknown(y, first_ + i) : prim::slice_axis(y, first_ + i, before, size - after);
      }
      return y;
    } else {
      std::vector<int64_t> low(static_cast<size_t>(x.rank()), 0), high = low;
      for (int i = 0; i < N; ++i)
        low[static_cast<size_t>(first_ + i)] = edges_[i][0], high[static_cast<size_t>(first_ + i)] = edges_[i][1];
      return prim::pad(x, low, high);
    }
  }

 private:
  [[noreturn]] void fail(const Shape& shape) const {
    if (N == 1)
      throw ValueError(
          "`cropping` parameter of `Cropping1D` layer must be smaller than the input length. Received: input_shape=",
          shape, ", cropping=", this->args.edges.repr());
    throw ValueError(
        "Values in `cropping` argument should be smaller than the corresponding spatial dimension of the input. "
        "Received: input_shape=",
        shape, ", cropping=", this->args.edges.repr());
  }
  static Tensor unknown(const Tensor& x, int axis) {
    Shape s = x.shape();
    s[axis] = Shape::kUnknown;
    return Tensor::spec_only(s, x.dtype());
  }
  Pairs edges_;
  int first_ = 1;
};

using ZeroPadding1D = EdgeLayer<1, false>;
using ZeroPadding2D = EdgeLayer<2, false>;
using ZeroPadding3D = EdgeLayer<3, false>;
using Cropping1D = EdgeLayer<1, true>;
using Cropping2D = EdgeLayer<2, true>;
using Cropping3D = EdgeLayer<3, true>;
LAMINA_LAYER(ZeroPadding1D, "ZeroPadding1D", "Adds zeros before and after the steps of a sequence.",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, channels).",
                 .output = "A tensor with more steps.",
                 .example = R"py(
>>> keras.layers.ZeroPadding1D(1)(keras.ops.ones((1, 6, 3))).shape
(1, 8, 3))py"});
LAMINA_LAYER(
    ZeroPadding2D, "ZeroPadding2D", "Surrounds images with zeros.",
    Doc{.call = about::inputs, .input = about::image, .output = "A tensor with more rows and columns.", .example = R"py(
>>> keras.layers.ZeroPadding2D(1)(keras.ops.ones((1, 6, 6, 3))).shape
(1, 8, 8, 3))py"});
LAMINA_LAYER(
    ZeroPadding3D, "ZeroPadding3D", "Surrounds volumes with zeros.",
    Doc{.call = about::inputs, .input = about::volume, .output = "A tensor with larger spatial axes.", .example = R"py(
>>> keras.layers.ZeroPadding3D(1)(keras.ops.ones((1, 4, 4, 4, 3))).shape
(1, 6, 6, 6, 3))py"});
LAMINA_LAYER(Cropping1D, "Cropping1D", "Cuts steps off both ends of a sequence.",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, channels).",
                 .output = "A tensor with fewer steps.",
                 .raises = "ValueError: if nothing would be left.",
                 .example = R"py(
>>> keras.layers.Cropping1D(1)(keras.ops.ones((1, 6, 3))).shape
(1, 4, 3))py"});
LAMINA_LAYER(Cropping2D, "Cropping2D", "Cuts rows and columns off images.",
             Doc{.call = about::inputs,
                 .input = about::image,
                 .output = "A tensor with fewer rows and columns.",
                 .raises = "ValueError: if nothing would be left.",
                 .example = R"py(
>>> keras.layers.Cropping2D(1)(keras.ops.ones((1, 6, 6, 3))).shape
(1, 4, 4, 3))py"});
LAMINA_LAYER(Cropping3D, "Cropping3D", "Cuts slices off volumes.",
             Doc{.call = about::inputs,
                 .input = about::volume,
                 .output = "A tensor with smaller spatial axes.",
                 .raises = "ValueError: if nothing would be left.",
                 .example = R"py(
>>> keras.layers.Cropping3D(1)(keras.ops.ones((1, 4, 4, 4, 3))).shape
(1, 2, 2, 2, 3))py"});

}  // namespace
}  // namespace lamina
