// Losses of real-valued predictions, beside the mean squared error.
#include "backends/core/settings.h"
#include "backends/ops/public/nn.h"
#include "backends/ops/public/nn_normalization.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

Tensor epsilon_of(DType t) { return full({}, settings().epsilon(), t); }
Tensor clip_to_probability(const Tensor& x) {
  return minimum(maximum(x, epsilon_of(x.dtype())), full({}, 1, x.dtype()));
}

Tensor mean_absolute_error_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred);
  return mean_over(unary(Unary::abs, subtract(t, p)));
}
const auto mean_absolute_error = public_op("losses.mean_absolute_error", LAMINA_LOSSES "mean_absolute_error",
                                           "mean(|y_true - y_pred|) over the last axis.", mean_absolute_error_impl,
                                           {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
                                           {.returns = about::rows, .example = R"py(
>>> keras.losses.mean_absolute_error([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(1,), dtype=float32, values=[1.]>)py"});
LAMINA_PLAIN_LOSS(MeanAbsoluteError, "mean_absolute_error", mean_absolute_error, "The mean of absolute differences.",
                  {"mean_absolute_error", "mae", "MAE"}, Doc{.example = R"py(
>>> keras.losses.MeanAbsoluteError()(keras.ops.array([[0.0, 2.0]]), keras.ops.array([[1.0, 1.0]]))
<Tensor shape=(), dtype=float32, values=1.0>)py"});

Tensor mean_absolute_percentage_error_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred);
  Tensor share = divide(subtract(t, p), maximum(unary(Unary::abs, t), epsilon_of(p.dtype())));
  return multiply(mean_over(unary(Unary::abs, share)), 100);
}
const auto mean_absolute_percentage_error =
    public_op("losses.mean_absolute_percentage_error", LAMINA_LOSSES "mean_absolute_percentage_error",
              "100 mean(|(y_true - y_pred) / y_true|) over the last axis.", mean_absolute_percentage_error_impl,
              {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
              {.returns = about::rows, .example = R"py(
>>> keras.losses.mean_absolute_percentage_error([[1.0, 2.0]], [[1.5, 1.0]])
<Tensor shape=(1,), dtype=float32, values=[50.]>)py"});
LAMINA_PLAIN_LOSS(MeanAbsolutePercentageError, "mean_absolute_percentage_error", mean_absolute_percentage_error,
                  "The mean absolute difference as a percentage of the label.",
                  {"mean_absolute_percentage_error", "mape", "MAPE"}, Doc{.example = R"py(
>>> keras.losses.MeanAbsolutePercentageError()(keras.ops.array([[1.0, 2.0]]), keras.ops.array([[1.5, 1.0]]))
<Tensor shape=(), dtype=float32, values=50.0>)py"});

Tensor mean_squared_logarithmic_error_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred);
  auto log1p_of = [](const Tensor& x) { return log(add(maximum(x, epsilon_of(x.dtype())), 1.0)); };
  return mean_over(square(subtract(log1p_of(p), log1p_of(t))));
}
const auto mean_squared_logarithmic_error =
    public_op("losses.mean_squared_logarithmic_error", LAMINA_LOSSES "mean_squared_logarithmic_error",
              "mean((log(y_true + 1) - log(y_pred + 1))^2) over the last axis.", mean_squared_logarithmic_error_impl,
              {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
              {.returns = about::rows, .example = R"py(
>>> keras.losses.mean_squared_logarithmic_error([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(1,), dtype=float32, values=[0.32242742]>)py"});
LAMINA_PLAIN_LOSS(MeanSquaredLogarithmicError, "mean_squared_logarithmic_error", mean_squared_logarithmic_error,
                  "The mean squared difference of logarithms.", {"mean_squared_logarithmic_error", "msle", "MSLE"},
                  Doc{.example = R"py(
>>> keras.losses.MeanSquaredLogarithmicError()(keras.ops.array([[0.0, 2.0]]), keras.ops.array([[1.0, 1.0]]))
<Tensor shape=(), dtype=float32, values=0.32242742>)py"});

Tensor log_cosh_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred);
  Tensor x = subtract(p, t);
  return mean_over(add(add(x, unary(Unary::softplus, multiply(x, -2))), -std::log(2.0)));
}
const auto log_cosh =
    public_op("losses.log_cosh", LAMINA_LOSSES "log_cosh", "mean(log(cosh(y_pred - y_true))) over the last axis.",
              log_cosh_impl, {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
              {.returns = about::rows, .example = R"py(
>>> keras.losses.log_cosh([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(1,), dtype=float32, values=[0.43378085]>)py"});
LAMINA_PLAIN_LOSS(LogCosh, "log_cosh", log_cosh, "The logarithm of the hyperbolic cosine of the difference.",
                  {"log_cosh", "logcosh"}, Doc{.example = R"py(
>>> keras.losses.LogCosh()(keras.ops.array([[0.0, 2.0]]), keras.ops.array([[1.0, 1.0]]))
<Tensor shape=(), dtype=float32, values=0.43378085>)py"});

Tensor poisson_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  return mean_over(subtract(p, multiply(t, log(add(p, epsilon_of(p.dtype()))))));
}
const auto poisson =
    public_op("losses.poisson", LAMINA_LOSSES "poisson", "mean(y_pred - y_true log y_pred) over the last axis.",
              poisson_impl, {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
              {.returns = about::rows, .example = R"py(
>>> keras.losses.poisson([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(1,), dtype=float32, values=[0.9999999]>)py"});
LAMINA_PLAIN_LOSS(Poisson, "poisson", poisson, "The negative log likelihood of counts, up to a constant.", {"poisson"},
                  Doc{.example = R"py(
>>> keras.losses.Poisson()(keras.ops.array([[0.0, 2.0]]), keras.ops.array([[1.0, 1.0]]))
<Tensor shape=(), dtype=float32, values=0.9999999>)py"});

Tensor kl_divergence_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  t = clip_to_probability(t), p = clip_to_probability(p);
  return sum(multiply(t, log(divide(t, p))), {-1});
}
const auto kl_divergence = public_op("losses.kl_divergence", LAMINA_LOSSES "kl_divergence",
                                     "sum(y_true log(y_true / y_pred)) over the last axis.", kl_divergence_impl,
                                     {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
                                     {.returns = about::rows,
                                      .source = "Kullback and Leibler, \"On Information and Sufficiency\" (1951).",
                                      .example = R"py(
>>> keras.losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])
<Tensor shape=(1,), dtype=float32, values=[0.14384106]>)py"});
LAMINA_PLAIN_LOSS(KLDivergence, "kl_divergence", kl_divergence, "The Kullback-Leibler divergence of distributions.",
                  {"kl_divergence", "kld", "KLD", "kullback_leibler_divergence"},
                  Doc{.source = "Kullback and Leibler, \"On Information and Sufficiency\" (1951).", .example = R"py(
>>> keras.losses.KLDivergence()(keras.ops.array([[0.5, 0.5]]), keras.ops.array([[0.25, 0.75]]))
<Tensor shape=(), dtype=float32, values=0.14384106>)py"});

Tensor huber_impl(const Operand& y_true, const Operand& y_pred, double delta) {
  auto [t, p] = loss_pair(y_true, y_pred);
  Tensor error = subtract(p, t), size = unary(Unary::abs, error);
  Tensor outside = add(multiply(size, delta), -0.5 * delta * delta);
  return mean_over(where(ops::compare(Binary::less_equal, size, delta), multiply(square(error), 0.5), outside));
}
const auto huber = public_op(
    "losses.huber", LAMINA_LOSSES "huber",
    "Half the squared error up to `delta`, linear beyond; its mean over the last axis.", huber_impl,
    {{"y_true", required, about::y_true},
     {"y_pred", required, about::y_pred},
     {"delta", 1.0, "Where the squared error ends and the linear one begins."}},
    {.returns = about::rows, .source = "Huber, \"Robust Estimation of a Location Parameter\" (1964).", .example = R"py(
>>> keras.losses.huber([[0.0, 2.0]], [[3.0, 2.5]])
<Tensor shape=(1,), dtype=float32, values=[1.3125]>)py"});
struct HuberArgs {
  double delta = 1;
  LossArgs base{"sum_over_batch_size", "huber_loss", {}};
  void fields(Fields& f) {
    f("delta", delta, "Where the loss turns from quadratic to linear.").hidden();
    loss_fields(f, base);
  }
};
class Huber final : public LossWith<HuberArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "Huber"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override { return huber(y_true, y_pred, args.delta); }
};
LAMINA_CLASS(Huber, "keras.losses", "Squared for small errors, absolute for large ones (Huber, 1964).", {"huber"},
             Doc{.source = "Huber, \"Robust Estimation of a Location Parameter\" (1964).", .example = R"py(
>>> keras.losses.Huber()(keras.ops.array([[0.0, 2.0]]), keras.ops.array([[3.0, 2.5]]))
<Tensor shape=(), dtype=float32, values=1.3125>)py"});

Tensor cosine_similarity_impl(const Operand& y_true, const Operand& y_pred, int axis) {
  auto [t, p] = loss_pair(y_true, y_pred);
  return negative(sum(multiply(ops::normalize(t, {axis}), ops::normalize(p, {axis})), {axis}));
}
const auto cosine_similarity =
    public_op("losses.cosine_similarity", LAMINA_LOSSES "cosine_similarity",
              "Minus the cosine of the angle between y_true and y_pred along `axis`.", cosine_similarity_impl,
              {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}, {"axis", -1, about::axis}},
              {.returns = "A tensor without `axis`: -1 for equal directions, 1 for opposite ones.", .example = R"py(
>>> keras.losses.cosine_similarity([[1.0, 0.0]], [[1.0, 1.0]])
<Tensor shape=(1,), dtype=float32, values=[-0.70710677]>)py"});
struct CosineSimilarityArgs {
  int axis = -1;
  LossArgs base{"sum_over_batch_size", "cosine_similarity", {}};
  void fields(Fields& f) {
    f("axis", axis, "The axis of the vectors.").hidden();
    loss_fields(f, base);
  }
};
class CosineSimilarity final : public LossWith<CosineSimilarityArgs> {
 public:
  using LossWith::LossWith;
  std::string class_name() const override { return "CosineSimilarity"; }
  Tensor values(const Tensor& y_true, const Tensor& y_pred) override {
    return cosine_similarity(y_true, y_pred, args.axis);
  }
};
LAMINA_CLASS(CosineSimilarity, "keras.losses", "-1 for vectors of one direction, 1 for opposite ones.",
             {"cosine_similarity"}, Doc{.example = R"py(
>>> keras.losses.CosineSimilarity()(keras.ops.array([[1.0, 0.0]]), keras.ops.array([[1.0, 1.0]]))
<Tensor shape=(), dtype=float32, values=-0.70710677>)py"});

}  // namespace
}  // namespace lamina
