#include "layers/constraints/constraint.h"

namespace lamina {

namespace {
class CallableConstraint final : public Constraint {
 public:
  explicit CallableConstraint(ObjectPtr f) : function_(std::move(f)) {}
  Tensor operator()(const Tensor& x) const override { return std::dynamic_pointer_cast<Callable>(function_)->call({x}).as_tensor(); }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }

 private:
  ObjectPtr function_;
};
}  // namespace

std::shared_ptr<Constraint> Constraint::adapt(const ObjectPtr& object) {
  if (std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<CallableConstraint>(object);
  return nullptr;
}

}  // namespace lamina
