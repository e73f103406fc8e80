#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/normalization/normalize.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/normalization/scale_offset.h"

namespace lamina {

namespace {

struct BatchNormalizationArgs : ScaleOffsetArgs {
  int axis = -1;
  double momentum = 0.99, epsilon = 1e-3;
  InitializerRef moving_mean_initializer, moving_variance_initializer;
  bool renorm = false;
  Value renorm_clipping;
  double renorm_momentum = 0.99;
  bool synchronized = false;
  void fields(Fields& f) {
    f("axis", axis, "Axis of the features.");
    f("momentum", momentum, "Momentum of the moving averages.");
    f("epsilon", epsilon, "Added to the variance.");
    switches(f);
    initializers(f);
    f("moving_mean_initializer", moving_mean_initializer, "Initializer of the moving mean.").shown("zeros");
    f("moving_variance_initializer", moving_variance_initializer, "Initializer of the moving variance.").shown("ones");
    penalties(f);
    f("renorm", renorm, "Whether to correct the batch's statistics towards the moving ones.");
    f("renorm_clipping", renorm_clipping, "Bounds of the correction: a dict of 'rmax', 'rmin' and 'dmax'.");
    f("renorm_momentum", renorm_momentum, "Momentum of the correction's moving averages.");
    f("synchronized", synchronized, "Statistics over several devices. There is one: must be False.");
  }
};

struct Statistics {
  Tensor mean, variance;  // (n)
};

// (x - mean) / sqrt(variance + epsilon) * gamma + beta, with the batch's statistics in training and moving ones
// otherwise (Ioffe and Szegedy, 2015). A mask leaves masked places out of the statistics. With renorm the batch's
// statistics are corrected to within bounds of the moving ones (Ioffe, 2017).
class BatchNormalizationLayer final : public LayerWith<BatchNormalizationArgs> {
 public:
  explicit BatchNormalizationLayer(BatchNormalizationArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    args.set_defaults();
    if (!args.moving_mean_initializer) args.moving_mean_initializer = "zeros";
    if (!args.moving_variance_initializer) args.moving_variance_initializer = "ones";
    if (args.synchronized)
      throw ValueError(
          "Argument synchronized=True is only supported with the TensorFlow backend. Here there is one device: leave "
          "it False.");
    if (args.renorm) check_clipping();
    supports_masking_ = true;
  }
  std::string class_name() const override { return "BatchNormalization"; }
  bool call_takes_training() const override { return true; }
  bool call_takes_mask() const override { return true; }
  using Layer::build;
  using Layer::call;
  void build(const Shape& input) override {
    const int axis = axis_of(input);
    const Shape shape{input[axis]};
    if (args.scale) gamma_ = args.make_gamma(*this, shape);
    if (args.center) beta_ = args.make_beta(*this, shape);
    auto moving = [&](const char* name, const InitializerRef& initializer) {
      return add_weight(name, shape, {.initializer = initializer, .trainable = false, .autocast = false});
    };
    mean_ = moving("moving_mean", args.moving_mean_initializer);
    variance_ = moving("moving_variance", args.moving_variance_initializer);
    if (args.renorm) {
      stddev_ = moving("moving_stddev", args.moving_variance_initializer);
      renorm_mean_ = moving("renorm_mean", args.moving_mean_initializer);
      renorm_stddev_ = moving("renorm_stddev", args.moving_variance_initializer);
      EagerScope eager;
      for (const Variable& v : {stddev_, renorm_stddev_}) v.assign(prim::sqrt(v.state().value));
    }
    InputSpec spec;
    spec.ndim = input.rank();
    spec.axes[axis] = input[axis];
    input_spec_ = {spec};
  }
  Tensor call(const Tensor& input, const CallContext& c) override {
    Tensor x = prim::cast(input, normalization_dtype(input.dtype()));
    const int axis = axis_of(x.shape());
    Tensor mask = c.mask_tensor();
    if (mask.defined() && mask.rank() != x.rank() - 1)
      throw ValueError("The mask provided should be one dimension less than the inputs. Received: mask.shape=",
                       mask.shape(), ", inputs.shape=", x.shape());
    Tensor gamma = args.scale ? prim::cast(gamma_.value(), x.dtype()) : Tensor(),
           beta = args.center ? prim::cast(beta_.value(), x.dtype()) : Tensor();
    if (!c.training || !trainable() || x.shape_only())
      return affine(x, axis, {prim::cast(mean_.value(), x.dtype()), prim::cast(variance_.value(), x.dtype())}, gamma,
                    beta);
    if (!mask.defined() && !args.renorm) {
      prim::Normalized out = prim::normalize(Norm::batch, x, axis, gamma, beta, args.epsilon);
      follow(mean_, out.mean, args.momentum);
      follow(variance_, out.variance, args.momentum);
      return prim::cast(out.y, compute_dtype());
    }
    Statistics batch = mask.defined() ? masked_statistics(x, axis, mask) : plain_statistics(x, axis);
    if (args.renorm) {
      correct(batch, gamma, beta);
    } else {
      follow(mean_, batch.mean, args.momentum);
      follow(variance_, batch.variance, args.momentum);
    }
    return affine(x, axis, batch, gamma, beta);
  }

 private:
  int axis_of(const Shape& shape) const { return checked_axes(Value(args.axis), shape)[0]; }

  Tensor affine(const Tensor& x, int axis, const Statistics& s, const Tensor& gamma, const Tensor& beta) const {
    Shape along = Shape::of_rank(x.rank(), 1);
    along[axis] = x.shape()[axis];
    Tensor factor = prim::unary(Unary::rsqrt, prim::add(s.variance, args.epsilon));
    if (gamma.defined()) factor = prim::multiply(factor, gamma);
    Tensor y = prim::multiply(prim::subtract(x, prim::reshape(s.mean, along)), prim::reshape(factor, along));
    if (beta.defined()) y = prim::add(y, prim::reshape(beta, along));
    return prim::cast(y, compute_dtype());
  }

