#include "backends/ops/matmul/fused_matmul.h"

#include "backends/core/kernel.h"
#include "backends/core/profiler.h"
#include "backends/cpu/thread_pool.h"

namespace lamina {

namespace {

// Any kernel of the product, then one pass. kVectors: only where the product has one row or one column, and the pass is short.
template <bool kVectors>
BoundKernel bind_composed(const KernelRequest& r) {
  const auto& op = static_cast<const FusedMatMulOp&>(r.op);
  if (r.outputs[0].dtype != DType::float32) return r.decline("needs float32");
  const KernelRequest request{op.product, r.inputs.first(2), r.outputs, {}, r.steady};
  BoundKernel plain = kVectors ? bind_kernel_named(Device::cpu, "vector", request) : bind_kernel(Device::cpu, request);
  if (!plain.run) return r.decline(request.declined);
  const int64_t columns = r.outputs[0].shape.back(), rows = columns ? r.outputs[0].shape.elements() / columns : 0;
  const int64_t unit = std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, columns));
  BoundKernel k;
  k.scratch_bytes = plain.scratch_bytes;
  auto then_finish = [=, epilogue = op.epilogue](BoundKernel::Run run) -> BoundKernel::Run {
    return [=, run = std::move(run)](const void* const* in, void* const* out, void* scratch) {
      run(in, out, scratch);
      parallel_for((rows + unit - 1) / unit, [&](int64_t t) { epilogue.of(in).finish(static_cast<float*>(out[0]), t * unit * columns, std::min(unit, rows - t * unit), columns); });
    };
  };
  k.run = then_finish(std::move(plain.run));
  if (plain.preparation) {
    k.preparation = std::move(plain.preparation);
    k.preparation->run = then_finish(std::move(k.preparation->run));
  }
  return k;
}

double flops(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  const MatMulDims d = matmul_dims(static_cast<const FusedMatMulOp&>(op).product, in[0].shape, in[1].shape);
  return 2.0 * static_cast<double>(d.batch * d.m) * static_cast<double>(d.n * d.k);
}

LAMINA_FLOPS("FusedMatMul", flops);
LAMINA_KERNEL(cpu, "FusedMatMul", "vector", 5, bind_composed<true>);
LAMINA_KERNEL(cpu, "FusedMatMul", "composed", 100, bind_composed<false>);

}  // namespace
}  // namespace lamina
