#include "backends/ops/public/nn_normalization.h"

#include "backends/core/settings.h"
#include "backends/core/warning.h"
#include "backends/ops/normalization/normalize.h"
#include "backends/ops/public/support.h"
#include "backends/ops/public/tensor_tuple.h"

namespace lamina::ops {

#define NN "keras.src.ops.nn."

namespace {

using namespace prim;

Tensor mean_over(const Tensor& x, const std::vector<int>& axes) {
  return divide(reduce(Reduce::sum, x, axes, true), constant(count_of(x.shape(), axes), x.dtype()));
}

TensorTuple moments_impl(const Operand& x, const std::vector<int>& axes, bool keepdims, bool synchronized) {
  if (synchronized) throw UnsupportedError("Argument synchronized=True is not supported: there is one device.");
  DType type = float_type({&x});
  Tensor t = x.as(at_least_float32(type));
  std::vector<int> over = axes_of(axes, t.rank());
  Tensor mean = mean_over(t, over), variance = mean_over(square(subtract(t, mean)), over);
  if (is_half(type)) {  // both fit float16, as Keras ensures
    auto fit = [&](const Tensor& v) {
      return cast(minimum(maximum(v, constant(-65504, v.dtype())), constant(65504, v.dtype())), type);
    };
    mean = fit(mean), variance = fit(variance);
  }
  if (!keepdims) {
    Shape s = mean.shape();
    for (size_t i = over.size(); i-- > 0;) s.erase(over[i]);
    mean = reshape(mean, s), variance = reshape(variance, s);
  }
  return {mean, variance};
}
const auto moments_op = public_op(
    "moments", NN "Moments", "The mean and the variance over `axes`.", moments_impl,
    {{"x", required, about::tensor},
     {"axes", required, "The axis or axes to take them over."},
     {"keepdims", false, about::keepdims},
     {"synchronized", false, "Whether to take them over all replicas; there is one here."}},
    {.returns = "The mean and the variance, each without the axes (of size 1 with `keepdims`), in floating point.",
     .example = R"py(
>>> keras.ops.moments(keras.ops.array([1.0, 3.0]), axes=0)
(<Tensor shape=(), dtype=float32, values=2.0>, <Tensor shape=(), dtype=float32, values=1.0>))py"});

Tensor batch_normalization_impl(const Operand& x, const Operand& mean, const Operand& variance, int axis,
                                const std::optional<Operand>& offset, const std::optional<Operand>& scale,
                                double epsilon) {
  std::vector<PromotionType> types = {x.type(), mean.type(), variance.type(), {DType::float32, true}};
  if (offset) types.push_back(offset->type());
  if (scale) types.push_back(scale->type());
  DType type = result_type(types.data(), types.size());
  Tensor t = x.as(type);
  int a = normalize_axis(axis, t.rank());
  Shape wide = Shape::of_rank(t.rank());
  wide[a] = t.shape()[a];
  auto along = [&](const Operand& v, const char* what) {
    if (v.shape().rank() != 1 || !compatible(v.shape(), Shape{t.shape()[a]}))
      throw ValueError("Shape mismatch: `", what, "` must be a vector of length ", t.shape()[a], " (axis ", axis,
                       " of shape ", t.shape(), "). Received shape ", v.shape(), ".");
    Shape s = wide;
    s[a] = v.shape()[0];
    return reshape(v.as(type), s);
  };
  Tensor inv = unary(Unary::rsqrt, add(along(variance, "variance"), epsilon));
  if (scale) inv = multiply(inv, along(*scale, "scale"));
  Tensor shift = negative(multiply(along(mean, "mean"), inv));
  if (offset) shift = add(shift, along(*offset, "offset"));
  return add(multiply(t, inv), shift);
}
const auto batch_normalization_op = public_op(
    "batch_normalization", NN "BatchNorm",
    "(x - mean) / sqrt(variance + epsilon) * scale + offset, with vectors along `axis`.", batch_normalization_impl,
    {{"x", required, about::tensor},
     {"mean", required, "The mean of each entry along `axis`."},
     {"variance", required, "The variance of each entry along `axis`."},
     {"axis", required, "The axis of the statistics."},
     {"offset", Value(), "What is added at the end; None is 0."},
     {"scale", Value(), "What the normalised numbers are multiplied with; None is 1."},
     {"epsilon", 1e-3, about::epsilon}},
    {.returns = about::floating,
     .raises = "ValueError: if a vector's size is not that of the axis.",
     .source = "Ioffe and Szegedy, \"Batch Normalization\" (2015).",
     .example = R"py(
>>> x, mean, variance = keras.ops.array([[1.0, 2.0]]), keras.ops.array([0.0, 2.0]), keras.ops.ones(2)
>>> keras.ops.batch_normalization(x, mean, variance, axis=-1)
<Tensor shape=(1, 2), dtype=float32, values=[[0.9995004 0.       ]]>)py"});

// A weight over the normalised axes, with size 1 elsewhere.
Tensor spread_weight(const Operand& w, const Tensor& x, const std::vector<int>& axes) {
  Tensor t = w.as(x.dtype());
  if (t.rank() == x.rank() || (axes.size() == 1 && axes[0] == x.rank() - 1)) return t;
  Shape s = Shape::of_rank(x.rank());
  for (int a : axes) s[a] = x.shape()[a];
  return reshape(t, s);
}

// Whether the statistics of x over `axes` are those of rows of its last axes, and the weights, where given, lie along
// them: then one primitive does it all.
bool is_rows(const Tensor& x, const std::vector<int>& axes,
             std::initializer_list<const std::optional<Operand>*> weights) {
  if (!x.shape().known() || axes.empty() || x.size() == 0) return false;
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != x.rank() - static_cast<int>(axes.size() - i)) return false;
  Shape expected;
  for (int a : axes) expected.push_back(x.shape()[a]);
  for (const auto* w : weights)
    if (*w && (*w)->shape() != expected) return false;
  return true;
}

Tensor normalize_rows(Norm kind, const Tensor& x, const std::vector<int>& axes, const std::optional<Operand>& scale,
                      const std::optional<Operand>& offset, double epsilon) {
  Shape rows;
  for (int i = 0; i < axes[0]; ++i) rows.push_back(x.shape()[i]);
  rows.push_back(static_cast<int64_t>(count_of(x.shape(), axes)));
  auto vector = [&](const std::optional<Operand>& w) {
    return w ? reshape(w->as(x.dtype()), {rows.back()}) : Tensor();
  };
  return reshape(prim::normalize(kind, reshape(x, rows), -1, vector(scale), vector(offset), epsilon).y, x.shape());
}

Tensor layer_normalization_impl(const Operand& x, const std::optional<Operand>& gamma,
                                const std::optional<Operand>& beta, const std::vector<int>& axis,
                                const std::optional<double>& epsilon, bool rms_scaling) {
  DType type = float_type({&x});
  Tensor t = x.as(at_least_float32(type));
  std::vector<int> axes = axes_of(axis, t.rank());
  if (rms_scaling)
    warn(
        "You passed `rms_scaling=True`, which is deprecated: it divides by the root of the variance, not of the mean "
        "square. Use `keras.ops.rms_normalization` instead.");
  if (t.shape_only()) return Tensor::spec_only(t.shape(), x.dtype());
  const double e = epsilon.value_or(settings().epsilon());
  if (!rms_scaling && is_rows(t, axes, {&gamma, &beta}))
    return cast(normalize_rows(Norm::rows, t, axes, gamma, beta, e), x.dtype());
  Tensor centred = subtract(t, mean_over(t, axes));
  Tensor inv = unary(Unary::rsqrt, add(mean_over(square(centred), axes), e));
  Tensor out = multiply(rms_scaling ? t : centred, inv);
  if (gamma) out = multiply(out, spread_weight(*gamma, t, axes));
  if (beta && !rms_scaling) out = add(out, spread_weight(*beta, t, axes));
  return cast(out, x.dtype());
}
const auto layer_normalization_op = public_op(
    "layer_normalization", NN "LayerNorm",
    "(x - mean) / sqrt(variance + epsilon) * gamma + beta over `axis` (Ba et al., 2016).", layer_normalization_impl,
    {{"x", required, about::tensor},
     {"gamma", Value(), "What the normalised numbers are multiplied with; None is 1."},
     {"beta", Value(), "What is added at the end; None is 0."},
     {"axis", -1, "The axis or axes to normalise over."},
     {"epsilon", Value(), about::default_epsilon},
     {"rms_scaling", false, "Whether to divide by the variance's root alone, without taking off the mean."}},
    {.returns = about::floating, .source = "Ba et al., \"Layer Normalization\" (2016).", .example = R"py(
>>> keras.ops.layer_normalization(keras.ops.array([[1.0, 3.0]]))
<Tensor shape=(1, 2), dtype=float32, values=[[-1.  1.]]>)py"});

Tensor rms_normalization_impl(const Operand& x, const std::optional<Operand>& scale, const std::vector<int>& axis,
                              const std::optional<double>& epsilon) {
  DType type = float_type({&x});
  Tensor t = x.as(at_least_float32(type));
  if (t.rank() == 0) t = reshape(t, {1});
  std::vector<int> axes = axes_of(axis, t.rank());
  const double e = epsilon.value_or(settings().epsilon());
  if (is_rows(t, axes, {&scale})) return cast(normalize_rows(Norm::rms, t, axes, scale, {}, e), x.dtype());
  Tensor out = multiply(t, unary(Unary::rsqrt, add(mean_over(square(t), axes), e)));
  if (scale) out = multiply(out, scale->as(t.dtype()));
  return cast(out, x.dtype());
}
const auto rms_normalization_op =
    public_op("rms_normalization", NN "RMSNorm",
              "x / sqrt(mean(x^2) + epsilon) * scale over `axis` (Zhang and Sennrich, 2019).", rms_normalization_impl,
              {{"x", required, about::tensor},
               {"scale", Value(), "What the normalised numbers are multiplied with; None is 1."},
               {"axis", -1, "The axis or axes to normalise over."},
               {"epsilon", Value(), about::default_epsilon}},
              {.returns = about::floating,
               .source = "Zhang and Sennrich, \"Root Mean Square Layer Normalization\" (2019).",
               .example = R"py(
>>> keras.ops.rms_normalization(keras.ops.array([[3.0, 4.0]]))
<Tensor shape=(1, 2), dtype=float32, values=[[0.84852815 1.1313709 ]]>)py"});

Tensor normalize_impl(const Operand& x, const Axes& axis, const Value& given_order,
                      const std::optional<double>& epsilon) {
  if (!given_order.is_int() || given_order.as_int() < 1)
    throw ValueError("Argument `order` must be an int >= 1. Received: order=", given_order.repr());
  const auto order = static_cast<double>(given_order.as_int());
  Tensor t = as_float(x);
  if (t.rank() == 0) t = reshape(t, {1});
  double e = epsilon.value_or(settings().epsilon());
  std::vector<int> axes = axes_of(axis, t.rank());
  if (order == 2) {
    Tensor inv = unary(Unary::rsqrt, reduce(Reduce::sum, square(t), axes, true));
    return multiply(t, minimum(inv, constant(1 / e, t.dtype())));
  }
  Tensor magnitude = unary(Unary::abs, t);
  Tensor size = order == 1 ? reduce(Reduce::sum, magnitude, axes, true)
                           : power(reduce(Reduce::sum, power(magnitude, constant(order, t.dtype())), axes, true),
                                   constant(1.0 / order, t.dtype()));
  return divide(t, maximum(size, constant(e, t.dtype())));
}
const auto normalize_op =
    public_op("normalize", NN "Normalize", "x divided by its norm over `axis` (at least epsilon).", normalize_impl,
              {{"x", required, about::tensor},
               {"axis", -1, "The axis or the axes that a norm is taken over; None takes all."},
               {"order", 2, "Which norm: a whole number from 1."},
               {"epsilon", Value(), "The smallest norm to divide by; None takes `keras.config.epsilon()`."}},
              {.returns = about::floating, .raises = "ValueError: for another `order`.", .example = R"py(
>>> keras.ops.normalize([3.0, 4.0])
<Tensor shape=(2,), dtype=float32, values=[0.6 0.8]>)py"});

}  // namespace

Moments moments(const Operand& x, const std::vector<int>& axes, bool keepdims, bool synchronized) {
  Tensors both = moments_op(x, axes, keepdims, synchronized);
  return {both[0], both[1]};
}
Tensor batch_normalization(const Operand& x, const Operand& mean, const Operand& variance, int axis,
                           const std::optional<Operand>& offset, const std::optional<Operand>& scale, double epsilon) {
  return batch_normalization_op(x, mean, variance, axis, offset, scale, epsilon);
}
Tensor layer_normalization(const Operand& x, const std::optional<Operand>& gamma, const std::optional<Operand>& beta,
                           const std::vector<int>& axis, const std::optional<double>& epsilon, bool rms_scaling) {
  return layer_normalization_op(x, gamma, beta, axis, epsilon, rms_scaling);
}
Tensor rms_normalization(const Operand& x, const std::optional<Operand>& scale, const std::vector<int>& axis,
                         const std::optional<double>& epsilon) {
  return rms_normalization_op(x, scale, axis, epsilon);
}
Tensor normalize(const Operand& x, const std::vector<int>& axis, int order, const std::optional<double>& epsilon) {
  return normalize_op(x, axis, order, epsilon);
}

}  // namespace lamina::ops
