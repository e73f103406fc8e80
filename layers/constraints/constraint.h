#pragma once
#include "serialization/objects/object_config.h"

namespace lamina {

// A projection applied to a weight after each update: w -> a tensor of the same shape.
class Constraint : public Object {
 public:
  static constexpr std::string_view kModule = "keras.constraints";
  static constexpr std::string_view kKind = "a constraint";
  virtual Tensor operator()(const Tensor& x) const = 0;
  std::string module() const override { return std::string(kModule); }
  Dict get_config() const override { return {}; }
  static std::shared_ptr<Constraint> adapt(const ObjectPtr& object);  // a callable
};
using ConstraintRef = Ref<Constraint>;

}  // namespace lamina
