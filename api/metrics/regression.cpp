// Root mean squared error, cosine similarity, correlations.
#include "api/metrics/mean.h"
#include "backends/core/settings.h"
#include "backends/ops/public/nn.h"
#include "backends/ops/public/nn_normalization.h"
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

struct RootMeanSquaredErrorArgs {
  static constexpr const char* kClass = "RootMeanSquaredError";
  static constexpr auto kDirection = Metric::Direction::down;
  MetricArgs base{"root_mean_squared_error", {}};
  void fields(Fields& f) {
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
  }
};
class RootMeanSquaredError final : public MetricWith<MeanMetric, RootMeanSquaredErrorArgs> {
 public:
  using MetricWith::MetricWith;
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    Tensor t = value_to<Operand>(bound[0]).as(dtype_), p = value_to<Operand>(bound[1]).as(dtype_);
    squeeze_or_expand_to_same_rank(t, p);
    accumulate(square(subtract(p, t)), bound[2]);
  }
  Value result() override { return sqrt(divide_no_nan(total_.value(), count_.value())); }
};
LAMINA_CLASS(RootMeanSquaredError, "keras.metrics", "The root of the mean squared difference.",
             {"root_mean_squared_error", "rmse"}, Doc{.example = R"py(
>>> metric = keras.metrics.RootMeanSquaredError()
>>> metric([[0.0, 2.0]], [[1.0, 3.0]])
<Tensor shape=(), dtype=float32, values=1.0>)py"});

Tensor cosine_similarity_impl(const Operand& y_true, const Operand& y_pred, int axis) {
  auto [t, p] = loss_pair(y_true, y_pred);
  return sum(multiply(ops::normalize(t, {axis}), ops::normalize(p, {axis})), {axis});
}
const auto cosine_similarity =
    public_op("metrics.cosine_similarity", "keras.src.metrics.regression_metrics.cosine_similarity",
              "The cosine of the angle between y_true and y_pred along `axis`.", cosine_similarity_impl,
              {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}, {"axis", -1, about::axis}},
              {.returns = "A tensor without `axis`: 1 for equal directions, -1 for opposite ones.", .example = R"py(
>>> metric = keras.metrics.CosineSimilarity()
>>> metric([[1.0, 0.0]], [[1.0, 1.0]])
<Tensor shape=(), dtype=float32, values=0.70710677>)py"});

Tensor mean_keep(const Tensor& x, int axis) {
  int a = normalize_axis(axis, x.rank());
  return multiply(sum(x, {a}, true), 1 / ops::count_of(x.shape(), {a}));
}
Tensor pearson_impl(const Operand& y_true, const Operand& y_pred, int axis) {
  auto [t, p] = loss_pair(y_true, y_pred);
  auto standard = [&](const Tensor& x) {
    Tensor centred = subtract(x, mean_keep(x, axis));
    return divide(centred, sqrt(mean_keep(square(centred), axis)));
  };
  return mean_over(multiply(standard(t), standard(p)), axis);
}
const auto pearson =
    public_op("metrics.pearson_correlation", "keras.src.metrics.correlation_metrics.pearson_correlation",
              "The Pearson correlation along `axis`.", pearson_impl,
              {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}, {"axis", -1, about::axis}},
              {.returns = "A tensor without `axis`, -1 to 1.", .example = R"py(
>>> keras.metrics.pearson_correlation([[1.0, 2.0, 3.0]], [[1.0, 2.0, 2.0]])
<Tensor shape=(1,), dtype=float32, values=[0.86602545]>)py"});

Tensor concordance_impl(const Operand& y_true, const Operand& y_pred, int axis) {
  auto [t, p] = loss_pair(y_true, y_pred);
  Tensor t_mean = mean_keep(t, axis), p_mean = mean_keep(p, axis);
  Tensor spread = add(mean_keep(square(subtract(t, t_mean)), axis), mean_keep(square(subtract(p, p_mean)), axis));
  Tensor norm = add(add(spread, square(subtract(t_mean, p_mean))), settings().epsilon());
  return mean_over(divide(multiply(multiply(subtract(t, p_mean), subtract(p, p_mean)), 2), norm), axis);
}
const auto concordance =
    public_op("metrics.concordance_correlation", "keras.src.metrics.correlation_metrics.concordance_correlation",
              "The concordance correlation along `axis`.", concordance_impl,
              {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}, {"axis", -1, about::axis}},
              {.returns = "A tensor without `axis`, -1 to 1.",
               .source = "Lin, \"A Concordance Correlation Coefficient to Evaluate Reproducibility\" (1989).",
               .example = R"py(
>>> keras.metrics.concordance_correlation([[1.0, 2.0, 3.0]], [[1.0, 2.0, 2.0]])
<Tensor shape=(1,), dtype=float32, values=[0.6666666]>)py"});

template <class Name, bool kAxisInConfig>
struct AxisArgs {
  static constexpr const char* kClass = Name::kClass;
  static constexpr auto kDirection = Metric::Direction::up;
  MetricArgs base{Name::kName, {}};
  int axis = -1;
  void fields(Fields& f) {
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
    auto entry = f("axis", axis, "The axis of the vectors.");
    if (!kAxisInConfig) entry.hidden();
  }
};

struct CosineName {
  static constexpr const char *kClass = "CosineSimilarity", *kName = "cosine_similarity";
};
class CosineSimilarity final : public MetricWith<FunctionMetric, AxisArgs<CosineName, false>> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return cosine_similarity(value_to<Operand>(t), value_to<Operand>(p), args.axis);
  }
};
LAMINA_CLASS(CosineSimilarity, "keras.metrics", "The mean cosine of the angle between labels and predictions.",
             {"cosine_similarity", "cosine_proximity"}, Doc{.example = R"py(
>>> metric = keras.metrics.CosineSimilarity()
>>> metric([[1.0, 0.0]], [[1.0, 1.0]])
<Tensor shape=(), dtype=float32, values=0.70710677>)py"});

struct PearsonName {
  static constexpr const char *kClass = "PearsonCorrelation", *kName = "pearson_correlation";
};
class PearsonCorrelation final : public MetricWith<FunctionMetric, AxisArgs<PearsonName, true>> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return pearson(value_to<Operand>(t), value_to<Operand>(p), args.axis);
  }
};
LAMINA_CLASS(PearsonCorrelation, "keras.metrics", "The mean Pearson correlation.", {"pearson_correlation"},
             Doc{.example = R"py(
>>> metric = keras.metrics.PearsonCorrelation()
>>> metric([[1.0, 2.0, 3.0]], [[1.0, 2.0, 2.0]])
<Tensor shape=(), dtype=float32, values=0.86602545>)py"});

struct ConcordanceName {
  static constexpr const char *kClass = "ConcordanceCorrelation", *kName = "concordance_correlation";
};
class ConcordanceCorrelation final : public MetricWith<FunctionMetric, AxisArgs<ConcordanceName, true>> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return concordance(value_to<Operand>(t), value_to<Operand>(p), args.axis);
  }
};
LAMINA_CLASS(ConcordanceCorrelation, "keras.metrics", "The mean concordance correlation (Lin, 1989).",
             {"concordance_correlation"},
             Doc{.source = "Lin, \"A Concordance Correlation Coefficient to Evaluate Reproducibility\" (1989).",
                 .example = R"py(
>>> metric = keras.metrics.ConcordanceCorrelation()
>>> metric([[1.0, 2.0, 3.0]], [[1.0, 2.0, 2.0]])
<Tensor shape=(), dtype=float32, values=0.6666666>)py"});

}  // namespace
}  // namespace lamina
