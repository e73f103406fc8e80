#include "api/metrics/mean.h"

#include "backends/ops/public/support.h"
#include "losses/loss.h"

namespace lamina {

using namespace prim;

Tensor divide_no_nan(const Tensor& a, const Tensor& b) {
  Tensor zero = full({}, 0, b.dtype()), none = binary(Binary::equal, b, zero);
  return where(none, zero, divide(a, where(none, full({}, 1, b.dtype()), b)));
}

SamplewiseValues reduce_to_samplewise(const Value& given, const Value& sample_weight, bool average, DType dtype) {
  Tensor values = value_to<Operand>(given).value(), mask = values.mask();
  values = cast(values, dtype);
  auto fold = [&](const Tensor& x, int first) {
    std::vector<int> axes;
    for (int i = first; i < x.rank(); ++i) axes.push_back(i);
    if (axes.empty()) return x;
    Tensor s = sum(x, axes);
    return average ? multiply(s, 1 / std::max(1.0, ops::count_of(x.shape(), axes))) : s;
  };
  Tensor weights;
  if (!sample_weight.is_none()) {
    weights = apply_mask(value_to<Operand>(sample_weight).as(dtype), mask, dtype, "sum");
    squeeze_or_expand_to_same_rank(values, weights);
    int rank = weights.rank();
    values = fold(values, rank);
    if (weights.shape() != values.shape()) weights = broadcast_to(weights, values.shape());
    values = multiply(values, weights);
    if (rank > 1) weights = fold(weights, 1);
  }
  return {fold(values, 1), weights};
}

MeanMetric::MeanMetric(std::string name, const Value& dtype) : Metric(std::move(name), dtype) {
  total_ = add_variable("total", {}, "zeros", Value(name_of(dtype_)));
  count_ = add_variable("count", {}, "zeros", Value(name_of(dtype_)));
}

void MeanMetric::accumulate(const Value& given, const Value& sample_weight) {
  auto [values, weights] = reduce_to_samplewise(given, sample_weight, true, dtype_);
  total_.assign_add(values.rank() ? reduce_all(Reduce::sum, values) : values);
  if (weights.defined())
    count_.assign_add(weights.rank() ? reduce_all(Reduce::sum, weights) : weights);
  else
    count_.assign_add(full({}, values.rank() ? static_cast<double>(values.shape()[0]) : 1, dtype_));
}

void MeanMetric::update_state(List args, Dict kwargs) {
  auto bound = bind_update(*this, {"values", "sample_weight"}, 1, std::move(args), kwargs);
  accumulate(bound[0], bound[1]);
}

Value MeanMetric::result() { return divide_no_nan(total_.value(), count_.value()); }

void FunctionMetric::update_state(List args, Dict kwargs) {
  auto bound = bind_update(*this, {"y_true", "y_pred", "sample_weight"}, 2, std::move(args), kwargs);
  Tensor mask = bound[1].is_tensor() ? bound[1].as_tensor().mask() : Tensor();
  Tensor weight = bound[2].is_none() ? Tensor() : value_to<Operand>(bound[2]).value();
  accumulate(values(bound[0], bound[1]), apply_mask(weight, mask, dtype_, "sum"));
}

namespace {

struct MeanArgs {
  static constexpr const char* kClass = "Mean";
  MetricArgs base{"mean", {}};
  void fields(Fields& f) {
    f("name", base.name, "The metric's name in logs.");
    f("dtype", base.dtype, "The dtype to accumulate in; None is the global floatx.");
  }
};
class Mean final : public MetricWith<MeanMetric, MeanArgs> {
 public:
  using MetricWith::MetricWith;
};
LAMINA_CLASS(Mean, "keras.metrics", "The weighted mean of the given values.", {"mean"}, Doc{.example = R"py(
>>> metric = keras.metrics.Mean()
>>> metric([1.0, 3.0, 5.0])
<Tensor shape=(), dtype=float32, values=3.0>)py"});

struct SumArgs : MeanArgs {
  static constexpr const char* kClass = "Sum";
  SumArgs() { base.name = "sum"; }
};
class Sum final : public MetricWith<Metric, SumArgs> {
 public:
  explicit Sum(SumArgs a) : MetricWith(std::move(a)) {
    total_ = add_variable("total", {}, "zeros", Value(name_of(dtype_)));
  }
  void update_state(List args, Dict kwargs) override {
    auto bound = bind_update(*this, {"values", "sample_weight"}, 1, std::move(args), kwargs);
    Tensor values = reduce_to_samplewise(bound[0], bound[1], false, dtype_).values;
    total_.assign_add(values.rank() ? reduce_all(Reduce::sum, values) : values);
  }
  Value result() override { return total_.value(); }

 private:
  Variable total_;
};
LAMINA_CLASS(Sum, "keras.metrics", "The weighted sum of the given values.", {"sum"}, Doc{.example = R"py(
>>> metric = keras.metrics.Sum()
>>> metric([1.0, 3.0, 5.0])
<Tensor shape=(), dtype=float32, values=9.0>)py"});

}  // namespace
}  // namespace lamina
