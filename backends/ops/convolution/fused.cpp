#include "backends/ops/convolution/fused.h"

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/ops/convolution/convolution_loops.h"
#include "backends/ops/epilogue/composed.h"
#include "backends/ops/reduce/reduce.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const ConvolutionLoops&, convolution_rows)

namespace {

// The convolution, then one pass.
BoundKernel bind_composed(const FusedConvolutionOp& op, const KernelRequest& r) {
  if (r.outputs[0].dtype != DType::float32) return r.decline("needs float32");
  const KernelRequest request{op.plain, r.inputs.first(2), r.outputs, {}, r.steady};
  return then_epilogue(bind_kernel(Device::cpu, request), op.epilogue, r.outputs[0].shape);
}

// kProducts: only where the gradient is a product.
template <bool kProducts>
BoundKernel bind_grad_composed(const FusedConvolutionWeightGradOp& op, const KernelRequest& r) {
  const KernelRequest request{op.plain, r.inputs, r.outputs.first(1), {}};
  BoundKernel kernel =
      kProducts ? bind_kernel_named(Device::cpu, "product", request) : bind_kernel(Device::cpu, request);
  if (!kernel.run) return r.decline(request.declined);
  std::vector<int> axes;
  for (int i = 0; i + 1 < r.inputs[1].shape.rank(); ++i) axes.push_back(i);
  const Op sum = make_op<ReduceOp>(Reduce::sum, axes, false);
  BoundKernel bias = bind_kernel(Device::cpu, {*sum, r.inputs.subspan(1, 1), r.outputs.subspan(1, 1), {}});
  BoundKernel k;
  k.scratch_bytes = std::max(kernel.scratch_bytes, bias.scratch_bytes);
  k.run = [sum, run_kernel = std::move(kernel.run), run_bias = std::move(bias.run)](const void* const* in,
                                                                                    void* const* out, void* scratch) {
    run_kernel(in, out, scratch);
    run_bias(in + 1, out + 1, scratch);
  };
  return k;
}

LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "product", 7, bind_grad_composed<true>);
LAMINA_KERNEL(cpu, "FusedConvolution", "composed", 100, bind_composed);
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "composed", 100, bind_grad_composed<false>);

}  // namespace
}  // namespace lamina
