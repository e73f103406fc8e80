#include "api/metrics/metric.h"

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/settings.h"
#include "backends/ops/primitives.h"
#include "layers/initializers/initializer.h"
#include "layers/operation.h"

namespace lamina {

Metric::Metric(std::string name, const Value& dtype)
    : name_(std::move(name)), dtype_(dtype.is_none() ? settings().floatx() : get_dtype_policy(dtype)->compute_dtype()) {
  if (name_.empty()) name_ = auto_name("metric");
}

Variable Metric::add_variable(const std::string& name, const Shape& shape, const Value& initializer,
                              const Value& dtype) {
  EagerScope eager;
  DType type = dtype.is_none() ? settings().floatx() : parse_dtype(dtype.as_string());
  InitializerRef first = initializer.is_tensor()
                             ? InitializerRef::make("Constant", {{"value", initializer}})
                             : InitializerRef::from(initializer.is_none() ? Value("zeros") : initializer);
  Variable v((*first)(shape, type), {.name = name, .trainable = false, .autocast = false, .aggregation = "sum"});
  std::string scope = name_;
  std::replace(scope.begin(), scope.end(), '/', '>');
  v.state().path = scope + "/" + name;
  v.state().initializer = first.pointer();
  variables_.push_back(v);
  return v;
}

Variables Metric::variables() const { return variables_; }

void Metric::reset_state() {
  for (const Variable& v : variables()) v.assign(prim::full(v.shape(), 0, v.dtype()));
}

void Metric::update(List args, Dict kwargs) {
  NoGradScope off;
  if (overrides(Method::update_state))
    user_class->call(Method::update_state, std::move(args), std::move(kwargs));
  else
    update_state(std::move(args), std::move(kwargs));
}

Value Metric::read() {
  NoGradScope off;
  return overrides(Method::result) ? user_class->call(Method::result, {}, {}) : result();
}

void Metric::reset() {
  if (overrides(Method::reset_state))
    user_class->call(Method::reset_state, {}, {});
  else
    reset_state();
}

Dict Metric::get_config() const { return {{"name", name_}, {"dtype", Value(name_of(dtype_))}}; }

std::vector<Value> bind_update(const Metric& metric, const std::vector<const char*>& names, size_t required, List args,
                               const Dict& kwargs) {
  const std::string where = metric.public_class_name() + ".update_state()";
  if (args.size() > names.size())
    throw TypeError(where, " takes at most ", names.size(), " arguments, received ", args.size(), ".");
  std::vector<Value> out(names.size());
  std::vector<bool> given(names.size());
  for (size_t i = 0; i < args.size(); ++i) out[i] = std::move(args[i]), given[i] = true;
  for (const auto& [key, v] : kwargs) {
    size_t i = 0;
    while (i < names.size() && key != names[i]) ++i;
    if (i == names.size()) throw TypeError(where, " got an unexpected keyword argument '", key, "'.");
    if (given[i]) throw TypeError(where, " got multiple values for argument '", key, "'.");
    out[i] = v, given[i] = true;
  }
  for (size_t i = 0; i < required; ++i)
    if (!given[i]) throw TypeError(where, " is missing the required argument '", names[i], "'.");
  return out;
}

}  // namespace lamina
