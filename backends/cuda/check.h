#pragma once
// Every call into CUDA's libraries goes through check(): a failure becomes a lamina::Error that says what was asked
// for. Out of memory is a MemoryError; nothing here ends the process.
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

namespace lamina::cuda {

// RuntimeError (MemoryError where memory is short) unless the status is success; `what` names the call.
void check(cudaError_t status, const char* what);
void check(cublasStatus_t status, const char* what);

}  // namespace lamina::cuda
