#pragma once
#include "backends/core/value.h"

namespace lamina {

// The value of a tensor where it is known already: its data, or inside a trace what follows from constants alone (sizes
// of tensors that a call computes with). Undefined for what only a run decides, and for tensors of more than some
// thousand elements.
Tensor constant_value(const Tensor& t);

// A list of the numbers of an integer tensor of rank 0 or 1 whose value is known; anything else as it is.
Value whole_numbers(const Value& v);

// Tensors whose value is known as numbers and (nested) lists of them, also inside lists and tuples: for arguments that
// are plain numbers, whatever a caller holds them in.
Value plain_numbers(const Value& v);

}  // namespace lamina
