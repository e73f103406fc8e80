#pragma once
#include "backends/ops/public/operand.h"
#include "serialization/objects/function_as_object.h"
#include "serialization/objects/object_config.h"

namespace lamina {

// A user's function as an object of a kind whose call is tensor -> tensor (regularizers, constraints). Configs name the
// function.
template <class Base>
class CallableObject final : public Base, public FunctionAsObject {
 public:
  explicit CallableObject(std::shared_ptr<Callable> f) : function_(std::move(f)) {}
  Tensor operator()(const Tensor& x) const override { return value_to<Operand>(function_->call({x})).value(); }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }
  ObjectPtr held_function() const override { return function_; }

  // Null if the object cannot be called.
  static std::shared_ptr<Base> adapt(const ObjectPtr& object) {
    auto f = std::dynamic_pointer_cast<Callable>(object);
    return f ? std::make_shared<CallableObject>(std::move(f)) : nullptr;
  }

 private:
  std::shared_ptr<Callable> function_;
};

}  // namespace lamina
