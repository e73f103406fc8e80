// Of a device that has no kernel of its own for it: the product, then one elementwise program.
#include "backends/core/kernel.h"
#include "backends/ops/elementwise/fused.h"
#include "backends/ops/matmul/fused_matmul.h"

namespace lamina {

namespace {

ElementwiseProgram program_of(const Epilogue& e, DType dtype) {
  ElementwiseProgram program{.inputs = 1 + e.bias + e.residual};
  int last = 0;
  auto add = [&](Instruction i) {
    program.code.push_back(i);
    last = program.inputs + static_cast<int>(program.code.size()) - 1;
  };
  if (e.bias) add({Instruction::Code::binary, static_cast<uint8_t>(Binary::add), dtype, dtype, last, 1});
  if (e.residual) add({Instruction::Code::binary, static_cast<uint8_t>(Binary::add), dtype, dtype, last, 1 + e.bias});
  if (e.relu) add({Instruction::Code::unary, static_cast<uint8_t>(Unary::relu), dtype, dtype, last});
  program.outputs = {last};
  return program;
}

BoundKernel bind_composed(const FusedMatMulOp& op, const KernelRequest& r) {
  BoundKernel product = bind_kernel(r.device, {op.product, r.inputs.first(2), r.outputs, {}, r.steady});
  std::vector<TensorSpec> in = {r.outputs[0]};
  in.insert(in.end(), r.inputs.begin() + 2, r.inputs.end());
  const Op rest = make_op<FusedElementwiseOp>(program_of(op.epilogue, r.outputs[0].dtype), r.outputs[0].shape);
  BoundKernel finish = bind_kernel(r.device, {*rest, in, r.outputs, {}});
  const bool in_place = finish.in_place || std::find(finish.sharing.begin(), finish.sharing.end(), std::pair(0, 0)) !=
                                               finish.sharing.end();
  const size_t size = in_place ? 0 : (bytes_of(r.outputs[0]) + 255) / 256 * 256;
  BoundKernel k;
  k.recordable = product.recordable && finish.recordable;
  k.scratch_bytes = size + std::max(product.scratch_bytes, finish.scratch_bytes);
  k.run = [=, op = rest, operands = in.size(), run = std::move(product.run), then = std::move(finish.run)](
              const void* const* in, void* const* out, void* scratch) {
    void* made = in_place ? out[0] : scratch;
    void* rest_of_scratch = static_cast<char*>(scratch) + size;
    run(in, &made, rest_of_scratch);
    const void* from[3] = {made};
    for (size_t i = 1; i < operands; ++i) from[i] = in[i + 1];
    then(from, out, rest_of_scratch);
  };
  return k;
}

LAMINA_KERNEL(cuda, "FusedMatMul", "composed", 50, bind_composed);
LAMINA_KERNEL(emulated, "FusedMatMul", "composed", 50, bind_composed);

}  // namespace
}  // namespace lamina
