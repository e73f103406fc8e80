#include "backends/cuda/kernel.cuh"
#include "backends/ops/control/unstack.h"

namespace lamina::gpu {

namespace {

BoundKernel bind_unstack(const KernelRequest& r) {
  const size_t rows = r.outputs.size(), bytes = rows ? bytes_of(r.outputs[0]) : 0;
  BoundKernel k;
  k.run = [rows, bytes, queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    for (size_t i = 0; i < rows; ++i) queue.copy(out[i], static_cast<const char*>(in[0]) + i * bytes, bytes);
  };
  return k;
}

LAMINA_GPU_KERNEL("Unstack", "copy", 20, bind_unstack);

}  // namespace
}  // namespace lamina::gpu
