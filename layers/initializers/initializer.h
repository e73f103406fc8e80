#pragma once
#include "serialization/objects/object_config.h"

namespace lamina {

// Makes the first value of a variable. Stateless given its seed: the same config and seed give the same tensor.
class Initializer : public Object {
 public:
  static constexpr std::string_view kModule = "keras.initializers";
  static constexpr std::string_view kKind = "an initializer";
  // A concrete tensor of this shape (no unknown sizes) and dtype (nullopt: floatx).
  virtual Tensor operator()(const Shape& shape, std::optional<DType> dtype = {}) const = 0;
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override { return {}; }
  // A callable f(shape, dtype) or a tensor as an initializer.
  static std::shared_ptr<Initializer> adapt(const ObjectPtr& object);
};
using InitializerRef = Ref<Initializer>;

}  // namespace lamina
