#include "api/metrics/mean.h"
#include "backends/ops/public/support.h"
#include "layers/operation.h"

namespace lamina {
namespace {

// The function may be a callable, a loss or an op's name; further keyword arguments go to it.
class MeanMetricWrapper final : public FunctionMetric {
 public:
  MeanMetricWrapper(const Value& fn, std::string name, const Value& dtype, Dict kwargs)
      : FunctionMetric(name.empty() ? auto_name("mean_metric_wrapper") : std::move(name), dtype), kwargs_(std::move(kwargs)) {
    ObjectPtr object = get_object(fn, "keras.losses");
    function_ = std::dynamic_pointer_cast<Callable>(object);
    if (!function_) throw TypeError("Expected a function f(y_true, y_pred) as `fn` of MeanMetricWrapper, received ", fn.repr(), ".");
  }
  Tensor values(const Value& y_true, const Value& y_pred) override { return value_to<Operand>(function_->call({y_true, y_pred}, kwargs_)).value(); }
  std::string class_name() const override { return "MeanMetricWrapper"; }
  Dict get_config() const override {
    Dict config = Metric::get_config();
    config.set("fn", serialize_object(function_));
    for (const auto& [key, v] : kwargs_) config.set(key, serialize_value(v));
    return config;
  }

 private:
  std::shared_ptr<Callable> function_;
  Dict kwargs_;
};

struct WrapperArgs {
  Value fn;
  std::string name;
  Value dtype;
  void fields(Fields& f) {
    f("fn", fn, "f(y_true, y_pred, **kwargs): one value a sample.").required();
    f("name", name, "The metric's name in logs.");
    f("dtype", dtype, "The dtype to accumulate in.");
  }
};

const bool registered = [] {
  ClassInfo info;
  info.name = "MeanMetricWrapper";
  info.module = "keras.metrics";
  info.doc = "The mean of a function of y_true and y_pred.";
  info.aliases = {"mean_metric_wrapper"};
  info.make = [](const Dict& config) -> ObjectPtr {
    WrapperArgs a;
    Dict rest;
    read_fields("MeanMetricWrapper", config, [&](Fields& f) { a.fields(f); }, &rest);
    return std::make_shared<MeanMetricWrapper>(a.fn, a.name, a.dtype, rest);
  };
  info.fields = [] {
    WrapperArgs a;
    return describe_fields([&](Fields& f) { a.fields(f); });
  };
  register_class(std::move(info));
  return true;
}();

}  // namespace

std::shared_ptr<Metric> Metric::adapt(const ObjectPtr& object) {
  if (auto f = std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<MeanMetricWrapper>(Value(object), f->function_name(), Value(), Dict{});
  return nullptr;
}

}  // namespace lamina