  static Tensor over_all_but(const Tensor& x, int axis) {
    std::vector<int> axes;
    for (int i = 0; i < x.rank(); ++i)
      if (i != axis) axes.push_back(i);
    return prim::reduce(Reduce::sum, x, axes, false);
  }
  static Statistics plain_statistics(const Tensor& x, int axis) {
    prim::Normalized out = prim::normalize(Norm::batch, x, axis, {}, {}, 1);
    return {out.mean, out.variance};
  }
  static Statistics masked_statistics(const Tensor& x, int axis, const Tensor& mask) {
    Tensor keep = prim::broadcast_to(prim::expand_dims(prim::cast(mask, DType::boolean), mask.rank()), x.shape()),
           zero = prim::full({}, 0, x.dtype());
    Shape along = Shape::of_rank(x.rank(), 1);
    along[axis] = x.shape()[axis];
    Tensor count = prim::add(over_all_but(prim::cast(keep, x.dtype()), axis), settings().epsilon());
    Tensor mean = prim::divide(over_all_but(prim::where(keep, x, zero), axis), count);
    Tensor centred = prim::where(keep, prim::subtract(x, prim::reshape(mean, along)), zero);
    return {mean, prim::divide(over_all_but(prim::square(centred), axis), count)};
  }
  static void follow(const Variable& moving, const Tensor& now, double momentum) {
    Tensor value = prim::cast(prim::stop_gradient(now), moving.dtype());
    moving.assign(prim::add(prim::multiply(moving.value(), momentum), prim::multiply(value, 1 - momentum)));
  }

  // Turns gamma and beta into those of the correction: x is scaled by r and moved by d, both within bounds and constant
  // for the gradient; and lets the moving statistics follow.
  void correct(const Statistics& batch, Tensor& gamma, Tensor& beta) const {
    using namespace prim;
    const DType type = batch.mean.dtype();
    auto constant = [&](double v) { return full({}, v, type); };
    Tensor stddev = prim::sqrt(add(batch.variance, args.epsilon));
    Tensor reference = maximum(cast(renorm_stddev_.value(), type), constant(std::sqrt(args.epsilon)));
    Tensor r = divide(stddev, reference), d = divide(subtract(batch.mean, cast(renorm_mean_.value(), type)), reference);
    if (auto bound = clipping("rmin")) r = maximum(r, constant(*bound));
    if (auto bound = clipping("rmax")) r = minimum(r, constant(*bound));
    if (auto bound = clipping("dmax")) d = minimum(maximum(d, constant(-*bound)), constant(*bound));
    r = stop_gradient(r), d = stop_gradient(d);
    Tensor shift = gamma.defined() ? multiply(d, gamma) : d;
    gamma = gamma.defined() ? multiply(r, gamma) : r;
    beta = beta.defined() ? add(shift, beta) : shift;
    follow(renorm_mean_, batch.mean, args.renorm_momentum);
    follow(renorm_stddev_, stddev, args.renorm_momentum);
    follow(mean_, batch.mean, args.momentum);
    follow(stddev_, stddev, args.momentum);
    variance_.assign(unary(Unary::relu, add(square(stddev_.value()), -args.epsilon)));
  }
  std::optional<double> clipping(const char* key) const {
    const Value* v = args.renorm_clipping.is_dict() ? args.renorm_clipping.as_dict().find(key) : nullptr;
    return v && !v->is_none() ? std::optional(v->as_number()) : std::nullopt;
  }
  void check_clipping() {
    if (args.renorm_clipping.is_none()) args.renorm_clipping = Dict{};
    for (const auto& [key, value] : args.renorm_clipping.as_dict())
      if (key != "rmax" && key != "rmin" && key != "dmax")
        throw ValueError("Received invalid keys for `renorm_clipping` argument: ", args.renorm_clipping.repr(),
                         ". Supported values: ['rmax', 'rmin', 'dmax'].");
    auto rmax = clipping("rmax"), rmin = clipping("rmin"), dmax = clipping("dmax");
    if (rmax && rmin && *rmax < *rmin)
      throw ValueError("rmax should be greater than rmin in the `renorm_clipping` argument. Received: rmax=", *rmax,
                       ", rmin=", *rmin, ".");
    if (dmax && *dmax < 0)
      throw ValueError("dmax should be non-negative in the `renorm_clipping` argument. Received: dmax=", *dmax, ".");
  }
  Variable gamma_, beta_, mean_, variance_, stddev_, renorm_mean_, renorm_stddev_;
};
LAMINA_LAYER(
    BatchNormalizationLayer, "BatchNormalization", "Normalises features over the batch.",
    Doc{.call = "inputs: A tensor.\ntraining: Whether to take the batch's own statistics and to move the averages "
                "towards them.\nmask: A bool tensor; positions that are False do not count in the statistics.",
        .input = "Any, with a known size along `axis`.",
        .output = "That of the input.",
        .source = "Ioffe and Szegedy, \"Batch Normalization: Accelerating Deep Network Training by Reducing Internal "
                  "Covariate Shift\" (2015).",
        .example = R"py(
>>> layer = keras.layers.BatchNormalization()
>>> layer(keras.ops.array([[1.0], [3.0]]), training=True)
<Tensor shape=(2, 1), dtype=float32, values=[[-0.9995004]
 [ 0.9995004]]>)py"});

}  // namespace
}  // namespace lamina
