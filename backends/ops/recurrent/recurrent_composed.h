#pragma once
#include "backends/ops/recurrent/recurrent.h"

namespace lamina {

// What RecurrentOp (saving) and RecurrentGradOp compute, written in other primitives a step at a time.
Tensors composed_recurrent(Recurrence kind, const RecurrenceOptions& options, std::span<const Tensor> inputs);
Tensors composed_recurrent_grad(Recurrence kind, const RecurrenceOptions& options, std::span<const Tensor> inputs);

}  // namespace lamina
