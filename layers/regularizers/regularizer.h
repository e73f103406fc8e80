#pragma once
#include "serialization/objects/object_config.h"

namespace lamina {

// A penalty on a weight or an output: x (any shape) -> scalar, added to the model's loss.
class Regularizer : public Object {
 public:
  static constexpr std::string_view kModule = "keras.regularizers";
  static constexpr std::string_view kKind = "a regularizer";
  virtual Tensor operator()(const Tensor& x) const = 0;
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override { return {}; }
  static std::shared_ptr<Regularizer> adapt(const ObjectPtr& object);  // a callable
};
using RegularizerRef = Ref<Regularizer>;

}  // namespace lamina
