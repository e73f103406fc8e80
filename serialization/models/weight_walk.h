#pragma once
// The objects of a model that files store, each with its path, in Keras' order: the layers of functional and Sequential
// models first, then attributes by name (those with a leading underscore last), lists, tuples and dicts of objects by
// class ("items/dense", "items/dense_1", "items/container/dense").
#include <functional>

#include "api/model.h"

namespace lamina {

struct Saveable {
  std::string path;  // "layers/dense"; "" is the model
  ObjectPtr object;
  Layer* layer = nullptr;  // the object as one of these, if it is one
  Optimizer* optimizer = nullptr;
  std::string name() const;  // the object's own
  std::string repr() const;  // "<Dense name=dense, built=True>"
  bool has_own_state() const { return layer || optimizer || object->overrides(Method::save_own_variables); }
  std::optional<Dict> named_values() const {  // in place of variables, where the layer has such
    return layer && !object->overrides(Method::save_own_variables) ? layer->named_values() : std::nullopt;
  }
  Variables variables() const;  // that files hold: trainable ones first, each kind in the order it was made
  Tensors values() const;       // what files hold of them
};

// `visit` says whether it is done with the object. If not, and the object is also found under another path, it is
// visited there again.
// Objects in `skip`, and what only they lead to, are left out.
void walk_saveables(const Layer& model, const std::function<bool(const Saveable&)>& visit,
                    const std::vector<ObjectPtr>& skip = {});

}  // namespace lamina
