#include "layers/constraints/constraint.h"

#include "serialization/objects/callable_object.h"

namespace lamina {

std::shared_ptr<Constraint> Constraint::adapt(const ObjectPtr& object) {
  return CallableObject<Constraint>::adapt(object);
}

}  // namespace lamina
