#pragma once
// FusedElementwise: a program of elementwise instructions over several inputs with several outputs, run in one sweep.
// Made by the graph engine's fusion pass only, after gradients have been taken; the ops it replaces are its reference.
#include "backends/ops/elementwise/program.h"

namespace lamina {

class FusedElementwiseOp final : public Primitive {
 public:
  FusedElementwiseOp(ElementwiseProgram program, const Shape& shape) : program(std::move(program)), shape(shape) {}
  std::string_view name() const override { return "FusedElementwise"; }
  void attributes(Attributes& a) const override {
    a("shape", shape)("immediates", program.immediates)("code", program.code)("outputs", program.outputs);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const ElementwiseProgram program;
  const Shape shape;  // of every output; the inputs broadcast to it
};

bool elementwise(const Primitive& op);  // Unary, Binary, Where or Cast
// The instruction of a one-op node (Unary, Binary, Where, Cast), with operands in registers a, b, c; false for other
// ops.
bool instruction_of(const Primitive& op, std::span<const TensorSpec> inputs, const TensorSpec& output,
                    Instruction& instruction);
// The program of an elementwise primitive: that of a FusedElementwise, else one instruction.
ElementwiseProgram program_of(const KernelRequest& r);

}  // namespace lamina
