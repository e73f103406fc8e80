#include "backends/core/kernel.h"
#include "backends/core/settings.h"
#include "backends/cuda/cuda_driver.h"
#include "backends/ops/matmul/matmul.h"

namespace lamina {

namespace {

struct Types {
  cudaDataType_t data;
  cublasComputeType_t compute;
};

BoundKernel bind_cublas(const MatMulOp& op, const KernelRequest& r) {
  const MatMulDims d = matmul_dims(op, r.inputs[0].shape, r.inputs[1].shape);
  if (std::max({d.m, d.n, d.k, d.batch}) > std::numeric_limits<int>::max())
    return r.decline("an axis of 2^31 and more");
  const size_t bytes = bytes_of(r.outputs[0]);
  Types types{};
  switch (r.inputs[0].dtype) {
    case DType::float64: types = {CUDA_R_64F, CUBLAS_COMPUTE_64F}; break;
    case DType::float32:
      types = {CUDA_R_32F, settings().tf32() ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC};
      break;
    case DType::float16: types = {CUDA_R_16F, CUBLAS_COMPUTE_32F}; break;
    case DType::bfloat16: types = {CUDA_R_16BF, CUBLAS_COMPUTE_32F}; break;
    default: return r.decline("needs a float dtype");
  }
  BoundKernel k;
  k.run = [d, types, bytes, ta = op.transpose_a, tb = op.transpose_b, &driver = cuda::cuda_driver(r.device)](
              const void* const* in, void* const* out, void*) {
    if (bytes == 0) return;
    if (d.k == 0) return cuda::check(cudaMemsetAsync(out[0], 0, bytes, driver.use()), "filling memory");
    const float one = 1, zero = 0;
    const double wide_one = 1, wide_zero = 0;
    const bool wide = types.compute == CUBLAS_COMPUTE_64F;
    const void *alpha = wide ? static_cast<const void*>(&wide_one) : &one,
               *beta = wide ? static_cast<const void*>(&wide_zero) : &zero;
    // cuBLAS counts in columns: what it computes is the transposed result, b' a'.
    const auto handle = driver.cublas();
    cuda::check(cublasGemmStridedBatchedEx(handle, tb ? CUBLAS_OP_T : CUBLAS_OP_N, ta ? CUBLAS_OP_T : CUBLAS_OP_N,
                                           static_cast<int>(d.n), static_cast<int>(d.m), static_cast<int>(d.k), alpha,
                                           in[1], types.data, static_cast<int>(tb ? d.k : d.n), d.k * d.n, in[0],
                                           types.data, static_cast<int>(ta ? d.m : d.k), d.m * d.k, beta, out[0],
                                           types.data, static_cast<int>(d.n), d.m * d.n, static_cast<int>(d.batch),
                                           types.compute, CUBLAS_GEMM_DEFAULT),
                "a matrix product");
  };
  return k;
}

LAMINA_KERNEL(cuda, "MatMul", "cublas", 10, bind_cublas);

}  // namespace
}  // namespace lamina
