// Intersection over union of predicted and true classes, from a confusion matrix (true class, predicted class).
#include "api/metrics/metric.h"
#include "backends/core/settings.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/support.h"

namespace lamina {
namespace {

using namespace prim;

// Arguments of the whole family; each class lists those it takes.
struct IoUArgs {
  static constexpr const char* kClass = "IoU";
  static constexpr auto kDirection = Metric::Direction::up;
  int64_t num_classes = 2;
  std::vector<int64_t> target_class_ids;
  MetricArgs base;  // dtype: None is int
  std::optional<int64_t> ignore_class;
  bool sparse_y_true = true, sparse_y_pred = true;
  int axis = -1;
  double threshold = 0.5;

  void classes(Fields& f) { f("num_classes", num_classes, "The number of classes.").required(); }
  void targets(Fields& f) {
    f("target_class_ids", target_class_ids, "The classes whose mean is the result.").required();
  }
  void named(Fields& f) {
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype of the counts.");
  }
  void ignored(Fields& f) { f("ignore_class", ignore_class, "A class whose labels do not count."); }
  void sparse_true(Fields& f) { f("sparse_y_true", sparse_y_true, "Whether labels are class numbers (else one-hot)."); }
  void sparse_pred(Fields& f) {
    f("sparse_y_pred", sparse_y_pred, "Whether predictions are class numbers (else scores).");
  }
  void axis_field(Fields& f) { f("axis", axis, "The axis of one-hot labels and scores."); }
  void fields(Fields& f) {
    classes(f), targets(f), named(f), ignored(f), sparse_true(f), sparse_pred(f), axis_field(f);
  }
};

template <class A>
class IoUMetric : public MetricWith<Metric, A> {
 public:
  bool settled() const override { return true; }
  explicit IoUMetric(A a) : MetricWith<Metric, A>(standard(std::move(a))) {
    const auto& args = this->args;
    ids_ = args.target_class_ids;
    if (ids_.empty())
      for (int64_t i = 0; i < args.num_classes; ++i) ids_.push_back(i);
    for (int64_t id : ids_)
      if (id < 0 || id >= args.num_classes)
        throw ValueError("Target class id ", id, " is out of range, which is [0, ", args.num_classes, ").");
    matrix_ = this->add_variable("total_confusion_matrix", {args.num_classes, args.num_classes}, "zeros",
                                 Value(name_of(this->dtype_)));
  }
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    count(value_to<Operand>(bound[0]).value(), value_to<Operand>(bound[1]).value(), bound[2]);
  }
  Value result() override {
    const DType type = DType::float32;
    const int64_t n = this->args.num_classes;
    Tensor m = cast(matrix_.value(), type);
    Tensor diagonal = slice_axis(reshape(m, {n * n}), 0, 0, n * n);
    diagonal = gather(diagonal, multiply(iota(n, DType::int32), static_cast<double>(n + 1)), 0);
    Tensor all = subtract(add(sum(m, {0}), sum(m, {1})), diagonal);
    std::vector<int32_t> ids(ids_.begin(), ids_.end());
    Tensor chosen = Tensor::of(ids);
    Tensor right = gather(diagonal, chosen, 0);
    all = gather(all, chosen, 0);
    Tensor present = ops::compare(Binary::greater, all, 1e-9);
    const double e = settings().epsilon();
    Tensor iou = where(present, divide(right, add(all, e)), full({}, 0, type));
    return divide(reduce_all(Reduce::sum, iou), add(reduce_all(Reduce::sum, cast(present, type)), e));
  }

 protected:
  void count(Tensor t, Tensor p, const Value& sample_weight) {
    const auto& args = this->args;
    const DType type = this->dtype_;
    const int64_t n = args.num_classes;
    if (!args.sparse_y_true) t = arg_reduce(true, t, normalize_axis(args.axis, t.rank()));
    if (!args.sparse_y_pred) p = arg_reduce(true, p, normalize_axis(args.axis, p.rank()));
    t = reshape(cast(t, DType::int32), {-1}), p = reshape(cast(p, DType::int32), {-1});
    if (sample_weight.is_tensor() && is_float(sample_weight.as_tensor().dtype()) && !is_float(type))
      warn(
          "You are passing weight as `float`, but dtype is `int`. This may result in an incorrect weight due to type "
          "casting Consider using integer weights.");
    Tensor w = sample_weight.is_none() ? full({}, 1, type) : value_to<Operand>(sample_weight).as(type);
    if (w.rank() > 1) w = reshape(w, {-1});
    w = broadcast_to(w, t.shape());
    auto inside = [&](const Tensor& c) {
      return binary(Binary::logical_and, ops::compare(Binary::greater_equal, c, 0.0),
                    ops::compare(Binary::less, c, static_cast<double>(n)));
    };
    Tensor counts = binary(Binary::logical_and, inside(t), inside(p));
    if (args.ignore_class)
      counts = binary(Binary::logical_and, counts,
                      ops::compare(Binary::not_equal, t, static_cast<double>(*args.ignore_class)));
    Tensor none = full({}, 0, DType::int32),
           place = add(multiply(where(counts, t, none), static_cast<double>(n)), where(counts, p, none));
    Tensor hits = scatter(Scatter::add, full({n * n}, 0, type), place, where(counts, w, full({}, 0, type)), 0);
    matrix_.assign_add(reshape(hits, {n, n}));
  }

