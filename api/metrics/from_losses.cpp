// Metrics that are the mean of a loss function.
#include "api/metrics/mean.h"
#include "backends/ops/public/public_op.h"

namespace lamina {
namespace {

void common(Fields& f, MetricArgs& base) {
  f("name", base.name, "The metric's name in logs.");
  f("dtype", base.dtype, "The dtype to accumulate in.");
}
// A loss or metric function by its op's name, which is registered by the time metrics are made.
Tensor apply(const char* op, std::vector<Value> arguments) {
  const OpInfo* info = find_op(op);
  for (size_t i = arguments.size(); i < info->arguments.size(); ++i)
    arguments.push_back(info->arguments[i].default_value);
  return value_to<Operand>(call_op(*info, arguments)).value();
}

template <class Name>
struct PlainArgs {
  static constexpr const char* kClass = Name::kClass;
  static constexpr auto kDirection = Metric::Direction::down;
  MetricArgs base{Name::kName, {}};
  void fields(Fields& f) { common(f, base); }
};
template <class Name>
class PlainMetric : public MetricWith<FunctionMetric, PlainArgs<Name>> {
 public:
  using MetricWith<FunctionMetric, PlainArgs<Name>>::MetricWith;
  Tensor values(const Value& y_true, const Value& y_pred) override { return apply(Name::kOp, {y_true, y_pred}); }
};

// A metric without arguments: its class, its default name, the function, documentation and aliases.
#define LOSS_METRIC(T, NAME, OP, ...)                                   \
  struct T##Name {                                                      \
    static constexpr const char *kClass = #T, *kName = NAME, *kOp = OP; \
  };                                                                    \
  class T final : public PlainMetric<T##Name> {                         \
   public:                                                              \
    using PlainMetric::PlainMetric;                                     \
  };                                                                    \
  LAMINA_CLASS(T, "keras.metrics", __VA_ARGS__)

