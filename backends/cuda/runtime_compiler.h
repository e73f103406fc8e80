#pragma once
// Kernels that are written while the program runs, compiled by NVRTC: once a text in a process, and kept on disk for
// later ones in $LAMINA_CACHE, else $XDG_CACHE_HOME/lamina or ~/.cache/lamina, in files named by a hash of the text and
// the GPU's architecture.
#include <cuda_runtime_api.h>

#include <string>

namespace lamina::cuda {

class CudaDriver;

// Machine code for `architecture`, such as "sm_90". RuntimeError with the compiler's log if the text is wrong; needs no
// GPU.
std::string compile_cuda(const std::string& text, const std::string& architecture);

// The kernel `name` of that text on this GPU, ready to start. Thread-safe.
cudaKernel_t compiled_kernel(CudaDriver& driver, const std::string& text, const char* name);

}  // namespace lamina::cuda
