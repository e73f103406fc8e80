// LayerNormalization, RMSNormalization, UnitNormalization: each sample over its own axes.
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/normalization/scale_offset.h"

namespace lamina {

namespace {

Shape sizes_along(const std::vector<int>& axes, const Shape& input) {
  Shape out;
  for (int a : axes) out.push_back(input[a]);
  return out;
}
// Keras' layers hold a sorted list once they are built.
Value built_axis(const Value& axis) {
  auto axes = value_to<std::vector<int64_t>>(axis);
  std::sort(axes.begin(), axes.end());
  return Value(List(axes.begin(), axes.end()));
}

struct LayerNormalizationArgs : ScaleOffsetArgs {
  Value axis = -1;
  double epsilon = 1e-3;
  bool rms_scaling = false;
  void fields(Fields& f) {
    f("axis", axis, "Axis or axes to normalise over.");
    f("epsilon", epsilon, "Added to the variance.");
    switches(f);
    initializers(f);
    penalties(f);
    f("rms_scaling", rms_scaling, "Deprecated: divides the inputs by their standard deviation without centring them.");
  }
};
// (x - mean) / sqrt(variance + epsilon) * gamma + beta over `axis` (Ba et al., 2016).
class LayerNormalizationLayer final : public LayerWith<LayerNormalizationArgs> {
 public:
  explicit LayerNormalizationLayer(LayerNormalizationArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    check_axis_argument(args.axis);
    if (args.rms_scaling)
      warn(
          "You passed `rms_scaling=True`, which is deprecated: it scales the inputs by their standard deviation, not "
          "by the root mean square. Use `keras.layers.RMSNormalization` instead.");
    args.set_defaults();
    supports_masking_ = true;
    set_autocast(false);
  }
  std::string class_name() const override { return "LayerNormalization"; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    const Shape shape = sizes_along(checked_axes(args.axis, input), input);
    if (args.scale || args.rms_scaling) gamma_ = args.make_gamma(*this, shape);
    if (args.center && !args.rms_scaling) beta_ = args.make_beta(*this, shape);
    args.axis = built_axis(args.axis);
  }
  Tensor call(const Tensor& x, const CallContext&) override {
    std::optional<Operand> gamma, beta;
    if (gamma_.defined()) gamma = gamma_.value();
    if (beta_.defined()) beta = beta_.value();
    return prim::cast(
        ops::layer_normalization(x, gamma, beta, checked_axes(args.axis, x.shape()), args.epsilon, args.rms_scaling),
        compute_dtype());
  }

 private:
  Variable gamma_, beta_;
};
LAMINA_LAYER(LayerNormalizationLayer, "LayerNormalization", "Normalises each sample over axes.",
             Doc{.call = about::inputs,
                 .input = "Any, with known sizes along `axis`.",
                 .output = "That of the input.",
                 .source = "Ba et al., \"Layer Normalization\" (2016).",
                 .example = R"py(
>>> keras.layers.LayerNormalization()(keras.ops.array([[1.0, 3.0]]))
<Tensor shape=(1, 2), dtype=float32, values=[[-0.9995004  0.9995004]]>)py"});

struct RMSNormalizationArgs {
  Value axis = -1;
  double epsilon = 1e-6;
  void fields(Fields& f) {
    f("axis", axis, "Axis or axes to normalise over.");
    f("epsilon", epsilon, "Added to the mean square.");
  }
};
// x / sqrt(mean(x^2) + epsilon) * scale over `axis` (Zhang and Sennrich, 2019).
class RMSNormalizationLayer final : public LayerWith<RMSNormalizationArgs> {
 public:
  explicit RMSNormalizationLayer(RMSNormalizationArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    check_axis_argument(args.axis);
  }
  std::string class_name() const override { return "RMSNormalization"; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    scale_ = add_weight("scale", sizes_along(checked_axes(args.axis, input), input), {.initializer = "ones"});
    args.axis = built_axis(args.axis);
  }
  Tensor call(const Tensor& x, const CallContext&) override {
    return ops::rms_normalization(x, Operand(scale_.value()), checked_axes(args.axis, x.shape()), args.epsilon);
  }

 private:
  Variable scale_;
};
LAMINA_LAYER(RMSNormalizationLayer, "RMSNormalization", "Divides each sample by the root of its mean square over axes.",
             Doc{.call = about::inputs,
                 .input = "Any, with known sizes along `axis`.",
                 .output = "That of the input.",
                 .source = "Zhang and Sennrich, \"Root Mean Square Layer Normalization\" (2019).",
                 .example = R"py(
>>> keras.layers.RMSNormalization()(keras.ops.array([[3.0, 4.0]]))
<Tensor shape=(1, 2), dtype=float32, values=[[0.8485281 1.1313708]]>)py"});

struct UnitNormalizationArgs {
  Value axis = -1;
  void fields(Fields& f) { f("axis", axis, "Axis or axes whose Euclidean norm becomes 1."); }
};
class UnitNormalizationLayer final : public LayerWith<UnitNormalizationArgs> {
 public:
  explicit UnitNormalizationLayer(UnitNormalizationArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    if (!args.axis.is_int() && !args.axis.is_sequence())
      throw TypeError("Invalid value for `axis` argument: expected an int or a list/tuple of ints. Received: axis=",
                      args.axis.repr());
    if (args.axis.is_sequence()) args.axis = Value(args.axis.as_list());
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "UnitNormalization"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    return ops::normalize(x, checked_axes(args.axis, x.shape()), 2, 1e-12);
  }
};
LAMINA_LAYER(UnitNormalizationLayer, "UnitNormalization", "Gives each sample the norm 1.",
             Doc{.call = about::inputs, .input = "Any.", .output = "That of the input.", .example = R"py(
>>> keras.layers.UnitNormalization()(keras.ops.array([[3.0, 4.0]]))
<Tensor shape=(1, 2), dtype=float32, values=[[0.6 0.8]]>)py"});

}  // namespace
}  // namespace lamina
