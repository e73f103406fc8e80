#include "backends/ops/public/nn.h"

#include "backends/core/warning.h"
#include "backends/ops/gelu/gelu.h"
#include "backends/ops/public/stable.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define NN "keras.src.ops.nn."
#define ACTIVATIONS "keras.src.activations.activations."

namespace {

using namespace prim;

Tensor sigmoid_of(const Tensor& x) { return unary(Unary::sigmoid, x); }
Tensor softplus_of(const Tensor& x) { return unary(Unary::softplus, x); }
Tensor abs_of(const Tensor& x) { return unary(Unary::abs, x); }
Tensor clipped(const Tensor& x, double low, double high) {
  return minimum(maximum(x, constant(low, x.dtype())), constant(high, x.dtype()));
}
Tensor above(const Tensor& x, double c) { return compare(Binary::greater, x, c); }

Tensor relu_impl(const Operand& x) {
  return unary(Unary::relu, x.as(x.dtype() == DType::boolean ? DType::int32 : x.dtype()));
}
Tensor relu6_impl(const Operand& x) {
  Tensor t = as_float(x);
  return minimum(unary(Unary::relu, t), constant(6, t.dtype()));
}
Tensor sigmoid_impl(const Operand& x) {
  Tensor t = as_float(x);
  return with_origin(sigmoid_of(t), Origin::sigmoid, t);
}
Tensor hard_sigmoid_impl(const Operand& x) { return clipped(multiply(add(as_float(x), 3), 1.0 / 6), 0, 1); }
Tensor sparse_sigmoid_impl(const Operand& x) { return clipped(multiply(add(as_float(x), 1), 0.5), 0, 1); }
Tensor softplus_impl(const Operand& x) { return softplus_of(as_float(x)); }
Tensor log_sigmoid_impl(const Operand& x) { return negative(softplus_of(negative(as_float(x)))); }
Tensor softsign_impl(const Operand& x) {
  Tensor t = as_float(x);
  return divide(t, add(abs_of(t), 1));
}
Tensor sparse_plus_impl(const Operand& x) {
  Tensor t = as_float(x), curve = multiply(square(add(t, 1)), 0.25);
  return where(compare(Binary::less_equal, t, -1), constant(0, t.dtype()),
               where(compare(Binary::less, t, 1), curve, t));
}
Tensor tanh_shrink_impl(const Operand& x) {
  Tensor t = as_float(x);
  return subtract(t, unary(Unary::tanh, t));
}
Tensor hard_tanh_impl(const Operand& x) {
  DType type = x.dtype() == DType::boolean ? DType::int32 : x.dtype();
  return is_unsigned_int(type) ? minimum(x.as(type), constant(1, type)) : clipped(x.as(type), -1, 1);
}
Tensor silu_impl(const Operand& x) {
  Tensor t = as_float(x);
  return multiply(t, sigmoid_of(t));
}
Tensor hard_silu_impl(const Operand& x) {
  Tensor t = as_float(x);
  return multiply(t, clipped(multiply(add(t, 3), 1.0 / 6), 0, 1));
}
// expm1 is kept off positive numbers, where its overflow would reach the gradient.
Tensor elu_of(const Tensor& t, double alpha) {
  Tensor zero = constant(0, t.dtype()), positive = above(t, 0);
  return where(positive, t, multiply(unary(Unary::expm1, where(positive, zero, t)), alpha));
}
Tensor selu_impl(const Operand& x) { return multiply(elu_of(as_float(x), 1.6732632423543772), 1.0507009873554805); }
Tensor mish_impl(const Operand& x) {
  Tensor t = as_float(x);
  return multiply(t, unary(Unary::tanh, softplus_of(t)));
}

}  // namespace

