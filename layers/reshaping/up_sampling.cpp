// UpSampling1D/2D/3D.
#include "backends/ops/image/resample.h"
#include "backends/ops/public/ops.h"
#include "layers/reshaping/spatial.h"

namespace lamina {

namespace {

// Each element `factor` times along `axis`.
Tensor repeated(const Tensor& x, int axis, int64_t factor) {
  const int64_t size = x.shape()[axis];
  if (size >= 0) return prim::resample(x, axis, multiply_sizes(size, factor), Interpolation::nearest);
  return x;
}

struct UpSampling1DArgs {
  Value size = 2;
  void fields(Fields& f) { f("size", size, "Repetitions of each step."); }
};
class UpSampling1DLayer final : public LayerWith<UpSampling1DArgs> {
 public:
  explicit UpSampling1DLayer(UpSampling1DArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.size.is_int())
      throw TypeError("Expected an integer value for `size`, got ", args.size.repr(), " (", args.size.kind_name(),
                      ").");
    if (args.size.as_int() <= 0)
      throw ValueError("Argument `size` should be a positive integer. Received: size=", args.size.repr());
    input_spec_ = {spatial::of_rank(3)};
    set_built(true);
  }
  std::string class_name() const override { return "UpSampling1D"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override { return repeated(x, 1, args.size.as_int()); }
};
LAMINA_LAYER(UpSampling1DLayer, "UpSampling1D", "Repeats each step of a sequence.",
             Doc{.call = about::inputs,
                 .input = "A tensor (batch, steps, channels).",
                 .output = "A tensor (batch, steps * size, channels).",
                 .example = R"py(
>>> keras.layers.UpSampling1D(2)(keras.ops.ones((1, 3, 2))).shape
(1, 6, 2))py"});

struct UpSampling2DArgs {
  Value size = Value::tuple({2, 2}), data_format;
  std::string interpolation = "nearest";
  void fields(Fields& f) {
    f("size", size, "Factors of height and width.");
    f("data_format", data_format, "\"channels_last\" or \"channels_first\".");
    f("interpolation", interpolation, "\"nearest\", \"bilinear\", \"bicubic\", \"lanczos3\" or \"lanczos5\".");
  }
};
class UpSampling2DLayer final : public LayerWith<UpSampling2DArgs> {
 public:
  explicit UpSampling2DLayer(UpSampling2DArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    factors_ = spatial::integers(args.size, 2, "size", 1);
    args.size = spatial::tuple_of(factors_);
    first_ = spatial::channels_last(args.data_format) ? 1 : 2;
    for (char& c : args.interpolation) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    input_spec_ = {spatial::of_rank(4)};
    set_built(true);
  }
  std::string class_name() const override { return "UpSampling2D"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    const int64_t h = x.shape()[first_], w = x.shape()[first_ + 1];
    if (h < 0 || w < 0) {
      Shape out = x.shape();
      for (int i = 0; i < 2; ++i)
        if (out[first_ + i] >= 0) out[first_ + i] = multiply_sizes(out[first_ + i], factors_[static_cast<size_t>(i)]);
      return Tensor::spec_only(out, x.dtype());
    }
    if (args.interpolation == "nearest") return repeated(repeated(x, first_, factors_[0]), first_ + 1, factors_[1]);
    return ops::image::resize(x, {multiply_sizes(h, factors_[0]), multiply_sizes(w, factors_[1])}, args.interpolation,
                              false, false, false, "constant", 0, args.data_format.as_string());
  }

 private:
  std::vector<int64_t> factors_;
  int first_ = 1;
};
LAMINA_LAYER(UpSampling2DLayer, "UpSampling2D", "Enlarges images by whole factors.",
             Doc{.call = about::inputs,
                 .input = about::image,
                 .output = "A tensor with rows and columns multiplied.",
                 .example = R"py(
>>> keras.layers.UpSampling2D(2)(keras.ops.ones((1, 3, 3, 2))).shape
(1, 6, 6, 2))py"});

struct UpSampling3DArgs {
  Value size = Value::tuple({2, 2, 2}), data_format;
  void fields(Fields& f) {
    f("size", size, "Factors of the three spatial axes.");
    f("data_format", data_format, "\"channels_last\" or \"channels_first\".");
  }
};
class UpSampling3DLayer final : public LayerWith<UpSampling3DArgs> {
 public:
  explicit UpSampling3DLayer(UpSampling3DArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    factors_ = spatial::integers(args.size, 3, "size", 1);
    args.size = spatial::tuple_of(factors_);
    first_ = spatial::channels_last(args.data_format) ? 1 : 2;
    input_spec_ = {spatial::of_rank(5)};
    set_built(true);
  }
  std::string class_name() const override { return "UpSampling3D"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor y = x;
    for (int i = 0; i < 3; ++i) y = repeated(y, first_ + i, factors_[static_cast<size_t>(i)]);
    return y;
  }

 private:
  std::vector<int64_t> factors_;
  int first_ = 1;
};
LAMINA_LAYER(UpSampling3DLayer, "UpSampling3D", "Repeats the elements of volumes along each spatial axis.",
             Doc{.call = about::inputs,
                 .input = about::volume,
                 .output = "A tensor with its spatial axes multiplied.",
                 .example = R"py(
>>> keras.layers.UpSampling3D(2)(keras.ops.ones((1, 2, 2, 2, 1))).shape
(1, 4, 4, 4, 1))py"});

}  // namespace
}  // namespace lamina
