// True and false positives and negatives; precision and recall.
#include "api/metrics/confusion.h"
#include "api/metrics/mean.h"
#include "backends/core/constant_value.h"
#include "backends/ops/primitives.h"

namespace lamina {
namespace {

using namespace prim;

Tensor single_or_all(const Tensor& x) { return x.size() == 1 ? reshape(x, {}) : x; }

template <class Name>
struct CountArgs {
  static constexpr const char* kClass = Name::kClass;
  Value thresholds;
  MetricArgs base;
  void fields(Fields& f) {
    f("thresholds", thresholds, "A number or several in 0..1, above which a prediction counts as 1; None is 0.5.");
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
  }
};
template <class Name, Variable ConfusionCounts::*kWhich>
class CountMetric : public MetricWith<Metric, CountArgs<Name>> {
 public:
  bool settled() const override { return true; }
  explicit CountMetric(CountArgs<Name> a) : MetricWith<Metric, CountArgs<Name>>(std::move(a)) {
    this->args.thresholds = plain_numbers(this->args.thresholds);
    options_.thresholds = parse_thresholds(this->args.thresholds, 0.5);
    options_.even = evenly_spaced(options_.thresholds);
    counts_.*kWhich = this->add_variable("accumulator", {static_cast<int64_t>(options_.thresholds.size())});
  }
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    update_confusion(counts_, bound[0], bound[1], bound[2], options_);
  }
  Value result() override { return single_or_all((counts_.*kWhich).value()); }

 private:
  ConfusionOptions options_;
  ConfusionCounts counts_;
};

#define COUNT_METRIC(T, NAME, WHICH, DOC, ...)                           \
  struct T##Name {                                                       \
    static constexpr const char* kClass = #T;                            \
  };                                                                     \
  class T final : public CountMetric<T##Name, &ConfusionCounts::WHICH> { \
   public:                                                               \
    using CountMetric::CountMetric;                                      \
  };                                                                     \
  LAMINA_CLASS(T, "keras.metrics", DOC, {NAME}, __VA_ARGS__)

