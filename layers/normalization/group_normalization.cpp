#include "backends/ops/normalization/normalize.h"
#include "backends/ops/primitives.h"
#include "layers/normalization/scale_offset.h"

namespace lamina {

namespace {

struct GroupNormalizationArgs : ScaleOffsetArgs {
  Value groups = 32;
  int axis = -1;
  double epsilon = 1e-3;
  void fields(Fields& f) {
    f("groups", groups, "Number of groups of channels; -1 makes each channel one (instance normalisation).");
    f("axis", axis, "Axis of the channels.");
    f("epsilon", epsilon, "Added to the variance.");
    switches(f);
    initializers(f);
    penalties(f);
  }
};

// Each group of channels of a sample is normalised over its channels and all other axes (Wu and He, 2018); gamma and
// beta are a channel each.
class GroupNormalizationLayer final : public LayerWith<GroupNormalizationArgs> {
 public:
  explicit GroupNormalizationLayer(GroupNormalizationArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    if (!args.groups.is_int() || (args.groups.as_int() <= 0 && args.groups.as_int() != -1))
      throw ValueError(
          "Received an invalid value for argument `groups`, expected a positive integer (or `-1` for instance "
          "normalization). Received: groups=",
          args.groups.repr());
    args.set_defaults();
    supports_masking_ = true;
    set_autocast(false);
  }
  std::string class_name() const override { return "GroupNormalization"; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    const int axis = checked_axes(Value(args.axis), input)[0];
    const int64_t channels = input[axis];
    if (channels < 0)
      throw ValueError("Axis ", args.axis,
                       " of input tensor should have a defined dimension but the layer received an input with shape ",
                       input, ".");
    if (args.groups.as_int() == -1) args.groups = channels;
    const int64_t groups = args.groups.as_int();
    if (channels < groups)
      throw ValueError("Number of groups (", groups, ") cannot be more than the number of channels (", channels, ").");
    if (channels % groups)
      throw ValueError("Number of groups (", groups, ") must be a multiple of the number of channels (", channels,
                       ").");
    InputSpec spec;
    spec.ndim = input.rank();
    spec.axes[args.axis] = channels;
    input_spec_ = {spec};
    if (args.scale) gamma_ = args.make_gamma(*this, {channels});
    if (args.center) beta_ = args.make_beta(*this, {channels});
  }
  Tensor call(const Tensor& input, const CallContext&) override {
    using namespace prim;
    const Shape shape = input.shape();
    if (!shape.known()) return Tensor::spec_only(shape, compute_dtype());
    const int axis = checked_axes(Value(args.axis), shape)[0];
    Tensor x = cast(input, normalization_dtype(input.dtype()));
    // (batch, before, groups, channels of a group, after)
    const int64_t groups = args.groups.as_int(), width = shape[axis] / groups;
    int64_t before = 1, after = 1;
    for (int i = 1; i < axis; ++i) before *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) after *= shape[i];
    Tensor y;
    if (before == 1) {  // a group lies in one piece
      y = normalize(Norm::rows, reshape(x, {shape[0] * groups, width * after}), -1, {}, {}, args.epsilon).y;
    } else {
      x = reshape(x, {shape[0], before, groups, width * after});
      auto mean = [&](const Tensor& t) {  // one axis at a time, which the reductions do in passes along memory
        return multiply(reduce(Reduce::sum, reduce(Reduce::sum, t, {1}, true), {3}, true),
                        1.0 / static_cast<double>(before * width * after));
      };
      Tensor centred = subtract(x, mean(x));
      y = multiply(centred, unary(Unary::rsqrt, add(mean(square(centred)), args.epsilon)));
    }
    y = reshape(y, shape);
    Shape along = Shape::of_rank(shape.rank(), 1);
    along[axis] = shape[axis];
    if (args.scale) y = multiply(y, reshape(cast(gamma_.value(), y.dtype()), along));
    if (args.center) y = add(y, reshape(cast(beta_.value(), y.dtype()), along));
    return cast(y, compute_dtype());
  }

 private:
  Variable gamma_, beta_;
};
LAMINA_LAYER(GroupNormalizationLayer, "GroupNormalization", "Normalises groups of channels of each sample.",
             Doc{.call = about::inputs,
                 .input = "Any, with a known size along `axis` that `groups` divides.",
                 .output = "That of the input.",
                 .raises = "ValueError: if the groups do not divide the axis.",
                 .source = "Wu and He, \"Group Normalization\" (2018).",
                 .example = R"py(
>>> keras.layers.GroupNormalization(groups=2)(keras.ops.array([[1.0, 3.0, 10.0, 20.0]]))
<Tensor shape=(1, 4), dtype=float32, values=[[-0.9995004  0.9995004 -0.99998    0.99998  ]]>)py"});

}  // namespace
}  // namespace lamina
