#include "layers/preprocessing/normalization.h"

#include "backends/core/constant_value.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {

void NormalizationArgs::fields(Fields& f) {
  f("axis", axis, "Axis or axes with statistics of their own; None for one mean and variance of all values.");
  f("mean", mean, "The mean, instead of adapt().");
  f("variance", variance, "The variance, instead of adapt().");
  f("invert", invert, "Whether to undo the normalization instead.");
}

NormalizationLayer::NormalizationLayer(NormalizationArgs a, LayerArgs base) : LayerWith(std::move(a), std::move(base)) {
  if (!args.axis.is_none()) {  // which configs hold as a tuple, as Keras' do
    axes_ = value_to<std::vector<int>>(args.axis);
    args.axis = Value::tuple(List(axes_.begin(), axes_.end()));
  }
  args.mean = plain_numbers(args.mean);
  args.variance = plain_numbers(args.variance);
  if (args.mean.is_none() != args.variance.is_none())
    throw ValueError("When setting values directly, both `mean` and `variance` must be set. Received: mean=",
                     args.mean.repr(), " and variance=", args.variance.repr());
  if (given()) check_given();
  supports_masking_ = true;
}

void NormalizationLayer::check_given() const {
  const Shape mean = value_to<Operand>(args.mean).as(DType::float32).shape();
  const Shape variance = value_to<Operand>(args.variance).as(DType::float32).shape();
  if (mean != variance)
    throw ValueError(
        "When setting values directly, `mean` and `variance` must have the same shape. Received: mean shape ", mean,
        " and variance shape ", variance, ".");
  if (mean.rank() > static_cast<int>(axes_.size()))
    throw ValueError("The rank of `mean` must be less than or equal to the number of axes (", axes_.size(),
                     "). Received: mean shape ", mean, " for axis=", args.axis.repr(), ".");
}

Shape NormalizationLayer::kept_shape(const Shape& input) const {
  Shape out;
  for (int axis : axes_) {
    int at = axis < 0 ? axis + input.rank() : axis;
    if (at < 0 || at >= input.rank())
      throw ValueError("All `axis` values must be in the range [-ndim, ndim). Found ndim: ", input.rank(),
                       ", axis: ", args.axis.repr(), " in ", describe(), ".");
    if (input[at] < 0)
      throw ValueError("All `axis` values to be kept must have a known shape. Received axis=", args.axis.repr(),
                       ", inputs.shape=", input, ", with unknown axis at index ", at, " in ", describe(), ".");
    out.push_back(input[at]);
  }
  return out;
}

void NormalizationLayer::build(const Shape& input) {
  Shape kept = kept_shape(input);
  for (int& axis : axes_) axis = axis < 0 ? axis + input.rank() : axis;
  std::sort(axes_.begin(), axes_.end());
  broadcast_ = {};
  for (int i = 0; i < input.rank(); ++i) {
    bool own = std::find(axes_.begin(), axes_.end(), i) != axes_.end();
    if (!own) reduced_.push_back(i);
    broadcast_.push_back(own ? input[i] : 1);
  }
  if (given()) return;
  mean_ = add_weight("mean", kept, {.initializer = "zeros", .trainable = false});
  variance_ = add_weight("variance", kept, {.initializer = "ones", .trainable = false});
  count_ = add_weight("count", {}, {.initializer = "zeros", .dtype = DType::int32, .trainable = false});
}

// A given value broadcasts against the input; an adapted one stands on the kept axes.
Tensor NormalizationLayer::statistic(const Value& value, const Variable& adapted, DType dtype) const {
  if (!given() && !adapted.defined())
    throw ValueError("The ", describe(), " was built for something else than a single tensor.");
  Tensor t = given() ? value_to<Operand>(value).as(dtype) : prim::cast(adapted.value(), dtype);
  Shape shape;  // its axes are the last of the kept ones
  for (int i = 0; i < broadcast_.rank(); ++i) shape.push_back(1);
  for (int i = 1; i <= t.rank(); ++i) shape[axes_[axes_.size() - i]] = t.shape()[t.rank() - i];
  return prim::broadcast_to(prim::reshape(t, shape), broadcast_);
}

