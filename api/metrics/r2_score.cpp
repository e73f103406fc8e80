#include "api/metrics/metric.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"
#include "losses/loss.h"

namespace lamina {
namespace {

using namespace prim;

struct R2ScoreArgs {
  static constexpr const char* kClass = "R2Score";
  static constexpr auto kDirection = Metric::Direction::up;
  Value class_aggregation = "uniform_average";
  int64_t num_regressors = 0;
  MetricArgs base{"r2_score", {}};
  void fields(Fields& f) {
    f("class_aggregation", class_aggregation,
      "'uniform_average', 'variance_weighted_average' or None (a score an output).");
    f("num_regressors", num_regressors, "The number of inputs, for the adjusted score; 0 for the plain one.");
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
  }
};
class R2Score final : public MetricWith<Metric, R2ScoreArgs> {
 public:
  bool settled() const override { return true; }
  explicit R2Score(R2ScoreArgs a) : MetricWith(std::move(a)) {
    const Value& how = args.class_aggregation;
    if (!how.is_none() && how.as_string() != "uniform_average" && how.as_string() != "variance_weighted_average")
      throw ValueError(
          "Invalid value for argument `class_aggregation`. Expected one of (None, 'uniform_average', "
          "'variance_weighted_average'). Received: class_aggregation=",
          how.repr());
    if (args.num_regressors < 0)
      throw ValueError("Invalid value for argument `num_regressors`. Expected a value >= 0. Received: num_regressors=",
                       args.num_regressors);
    samples_ = add_variable("num_samples", {});
  }
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    Tensor t = value_to<Operand>(bound[0]).as(dtype_), p = value_to<Operand>(bound[1]).as(dtype_);
    squeeze_or_expand_to_same_rank(t, p);
    if (!sum_.defined()) {
      if (t.rank() != 2 || p.rank() != 2)
        throw ValueError(
            "R2Score expects 2D inputs with shape (batch_size, output_dim). Received input shapes: y_pred.shape=",
            p.shape(), " and y_true.shape=", t.shape(), ".");
      Shape outputs{p.shape()[1]};
      squares_ = add_variable("squared_sum", outputs);
      sum_ = add_variable("sum", outputs);
      residual_ = add_variable("residual", outputs);
      count_ = add_variable("count", outputs);
    }
    Tensor w = bound[2].is_none() ? full({}, 1, dtype_) : value_to<Operand>(bound[2]).as(dtype_);
    if (w.rank() == 1) w = expand_dims(w, 1);
    w = broadcast_to(w, t.shape());
    Tensor weighted = multiply(t, w);
    sum_.assign_add(prim::sum(weighted, {0}));
    squares_.assign_add(prim::sum(multiply(t, weighted), {0}));
    residual_.assign_add(prim::sum(multiply(square(subtract(t, p)), w), {0}));
    count_.assign_add(prim::sum(w, {0}));
    samples_.assign_add(full({}, static_cast<double>(t.size()), samples_.dtype()));
  }
  Value result() override {
    if (!sum_.defined()) return full({}, 0, dtype_);
    Tensor mean = divide(sum_.value(), count_.value()),
           total = subtract(squares_.value(), multiply(sum_.value(), mean));
    Tensor score = rsub(1, divide(residual_.value(), total));
    score = where(unary(Unary::is_inf, score), full({}, 0, score.dtype()), score);
    if (args.class_aggregation.is_string()) {
      if (args.class_aggregation.as_string() == "uniform_average")
        score = multiply(reduce_all(Reduce::sum, score), 1.0 / static_cast<double>(score.size()));
      else
        score = divide(reduce_all(Reduce::sum, multiply(total, score)), reduce_all(Reduce::sum, total));
    }
    if (args.num_regressors == 0) return score;
    // Adjusted, where there are more samples than inputs.
    Tensor n = samples_.value(), one = full({}, 1, n.dtype());
    Tensor left = add(n, -1.0 - static_cast<double>(args.num_regressors)),
           enough = binary(Binary::greater, left, full({}, 0, n.dtype()));
    Tensor adjusted = rsub(1, divide(multiply(rsub(1, score), add(n, -1.0)), where(enough, left, one)));
    return where(enough, adjusted, score);
  }

 private:
  Variable samples_, squares_, sum_, residual_, count_;
};
LAMINA_CLASS(R2Score, "keras.metrics", "The share of the labels' variance that predictions explain.", {"r2_score"},
             Doc{.raises = "ValueError: if `class_aggregation` is unknown or `num_regressors` is negative.",
                 .source = "Draper and Smith, \"Applied Regression Analysis\" (1966).",
                 .example = R"py(
>>> metric = keras.metrics.R2Score()
>>> metric([[1.0], [2.0], [3.0]], [[1.0], [2.0], [2.5]])
<Tensor shape=(), dtype=float32, values=0.875>)py"});

}  // namespace
}  // namespace lamina
