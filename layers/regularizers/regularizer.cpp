#include "layers/regularizers/regularizer.h"

namespace lamina {

namespace {
class CallableRegularizer final : public Regularizer {
 public:
  explicit CallableRegularizer(ObjectPtr f) : function_(std::move(f)) {}
  Tensor operator()(const Tensor& x) const override { return std::dynamic_pointer_cast<Callable>(function_)->call({x}).as_tensor(); }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }

 private:
  ObjectPtr function_;
};
}  // namespace

std::shared_ptr<Regularizer> Regularizer::adapt(const ObjectPtr& object) {
  if (std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<CallableRegularizer>(object);
  return nullptr;
}

}  // namespace lamina
