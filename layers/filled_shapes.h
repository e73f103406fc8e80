#pragma once
// Users' calls on symbolic inputs that compute with sizes which only a later call decides (`ops.tile(mask,
// (ops.shape(x)[0], 1))`): they are run twice, with two sizes in place of the unknown ones; what differs between the
// results is unknown there, too. Keras on JAX does the same.
#include <functional>

#include "backends/core/shape.h"
#include "backends/core/value.h"

namespace lamina {

// call(fill) with a function that gives a structure's tensors sizes; its result, with unknown sizes where it depends on
// them.
Value with_filled_shapes(const std::function<Value(const std::function<Value(const Value&)>& fill)>& call);

// Whether a tensor in the structure has an unknown size.
bool has_unknown_size(const Value& structure);

// Whether a tensor in the structure has no elements. What is made of arguments that may have some has none where an op
// took an unknown size for one that was not given, as in `ops.arange(0, ops.shape(x)[1])`.
bool has_no_elements(const Value& structure);

// A shape, or structure of shapes, without the size that fills the batch axis at this moment: what layers that are
// built meanwhile remember.
Value without_filling(const Value& shapes);

}  // namespace lamina
