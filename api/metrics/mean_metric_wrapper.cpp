#include "api/metrics/mean.h"
#include "backends/ops/public/support.h"
#include "layers/operation.h"

namespace lamina {
namespace {

// A callable, or the name or config of a built-in metric or loss function.
std::shared_ptr<Callable> function_from(const Value& fn) {
  std::string name;
  if (fn.is_string())
    name = fn.as_string();
  else if (is_serialized_object(fn) && fn.as_dict().at("config").is_string())
    name = fn.as_dict().at("config").as_string();
  for (const char* home : {"metrics.", "losses."})
    if (const OpInfo* op = name.empty() ? nullptr : find_op(home + name))
      return std::dynamic_pointer_cast<Callable>(make_callable(name, [op](List args, Dict kwargs) {
        auto bound = bind_arguments(*op, std::move(args), kwargs);
        return call_op(*op, bound);
      }));
  auto function = std::dynamic_pointer_cast<Callable>(get_object(fn, Metric::kModule));
  if (!function)
    throw TypeError("Expected a function f(y_true, y_pred) as `fn` of MeanMetricWrapper, received ", fn.repr(), ".");
  return function;
}

// Further keyword arguments go to the function.
class MeanMetricWrapper final : public FunctionMetric {
 public:
  MeanMetricWrapper(const Value& fn, std::string name, const Value& dtype, Dict kwargs)
      : FunctionMetric(name.empty() ? auto_name("mean_metric_wrapper") : std::move(name), dtype),
        function_(function_from(fn)),
        kwargs_(std::move(kwargs)) {}
  Tensor values(const Value& y_true, const Value& y_pred) override {
    return value_to<Operand>(function_->call({y_true, y_pred}, kwargs_)).value();
  }
  std::string class_name() const override { return "MeanMetricWrapper"; }
  Dict get_config() const override {
    Dict config = Metric::get_config();
    Value fn = serialize_object(function_);
    if (fn.is_string()) {  // a built-in one: by the name that Keras finds it under
      const std::string name = fn.as_string().substr(fn.as_string().rfind('.') + 1);
      fn = Dict{{"module", "builtins"}, {"class_name", "function"}, {"config", name}, {"registered_name", name}};
    }
    config.set("fn", fn);
    for (const auto& [key, v] : kwargs_) config.set(key, serialize_value(v));
    return config;
  }

 private:
  std::shared_ptr<Callable> function_;
  Dict kwargs_;
};

struct WrapperArgs {
  Value fn;
  std::optional<std::string> name;
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
  info.description = {.example = R"py(
>>> metric = keras.metrics.MeanMetricWrapper(keras.losses.mean_squared_error)
>>> metric([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(), dtype=float32, values=1.0>)py"};
  info.aliases = {"mean_metric_wrapper"};
  info.make = [](const Dict& config) -> ObjectPtr {
    WrapperArgs a;
    Dict rest;
    read_fields(
        "MeanMetricWrapper", config, [&](Fields& f) { a.fields(f); }, &rest);
    return std::make_shared<MeanMetricWrapper>(a.fn, a.name.value_or(""), a.dtype, rest);
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
  if (auto f = std::dynamic_pointer_cast<Callable>(object))
    return std::make_shared<MeanMetricWrapper>(Value(object), f->function_name(), Value(), Dict{});
  return nullptr;
}

}  // namespace lamina
