// BatchNormalization, LayerNormalization, Normalization, Rescaling.
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "backends/core/engine.h"
#include "layers/layer.h"

namespace lamina {

namespace {

Tensor mean_of(const Tensor& x, const std::vector<int>& axes, const Shape& shape) {
  double count = 1;
  for (int a : axes) count *= static_cast<double>(shape[a]);
  return prim::multiply(prim::reduce(Reduce::sum, x, axes, true), 1.0 / count);
}

struct BatchNormalizationArgs {
  int axis = -1;
  double momentum = 0.99, epsilon = 1e-3;
  bool center = true, scale = true;
  InitializerRef beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer;
  RegularizerRef beta_regularizer, gamma_regularizer;
  ConstraintRef beta_constraint, gamma_constraint;
  bool synchronized = false;
  bool renorm = false;
  Value renorm_clipping;
  double renorm_momentum = 0.99;
  void fields(Fields& f) {
    f("axis", axis, "Axis of the features.");
    f("momentum", momentum, "Momentum of the moving averages.");
    f("epsilon", epsilon, "Added to the variance.");
    f("center", center, "Whether to add beta.");
    f("scale", scale, "Whether to multiply by gamma.");
    f("beta_initializer", beta_initializer, "Initializer of beta.");
    f("gamma_initializer", gamma_initializer, "Initializer of gamma.");
    f("moving_mean_initializer", moving_mean_initializer, "Initializer of the moving mean.");
    f("moving_variance_initializer", moving_variance_initializer, "Initializer of the moving variance.");
    f("beta_regularizer", beta_regularizer, "Penalty on beta.");
    f("gamma_regularizer", gamma_regularizer, "Penalty on gamma.");
    f("beta_constraint", beta_constraint, "Projection of beta.");
    f("gamma_constraint", gamma_constraint, "Projection of gamma.");
    f("synchronized", synchronized, "Kept for Keras; there is one device.");
    f("renorm", renorm, "Not supported; must be False.");
    f("renorm_clipping", renorm_clipping, "Not used.");
    f("renorm_momentum", renorm_momentum, "Not used.");
  }
};
// (x - mean) / sqrt(variance + epsilon) * gamma + beta, with the batch's statistics in training and moving ones otherwise
// (Ioffe and Szegedy, 2015). A mask leaves masked places out of the statistics.
class BatchNormalizationLayer final : public LayerWith<BatchNormalizationArgs> {
 public:
  explicit BatchNormalizationLayer(BatchNormalizationArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.beta_initializer) args.beta_initializer = "zeros";
    if (!args.gamma_initializer) args.gamma_initializer = "ones";
    if (!args.moving_mean_initializer) args.moving_mean_initializer = "zeros";
    if (!args.moving_variance_initializer) args.moving_variance_initializer = "ones";
    if (args.renorm) throw UnsupportedError("BatchNormalization: `renorm` is not supported.");
    supports_masking_ = true;
  }
  std::string class_name() const override { return "BatchNormalization"; }
  bool call_takes_training() const override { return true; }
  bool call_takes_mask() const override { return true; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    int axis = normalize_axis(args.axis, input.rank());
    Shape shape{input[axis]};
    if (args.scale) gamma_ = add_weight("gamma", shape, {.initializer = args.gamma_initializer, .autocast = false, .regularizer = args.gamma_regularizer, .constraint = args.gamma_constraint});
    if (args.center) beta_ = add_weight("beta", shape, {.initializer = args.beta_initializer, .autocast = false, .regularizer = args.beta_regularizer, .constraint = args.beta_constraint});
    mean_ = add_weight("moving_mean", shape, {.initializer = args.moving_mean_initializer, .trainable = false, .autocast = false});
    variance_ = add_weight("moving_variance", shape, {.initializer = args.moving_variance_initializer, .trainable = false, .autocast = false});
    InputSpec spec;
    spec.ndim = input.rank();
    spec.axes[axis] = input[axis];
    input_spec_ = {spec};
  }
  Tensor call(const Tensor& input, const CallContext& c) override {
    const DType low = input.dtype();
    const bool widen = low == DType::float16 || low == DType::bfloat16;
    Tensor x = widen ? prim::cast(input, DType::float32) : input;
    int axis = normalize_axis(args.axis, x.rank());
    std::vector<int> axes;
    Shape along = Shape::of_rank(x.rank(), 1);
    for (int i = 0; i < x.rank(); ++i)
      if (i != axis) axes.push_back(i);
    along[axis] = x.shape()[axis];
    Tensor mean, variance;
    if (c.training && trainable() && x.shape().known()) {
      if (Tensor mask = c.mask_tensor(); mask.defined()) {
        Tensor keep = prim::cast(mask, x.dtype());
        while (keep.rank() < x.rank()) keep = prim::expand_dims(keep, keep.rank());
        Tensor weighted = prim::multiply(x, keep);
        double share = 1;
        for (int a : axes)
          if (keep.shape()[a] == 1) share *= static_cast<double>(x.shape()[a]);
        std::vector<int> all;
        for (int i = 0; i < keep.rank(); ++i) all.push_back(i);
        Tensor total = prim::add(prim::multiply(prim::reduce(Reduce::sum, keep, all, true), share), 1e-7);
        mean = prim::divide(prim::reduce(Reduce::sum, weighted, axes, true), total);
        Tensor centred = prim::subtract(x, mean);
        variance = prim::divide(prim::reduce(Reduce::sum, prim::multiply(keep, prim::square(centred)), axes, true), total);
      } else {
        mean = mean_of(x, axes, x.shape());
        variance = mean_of(prim::square(prim::subtract(x, mean)), axes, x.shape());
      }
      auto follow = [&](const Variable& moving, const Tensor& batch) {
        Tensor now = prim::cast(prim::stop_gradient(prim::reshape(batch, moving.shape())), moving.dtype());
        moving.assign(prim::add(prim::multiply(moving.value(), args.momentum), prim::multiply(now, 1 - args.momentum)));
      };
      follow(mean_, mean);
      follow(variance_, variance);
    } else {
      mean = prim::reshape(prim::cast(mean_.value(), x.dtype()), along);
      variance = prim::reshape(prim::cast(variance_.value(), x.dtype()), along);
    }
    Tensor factor = prim::unary(Unary::rsqrt, prim::add(variance, args.epsilon));
    if (args.scale) factor = prim::multiply(factor, prim::reshape(prim::cast(gamma_.value(), x.dtype()), along));
    Tensor y = prim::multiply(prim::subtract(x, mean), factor);
    if (args.center) y = prim::add(y, prim::reshape(prim::cast(beta_.value(), x.dtype()), along));
    return prim::cast(y, compute_dtype());
  }