 private:
  static A standard(A a) {
    if (a.base.dtype.is_none()) a.base.dtype = "int";
    return a;
  }
  std::vector<int64_t> ids_;
  Variable matrix_;
};

class IoU final : public IoUMetric<IoUArgs> {
 public:
  using IoUMetric::IoUMetric;
};
LAMINA_CLASS(IoU, "keras.metrics", "Intersection over union, the mean of the target classes.", {"io_u"},
             Doc{.raises = "ValueError: if a class of `target_class_ids` is not below `num_classes`.", .example = R"py(
>>> metric = keras.metrics.IoU(num_classes=2, target_class_ids=[0])
>>> metric([0, 0, 1, 1], [0, 1, 0, 1])
<Tensor shape=(), dtype=float32, values=0.3333333>)py"});

struct BinaryIoUArgs : IoUArgs {
  static constexpr const char* kClass = "BinaryIoU";
  static constexpr auto kDirection = Metric::Direction::up;
  BinaryIoUArgs() { target_class_ids = {0, 1}; }
  void fields(Fields& f) {
    f("target_class_ids", target_class_ids, "The classes whose mean is the result.").shown(Value::tuple({0, 1}));
    f("threshold", threshold, "From it on a prediction is class 1.");
    named(f);
  }
};
class BinaryIoU final : public IoUMetric<BinaryIoUArgs> {
 public:
  using IoUMetric::IoUMetric;
  void update_state(List given, Dict kwargs) override {
    auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(given), kwargs);
    Tensor p = value_to<Operand>(bound[1]).as(DType::float32);
    count(value_to<Operand>(bound[0]).value(), ops::compare(Binary::greater_equal, p, args.threshold), bound[2]);
  }
};
LAMINA_CLASS(BinaryIoU, "keras.metrics", "Intersection over union of two classes told apart by a threshold.",
             {"binary_io_u"}, Doc{.example = R"py(
>>> metric = keras.metrics.BinaryIoU()
>>> metric([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
<Tensor shape=(), dtype=float32, values=0.5833334>)py"});

struct MeanIoUArgs : IoUArgs {
  static constexpr const char* kClass = "MeanIoU";
  static constexpr auto kDirection = Metric::Direction::up;
  void fields(Fields& f) { classes(f), named(f), ignored(f), sparse_true(f), sparse_pred(f), axis_field(f); }
};
class MeanIoU final : public IoUMetric<MeanIoUArgs> {
 public:
  using IoUMetric::IoUMetric;
};
LAMINA_CLASS(MeanIoU, "keras.metrics", "Intersection over union, the mean of all classes.", {"mean_io_u"},
             Doc{.example = R"py(
>>> metric = keras.metrics.MeanIoU(num_classes=2)
>>> metric([0, 0, 1, 1], [0, 1, 0, 1])
<Tensor shape=(), dtype=float32, values=0.33333334>)py"});

struct OneHotIoUArgs : IoUArgs {
  static constexpr const char* kClass = "OneHotIoU";
  static constexpr auto kDirection = Metric::Direction::up;
  OneHotIoUArgs() { sparse_y_true = sparse_y_pred = false; }
  void fields(Fields& f) { classes(f), targets(f), named(f), ignored(f), sparse_pred(f), axis_field(f); }
};
class OneHotIoU final : public IoUMetric<OneHotIoUArgs> {
 public:
  using IoUMetric::IoUMetric;
};
LAMINA_CLASS(OneHotIoU, "keras.metrics", "Intersection over union of one-hot labels.", {"one_hot_io_u"},
             Doc{.raises = "ValueError: if a class of `target_class_ids` is not below `num_classes`.", .example = R"py(
>>> metric = keras.metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
>>> metric([[1, 0], [0, 1]], [[0.8, 0.2], [0.6, 0.4]])
<Tensor shape=(), dtype=float32, values=0.49999994>)py"});

struct OneHotMeanIoUArgs : IoUArgs {
  static constexpr const char* kClass = "OneHotMeanIoU";
  static constexpr auto kDirection = Metric::Direction::up;
  OneHotMeanIoUArgs() { sparse_y_true = sparse_y_pred = false; }
  void fields(Fields& f) { classes(f), named(f), ignored(f), sparse_pred(f), axis_field(f); }
};
class OneHotMeanIoU final : public IoUMetric<OneHotMeanIoUArgs> {
 public:
  using IoUMetric::IoUMetric;
};
LAMINA_CLASS(OneHotMeanIoU, "keras.metrics", "Intersection over union of one-hot labels, the mean of all classes.",
             {"one_hot_mean_io_u"}, Doc{.example = R"py(
>>> metric = keras.metrics.OneHotMeanIoU(num_classes=2)
>>> metric([[1, 0], [0, 1]], [[0.8, 0.2], [0.6, 0.4]])
<Tensor shape=(), dtype=float32, values=0.25>)py"});

}  // namespace
}  // namespace lamina
