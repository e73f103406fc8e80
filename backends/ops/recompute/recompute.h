#pragma once
// Recomputation (gradient checkpointing, Keras' remat): of a function's intermediate values none is kept for its
// gradient; they are computed again when it is asked for. T. Chen et al., "Training Deep Nets with Sublinear Memory
// Cost", 2016.
#include <functional>

#include "backends/core/primitive.h"

namespace lamina {

// The input itself, as a value of its own: what is computed from it is never taken for what is computed from the input.
class BarrierOp final : public Primitive {
 public:
  explicit BarrierOp(uint64_t id) : id(id) {}
  std::string_view name() const override { return "Barrier"; }
  bool takes_strings() const override { return true; }
  void attributes(Attributes& a) const override { a("id", id); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override { return {in[0]}; }
  Tensors vjp(const VjpContext& c) const override { return {c.grads[0]}; }
  bool alias() const override { return true; }
  const uint64_t id;
};

namespace prim {
// x itself, which no pass of a graph looks through: what lies behind is computed where it stands.
Tensor barrier(const Tensor& x);

// body()'s results. Where a tape is open, `body` is traced once, inside which values of tensors cannot be looked at,
// and the gradient computes its intermediate values again from what it read of its surroundings, random numbers
// included. Variables are assigned once. `worth`, if given, sees what the results are, and decides whether it pays.
Tensors recompute(const std::function<Tensors()>& body,
                  const std::function<bool(std::span<const TensorSpec> results)>& worth = {});
}  // namespace prim
}  // namespace lamina