COUNT_METRIC(TruePositives, "true_positives", true_positives, "How many labels 1 are predicted as 1.",
             Doc{.example = R"py(
>>> metric = keras.metrics.TruePositives()
>>> metric([0, 1, 1], [1, 0, 1])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
COUNT_METRIC(FalsePositives, "false_positives", false_positives, "How many labels 0 are predicted as 1.",
             Doc{.example = R"py(
>>> metric = keras.metrics.FalsePositives()
>>> metric([0, 1, 1], [1, 0, 1])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
COUNT_METRIC(TrueNegatives, "true_negatives", true_negatives, "How many labels 0 are predicted as 0.",
             Doc{.example = R"py(
>>> metric = keras.metrics.TrueNegatives()
>>> metric([0, 1, 0], [0, 0, 1])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
COUNT_METRIC(FalseNegatives, "false_negatives", false_negatives, "How many labels 1 are predicted as 0.",
             Doc{.example = R"py(
>>> metric = keras.metrics.FalseNegatives()
>>> metric([0, 1, 1], [1, 0, 1])
<Tensor shape=(), dtype=float32, values=1.0>)py"});

template <class Name>
struct ShareArgs {
  static constexpr const char* kClass = Name::kClass;
  static constexpr auto kDirection = Metric::Direction::up;
  Value thresholds;
  std::optional<int64_t> top_k, class_id;
  MetricArgs base;
  void fields(Fields& f) {
    f("thresholds", thresholds,
      "A number or several in 0..1, above which a prediction counts as 1; None is 0.5 (or, with top_k, any score).");
    f("top_k", top_k, "Only the k highest scores of a row count as predicted.");
    f("class_id", class_id, "Only this class counts.");
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
  }
};
// True positives among them and `kOther`.
template <class Name, Variable ConfusionCounts::*kOther>
class ShareMetric : public MetricWith<Metric, ShareArgs<Name>> {
 public:
  bool settled() const override { return true; }
  explicit ShareMetric(ShareArgs<Name> a) : MetricWith<Metric, ShareArgs<Name>>(std::move(a)) {
    this->args.thresholds = plain_numbers(this->args.thresholds);
    options_.thresholds = parse_thresholds(this->args.thresholds, this->args.top_k ? -1e10 : 0.5);
    options_.even = evenly_spaced(options_.thresholds);
    options_.top_k = this->args.top_k;
    options_.class_id = this->args.class_id;
    Shape shape{static_cast<int64_t>(options_.thresholds.size())};
    counts_.true_positives = this->add_variable("true_positives", shape);
    counts_.*kOther = this->add_variable(Name::kOtherName, shape);
  }
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    update_confusion(counts_, bound[0], bound[1], bound[2], options_);
  }
  Value result() override {
    Tensor right = counts_.true_positives.value();
    return single_or_all(divide_no_nan(right, add(right, (counts_.*kOther).value())));
  }

 private:
  ConfusionOptions options_;
  ConfusionCounts counts_;
};

struct PrecisionName {
  static constexpr const char *kClass = "Precision", *kOtherName = "false_positives";
};
class Precision final : public ShareMetric<PrecisionName, &ConfusionCounts::false_positives> {
 public:
  using ShareMetric::ShareMetric;
};
LAMINA_CLASS(Precision, "keras.metrics", "The share of predictions 1 that are right.", {"precision"},
             Doc{.raises = "ValueError: if a threshold is not between 0 and 1.", .example = R"py(
>>> metric = keras.metrics.Precision()
>>> metric([0, 1, 1, 1], [1, 0, 1, 1])
<Tensor shape=(), dtype=float32, values=0.6666667>)py"});

struct RecallName {
  static constexpr const char *kClass = "Recall", *kOtherName = "false_negatives";
};
class Recall final : public ShareMetric<RecallName, &ConfusionCounts::false_negatives> {
 public:
  using ShareMetric::ShareMetric;
};
LAMINA_CLASS(Recall, "keras.metrics", "The share of labels 1 that are found.", {"recall"},
             Doc{.raises = "ValueError: if a threshold is not between 0 and 1.", .example = R"py(
>>> metric = keras.metrics.Recall()
>>> metric([0, 1, 1, 1], [1, 0, 1, 1])
<Tensor shape=(), dtype=float32, values=0.6666667>)py"});

// ---- the best of one rate where another is high enough ----

template <class Name>
struct AtArgs {
  static constexpr const char* kClass = Name::kClass;
  static constexpr auto kDirection = Metric::Direction::up;
  double value = 0;
  int64_t num_thresholds = 200;
  std::optional<int64_t> class_id;
  MetricArgs base;
  void fields(Fields& f) {
    f(Name::kArgument, value, "The least that is asked of the other rate, 0..1.").required();
    f("num_thresholds", num_thresholds, "How many thresholds are tried.");
    f("class_id", class_id, "Only this class counts.");
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
  }
};
template <class Name>
class AtMetric : public MetricWith<Metric, AtArgs<Name>> {
 public:
  bool settled() const override { return true; }
  explicit AtMetric(AtArgs<Name> a) : MetricWith<Metric, AtArgs<Name>>(std::move(a)) {
    const auto& args = this->args;
    if (args.value < 0 || args.value > 1)
      throw ValueError("Argument `", Name::kArgument, "` must be in the range [0, 1]. Received: ", Name::kArgument, "=",
                       args.value);
    if (args.num_thresholds <= 0)
      throw ValueError("Argument `num_thresholds` must be an integer > 0. Received: num_thresholds=",
                       args.num_thresholds);
    int64_t n = args.num_thresholds;
    for (int64_t i = 0; i < n; ++i)
      options_.thresholds.push_back(n == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(n - 1));
    options_.even = n > 1;
    options_.class_id = args.class_id;
    counts_ = {this->add_variable("true_positives", {n}), this->add_variable("false_positives", {n}),
               this->add_variable("true_negatives", {n}), this->add_variable("false_negatives", {n})};
  }
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    update_confusion(counts_, bound[0], bound[1], bound[2], options_);
  }
  Value result() override {
    auto rate = [](const Variable& hits, const Variable& misses) {
      Tensor h = hits.value();
      return divide_no_nan(h, add(h, misses.value()));
    };
    Tensor recall = rate(counts_.true_positives, counts_.false_negatives),
           specificity = rate(counts_.true_negatives, counts_.false_positives);
    Tensor precision = rate(counts_.true_positives, counts_.false_positives);
    auto [asked, wanted] = Name::choose(recall, specificity, precision);
    Tensor zero = full({}, 0, wanted.dtype());
    Tensor enough = binary(Binary::greater_equal, asked, full({}, this->args.value, asked.dtype()));
    return maximum(reduce_all(Reduce::max, where(enough, wanted, zero)), zero);
  }

 private:
  ConfusionOptions options_;
  ConfusionCounts counts_;
};

using Chosen = std::pair<Tensor, Tensor>;
struct SensitivityAtSpecificityName {
  static constexpr const char *kClass = "SensitivityAtSpecificity", *kArgument = "specificity";
  static Chosen choose(const Tensor& recall, const Tensor& specificity, const Tensor&) { return {specificity, recall}; }
};
struct SpecificityAtSensitivityName {
  static constexpr const char *kClass = "SpecificityAtSensitivity", *kArgument = "sensitivity";
  static Chosen choose(const Tensor& recall, const Tensor& specificity, const Tensor&) { return {recall, specificity}; }
};
struct PrecisionAtRecallName {
  static constexpr const char *kClass = "PrecisionAtRecall", *kArgument = "recall";
  static Chosen choose(const Tensor& recall, const Tensor&, const Tensor& precision) { return {recall, precision}; }
};
struct RecallAtPrecisionName {
  static constexpr const char *kClass = "RecallAtPrecision", *kArgument = "precision";
  static Chosen choose(const Tensor& recall, const Tensor&, const Tensor& precision) { return {precision, recall}; }
};
#define AT_METRIC(T, DOC, ALIAS, ...)        \
  class T final : public AtMetric<T##Name> { \
   public:                                   \
    using AtMetric::AtMetric;                \
  };                                         \
  LAMINA_CLASS(T, "keras.metrics", DOC, {ALIAS}, __VA_ARGS__)

AT_METRIC(SensitivityAtSpecificity, "The best sensitivity where the specificity is high enough.",
          "sensitivity_at_specificity",
          Doc{.raises = "ValueError: if `specificity` is not between 0 and 1 or `num_thresholds` is not positive.",
              .example = R"py(
>>> metric = keras.metrics.SensitivityAtSpecificity(0.5)
>>> metric([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
AT_METRIC(SpecificityAtSensitivity, "The best specificity where the sensitivity is high enough.",
          "specificity_at_sensitivity",
          Doc{.raises = "ValueError: if `sensitivity` is not between 0 and 1 or `num_thresholds` is not positive.",
              .example = R"py(
>>> metric = keras.metrics.SpecificityAtSensitivity(0.5)
>>> metric([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
AT_METRIC(PrecisionAtRecall, "The best precision where the recall is high enough.", "precision_at_recall",
          Doc{.raises = "ValueError: if `recall` is not between 0 and 1 or `num_thresholds` is not positive.",
              .example = R"py(
>>> metric = keras.metrics.PrecisionAtRecall(0.5)
>>> metric([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
AT_METRIC(RecallAtPrecision, "The best recall where the precision is high enough.", "recall_at_precision",
          Doc{.raises = "ValueError: if `precision` is not between 0 and 1 or `num_thresholds` is not positive.",
              .example = R"py(
>>> metric = keras.metrics.RecallAtPrecision(0.8)
>>> metric([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9])
<Tensor shape=(), dtype=float32, values=0.5>)py"});

}  // namespace
}  // namespace lamina
