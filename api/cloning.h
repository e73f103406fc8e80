#pragma once
#include "api/model.h"

namespace lamina {

// Makes the layer that takes a layer's place in the clone; the default makes a new one from its config.
using CloneFunction = std::function<std::shared_ptr<Operation>(const std::shared_ptr<Operation>&)>;
// Calls a cloned layer or op on the clone's tensors; the default just calls it.
using CallFunction = std::function<Value(const std::shared_ptr<Operation>&, List args, Dict kwargs)>;

// The outputs of a functional model's copy on `inputs` (symbolic tensors in the structure of the model's). Shared
// layers stay shared; ops are copied as they are.
Value clone_graph(const Model& model, const Value& inputs, const CloneFunction& clone = nullptr,
                  const CallFunction& call = nullptr);
// A functional or Sequential model of the same architecture and name, with weights of its own; compiled alike if the
// model is. ValueError for a subclassed model.
ModelPtr clone_model(const Model& model);

}  // namespace lamina
