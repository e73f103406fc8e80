#include "backends/ops/elementwise/fused.h"

#include "backends/core/profiler.h"
#include "backends/ops/elementwise/elementwise.h"

namespace lamina {

void append_text(std::string& out, const Instruction& i) {
  switch (i.code) {
    case Instruction::Code::unary: out += name_of(static_cast<Unary>(i.kind)); break;
    case Instruction::Code::binary: out += name_of(static_cast<Binary>(i.kind)); break;
    case Instruction::Code::where: out += "where"; break;
    case Instruction::Code::cast: out += text("cast:", i.from); break;
  }
  // Predicates give bool whatever they compare, so the operands' dtype is what tells programs apart.
  out += text(':', i.code == Instruction::Code::unary || i.code == Instruction::Code::binary ? i.from : i.to, '(', i.a);
  if (i.b >= 0) out += text(',', i.b);
  if (i.c >= 0) out += text(',', i.c);
  out += ')';
}

void append_text(std::string& out, const Immediate& i) {
  if (i.dtype == DType::float32) {
    float value;
    std::memcpy(&value, &i.bits, sizeof value);
    if (std::isfinite(value)) {
      out += text("float32:", value);
      return;
    }
  }
  out += text(i.dtype, "#", i.bits);
}

std::vector<TensorSpec> FusedElementwiseOp::infer(std::span<const TensorSpec> in) const {
  if (static_cast<int>(in.size()) != program.inputs)
    throw ValueError("expected ", program.inputs, " inputs, received ", in.size(), ".");
  std::vector<TensorSpec> out;
  for (int r : program.outputs) {
    DType type = r < program.inputs           ? in[r].dtype
                 : r < program.first_result() ? program.immediates[r - program.inputs].dtype
                                              : program.code[r - program.first_result()].to;
    out.push_back({shape, type});
  }
  return out;
}

bool elementwise(const Primitive& op) {
  return op_as<BinaryOp>(&op) || op_as<UnaryOp>(&op) || op_as<CastOp>(&op) || op_as<WhereOp>(&op);
}

bool instruction_of(const Primitive& op, std::span<const TensorSpec> in, const TensorSpec& output, Instruction& i) {
  i = {};
  i.to = output.dtype;
  i.from = in.empty() ? output.dtype : in[0].dtype;
  if (auto* u = op_as<UnaryOp>(&op)) {
    i.code = Instruction::Code::unary;
    i.kind = static_cast<uint8_t>(u->kind);
  } else if (auto* b = op_as<BinaryOp>(&op)) {
    i.code = Instruction::Code::binary;
    i.kind = static_cast<uint8_t>(b->kind);
  } else if (op_as<WhereOp>(&op)) {
    i.code = Instruction::Code::where;
  } else if (op_as<CastOp>(&op)) {
    i.code = Instruction::Code::cast;
  } else {
    return false;
  }
  return true;
}

ElementwiseProgram program_of(const KernelRequest& r) {
  if (auto* fused = op_as<FusedElementwiseOp>(&r.op)) return fused->program;
  ElementwiseProgram p;
  Instruction i;
  if (!instruction_of(r.op, r.inputs, r.outputs[0], i)) throw RuntimeError(r.op.key(), " is not elementwise.");
  p.inputs = static_cast<int>(r.inputs.size());
  i.a = 0;
  if (p.inputs > 1) i.b = 1;
  if (p.inputs > 2) i.c = 2;
  p.code = {i};
  p.outputs = {p.inputs};
  return p;
}

namespace {

BoundKernel bind_fused(const FusedElementwiseOp& op, const KernelRequest& r) {
  std::vector<DType> types;
  for (const TensorSpec& s : r.outputs) types.push_back(s.dtype);
  BoundKernel k = bind_elementwise(op.program, r.inputs, op.shape, types);
  return k.run ? std::move(k) : r.decline("an instruction has no block function for its dtype");
}

double program_flops(const Primitive& op, std::span<const TensorSpec>, std::span<const TensorSpec>) {
  const auto& fused = static_cast<const FusedElementwiseOp&>(op);
  return static_cast<double>(fused.program.code.size()) * static_cast<double>(fused.shape.elements());
}

LAMINA_FLOPS("FusedElementwise", program_flops);
LAMINA_KERNEL(cpu, "FusedElementwise", "blocks", 20, bind_fused);

}  // namespace
}  // namespace lamina