Tensor NormalizationLayer::mean() const { return built() ? statistic(args.mean, mean_, compute_dtype()) : Tensor(); }

Tensor NormalizationLayer::variance() const {
  return built() ? statistic(args.variance, variance_, compute_dtype()) : Tensor();
}

Tensor NormalizationLayer::call(const Tensor& x, const CallContext&) {
  const DType dtype = compute_dtype();
  Tensor mean = statistic(args.mean, mean_, dtype), variance = statistic(args.variance, variance_, dtype);
  Tensor scale = prim::maximum(prim::sqrt(variance), prim::full({}, settings().epsilon(), dtype));
  Tensor values = prim::cast(x, dtype);
  return args.invert ? prim::add(mean, prim::multiply(values, scale))
                     : prim::divide(prim::subtract(values, mean), scale);
}

void NormalizationLayer::adapt(const Tensors& batches) {
  if (given())
    throw ValueError(
        "Cannot `adapt` the ", describe(),
        " that is initialized with fixed `mean` and `variance`. You passed `mean` and `variance` as arguments.");
  if (batches.empty()) throw ValueError("adapt() of the ", describe(), " received no data.");
  EagerScope eager;
  if (!built()) { build_from(BuildShapes(Dict{{"inputs", Value(batches[0].shape())}})); }
  // Batches are merged by their counts: mean of means, and variance within plus between batches (Chan et al. 1979).
  Tensor mean, variance;
  double count = 0;
  for (const Tensor& batch : batches) {
    if (batch.rank() != broadcast_.rank() || kept_shape(batch.shape()) != mean_.shape())
      throw ValueError("The ", describe(), " was built with statistics of shape ", mean_.shape(),
                       " but adapt() is being called with data of an incompatible shape ", batch.shape(), ".");
    Tensor x = prim::cast(batch, DType::float64);
    double n = 1;
    for (int axis : reduced_) n *= static_cast<double>(x.shape()[axis]);
    if (n == 0) continue;
    Tensor m = prim::multiply(prim::reduce(Reduce::sum, x, reduced_, true), 1 / n);
    Tensor v = prim::multiply(prim::reduce(Reduce::sum, prim::square(prim::subtract(x, m)), reduced_, true), 1 / n);
    if (count == 0) {
      mean = m, variance = v, count = n;
      continue;
    }
    double share = n / (count + n);
    Tensor step = prim::subtract(m, mean);
    variance = prim::add(prim::add(prim::multiply(variance, 1 - share), prim::multiply(v, share)),
                         prim::multiply(prim::square(step), share * (1 - share)));
    mean = prim::add(mean, prim::multiply(step, share));
    count += n;
  }
  if (count == 0) throw ValueError("adapt() of the ", describe(), " received no data.");
  mean_.assign(prim::cast(prim::reshape(mean, mean_.shape()), mean_.dtype()));
  variance_.assign(prim::cast(prim::reshape(variance, variance_.shape()), variance_.dtype()));
}

LAMINA_LAYER(NormalizationLayer, "Normalization", "Shifts and scales inputs to mean 0 and variance 1.",
             Doc{.call = about::inputs,
                 .input = "Any, with known sizes along `axis`.",
                 .output = "That of the input.",
                 .raises = "ValueError: if only one of `mean` and `variance` is given.",
                 .example = R"py(
>>> layer = keras.layers.Normalization()
>>> layer.adapt(np.array([[1.0], [3.0]], dtype="float32"))
>>> layer(keras.ops.array([[1.0], [5.0]]))
<Tensor shape=(2, 1), dtype=float32, values=[[-1.]
 [ 3.]]>)py"});

}  // namespace lamina
