#include "api/cloning.h"

#include "api/symbolic_node.h"
#include "layers/core/input_layer.h"
#include "serialization/objects/object_config.h"

namespace lamina {

Value clone_graph(const Model& model, const Value& inputs, const CloneFunction& clone, const CallFunction& call) {
  if (!model.graph()) throw ValueError("Expected a functional model to clone, received ", model.describe(), ".");
  std::map<Operation*, std::shared_ptr<Operation>> made;
  return model.graph()->rerun(inputs, [&](Node& node, List args, Dict kwargs) {
    std::shared_ptr<Operation>& copy = made[node.operation.get()];
    if (!copy) {
      auto layer = std::dynamic_pointer_cast<Layer>(node.operation);
      if (!layer)
        copy = node.operation;
      else if (clone)
        copy = clone(node.operation);
      else
        copy = std::dynamic_pointer_cast<Operation>(get_object(serialize_object(node.operation), "keras.layers"));
    }
    return call ? call(copy, std::move(args), std::move(kwargs)) : copy->run_node(std::move(args), std::move(kwargs));
  });
}

ModelPtr clone_model(const Model& model) {
  if (!model.graph() && model.class_name() != "Sequential")
    throw ValueError("Expected `model` to be a Sequential or functional model; a subclassed one cannot be cloned: ",
                     model.describe(), ".");
  Dict config{{"class_name", model.class_name()},
              {"module", "keras.models"},
              {"config", model.get_config()},
              {"registered_name", Value()}};
  auto copy = std::dynamic_pointer_cast<Model>(get_object(config, "keras.models"));
  if (Value compiled = model.get_compile_config(); !compiled.is_none())
    copy->compile_from_config(serialize_value(compiled).as_dict());
  return copy;
}

}  // namespace lamina
