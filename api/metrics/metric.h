#pragma once
// Metric: variables that update_state() accumulates into and result() reads. Works inside a traced step: state lives in
// Variables, all maths in ops.
#include "backends/core/variable.h"
#include "layers/dtype_policy.h"
#include "serialization/object_config.h"

namespace lamina {

class Metric : public Object {
 public:
  static constexpr std::string_view kModule = "keras.metrics";
  static constexpr std::string_view kKind = "a metric";

  Metric(std::string name, Value dtype = {});

  // (y_true, y_pred, sample_weight=None) for most; Mean and Sum take (values, sample_weight=None).
  virtual void update_state(List args, Dict kwargs) = 0;
  virtual Value result() = 0;   // a scalar tensor, or a dict or tensor of them
  virtual void reset_state();   // all variables to zero
  virtual Variables variables() const;

  // Past a user's override or through it: what the trainer calls.
  void update(List args, Dict kwargs = {});
  Value read();
  void reset();

  Variable add_variable(const std::string& name, const Shape& shape, const Value& initializer = "zeros", const Value& dtype = {});
  const std::string& name() const { return name_; }
  void set_name(const std::string& name) { name_ = name; }
  DType dtype() const { return policy_->compute_dtype(); }
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override;  // name, dtype policy
  // A function f(y_true, y_pred) as MeanMetricWrapper.
  static std::shared_ptr<Metric> adapt(const ObjectPtr& object);

 protected:
  std::string name_;
  DTypePolicyPtr policy_;
  Variables variables_;
};
using MetricRef = Ref<Metric>;
using MetricPtr = std::shared_ptr<Metric>;

}  // namespace lamina
