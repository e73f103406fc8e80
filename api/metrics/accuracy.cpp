// Accuracies: the share of predictions that are right. Functions give 0 or 1 a prediction; classes their mean.
#include "api/metrics/mean.h"
#include "backends/core/settings.h"
#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/support.h"
#include "losses/loss.h"

namespace lamina {
namespace {

using namespace prim;

#define ACCURACY "keras.src.metrics.accuracy_metrics."

Tensor matches(const Tensor& a, const Tensor& b) { return cast(binary(Binary::equal, a, b), settings().floatx()); }
// Before the comparison, so that 64-bit labels do not round.
Tensor as_class(const Tensor& t) { return cast(t, DType::int32); }

Tensor accuracy_impl(const Operand& y_true, const Operand& y_pred) {
  Tensor p = y_pred.value(), t = y_true.as(p.dtype());
  squeeze_or_expand_to_same_rank(t, p);
  return matches(t, p);
}
const auto accuracy = public_op("metrics.accuracy", ACCURACY "accuracy", "1 where y_true equals y_pred.", accuracy_impl,
                                {{"y_true", required, "The labels."}, {"y_pred", required, "The predictions."}},
                                {.returns = "A floating tensor of zeros and ones.", .example = R"py(
>>> metric = keras.metrics.Accuracy()
>>> metric.update_state([1, 2], [1, 3])
>>> metric.result()
<Tensor shape=(), dtype=float32, values=0.5>)py"});

Tensor binary_accuracy_impl(const Operand& y_true, const Operand& y_pred, double threshold) {
  Tensor p = y_pred.value(), t = y_true.value();
  squeeze_or_expand_to_same_rank(t, p);
  Tensor positive = ops::compare(Binary::greater, is_float(p.dtype()) ? p : cast(p, settings().floatx()), threshold);
  return matches(t, cast(positive, t.dtype()));
}
const auto binary_accuracy = public_op("metrics.binary_accuracy", ACCURACY "binary_accuracy",
                                       "1 where y_pred is on y_true's side of the threshold.", binary_accuracy_impl,
                                       {{"y_true", required, "The labels, 0 or 1."},
                                        {"y_pred", required, "The predictions, 0 to 1."},
                                        {"threshold", 0.5, "Predictions above it count as 1."}},
                                       {.returns = "A floating tensor of zeros and ones.", .example = R"py(
>>> keras.metrics.binary_accuracy([[1], [0]], [[0.9], [0.6]])
<Tensor shape=(2, 1), dtype=float32, values=[[1.]
 [0.]]>)py"});

Tensor categorical_accuracy_impl(const Operand& y_true, const Operand& y_pred) {
  Tensor t = y_true.value(), p = y_pred.value();
  return matches(arg_reduce(true, t, t.rank() - 1), arg_reduce(true, p, p.rank() - 1));
}
const auto categorical_accuracy =
    public_op("metrics.categorical_accuracy", ACCURACY "categorical_accuracy",
              "1 where the largest of y_pred stands where that of y_true does.", categorical_accuracy_impl,
              {{"y_true", required, "The labels, one-hot."}, {"y_pred", required, "A score per class."}},
              {.returns = "A floating tensor of zeros and ones, without the classes' axis.", .example = R"py(
>>> keras.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
<Tensor shape=(2,), dtype=float32, values=[1. 0.]>)py"});

Tensor sparse_categorical_accuracy_impl(const Operand& y_true, const Operand& y_pred) {
  Tensor t = y_true.value(), p = y_pred.value();
  if (t.rank() == p.rank() && t.shape().back() == 1) t = squeeze(t, t.rank() - 1);
  Tensor out = matches(as_class(t), arg_reduce(true, p, p.rank() - 1));
  return out.rank() > 1 && out.shape().back() == 1 ? squeeze(out, out.rank() - 1) : out;
}
const auto sparse_categorical_accuracy =
    public_op("metrics.sparse_categorical_accuracy", ACCURACY "sparse_categorical_accuracy",
              "1 where the largest of y_pred stands at the class y_true.", sparse_categorical_accuracy_impl,
              {{"y_true", required, "The labels, class numbers."}, {"y_pred", required, "A score per class."}},
              {.returns = "A floating tensor of zeros and ones, without the classes' axis.", .example = R"py(
>>> keras.metrics.sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.3, 0.7]])
<Tensor shape=(2,), dtype=float32, values=[1. 0.]>)py"});

// One row a sample: all axes before the last count as samples.
Tensor as_rows(const Tensor& x) {
  if (x.rank() <= 2) return x;
  const Shape samples(x.shape().span().first(static_cast<size_t>(x.rank()) - 1));
  return reshape(x, {samples.elements(), x.shape().back()});
}

// `values` of the flattened classes in the shape of the classes.
Tensor like_classes(const Tensor& values, const Tensor& classes) {
  Tensor out = cast(values, settings().floatx());
  return classes.rank() > 1 ? reshape(out, classes.shape()) : out;
}
Tensor flat(const Tensor& classes) { return classes.rank() > 1 ? reshape(classes, {classes.size()}) : classes; }

// Whether each class is among the k highest scores of its row.
Tensor in_top_k(const Tensor& classes, const Tensor& scores, int64_t k) {
  return like_classes(ops::in_top_k(flat(as_class(classes)), as_rows(scores), k), classes);
}

Tensor top_k_impl(const Operand& y_true, const Operand& y_pred, int64_t k) {
  Tensor t = y_true.value();
  return in_top_k(arg_reduce(true, t, t.rank() - 1), ops::as_float(y_pred), k);
}
const auto top_k_categorical_accuracy =
    public_op("metrics.top_k_categorical_accuracy", ACCURACY "top_k_categorical_accuracy",
              "1 where the true class is among the k highest scores.", top_k_impl,
              {{"y_true", required, "The labels, one-hot."},
               {"y_pred", required, "A score per class."},
               {"k", 5, "How many of the highest scores count."}},
              {.returns = "A floating tensor of zeros and ones, without the classes' axis.", .example = R"py(
>>> keras.metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2)
<Tensor shape=(1,), dtype=float32, values=[1.]>)py"});

Tensor sparse_top_k_impl(const Operand& y_true, const Operand& y_pred, int64_t k, bool from_sorted_ids) {
  Tensor t = y_true.value(), p = y_pred.value();
  if (!from_sorted_ids) return in_top_k(t, ops::as_float(p), k);
  p = as_rows(p);
  if (p.rank() != 2)
    throw ValueError("`y_pred` needs an axis of samples and one of classes, received shape ", y_pred.shape(), ".");
  Tensor first =
      slice_axis(p, 1, 0, p.shape()[1] < 0 ? Shape::kUnknown : std::min(ops::checked_count(k, "k"), p.shape()[1]));
  return like_classes(
      reduce(Reduce::any, binary(Binary::equal, first, expand_dims(flat(cast(t, p.dtype())), 1)), {1}, false), t);
}
const auto sparse_top_k_categorical_accuracy = public_op(
    "metrics.sparse_top_k_categorical_accuracy", ACCURACY "sparse_top_k_categorical_accuracy",
    "1 where the class y_true is among the k highest scores (or, from sorted ids, among the first k of y_pred).",
    sparse_top_k_impl,
    {{"y_true", required, "The labels, class numbers."},
     {"y_pred", required, "A score per class, or class numbers with the best first."},
     {"k", 5, "How many of the highest scores count."},
     {"from_sorted_ids", false, "Whether y_pred holds class numbers."}},
    {.returns = "A floating tensor of zeros and ones, without the classes' axis.", .example = R"py(
>>> keras.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.2, 0.3]], k=2)
<Tensor shape=(1,), dtype=float32, values=[1.]>)py"});

// ---- classes ----

void common(Fields& f, MetricArgs& base) {
  f("name", base.name, "The metric's name in logs.");
  f("dtype", base.dtype, "The dtype to accumulate in.");
}
Operand operand(const Value& v) { return value_to<Operand>(v); }

struct AccuracyArgs {
  static constexpr const char* kClass = "Accuracy";
  static constexpr auto kDirection = Metric::Direction::up;
  MetricArgs base{"accuracy", {}};
  void fields(Fields& f) { common(f, base); }
};
class Accuracy final : public MetricWith<FunctionMetric, AccuracyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override { return accuracy(operand(t), operand(p)); }
};
LAMINA_CLASS(Accuracy, "keras.metrics", "How often predictions equal labels.", {"accuracy"}, Doc{.example = R"py(
>>> metric = keras.metrics.Accuracy()
>>> metric([1, 2, 3, 4], [0, 2, 3, 4])
<Tensor shape=(), dtype=float32, values=0.75>)py"});

struct BinaryAccuracyArgs {
  static constexpr const char* kClass = "BinaryAccuracy";
  static constexpr auto kDirection = Metric::Direction::up;
  MetricArgs base{"binary_accuracy", {}};
  double threshold = 0.5;
  void fields(Fields& f) {
    common(f, base);
    f("threshold", threshold, "Predictions above it count as 1.");
  }
};
class BinaryAccuracy final : public MetricWith<FunctionMetric, BinaryAccuracyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return binary_accuracy(operand(t), operand(p), args.threshold);
  }
};
LAMINA_CLASS(BinaryAccuracy, "keras.metrics", "How often predictions match binary labels.", {"binary_accuracy"},
             Doc{.example = R"py(
>>> metric = keras.metrics.BinaryAccuracy()
>>> metric([[1.0], [0.0]], [[0.9], [0.6]])
<Tensor shape=(), dtype=float32, values=0.5>)py"});

struct CategoricalAccuracyArgs {
  static constexpr const char* kClass = "CategoricalAccuracy";
  static constexpr auto kDirection = Metric::Direction::up;
  MetricArgs base{"categorical_accuracy", {}};
  void fields(Fields& f) { common(f, base); }
};
class CategoricalAccuracy final : public MetricWith<FunctionMetric, CategoricalAccuracyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override { return categorical_accuracy(operand(t), operand(p)); }
};
LAMINA_CLASS(CategoricalAccuracy, "keras.metrics", "How often the highest score is that of the one-hot label.",
             {"categorical_accuracy"}, Doc{.example = R"py(
>>> metric = keras.metrics.CategoricalAccuracy()
>>> metric([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
<Tensor shape=(), dtype=float32, values=0.5>)py"});

struct SparseCategoricalAccuracyArgs {
  static constexpr const char* kClass = "SparseCategoricalAccuracy";
  static constexpr auto kDirection = Metric::Direction::up;
  MetricArgs base{"sparse_categorical_accuracy", {}};
  void fields(Fields& f) { common(f, base); }
};
class SparseCategoricalAccuracy final : public MetricWith<FunctionMetric, SparseCategoricalAccuracyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override { return sparse_categorical_accuracy(operand(t), operand(p)); }
};
LAMINA_CLASS(SparseCategoricalAccuracy, "keras.metrics", "How often the highest score is that of the integer label.",
             {"sparse_categorical_accuracy"}, Doc{.example = R"py(
>>> metric = keras.metrics.SparseCategoricalAccuracy()
>>> metric([1, 0], [[0.2, 0.8], [0.3, 0.7]])
<Tensor shape=(), dtype=float32, values=0.5>)py"});

struct TopKCategoricalAccuracyArgs {
  static constexpr const char* kClass = "TopKCategoricalAccuracy";
  static constexpr auto kDirection = Metric::Direction::up;
  int64_t k = 5;
  MetricArgs base{"top_k_categorical_accuracy", {}};
  void fields(Fields& f) {
    f("k", k, "How many of the highest scores count.");
    common(f, base);
  }
};
class TopKCategoricalAccuracy final : public MetricWith<FunctionMetric, TopKCategoricalAccuracyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return top_k_categorical_accuracy(operand(t), operand(p), args.k);
  }
};
LAMINA_CLASS(TopKCategoricalAccuracy, "keras.metrics", "How often the one-hot label is among the k highest scores.",
             {"top_k_categorical_accuracy"}, Doc{.example = R"py(
>>> metric = keras.metrics.TopKCategoricalAccuracy(k=2)
>>> metric([[0, 0, 1]], [[0.5, 0.2, 0.3]])
<Tensor shape=(), dtype=float32, values=1.0>)py"});

struct SparseTopKCategoricalAccuracyArgs {
  static constexpr const char* kClass = "SparseTopKCategoricalAccuracy";
  static constexpr auto kDirection = Metric::Direction::up;
  int64_t k = 5;
  MetricArgs base{"sparse_top_k_categorical_accuracy", {}};
  bool from_sorted_ids = false;
  void fields(Fields& f) {
    f("k", k, "How many of the highest scores count.");
    common(f, base);
    f("from_sorted_ids", from_sorted_ids, "Whether y_pred holds classes, best first, instead of scores.");
  }
};
class SparseTopKCategoricalAccuracy final : public MetricWith<FunctionMetric, SparseTopKCategoricalAccuracyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return sparse_top_k_categorical_accuracy(operand(t), operand(p), args.k, args.from_sorted_ids);
  }
  Dict get_config() const override {
    Dict config = MetricWith::get_config();
    if (!args.from_sorted_ids) config.erase("from_sorted_ids");
    return config;
  }
};
LAMINA_CLASS(SparseTopKCategoricalAccuracy, "keras.metrics",
             "How often the integer label is among the k highest scores.", {"sparse_top_k_categorical_accuracy"},
             Doc{.example = R"py(
>>> metric = keras.metrics.SparseTopKCategoricalAccuracy(k=2)
>>> metric([2], [[0.5, 0.2, 0.3]])
<Tensor shape=(), dtype=float32, values=1.0>)py"});

}  // namespace
}  // namespace lamina
