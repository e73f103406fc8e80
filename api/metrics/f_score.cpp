#include "api/metrics/metric.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"

namespace lamina {
namespace {

using namespace prim;

// As Python prints a value and its type.
std::string printed(const Value& v) { return v.is_string() ? v.as_string() : v.repr(); }
std::string type_of(const Value& v) { return text("<class '", v.kind_name(), "'>"); }

void check_f_score(const Value& average, double beta, const Value& threshold) {
  if (!average.is_none() && average.as_string() != "micro" && average.as_string() != "macro" &&
      average.as_string() != "weighted")
    throw ValueError(
        "Invalid `average` argument value. Expected one of: {None, 'micro', 'macro', 'weighted'}. Received: average=",
        printed(average));
  if (!(beta > 0)) throw ValueError("Invalid `beta` argument value. It should be > 0. Received: beta=", beta);
  if (threshold.is_none()) return;
  if (!threshold.is_real())
    throw ValueError("Invalid `threshold` argument value. It should be a Python float. Received: threshold=",
                     printed(threshold), " of type '", type_of(threshold), "'");
  if (threshold.as_number() > 1 || threshold.as_number() <= 0)
    throw ValueError("Invalid `threshold` argument value. It should verify 0 < threshold <= 1. Received: threshold=",
                     threshold.repr());
}

struct FBetaScoreArgs {
  static constexpr const char* kClass = "FBetaScore";
  static constexpr auto kDirection = Metric::Direction::up;
  Value average;
  Value beta = 1.0;
  Value threshold;
  MetricArgs base{"fbeta_score", {}};
  void fields(Fields& f) {
    f("average", average, "None (a score per class), 'micro', 'macro' or 'weighted'.");
    f("beta", beta, "How many times recall counts as much as precision.");
    f("threshold", threshold, "Above it a class is predicted; None takes the highest score.");
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
  }
};
struct F1ScoreArgs : FBetaScoreArgs {
  static constexpr const char* kClass = "F1Score";
  static constexpr auto kDirection = Metric::Direction::up;
  F1ScoreArgs() { base.name = "f1_score"; }
  void fields(Fields& f) {
    f("average", average, "None (a score per class), 'micro', 'macro' or 'weighted'.");
    f("threshold", threshold, "Above it a class is predicted; None takes the highest score.");
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
  }
};

template <class A>
class FScore : public MetricWith<Metric, A> {
 public:
  bool settled() const override { return true; }
  explicit FScore(A a) : MetricWith<Metric, A>(std::move(a)) {
    if (!this->args.beta.is_real())
      throw ValueError("Invalid `beta` argument value. It should be a Python float. Received: beta=",
                       printed(this->args.beta), " of type '", type_of(this->args.beta), "'");
    beta_ = this->args.beta.as_number();
    check_f_score(this->args.average, beta_, this->args.threshold);
  }
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    const DType type = this->dtype_;
    Tensor t = value_to<Operand>(bound[0]).as(type), p = value_to<Operand>(bound[1]).as(type);
    build(t.shape(), p.shape());
    Tensor chosen;
    if (this->args.threshold.is_none()) {
      Tensor best = reduce(Reduce::max, p, {-1}, true);
      chosen = binary(Binary::logical_and, binary(Binary::greater_equal, p, best),
                      binary(Binary::greater, unary(Unary::abs, p), full({}, 1e-9, type)));
    } else {
      chosen = binary(Binary::greater, p, full({}, this->args.threshold.as_number(), type));
    }
    p = cast(chosen, type);
    Tensor weight = bound[2].is_none() ? Tensor() : expand_dims(value_to<Operand>(bound[2]).as(type), 1);
    auto count = [&](const Variable& to, Tensor amount) {
      if (weight.defined()) amount = multiply(amount, weight);
      to.assign_add(micro() ? reduce_all(Reduce::sum, amount) : sum(amount, {0}));
    };
    count(right_, multiply(p, t));
    count(wrong_, multiply(p, rsub(1, t)));
    count(missed_, multiply(rsub(1, p), t));
    count(labels_, t);
  }
  // Both (batch, classes) with a known number of classes; ValueError otherwise.
  void build(const Shape& t, const Shape& p) override {
    if (right_.defined()) return;
    if (t.rank() != 2 || p.rank() != 2)
      throw ValueError(
          "FBetaScore expects 2D inputs with shape (batch_size, output_dim). Received input shapes: y_pred.shape=", p,
          " and y_true.shape=", t, ".");
    if (p[1] < 0 || t[1] < 0)
      throw ValueError(
          "FBetaScore expects 2D inputs with shape (batch_size, output_dim), with output_dim fully defined (not None). "
          "Received input shapes: y_pred.shape=",
          p, " and y_true.shape=", t, ".");
    Shape shape = micro() ? Shape{} : Shape{p[1]};
    Value type(name_of(this->dtype_));
    right_ = this->add_variable("true_positives", shape, "zeros", type);
    wrong_ = this->add_variable("false_positives", shape, "zeros", type);
    missed_ = this->add_variable("false_negatives", shape, "zeros", type);
    labels_ = this->add_variable("intermediate_weights", shape, "zeros", type);
  }
  Value result() override {
    if (!right_.defined()) return full({}, 0, this->dtype_);
    const double e = settings().epsilon(), square_beta = beta_ * beta_;
    Tensor right = right_.value();
    Tensor precision = divide(right, add(add(right, wrong_.value()), e)),
           recall = divide(right, add(add(right, missed_.value()), e));
    Tensor score = multiply(divide(multiply(precision, recall), add(add(multiply(precision, square_beta), recall), e)),
                            1 + square_beta);
    if (this->args.average.is_none()) return score;
    if (this->args.average.as_string() == "weighted") {
      Tensor labels = labels_.value();
      return reduce_all(Reduce::sum, multiply(score, divide(labels, add(reduce_all(Reduce::sum, labels), e))));
    }
    return score.rank() == 0 ? score
                             : multiply(reduce_all(Reduce::sum, score), 1.0 / static_cast<double>(score.size()));
  }

