#include "api/named.h"

#include "backends/core/object.h"

namespace lamina {

ObjectPtr make_named(const char* module, const char* name, const Dict& arguments) {
  const ClassInfo* info = find_class(name, module);
  if (!info) throw ValueError("There is no class '", name, "' in ", module, ".");
  try {
    return info->make(arguments);
  } catch (Error& e) {
    e.add({ErrorFrame::Kind::object, name});
    throw;
  }
}

LayerPtr make_named_layer(const char* module, const char* name, Dict arguments, const LayerArgs& base) {
  if (!base.name.empty()) arguments.set("name", base.name);
  arguments.set("trainable", base.trainable);
  arguments.set("dtype", base.dtype);
  arguments.set("autocast", base.autocast);
  if (base.activity_regularizer) arguments.set("activity_regularizer", ObjectPtr(base.activity_regularizer.pointer()));
  if (!base.input_shape.is_none()) arguments.set("input_shape", base.input_shape);
  if (!base.batch_shape.is_none()) arguments.set("batch_shape", base.batch_shape);
  auto layer = std::dynamic_pointer_cast<Layer>(make_named(module, name, arguments));
  if (layer->name().empty()) layer->set_name(auto_name(snake_case(layer->class_name())));
  return layer;
}

}  // namespace lamina
