// Elementwise primitives on GPUs, and reductions of them: the program's text is generated and compiled, one kernel a
// program.
#include "backends/cuda/cuda_driver.h"
#include "backends/cuda/launch.h"
#include "backends/cuda/runtime_compiler.h"
#include "backends/ops/elementwise/elementwise_nvrtc_source.h"
#include "backends/ops/elementwise/fused.h"

namespace lamina {

namespace {

void start(cuda::CudaDriver& driver, cudaKernel_t kernel, cuda::Launch launch, void** arguments) {
  if (launch.blocks == 0) return;
  cuda::check(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(static_cast<unsigned>(launch.blocks)),
                               dim3(static_cast<unsigned>(launch.threads)), arguments, 0, driver.use()),
              "starting a generated kernel");
}

BoundKernel bind_generated(const KernelRequest& r) {
  const ElementwiseProgram program = program_of(r);
  for (const Instruction& i : program.code)
    if (!supported(i)) return r.decline(text("not defined for ", i.from));
  auto plan = cuda::plan_elementwise(r, program, r.outputs[0].shape);
  if (!plan) return {};
  cuda::CudaDriver& driver = cuda::cuda_driver(r.device);
  cudaKernel_t kernel = cuda::compiled_kernel(driver, text(cuda::elementwise_math(), plan->text), "kernel");
  BoundKernel k;
  k.sharing = plan->sharing;
  k.run = [plan = std::move(*plan), kernel, outputs = r.outputs.size(), &driver](const void* const* in,
                                                                                 void* const* out, void*) {
    plan.with_arguments(in, out, outputs, [&](void** arguments) {
      start(driver, kernel, cuda::launch_elements(plan.n, driver.multiprocessors()), arguments);
    });
  };
  return k;
}

BoundKernel bind_reduction(const FusedReduceOp& op, const KernelRequest& r) {
  for (const Instruction& i : op.program.code)
    if (!supported(i)) return r.decline(text("not defined for ", i.from));
  auto plan = cuda::plan_reduction(r, op);
  if (!plan) return {};
  cuda::CudaDriver& driver = cuda::cuda_driver(r.device);
  cudaKernel_t kernel = cuda::compiled_kernel(driver, text(cuda::elementwise_math(), plan->text), "kernel");
  BoundKernel k;
  k.run = [plan = std::move(*plan), kernel, &driver](const void* const* in, void* const* out, void*) {
    const cuda::Launch launch = plan.by_column ? cuda::launch_elements(plan.kept, driver.multiprocessors())
                                               : cuda::launch_rows(plan.kept, plan.reduced);
    plan.with_arguments(in, out, [&](void** arguments) { start(driver, kernel, launch, arguments); });
  };
  return k;
}

LAMINA_KERNEL(cuda, "Unary", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "Binary", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "Where", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "Cast", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "FusedElementwise", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "FusedReduce", "generated", 20, bind_reduction);

}  // namespace
}  // namespace lamina
