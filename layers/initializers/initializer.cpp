#include "layers/initializers/initializer.h"

#include "backends/core/settings.h"
#include "backends/ops/public/operand.h"
#include "serialization/objects/function_as_object.h"

namespace lamina {

namespace {
class CallableInitializer final : public Initializer, public FunctionAsObject {
 public:
  explicit CallableInitializer(ObjectPtr f) : function_(std::move(f)) {}
  Tensor operator()(const Shape& shape, std::optional<DType> dtype) const override {
    auto f = std::dynamic_pointer_cast<Callable>(function_);
    const Value out = f->call({Value(shape)}, {{"dtype", dtype ? Value(name_of(*dtype)) : Value()}});
    return value_to<Operand>(out).as(dtype.value_or(settings().floatx()));
  }
  std::string class_name() const override { return function_->class_name(); }
  std::string module() const override { return function_->module(); }
  std::string registered_name() const override { return function_->registered_name(); }
  Dict get_config() const override { return function_->get_config(); }
  ObjectPtr held_function() const override { return function_; }

 private:
  ObjectPtr function_;
};
}  // namespace

std::shared_ptr<Initializer> Initializer::adapt(const ObjectPtr& object) {
  if (std::dynamic_pointer_cast<Callable>(object)) return std::make_shared<CallableInitializer>(object);
  return nullptr;
}

}  // namespace lamina
