#pragma once
// FusedReduce: an elementwise program over several inputs whose one result is reduced at once, without going through
// memory. Made by the graph engine for devices only, after gradients have been taken; what it replaces is its
// reference.
#include "backends/ops/elementwise/program.h"
#include "backends/ops/reduce/reduce.h"

namespace lamina {

class FusedReduceOp final : public Primitive {
 public:
  FusedReduceOp(ElementwiseProgram program, const Shape& shape, Reduce kind, std::vector<int> axes, bool keepdims)
      : program(std::move(program)), shape(shape), kind(kind), axes(std::move(axes)), keepdims(keepdims) {}
  std::string_view name() const override { return "FusedReduce"; }
  void attributes(Attributes& a) const override {
    a("shape", shape)("immediates", program.immediates)("code", program.code)("outputs", program.outputs)(
        "kind", name_of(kind))("axes", axes)("keepdims", keepdims);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const ElementwiseProgram program;  // one output
  const Shape shape;                 // of that; the inputs broadcast to it
  const Reduce kind;
  const std::vector<int> axes;
  const bool keepdims;
};

}  // namespace lamina
