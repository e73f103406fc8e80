#pragma once
#include <functional>

#include "backends/ops/recurrent/recurrent.h"

namespace lamina {

// What RecurrentOp (saving) and RecurrentGradOp compute, written in other primitives a step at a time. `product` is the
// state's with the kernel, where it is another one than theirs.
Tensors composed_recurrent(Recurrence kind, const RecurrenceOptions& options, std::span<const Tensor> inputs,
                           const std::function<Tensor(const Tensor&)>& product = {});
Tensors composed_recurrent_grad(Recurrence kind, const RecurrenceOptions& options, std::span<const Tensor> inputs);
// Gradients of a function of `inputs` that is not differentiated where it stands: written out in primitives.
Tensors gradients_through(const std::function<Tensors(std::span<const Tensor>)>& composed, const VjpContext& c);

}  // namespace lamina
