// Elementwise primitives on GPUs: the program's text is generated and compiled, one kernel a program.
#include "backends/cuda/cuda_driver.h"
#include "backends/cuda/elementwise_source.h"
#include "backends/cuda/runtime_compiler.h"
#include "backends/ops/elementwise/fused.h"

namespace lamina {

namespace {

BoundKernel bind_generated(const KernelRequest& r) {
  const ElementwiseProgram program = program_of(r);
  for (const Instruction& i : program.code)
    if (!supported(i)) return r.decline(text("not defined for ", i.from));
  auto plan = cuda::plan_elementwise(r, program, r.outputs[0].shape);
  if (!plan) return {};
  cuda::CudaDriver& driver = cuda::cuda_driver(r.device);
  cudaKernel_t kernel = cuda::compiled_kernel(driver, text(cuda::elementwise_math(), plan->text), "kernel");
  constexpr int64_t kThreads = 256;
  const auto blocks = static_cast<unsigned>(std::min<int64_t>((plan->n + kThreads - 1) / kThreads, driver.multiprocessors() * int64_t{8}));
  BoundKernel k;
  k.sharing = plan->sharing;
  k.run = [plan = std::move(*plan), kernel, blocks, outputs = r.outputs.size(), &driver](const void* const* in, void* const* out, void*) {
    if (plan.n == 0) return;
    plan.with_arguments(in, out, outputs, [&](void** arguments) {
      cuda::check(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(blocks), dim3(kThreads), arguments, 0, driver.use()), "starting a generated kernel");
    });
  };
  return k;
}

LAMINA_KERNEL(cuda, "Unary", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "Binary", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "Where", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "Cast", "generated", 20, bind_generated);
LAMINA_KERNEL(cuda, "FusedElementwise", "generated", 20, bind_generated);

}  // namespace
}  // namespace lamina