 private:
  bool micro() const { return this->args.average.is_string() && this->args.average.as_string() == "micro"; }
  double beta_ = 1;
  Variable right_, wrong_, missed_, labels_;
};

class FBetaScore final : public FScore<FBetaScoreArgs> {
 public:
  using FScore::FScore;
};
LAMINA_CLASS(
    FBetaScore, "keras.metrics", "(1 + beta^2) precision recall / (beta^2 precision + recall), a class or averaged.",
    {"f_beta_score", "fbeta_score"},
    Doc{.raises =
            "ValueError: if `average` is unknown, `beta` is not positive or the threshold is not between 0 and 1.",
        .source = "van Rijsbergen, \"Information Retrieval\" (1979).",
        .example = R"py(
>>> metric = keras.metrics.FBetaScore(beta=2.0, threshold=0.5)
>>> metric([[1, 0], [1, 1]], [[0.9, 0.6], [0.2, 0.8]])
<Tensor shape=(2,), dtype=float32, values=[0.5555556 0.8333332]>)py"});
class F1Score final : public FScore<F1ScoreArgs> {
 public:
  using FScore::FScore;
};
LAMINA_CLASS(F1Score, "keras.metrics", "The harmonic mean of precision and recall.", {"f1_score"},
             Doc{.raises = "ValueError: if `average` is unknown or the threshold is not between 0 and 1.",
                 .source = "van Rijsbergen, \"Information Retrieval\" (1979).",
                 .example = R"py(
>>> metric = keras.metrics.F1Score(threshold=0.5)
>>> metric([[1, 0], [1, 1]], [[0.9, 0.6], [0.2, 0.8]])
<Tensor shape=(2,), dtype=float32, values=[0.66666657 0.66666657]>)py"});

}  // namespace
}  // namespace lamina
