#include <cstring>

#include "backends/core/kernel.h"
#include "backends/ops/custom_gradient/custom_gradient.h"

namespace lamina {

namespace {

BoundKernel bind_copies(const CustomGradientOp& op, const KernelRequest& r) {
  std::vector<size_t> bytes;
  for (const TensorSpec& out : r.outputs) bytes.push_back(bytes_of(out));
  BoundKernel kernel;
  kernel.run = [bytes, sources = op.sources](const void* const* in, void* const* out, void*) {
    for (size_t i = 0; i < bytes.size(); ++i)
      if (bytes[i]) std::memcpy(out[i], in[sources + i], bytes[i]);
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "CustomGradient", "copy", 100, bind_copies);

}  // namespace
}  // namespace lamina
