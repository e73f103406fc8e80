#pragma once
// Metric: variables that update_state() accumulates into and result() reads. Works inside a traced step: state lives in
// Variables, all maths in ops.
#include "backends/core/variable.h"
#include "layers/dtype_policy.h"
#include "serialization/objects/object_config.h"

namespace lamina {

class Metric : public Object {
 public:
  static constexpr std::string_view kModule = "keras.metrics";
  static constexpr std::string_view kKind = "a metric";

  Metric(std::string name, const Value& dtype = {});

  // (y_true, y_pred, sample_weight=None) for most; Mean and Sum take (values, sample_weight=None).
  virtual void update_state(List args, Dict kwargs) = 0;
  virtual Value result() = 0;  // a scalar tensor, or a dict or tensor of them
  virtual void reset_state();  // all variables to zero
  virtual Variables variables() const;
  // Those of metrics inside it too, where a user's class has such.
  virtual Variables all_variables() const { return variables(); }
  // Whether larger results are better: what callbacks with an automatic mode ask.
  enum class Direction { unknown, up, down };
  virtual Direction direction() const { return Direction::unknown; }

  // Makes the state that depends on the shapes of y_true and y_pred, where a metric has such; update_state() does so.
  virtual void build(const Shape& y_true, const Shape& y_pred) { (void)y_true, (void)y_pred; }
  // What bindings show as an attribute beside arguments and variables; None if there is no such thing.
  virtual Value attribute(std::string_view) const { return {}; }

  // Past a user's override or through it: what the trainer calls.
  void update(List args, Dict kwargs = {});
  Value read();
  void reset();

  Variable add_variable(const std::string& name, const Shape& shape, const Value& initializer = "zeros",
                        const Value& dtype = {});
  const std::string& name() const { return name_; }
  void set_name(const std::string& name) { name_ = name; }
  DType dtype() const { return dtype_; }
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override;  // name, dtype
  // A function f(y_true, y_pred) as MeanMetricWrapper.
  static std::shared_ptr<Metric> adapt(const ObjectPtr& object);

 protected:
  std::string name_;
  DType dtype_;
  Variables variables_;
};

// The arguments of an update, by the names `names` (the first `required` of them must be given; others are None).
// TypeError naming the metric otherwise.
std::vector<Value> bind_update(const Metric& metric, const std::vector<const char*>& names, size_t required, List args,
                               const Dict& kwargs);

// A metric whose arguments are A = { own arguments...; MetricArgs base; fields(f); }; A::kClass is the class's name,
// and A::kDirection, if there is one, its direction.
std::string auto_name(const std::string& prefix);
// The arguments that all metrics have.
struct MetricArgs {
  std::optional<std::string> name;  // None takes "precision", "precision_1", ... from the class
  Value dtype;
};
// A metric with the argument struct A: its fields, its name and its configs.
template <class Base, class A>
class MetricWith : public Configured<Base, A> {
 public:
  explicit MetricWith(const A& a)
      : Configured<Base, A>(a, a.base.name ? *a.base.name : auto_name(snake_case(A::kClass)), a.base.dtype) {
    this->args.base.name = this->name_;
  }
  std::string class_name() const override { return A::kClass; }
  Metric::Direction direction() const override {
    if constexpr (requires { A::kDirection; })
      return A::kDirection;
    else
      return Base::direction();
  }
  void attributes(Fields& f) override {
    if (!settled()) this->args.fields(f);
  }
  // Whether arguments were used up when the metric was made: its variables, say, have their shapes from them.
  virtual bool settled() const { return false; }
};

using MetricRef = Ref<Metric>;
using MetricPtr = std::shared_ptr<Metric>;

}  // namespace lamina
