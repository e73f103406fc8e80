#include "layers/regularizers/regularizer.h"

#include "serialization/objects/callable_object.h"

namespace lamina {

std::shared_ptr<Regularizer> Regularizer::adapt(const ObjectPtr& object) {
  return CallableObject<Regularizer>::adapt(object);
}

}  // namespace lamina