LAMINA_UNARY_OP(relu, NN "Relu", "Rectified linear unit: max(x, 0).", relu_impl,
                {.returns = about::same, .example = R"py(
>>> keras.ops.relu([-1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[0. 2.]>)py"})
LAMINA_UNARY_OP(relu6, NN "Relu6", "min(max(x, 0), 6).", relu6_impl,
                {.returns = about::floating,
                 .source = "Krizhevsky, \"Convolutional Deep Belief Networks on CIFAR-10\" (2010).",
                 .example = R"py(
>>> keras.ops.relu6([-1.0, 2.0, 8.0])
<Tensor shape=(3,), dtype=float32, values=[0. 2. 6.]>)py"})
LAMINA_UNARY_OP(sigmoid, NN "Sigmoid", "The logistic function: 1 / (1 + exp(-x)).", sigmoid_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.sigmoid([0.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[0.5      0.880797]>)py"})
LAMINA_UNARY_OP(hard_sigmoid, NN "HardSigmoid", "A sigmoid of three straight lines: clip(x / 6 + 1/2, 0, 1).",
                hard_sigmoid_impl, {.returns = about::floating, .example = R"py(
>>> keras.ops.hard_sigmoid([-3.0, 0.0, 1.5])
<Tensor shape=(3,), dtype=float32, values=[0.   0.5  0.75]>)py"})
LAMINA_UNARY_OP(sparse_sigmoid, NN "SparseSigmoid", "A sigmoid of three straight lines: clip((x + 1) / 2, 0, 1).",
                sparse_sigmoid_impl,
                {.returns = about::floating,
                 .source = "Martins and Astudillo, \"From Softmax to Sparsemax\" (2016).",
                 .example = R"py(
>>> keras.ops.sparse_sigmoid([-2.0, 0.0, 0.5])
<Tensor shape=(3,), dtype=float32, values=[0.   0.5  0.75]>)py"})
LAMINA_UNARY_OP(softplus, NN "Softplus", "log(1 + exp(x)), a smooth relu.", softplus_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.softplus([-1.0, 0.0, 1.0])
<Tensor shape=(3,), dtype=float32, values=[0.3132617 0.6931472 1.3132617]>)py"})
LAMINA_UNARY_OP(log_sigmoid, NN "LogSigmoid", "log(sigmoid(x)), without underflow.", log_sigmoid_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.log_sigmoid([-100.0, 0.0])
<Tensor shape=(2,), dtype=float32, values=[-100.          -0.6931472]>)py"})
LAMINA_UNARY_OP(softsign, NN "Softsign", "x / (1 + |x|).", softsign_impl, {.returns = about::floating, .example = R"py(
>>> keras.ops.softsign([-1.0, 3.0])
<Tensor shape=(2,), dtype=float32, values=[-0.5   0.75]>)py"})
LAMINA_UNARY_OP(sparse_plus, NN "SparsePlus", "0 below -1, (x + 1)^2 / 4 up to 1, x above.", sparse_plus_impl,
                {.returns = about::floating,
                 .source = "Martins and Astudillo, \"From Softmax to Sparsemax\" (2016).",
                 .example = R"py(
>>> keras.ops.sparse_plus([-2.0, 0.0, 2.0])
<Tensor shape=(3,), dtype=float32, values=[0.   0.25 2.  ]>)py"})
LAMINA_UNARY_OP(tanh_shrink, NN "TanhShrink", "x - tanh(x).", tanh_shrink_impl,
                {.returns = about::floating, .example = R"py(
>>> keras.ops.tanh_shrink([-1.0, 0.0, 1.0])
<Tensor shape=(3,), dtype=float32, values=[-0.23840582  0.          0.23840582]>)py"})
LAMINA_UNARY_OP(hard_tanh, NN "HardTanh", "clip(x, -1, 1).", hard_tanh_impl, {.returns = about::same, .example = R"py(
>>> keras.ops.hard_tanh([-2.0, 0.5, 2.0])
<Tensor shape=(3,), dtype=float32, values=[-1.   0.5  1. ]>)py"})
LAMINA_UNARY_OP(silu, NN "Silu", "x * sigmoid(x), also called swish.", silu_impl,
                {.returns = about::floating,
                 .source = "Ramachandran et al., \"Searching for Activation Functions\" (2017).",
                 .example = R"py(
>>> keras.ops.silu([-1.0, 0.0, 2.0])
<Tensor shape=(3,), dtype=float32, values=[-0.26894143  0.          1.761594  ]>)py"})
LAMINA_UNARY_OP(hard_silu, NN "HardSilu", "x * hard_sigmoid(x), also called hard swish.", hard_silu_impl,
                {.returns = about::floating,
                 .source = "Howard et al., \"Searching for MobileNetV3\" (2019).",
                 .example = R"py(
>>> keras.ops.hard_silu([-3.0, 0.0, 1.5])
<Tensor shape=(3,), dtype=float32, values=[-0.     0.     1.125]>)py"})
LAMINA_UNARY_OP(selu, NN "Selu", "The scaled elu whose outputs keep mean 0 and variance 1 (Klambauer et al., 2017).",
                selu_impl,
                {.returns = about::floating,
                 .source = "Klambauer et al., \"Self-Normalizing Neural Networks\" (2017).",
                 .example = R"py(
>>> keras.ops.selu([-1.0, 0.0, 1.0])
<Tensor shape=(3,), dtype=float32, values=[-1.1113307  0.         1.050701 ]>)py"})

static const auto mish_op =
    public_op("activations.mish", ACTIVATIONS "Mish", "x * tanh(softplus(x)) (Misra, 2019).", mish_impl,
              {{"x", required, about::tensor}},
              {.returns = about::floating,
               .source = "Misra, \"Mish: A Self Regularized Non-Monotonic Activation Function\" (2019).",
               .example = R"py(
>>> keras.activations.mish(keras.ops.array([-1.0, 0.0, 1.0]))
<Tensor shape=(3,), dtype=float32, values=[-0.30340147  0.          0.8650984 ]>)py"});
Tensor mish(const Operand& x) { return mish_op(x); }

namespace {

Tensor leaky_relu_impl(const Operand& x, double negative_slope) {
  Tensor t = as_float(x);
  return where(compare(Binary::greater_equal, t, 0), t, multiply(t, negative_slope));
}
const auto leaky_relu_op =
    public_op("leaky_relu", NN "LeakyRelu", "x, times negative_slope where x < 0.", leaky_relu_impl,
              {{"x", required, about::tensor}, {"negative_slope", 0.2, "The factor below 0."}},
              {.returns = about::floating, .example = R"py(
>>> keras.ops.leaky_relu([-1.0, 2.0])
<Tensor shape=(2,), dtype=float32, values=[-0.2  2. ]>)py"});
Tensor squareplus_impl(const Operand& x, double b) {
  Tensor t = as_float(x);
  return multiply(add(t, sqrt(add(square(t), b))), 0.5);
}
const auto squareplus_op =
    public_op("squareplus", NN "Squareplus", "(x + sqrt(x^2 + b)) / 2, a smooth relu.", squareplus_impl,
              {{"x", required, about::tensor}, {"b", 4, "How round the bend at 0 is; 0 gives relu."}},
              {.returns = about::floating,
               .source = "Barron, \"Squareplus: A Softplus-Like Algebraic Rectifier\" (2021).",
               .example = R"py(
>>> keras.ops.squareplus([-1.0, 0.0, 1.0])
<Tensor shape=(3,), dtype=float32, values=[0.618034 1.       1.618034]>)py"});
Tensor soft_shrink_impl(const Operand& x, double threshold) {
  Tensor t = as_float(x);
  return where(above(t, threshold), add(t, -threshold),
               where(compare(Binary::less, t, -threshold), add(t, threshold), constant(0, t.dtype())));
}
const auto soft_shrink_op =
    public_op("soft_shrink", NN "SoftShrink", "x moved towards 0 by `threshold`, 0 within it.", soft_shrink_impl,
              {{"x", required, about::tensor}, {"threshold", 0.5, "How far numbers move towards 0."}},
              {.returns = about::floating, .example = R"py(
>>> keras.ops.soft_shrink([-2.0, 0.3, 2.0])
<Tensor shape=(3,), dtype=float32, values=[-1.5  0.   1.5]>)py"});
Tensor hard_shrink_impl(const Operand& x, double threshold) {
  Tensor t = as_float(x);
  return where(above(abs_of(t), threshold), t, constant(0, t.dtype()));
}
const auto hard_shrink_op =
    public_op("hard_shrink", NN "HardShrink", "x where |x| > threshold, else 0.", hard_shrink_impl,
              {{"x", required, about::tensor}, {"threshold", 0.5, "Numbers within this distance of 0 become 0."}},
              {.returns = about::floating, .example = R"py(
>>> keras.ops.hard_shrink([-2.0, 0.3, 2.0])
<Tensor shape=(3,), dtype=float32, values=[-2.  0.  2.]>)py"});
Tensor threshold_impl(const Operand& x, double threshold, double default_value) {
  Tensor t = as_float(x);
  return where(above(t, threshold), t, constant(default_value, t.dtype()));
}
const auto threshold_op =
    public_op("threshold", NN "Threshold", "x where x > threshold, else default_value.", threshold_impl,
              {{"x", required, about::tensor},
               {"threshold", required, "The bound that numbers must exceed to be kept."},
               {"default_value", required, "What stands in for the others."}},
              {.returns = about::floating, .example = R"py(
>>> keras.ops.threshold([-1.0, 0.5, 2.0], 1.0, 0.0)
<Tensor shape=(3,), dtype=float32, values=[0. 0. 2.]>)py"});
Tensor elu_impl(const Operand& x, double alpha) { return elu_of(as_float(x), alpha); }
const auto elu_op = public_op(
    "elu", NN "Elu", "x where x > 0, else alpha * (exp(x) - 1) (Clevert et al., 2015).", elu_impl,
    {{"x", required, about::tensor}, {"alpha", 1.0, "The factor below 0: the result's lower bound is -alpha."}},
    {.returns = about::floating,
     .source = "Clevert et al., \"Fast and Accurate Deep Network Learning by Exponential Linear Units\" (2015).",
     .example = R"py(
>>> keras.ops.elu([-1.0, 0.0, 1.0])
<Tensor shape=(3,), dtype=float32, values=[-0.63212055  0.          1.        ]>)py"});
Tensor celu_impl(const Operand& x, double alpha) {
  Tensor t = as_float(x), zero = constant(0, t.dtype());
  return add(maximum(t, zero), multiply(unary(Unary::expm1, multiply(minimum(t, zero), 1 / alpha)), alpha));
}
const auto celu_op = public_op(
    "celu", NN "Celu", "max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1).", celu_impl,
    {{"x", required, about::tensor}, {"alpha", 1.0, "The scale below 0: the result's lower bound is -alpha."}},
    {.returns = about::floating,
     .source = "Barron, \"Continuously Differentiable Exponential Linear Units\" (2017).",
     .example = R"py(
>>> keras.ops.celu([-1.0, 0.0, 1.0])
<Tensor shape=(3,), dtype=float32, values=[-0.63212055  0.          1.        ]>)py"});
Tensor gelu_impl(const Operand& x, bool approximate) {
  Tensor t = as_float(x);
  return t.dtype() == DType::float32 || t.dtype() == DType::float64 ? prim::gelu(t, approximate)
                                                                    : gelu_composed(t, approximate);
}
const auto gelu_op = public_op(
    "gelu", NN "Gelu", "x * P(X <= x) for a standard normal X, exactly or by a tanh (Hendrycks and Gimpel, 2016).",
    gelu_impl, {{"x", required, about::tensor}, {"approximate", true, "Whether to take the formula with a tanh."}},
    {.returns = about::floating,
     .source = "Hendrycks and Gimpel, \"Gaussian Error Linear Units\" (2016).",
     .example = R"py(
>>> keras.ops.gelu([-1.0, 0.0, 1.0], approximate=False)
<Tensor shape=(3,), dtype=float32, values=[-0.15865527  0.          0.8413447 ]>)py"});
Tensor glu_impl(const Operand& x, int axis) {
  Tensor t = as_float(x);
  int a = normalize_axis(axis, t.rank());
  int64_t n = t.shape()[a];
  if (n % 2 && n >= 0)
    throw ValueError("axis size must be divisible by 2, received axis=", axis, " of shape ", t.shape(), ".");
  if (n < 0) return t;
  return multiply(slice_axis(t, a, 0, n / 2), sigmoid_of(slice_axis(t, a, n / 2, n)));
}
const auto glu_op =
    public_op("glu", NN "Glu", "The first half along `axis` times the sigmoid of the second half.", glu_impl,
              {{"x", required, about::tensor}, {"axis", -1, "The axis to halve."}},
              {.returns = "A tensor of half the size along `axis`, in floating point.",
               .raises = "ValueError: if the size along `axis` is odd.",
               .source = "Dauphin et al., \"Language Modeling with Gated Convolutional Networks\" (2017).",
               .example = R"py(
>>> keras.ops.glu([1.0, 2.0, 0.0, 1.0])
<Tensor shape=(2,), dtype=float32, values=[0.5       1.4621172]>)py"});

// --- Softmax ------------------------------------------------------------------------------------------------------
template <bool log>
Tensor softmax_impl(const Operand& x, const Axes& axis) {
  Tensor t = as_float(x);
  if (t.rank() == 0) return constant(log ? 0 : 1, t.dtype());
  std::vector<int> axes = axes_of(axis, t.rank()), order;
  if (axes.size() == 1) {
    if (!log && axis && t.shape()[axes[0]] == 1)
      warn(text("You are using a softmax over axis ", axis->front(), " of a tensor of shape ", t.shape(),
                ". This axis has size 1. The softmax operation will always return the value 1, which is likely not "
                "what you intended. Did you mean to use a sigmoid instead?"));
    Tensor y = from_last(prim::softmax(to_last(t, axes[0]), log), axes[0]);
    return log ? y : with_origin(y, Origin::softmax, t, axes[0]);
  }
  if (!t.shape().known()) return t;
  Shape rows;
  int64_t n = 1;
  for (int i = 0; i < t.rank(); ++i) {
    if (std::binary_search(axes.begin(), axes.end(), i))
      n *= t.shape()[i];
    else
      order.push_back(i), rows.push_back(t.shape()[i]);
  }
  order.insert(order.end(), axes.begin(), axes.end());
  rows.push_back(n);
  Tensor moved = prim::transpose(t, order);
  Tensor y = reshape(prim::softmax(reshape(moved, rows), log), moved.shape());
  std::vector<int> back(order.size());
  for (size_t i = 0; i < order.size(); ++i) back[static_cast<size_t>(order[i])] = static_cast<int>(i);
  return prim::transpose(y, back);
}
const auto softmax_op = public_op(
    "softmax", NN "Softmax", "exp(x) / sum(exp(x)) along `axis` (a tuple: over those axes together).",
    softmax_impl<false>,
    {{"x", required, about::tensor}, {"axis", -1, "The axis, or a tuple of axes, over which the results sum to 1."}},
    {.returns = about::floating, .example = R"py(
>>> keras.ops.softmax(keras.ops.array([1.0, 2.0, 3.0]))
<Tensor shape=(3,), dtype=float32, values=[0.09003057 0.24472845 0.6652409 ]>)py"});
const auto log_softmax_op =
    public_op("log_softmax", NN "LogSoftmax", "log(softmax(x)) along `axis`, without underflow.", softmax_impl<true>,
              {{"x", required, about::tensor},
               {"axis", -1, "The axis, or a tuple of axes, over which the exponentials sum to 1."}},
              {.returns = about::floating, .example = R"py(
>>> keras.ops.log_softmax([1.0, 2.0, 3.0])
<Tensor shape=(3,), dtype=float32, values=[-2.4076061  -1.4076061  -0.40760612]>)py"});

// After Martins and Astudillo (2016), with Keras' threshold: it adds up the running sums of the support, where the
// projection onto the simplex takes the last one, so rows whose support has several elements do not sum to 1.
Tensor sparsemax_impl(const Operand& x, int axis) {
  Tensor t = as_float(x);
  int a = normalize_axis(axis, t.rank());
  Tensor rows = to_last(t, a);
  const int last = rows.rank() - 1;
  const int64_t n = rows.shape().back();
  if (n < 0) return t;
  Tensor sorted = sort_last(rows, true).values, sums = cumulative(CumulativeOp::Kind::sum, sorted, last);
  Tensor rank = iota(n, t.dtype(), 1);
  Tensor support = compare(Binary::greater, subtract(sorted, divide(add(sums, -1), rank)), 0);
  Tensor size = reduce(Reduce::sum, cast(support, t.dtype()), {last}, true);
  Tensor inside = reduce(Reduce::sum, where(support, sums, constant(0, t.dtype())), {last}, true);
  Tensor level = divide(add(inside, -1), size);
  return from_last(unary(Unary::relu, subtract(rows, level)), a);
}
const auto sparsemax_op =
    public_op("sparsemax", NN "Sparsemax",
              "A softmax with exact zeros along `axis`: max(x - tau, 0), with tau from the "
              "sorted running sums as Keras computes it.",
              sparsemax_impl, {{"x", required, about::tensor}, {"axis", -1, about::axis}},
              {.returns = about::floating,
               .source = "Martins and Astudillo, \"From Softmax to Sparsemax\" (2016), with Keras' threshold.",
               .example = R"py(
>>> keras.ops.sparsemax([1.0, 3.0, 0.5])
<Tensor shape=(3,), dtype=float32, values=[0. 1. 0.]>)py"});

// --- keras.activations where they differ ----------------------------------------------------------------------------
Tensor full_relu(const Operand& x, double negative_slope, const std::optional<double>& max_value, double threshold) {
  if (threshold == 0 && !max_value) return negative_slope == 0 ? relu_impl(x) : leaky_relu_impl(x, negative_slope);
  if (threshold == 0 && negative_slope == 0 && *max_value == 6)
    return relu6_impl(x);  // floating-point for integers too, as Keras'
  Tensor t = negative_slope == 0 && !is_float(x.dtype()) && x.dtype() != DType::boolean ? x.value() : as_float(x);
  const Tensor zero = constant(0, t.dtype()), edge = constant(threshold, t.dtype());
  Tensor out = threshold != 0 ? where(compare(Binary::greater, t, edge), t, zero) : unary(Unary::relu, t);
  if (max_value) out = minimum(threshold != 0 ? maximum(out, zero) : out, constant(*max_value, t.dtype()));
  if (negative_slope != 0) out = subtract(out, multiply(unary(Unary::relu, subtract(edge, t)), negative_slope));
  return out;
}
const auto full_relu_op =
    public_op("activations.relu", ACTIVATIONS "ReLU",
              "x above `threshold`, at most max_value; negative_slope * (x - threshold) below.", full_relu,
              {{"x", required, about::tensor},
               {"negative_slope", 0.0, "The slope below the threshold."},
               {"max_value", Value(), "The largest result; None for no bound."},
               {"threshold", 0.0, "Where the function begins."}},
              {.returns = about::same, .example = R"py(
>>> keras.activations.relu(keras.ops.array([-2.0, 1.0, 9.0]), negative_slope=0.5, max_value=6.0)
<Tensor shape=(3,), dtype=float32, values=[-1.  1.  6.]>)py"});
const auto exact_gelu_op =
    public_op("activations.gelu", ACTIVATIONS, "gelu, exact by default.", gelu_impl,
              {{"x", required, about::tensor}, {"approximate", false, "Whether to take the formula with a tanh."}},
              {.returns = about::floating,
               .source = "Hendrycks and Gimpel, \"Gaussian Error Linear Units\" (2016).",
               .example = R"py(
>>> keras.activations.gelu(keras.ops.array([-1.0, 0.0, 1.0]))
<Tensor shape=(3,), dtype=float32, values=[-0.15865527  0.          0.8413447 ]>)py"});
Tensor keras2_hard_sigmoid_impl(const Operand& x) { return clipped(add(multiply(as_float(x), 0.2), 0.5), 0, 1); }
const auto keras2_hard_sigmoid_op = public_op(
    "activations.hard_sigmoid_keras2", ACTIVATIONS, "What Keras 1 and 2 called hard_sigmoid: clip(0.2 x + 0.5, 0, 1).",
    keras2_hard_sigmoid_impl, {{"x", required, about::tensor}},
    {.returns = about::floating, .source = "Keras 1 and 2: the files that they write mean this function."});
Tensor exponential_impl(const Operand& x) { return exp(as_float(x)); }
const auto exponential_op = public_op("activations.exponential", ACTIVATIONS, "e^x.", exponential_impl,
                                      {{"x", required, about::tensor}}, {.returns = about::floating, .example = R"py(
>>> keras.activations.exponential(keras.ops.array([0.0, 1.0]))
<Tensor shape=(2,), dtype=float32, values=[1.        2.7182817]>)py"});
Tensor linear_impl(const Operand& x) { return x.value(); }
const auto linear_op = public_op("activations.linear", ACTIVATIONS, "x itself.", linear_impl,
                                 {{"x", required, about::tensor}}, {.returns = about::same, .example = R"py(
>>> keras.activations.linear(keras.ops.array([0.0, 1.0]))
<Tensor shape=(2,), dtype=float32, values=[0. 1.]>)py"});

}  // namespace

Tensor leaky_relu(const Operand& x, double negative_slope) { return leaky_relu_op(x, negative_slope); }
Tensor squareplus(const Operand& x, double b) { return squareplus_op(x, b); }
Tensor soft_shrink(const Operand& x, double threshold) { return soft_shrink_op(x, threshold); }
Tensor hard_shrink(const Operand& x, double threshold) { return hard_shrink_op(x, threshold); }
Tensor threshold(const Operand& x, double threshold, double default_value) {
  return threshold_op(x, threshold, default_value);
}
Tensor elu(const Operand& x, double alpha) { return elu_op(x, alpha); }
Tensor celu(const Operand& x, double alpha) { return celu_op(x, alpha); }
Tensor gelu(const Operand& x, bool approximate) { return gelu_op(x, approximate); }
Tensor glu(const Operand& x, int axis) { return glu_op(x, axis); }
Tensor softmax(const Operand& x, const Axes& axis) { return softmax_op(x, axis); }
Tensor log_softmax(const Operand& x, const Axes& axis) { return log_softmax_op(x, axis); }
Tensor sparsemax(const Operand& x, int axis) { return sparsemax_op(x, axis); }

}  // namespace lamina::ops

namespace lamina::activations {

Tensor relu(const Operand& x, double negative_slope, const std::optional<double>& max_value, double threshold) {
  return ops::full_relu_op(x, negative_slope, max_value, threshold);
}
Tensor gelu(const Operand& x, bool approximate) { return ops::gelu_op(x, approximate); }
Tensor exponential(const Operand& x) { return ops::exponential_op(x); }
Tensor linear(const Operand& x) { return x.value(); }

}  // namespace lamina::activations
