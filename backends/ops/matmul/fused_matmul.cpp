#include "backends/ops/matmul/fused_matmul.h"

#include "backends/core/kernel.h"
#include "backends/core/profiler.h"
#include "backends/ops/epilogue/composed.h"

namespace lamina {

namespace {

// Any kernel of the product, then one pass. kVectors: only where the product has one row or one column, and the pass is
// short.
template <bool kVectors>
BoundKernel bind_composed(const FusedMatMulOp& op, const KernelRequest& r) {
  if (r.outputs[0].dtype != DType::float32) return r.decline("needs float32");
  const KernelRequest request{op.product, r.inputs.first(2), r.outputs, {}, r.steady};
  BoundKernel plain = kVectors ? bind_kernel_named(Device::cpu, "vector", request) : bind_kernel(Device::cpu, request);
  if (!plain.run) return r.decline(request.declined);
  return then_epilogue(std::move(plain), op.epilogue, r.outputs[0].shape);
}

double fused_flops(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return 2 * multiply_adds(matmul_dims(static_cast<const FusedMatMulOp&>(op).product, in[0].shape, in[1].shape));
}

LAMINA_FLOPS("FusedMatMul", fused_flops);
LAMINA_KERNEL(cpu, "FusedMatMul", "vector", 5, bind_composed<true>);
LAMINA_KERNEL(cpu, "FusedMatMul", "composed", 100, bind_composed<false>);

}  // namespace
}  // namespace lamina
