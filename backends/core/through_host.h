#pragma once
#include "backends/core/kernel.h"

namespace lamina {

// The CPU's kernel for a primitive on another device: copies the inputs to the host, waits, runs it there, and copies
// the outputs back. Right on every device and slow on all; LAMINA_VERBOSE=dispatch and lamina.profile() show where it
// stands in for a kernel.
BoundKernel bind_through_host(const KernelRequest& request);

}  // namespace lamina