 private:
  Variable gamma_, beta_, mean_, variance_;
};
LAMINA_LAYER(BatchNormalizationLayer, "BatchNormalization", "Normalises features over the batch.");

struct LayerNormalizationArgs {
  Value axis = -1;
  double epsilon = 1e-3;
  bool center = true, scale = true;
  InitializerRef beta_initializer, gamma_initializer;
  RegularizerRef beta_regularizer, gamma_regularizer;
  ConstraintRef beta_constraint, gamma_constraint;
  bool rms_scaling = false;
  void fields(Fields& f) {
    f("axis", axis, "Axis or axes to normalise over.");
    f("epsilon", epsilon, "Added to the variance.");
    f("center", center, "Whether to add beta.");
    f("scale", scale, "Whether to multiply by gamma.");
    f("beta_initializer", beta_initializer, "Initializer of beta.");
    f("gamma_initializer", gamma_initializer, "Initializer of gamma.");
    f("beta_regularizer", beta_regularizer, "Penalty on beta.");
    f("gamma_regularizer", gamma_regularizer, "Penalty on gamma.");
    f("beta_constraint", beta_constraint, "Projection of beta.");
    f("gamma_constraint", gamma_constraint, "Projection of gamma.");
    f("rms_scaling", rms_scaling, "Not supported; must be False.");
  }
};
class LayerNormalizationLayer final : public LayerWith<LayerNormalizationArgs> {
 public:
  explicit LayerNormalizationLayer(LayerNormalizationArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.axis.is_int() && !args.axis.is_sequence()) throw TypeError("Expected an int or a list/tuple of ints for the argument 'axis', but received: ", args.axis.repr());
    if (args.rms_scaling) throw UnsupportedError("LayerNormalization: `rms_scaling` is not supported.");
    if (!args.beta_initializer) args.beta_initializer = "zeros";
    if (!args.gamma_initializer) args.gamma_initializer = "ones";
    supports_masking_ = true;
    set_autocast(false);
  }
  std::string class_name() const override { return "LayerNormalization"; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    Shape shape;
    for (int a : axes(input.rank())) shape.push_back(input[a]);
    if (args.scale) gamma_ = add_weight("gamma", shape, {.initializer = args.gamma_initializer, .autocast = false, .regularizer = args.gamma_regularizer, .constraint = args.gamma_constraint});
    if (args.center) beta_ = add_weight("beta", shape, {.initializer = args.beta_initializer, .autocast = false, .regularizer = args.beta_regularizer, .constraint = args.beta_constraint});
  }
  Tensor call(const Tensor& input, const CallContext&) override {
    DType work = is_float(input.dtype()) && input.dtype() == DType::float64 ? DType::float64 : DType::float32;
    Tensor x = prim::cast(input, work);
    auto over = axes(x.rank());
    Shape along = Shape::of_rank(x.rank(), 1);
    for (int a : over) along[a] = x.shape()[a];
    Tensor mean = mean_of(x, over, x.shape());
    Tensor centred = prim::subtract(x, mean);
    Tensor variance = mean_of(prim::square(centred), over, x.shape());
    Tensor y = prim::multiply(centred, prim::unary(Unary::rsqrt, prim::add(variance, args.epsilon)));
    if (args.scale) y = prim::multiply(y, prim::reshape(prim::cast(gamma_.value(), work), along));
    if (args.center) y = prim::add(y, prim::reshape(prim::cast(beta_.value(), work), along));
    return prim::cast(y, compute_dtype());
  }

 private:
  std::vector<int> axes(int rank) const {
    std::vector<int> out;
    for (int a : value_to<std::vector<int>>(args.axis)) out.push_back(normalize_axis(a, rank));
    std::sort(out.begin(), out.end());
    return out;
  }
  Variable gamma_, beta_;
};
LAMINA_LAYER(LayerNormalizationLayer, "LayerNormalization", "Normalises each sample over axes.");

struct RescalingArgs {
  Value scale, offset = 0.0;
  void fields(Fields& f) {
    f("scale", scale, "Factor.").required();
    f("offset", offset, "Added afterwards.");
  }
};
class RescalingLayer final : public LayerWith<RescalingArgs> {
 public:
  explicit RescalingLayer(RescalingArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "Rescaling"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor y = prim::cast(x, compute_dtype());
    y = prim::multiply(y, value_to<Operand>(args.scale).as(compute_dtype()));
    return prim::add(y, value_to<Operand>(args.offset).as(compute_dtype()));
  }
};
LAMINA_LAYER(RescalingLayer, "Rescaling", "x * scale + offset.");

}  // namespace
}  // namespace lamina
