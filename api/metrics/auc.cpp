// The area under a curve of rates over thresholds.
#include "api/metrics/confusion.h"
#include "api/metrics/mean.h"
#include "backends/core/constant_value.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/operand.h"

namespace lamina {
namespace {

using namespace prim;

struct AUCArgs {
  static constexpr const char* kClass = "AUC";
  static constexpr auto kDirection = Metric::Direction::up;
  std::optional<int64_t> num_thresholds = 200;  // not needed if thresholds are given
  std::string curve = "ROC", summation_method = "interpolation";
  MetricArgs base;
  Value thresholds;
  bool multi_label = false;
  std::optional<int64_t> num_labels;
  Value label_weights;
  bool from_logits = false;
  void fields(Fields& f) {
    f("num_thresholds", num_thresholds, "How many thresholds the curve has.");
    f("curve", curve, "'ROC', 'PR' or 'PRGAIN'.");
    f("summation_method", summation_method, "'interpolation', 'minoring' or 'majoring'.");
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in.");
    f("thresholds", thresholds, "Thresholds of your own in 0..1; the ends are added.");
    f("multi_label", multi_label, "Whether to average the areas of the labels.");
    f("num_labels", num_labels, "The number of labels, to make the state at once.");
    f("label_weights", label_weights, "A weight a label.");
    f("from_logits", from_logits, "Whether y_pred is before the sigmoid.");
  }
};

std::string one_of(const std::string& given, std::initializer_list<const char*> known, const char* what) {
  auto lower = [](std::string s) {
    for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return s;
  };
  std::vector<std::string> names(known.begin(), known.end());
  for (const std::string& k : names)
    if (lower(given) == lower(k)) return k;
  throw ValueError("Invalid AUC ", what, " value: \"", given, "\". Expected values are [", join(names, ", "), "]");
}

class AUC final : public MetricWith<Metric, AUCArgs> {
 public:
  bool settled() const override { return true; }
  explicit AUC(AUCArgs a) : MetricWith(std::move(a)) {
    args.curve = one_of(args.curve, {"PR", "ROC", "PRGAIN"}, "curve");
    args.summation_method =
        one_of(args.summation_method, {"interpolation", "majoring", "minoring"}, "summation method");
    std::vector<double> inner;
    args.thresholds = plain_numbers(args.thresholds);
    if (!args.thresholds.is_none()) {
      inner = parse_thresholds(args.thresholds, 0.5);
      std::sort(inner.begin(), inner.end());
      std::vector<double> whole{0};
      whole.insert(whole.end(), inner.begin(), inner.end());
      whole.push_back(1);
      options_.even = evenly_spaced(whole);
      count_ = static_cast<int64_t>(inner.size()) + 2;
      List sorted_thresholds;
      for (double t : inner) sorted_thresholds.push_back(t);
      args.thresholds = Value(sorted_thresholds);
    } else {
      count_ = args.num_thresholds.value_or(0);
      if (count_ <= 1)
        throw ValueError("Argument `num_thresholds` must be an integer > 1. Received: num_thresholds=",
                         to_value(args.num_thresholds).repr());
      for (int64_t i = 1; i < count_ - 1; ++i)
        inner.push_back(static_cast<double>(i) / static_cast<double>(count_ - 1));
      options_.even = true;
    }
    args.num_thresholds = count_;
    options_.thresholds = {-settings().epsilon()};
    options_.thresholds.insert(options_.thresholds.end(), inner.begin(), inner.end());
    options_.thresholds.push_back(1 + settings().epsilon());
    options_.multi_label = args.multi_label;
    if (!args.label_weights.is_none()) weights_ = value_to<Operand>(args.label_weights).as(dtype_);
    if (weights_.defined() && !args.multi_label) options_.label_weights = weights_;
    if (args.num_labels && !args.multi_label)
      throw ValueError("`num_labels` is needed only when `multi_label` is True.");
    if (!args.multi_label)
      make_state({count_});
    else if (args.num_labels)
      make_state({count_, *args.num_labels});
  }
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    Tensor p = value_to<Operand>(bound[1]).as(dtype_);
    build(p.shape(), p.shape());
    if (args.from_logits) p = unary(Unary::sigmoid, p);
    update_confusion(counts_, bound[0], p, bound[2], options_);
  }
  // y_pred: (batch, labels) with multi_label; ValueError for another rank.
  void build(const Shape&, const Shape& y_pred) override {
    if (counts_.true_positives.defined()) return;
    if (y_pred.rank() != 2)
      throw ValueError("`y_pred` must have rank 2 when `multi_label=True`. Found rank ", y_pred.rank(),
                       ". Full shape received for `y_pred`: ", y_pred);
    make_state({count_, y_pred[1]});
  }
  Value attribute(std::string_view name) const override {
    if (name != "thresholds") return {};
    List all;
    for (double t : options_.thresholds) all.push_back(t);
    return Value(all);
  }
  Value result() override {
    if (!counts_.true_positives.defined()) return full({}, 0, dtype_);
    Tensor tp = counts_.true_positives.value(), fp = counts_.false_positives.value(),
           tn = counts_.true_negatives.value(), fn = counts_.false_negatives.value();
    if (args.curve == "PR" && args.summation_method == "interpolation")
      return combine(precision_recall_parts(tp, fp, fn));
    Tensor recall = divide_no_nan(tp, add(tp, fn)), x, y;
    if (args.curve == "ROC") {
      x = divide_no_nan(fp, add(fp, tn)), y = recall;
    } else if (args.curve == "PR") {
      x = recall, y = divide_no_nan(tp, add(tp, fp));
    } else {
      Tensor scale = divide_no_nan(add(tp, fn), add(tn, fp)), zero = full({}, 0, tp.dtype()),
             none = binary(Binary::equal, tp, zero);
      x = maximum(where(none, zero, rsub(1, multiply(scale, divide_no_nan(fn, tp)))), zero);
      y = where(none, full({}, 1, tp.dtype()), rsub(1, multiply(scale, divide_no_nan(fp, tp))));
    }
    Tensor a = before(y), b = after(y);
    Tensor height = args.summation_method == "interpolation" ? multiply(add(a, b), 0.5)
                    : args.summation_method == "minoring"    ? minimum(a, b)
                                                             : maximum(a, b);
    return combine(multiply(subtract(before(x), after(x)), height));
  }

