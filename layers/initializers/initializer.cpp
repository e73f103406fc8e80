#include "layers/initializers/initializer.h"

namespace lamina {

namespace {
class CallableInitializer final : public Initializer {
 public:
  explicit CallableInitializer(ObjectPtr f) : function_(std::move(f)) {}
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    auto f = std::dynamic_pointer_cast<Callable>(function_);
    Value out = f->call({Value(shape)}, {{"dtype", dtype ? Value(name_of(*dtype)) : Value()}});
    return out.as_tensor();
  }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }

 private:
  ObjectPtr function_;
};
}  // namespace

std::shared_ptr<Initializer> Initializer::adapt(const ObjectPtr& object) {
  if (std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<CallableInitializer>(object);
  return nullptr;
}

}  // namespace lamina
