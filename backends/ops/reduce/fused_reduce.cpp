#include "backends/ops/reduce/fused_reduce.h"

#include "backends/core/kernel_chain.h"
#include "backends/ops/elementwise/fused.h"

namespace lamina {

std::vector<TensorSpec> FusedReduceOp::infer(std::span<const TensorSpec> in) const {
  return ReduceOp(kind, axes, keepdims).infer(FusedElementwiseOp(program, shape).infer(in));
}

namespace {

// Where a device has no kernel of its own: the program, then the reduction.
BoundKernel bind_parts(const FusedReduceOp& op, const KernelRequest& r) {
  const Op program = make_op<FusedElementwiseOp>(op.program, op.shape);
  const std::vector<TensorSpec> given(r.inputs.begin(), r.inputs.end()), made = program->infer(given);
  std::vector<KernelChain::Place> inputs;
  for (size_t i = 0; i < given.size(); ++i) inputs.push_back(KernelChain::input(i));
  KernelChain chain(r.device);
  const KernelChain::Place between = chain.between(made[0]);
  chain.add(program, given, inputs, {between});
  chain.add(make_op<ReduceOp>(op.kind, op.axes, op.keepdims), made, {between}, {KernelChain::output(0)});
  return std::move(chain).finish();
}

LAMINA_KERNEL_ON_ALL("FusedReduce", "parts", 30, bind_parts);

}  // namespace
}  // namespace lamina