 private:
  void make_state(const Shape& shape) {
    counts_ = {add_variable("true_positives", shape), add_variable("false_positives", shape),
               add_variable("true_negatives", shape), add_variable("false_negatives", shape)};
  }
  Tensor before(const Tensor& x) const { return slice_axis(x, 0, 0, count_ - 1); }
  Tensor after(const Tensor& x) const { return slice_axis(x, 0, 1, count_); }
  // Areas between neighbouring thresholds where precision is interpolated (Davis and Goadrich, 2006).
  Tensor precision_recall_parts(const Tensor& tp, const Tensor& fp, const Tensor& fn) const {
    Tensor zero = full({}, 0, tp.dtype()), positive = add(tp, fp);
    Tensor d_tp = subtract(before(tp), after(tp)), d_p = subtract(before(positive), after(positive));
    Tensor slope = divide_no_nan(d_tp, maximum(d_p, zero)),
           intercept = subtract(after(tp), multiply(slope, after(positive)));
    Tensor both = binary(Binary::logical_and, binary(Binary::greater, before(positive), zero),
                         binary(Binary::greater, after(positive), zero));
    Tensor ratio =
        where(both, divide_no_nan(before(positive), maximum(after(positive), zero)), full({}, 1, tp.dtype()));
    Tensor part = multiply(slope, add(d_tp, multiply(intercept, log(ratio))));
    return divide_no_nan(part, maximum(add(after(tp), after(fn)), zero));
  }
  Tensor combine(const Tensor& parts) const {
    if (!args.multi_label) return reduce_all(Reduce::sum, parts);
    Tensor labels = sum(parts, {0});
    if (!weights_.defined())
      return multiply(reduce_all(Reduce::sum, labels), 1.0 / static_cast<double>(std::max<int64_t>(1, labels.size())));
    return divide_no_nan(reduce_all(Reduce::sum, multiply(labels, weights_)), reduce_all(Reduce::sum, weights_));
  }

 public:
  Dict get_config() const override {
    Dict config = MetricWith::get_config();
    if (args.thresholds.is_none()) config.erase("thresholds");
    return config;
  }

 private:
  int64_t count_ = 0;  // of thresholds
  ConfusionOptions options_;
  ConfusionCounts counts_;
  Tensor weights_;
};
LAMINA_CLASS(AUC, "keras.metrics", "The area under the ROC, precision-recall or precision-recall-gain curve.", {"auc"},
             Doc{.raises = "ValueError: if `num_thresholds` is below 2, or `curve` or `summation_method` is unknown.",
                 .source = "Davis and Goadrich, \"The Relationship Between Precision-Recall and ROC Curves\" (2006).",
                 .example = R"py(
>>> metric = keras.metrics.AUC(num_thresholds=3)
>>> metric([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
<Tensor shape=(), dtype=float32, values=0.75>)py"});

}  // namespace
}  // namespace lamina