LOSS_METRIC(MeanSquaredError, "mean_squared_error", "losses.mean_squared_error", "The mean of squared differences.",
            {"mean_squared_error", "mse", "MSE"}, Doc{.example = R"py(
>>> metric = keras.metrics.MeanSquaredError()
>>> metric([[0.0, 2.0]], [[1.0, 3.0]])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
LOSS_METRIC(MeanAbsoluteError, "mean_absolute_error", "losses.mean_absolute_error", "The mean of absolute differences.",
            {"mean_absolute_error", "mae", "MAE"}, Doc{.example = R"py(
>>> metric = keras.metrics.MeanAbsoluteError()
>>> metric([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
LOSS_METRIC(MeanAbsolutePercentageError, "mean_absolute_percentage_error", "losses.mean_absolute_percentage_error",
            "The mean absolute difference as a percentage of the label.",
            {"mean_absolute_percentage_error", "mape", "MAPE"}, Doc{.example = R"py(
>>> metric = keras.metrics.MeanAbsolutePercentageError()
>>> metric([[1.0, 2.0]], [[1.5, 1.0]])
<Tensor shape=(), dtype=float32, values=50.0>)py"});
LOSS_METRIC(MeanSquaredLogarithmicError, "mean_squared_logarithmic_error", "losses.mean_squared_logarithmic_error",
            "The mean squared difference of logarithms.", {"mean_squared_logarithmic_error", "msle", "MSLE"},
            Doc{.example = R"py(
>>> metric = keras.metrics.MeanSquaredLogarithmicError()
>>> metric([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(), dtype=float32, values=0.32242742>)py"});
LOSS_METRIC(LogCoshError, "logcosh", "losses.log_cosh", "The mean of log(cosh(difference)).",
            {"log_cosh_error", "logcosh", "log_cosh"}, Doc{.example = R"py(
>>> metric = keras.metrics.LogCoshError()
>>> metric([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(), dtype=float32, values=0.43378085>)py"});
LOSS_METRIC(KLDivergence, "kl_divergence", "losses.kl_divergence", "The Kullback-Leibler divergence of distributions.",
            {"kl_divergence", "kld", "KLD"}, Doc{.example = R"py(
>>> metric = keras.metrics.KLDivergence()
>>> metric([[0.5, 0.5]], [[0.25, 0.75]])
<Tensor shape=(), dtype=float32, values=0.14384106>)py"});
LOSS_METRIC(Poisson, "poisson", "losses.poisson", "The mean of y_pred - y_true log y_pred.", {"poisson"},
            Doc{.example = R"py(
>>> metric = keras.metrics.Poisson()
>>> metric([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(), dtype=float32, values=0.9999999>)py"});
LOSS_METRIC(Hinge, "hinge", "losses.hinge", "The mean hinge loss.", {"hinge"}, Doc{.example = R"py(
>>> metric = keras.metrics.Hinge()
>>> metric([[1.0, -1.0]], [[0.5, 0.5]])
<Tensor shape=(), dtype=float32, values=1.0>)py"});
LOSS_METRIC(SquaredHinge, "squared_hinge", "losses.squared_hinge", "The mean squared hinge loss.", {"squared_hinge"},
            Doc{.example = R"py(
>>> metric = keras.metrics.SquaredHinge()
>>> metric([[1.0, -1.0]], [[0.5, 0.5]])
<Tensor shape=(), dtype=float32, values=1.25>)py"});
LOSS_METRIC(CategoricalHinge, "categorical_hinge", "losses.categorical_hinge", "The mean categorical hinge loss.",
            {"categorical_hinge"}, Doc{.example = R"py(
>>> metric = keras.metrics.CategoricalHinge()
>>> metric([[0.0, 1.0]], [[0.4, 0.6]])
<Tensor shape=(), dtype=float32, values=0.79999995>)py"});

struct BinaryCrossentropyArgs {
  static constexpr const char* kClass = "BinaryCrossentropy";
  static constexpr auto kDirection = Metric::Direction::down;
  MetricArgs base{"binary_crossentropy", {}};
  bool from_logits = false;
  Value label_smoothing = 0;
  void fields(Fields& f) {
    common(f, base);
    f("from_logits", from_logits, "Whether y_pred is before the sigmoid.");
    f("label_smoothing", label_smoothing, "0 to 1: how far labels are moved towards 1/2.");
  }
};
class BinaryCrossentropy final : public MetricWith<FunctionMetric, BinaryCrossentropyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return apply("losses.binary_crossentropy", {t, p, args.from_logits, args.label_smoothing});
  }
};
LAMINA_CLASS(BinaryCrossentropy, "keras.metrics", "The cross entropy of yes-or-no labels.",
             {"binary_crossentropy", "bce", "BCE"}, Doc{.example = R"py(
>>> metric = keras.metrics.BinaryCrossentropy()
>>> metric([[1.0, 0.0]], [[0.9, 0.2]])
<Tensor shape=(), dtype=float32, values=0.16425204>)py"});

struct CategoricalCrossentropyArgs {
  static constexpr const char* kClass = "CategoricalCrossentropy";
  static constexpr auto kDirection = Metric::Direction::down;
  MetricArgs base{"categorical_crossentropy", {}};
  bool from_logits = false;
  Value label_smoothing = 0;
  int axis = -1;
  void fields(Fields& f) {
    common(f, base);
    f("from_logits", from_logits, "Whether y_pred is before the softmax.");
    f("label_smoothing", label_smoothing, "0 to 1: how far labels are moved towards even ones.");
    f("axis", axis, "The axis of the classes.");
  }
};
class CategoricalCrossentropy final : public MetricWith<FunctionMetric, CategoricalCrossentropyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return apply("losses.categorical_crossentropy", {t, p, args.from_logits, args.label_smoothing, args.axis});
  }
};
LAMINA_CLASS(CategoricalCrossentropy, "keras.metrics", "The cross entropy of one-hot labels.",
             {"categorical_crossentropy"}, Doc{.example = R"py(
>>> metric = keras.metrics.CategoricalCrossentropy()
>>> metric([[0.0, 1.0]], [[0.2, 0.8]])
<Tensor shape=(), dtype=float32, values=0.22314353>)py"});

struct SparseCategoricalCrossentropyArgs {
  static constexpr const char* kClass = "SparseCategoricalCrossentropy";
  static constexpr auto kDirection = Metric::Direction::down;
  MetricArgs base{"sparse_categorical_crossentropy", {}};
  bool from_logits = false;
  std::optional<int64_t> ignore_class;
  int axis = -1;
  void fields(Fields& f) {
    common(f, base);
    f("from_logits", from_logits, "Whether y_pred is before the softmax.");
    f("ignore_class", ignore_class, "A class number whose entries count as 0.");
    f("axis", axis, "The axis of the classes.");
  }
};
class SparseCategoricalCrossentropy final : public MetricWith<FunctionMetric, SparseCategoricalCrossentropyArgs> {
 public:
  using MetricWith::MetricWith;
  Tensor values(const Value& t, const Value& p) override {
    return apply("losses.sparse_categorical_crossentropy",
                 {t, p, args.from_logits, to_value(args.ignore_class), args.axis});
  }
};
LAMINA_CLASS(SparseCategoricalCrossentropy, "keras.metrics", "The cross entropy of integer labels.",
             {"sparse_categorical_crossentropy"}, Doc{.example = R"py(
>>> metric = keras.metrics.SparseCategoricalCrossentropy()
>>> metric(np.array([1, 0]), np.array([[0.2, 0.8], [0.3, 0.7]]))
<Tensor shape=(), dtype=float32, values=0.7135582>)py"});

}  // namespace
}  // namespace lamina
