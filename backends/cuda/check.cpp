#include "backends/cuda/check.h"

#include "backends/core/error.h"

namespace lamina::cuda {

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky is over with
  if (status == cudaErrorMemoryAllocation) throw MemoryError("CUDA: ", what, ": out of memory.");
  throw RuntimeError("CUDA: ", what, ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status), ").");
}

void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw MemoryError("cuBLAS: ", what, ": out of memory.");
  throw RuntimeError("cuBLAS: ", what, ": ", cublasGetStatusString(status), ".");
}

}  // namespace lamina::cuda
