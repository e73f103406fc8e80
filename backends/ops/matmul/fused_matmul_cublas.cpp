// Products with epilogues by cuBLASLt: bias and relu are its own, the residual is what the product is added to.
#include <cublasLt.h>

#include <limits>
#include <memory>

#include "backends/core/kernel.h"
#include "backends/core/settings.h"
#include "backends/cuda/cuda_driver.h"
#include "backends/ops/matmul/fused_matmul.h"

namespace lamina {

namespace {

using cuda::check;

template <auto kDestroy>
struct Destroy {
  void operator()(auto* description) const { kDestroy(description); }
};
using Product = std::unique_ptr<cublasLtMatmulDescOpaque_t, Destroy<cublasLtMatmulDescDestroy>>;
using Layout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, Destroy<cublasLtMatrixLayoutDestroy>>;
using Preference = std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, Destroy<cublasLtMatmulPreferenceDestroy>>;

// cuBLASLt's descriptions of one product. It counts in columns: what it computes is the transposed result, b' a', whose
// rows take the bias.
class Plan {
 public:
  Plan(const FusedMatMulOp& op, const MatMulDims& d, DType dtype, cuda::CudaDriver& driver)
      : epilogue_(op.epilogue), driver_(driver), size_(size_of(dtype)) {
    const cublasComputeType_t compute =
        dtype == DType::float32 && settings().tf32() ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    const cudaDataType_t data = dtype == DType::float32   ? CUDA_R_32F
                                : dtype == DType::float16 ? CUDA_R_16F
                                                          : CUDA_R_16BF;  // the bias' and the residual's, too
    cublasLtMatmulDesc_t product = nullptr;
    check(cublasLtMatmulDescCreate(&product, compute, CUDA_R_32F), "describing a product");
    product_.reset(product);
    set(CUBLASLT_MATMUL_DESC_TRANSA, op.product.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, op.product.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_.bias
                                           ? (epilogue_.relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS)
                                       : epilogue_.relu ? CUBLASLT_EPILOGUE_RELU
                                                        : CUBLASLT_EPILOGUE_DEFAULT);
    left_ = matrix(data, op.product.transpose_b ? d.k : d.n, op.product.transpose_b ? d.n : d.k, d.k * d.n, d.batch);
    right_ = matrix(data, op.product.transpose_a ? d.m : d.k, op.product.transpose_a ? d.k : d.m, d.m * d.k, d.batch);
    result_ = matrix(data, d.n, d.m, d.m * d.n, d.batch);
    find_algorithms();
  }

  bool found() const { return found_; }
  size_t workspace() const { return std::max(aligned_.workspaceSize, any_.workspaceSize); }
  void run(const void* const* in, void* out, void* scratch) const {
    const auto handle = driver_.cublas();
    const Epilogue::Operands operands = epilogue_.of(in);
    if (operands.bias) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias);
    // Rows of a scan may begin anywhere; vector loads need more.
    bool aligned = true;
    for (const void* p : {in[0], in[1], static_cast<const void*>(out), static_cast<const void*>(operands.bias),
                          static_cast<const void*>(operands.residual)})
      aligned &= reinterpret_cast<uintptr_t>(p) % kAligned == 0;
    const cublasLtMatmulHeuristicResult_t& algorithm = aligned ? aligned_ : any_;
    const float one = 1, beta = operands.residual ? 1 : 0;
    check(cublasLtMatmul(lt(handle), product_.get(), &one, in[1], left_.get(), in[0], right_.get(), &beta,
                         operands.residual ? static_cast<const void*>(operands.residual) : out, result_.get(), out,
                         result_.get(), &algorithm.algo, scratch, algorithm.workspaceSize, driver_.use()),
          "a matrix product with its epilogue");
  }

 private:
  static constexpr size_t kMostWorkspace = 32 << 20;
  static constexpr uint32_t kAligned = 16;  // bytes

  static cublasLtHandle_t lt(cublasHandle_t handle) {
    return reinterpret_cast<cublasLtHandle_t>(handle);
  }  // cuBLAS' handle contains one
  template <class T>
  void set(cublasLtMatmulDescAttributes_t what, const T& value) const {
    check(cublasLtMatmulDescSetAttribute(product_.get(), what, &value, sizeof value), "describing a product");
  }
  static Layout matrix(cudaDataType_t data, int64_t rows, int64_t columns, int64_t stride, int64_t batch) {
    cublasLtMatrixLayout_t made = nullptr;
    check(cublasLtMatrixLayoutCreate(&made, data, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), rows),
          "describing a matrix");
    Layout layout(made);
    if (batch > 1) {
      const auto count = static_cast<int32_t>(batch);
      check(cublasLtMatrixLayoutSetAttribute(layout.get(), CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
            "describing matrices");
      check(cublasLtMatrixLayoutSetAttribute(layout.get(), CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride,
                                             sizeof stride),
            "describing matrices");
    }
    return layout;
  }
  void find_algorithms() {
    cublasLtMatmulPreference_t made = nullptr;
    check(cublasLtMatmulPreferenceCreate(&made), "choosing a product's kernel");
    const Preference preference(made);
    auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, const auto& value) {
      check(cublasLtMatmulPreferenceSetAttribute(preference.get(), what, &value, sizeof value),
            "choosing a product's kernel");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kMostWorkspace);
    // Sums of parts in a fixed order only: the same bits in every run.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    const auto handle = driver_.cublas();
    found_ = true;
    for (auto [alignment, result] : {std::pair(kAligned, &aligned_), std::pair(static_cast<uint32_t>(size_), &any_)}) {
      for (auto what : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
        prefer(what, alignment);
      int count = 0;
      found_ &=
          cublasLtMatmulAlgoGetHeuristic(lt(handle), product_.get(), left_.get(), right_.get(), result_.get(),
                                         result_.get(), preference.get(), 1, result, &count) == CUBLAS_STATUS_SUCCESS &&
          count == 1;
    }
  }

  Epilogue epilogue_;
  cuda::CudaDriver& driver_;
  size_t size_;  // of an element
  Product product_;
  Layout left_, right_, result_;
  cublasLtMatmulHeuristicResult_t aligned_{}, any_{};
  bool found_ = false;
};

BoundKernel bind_cublaslt(const FusedMatMulOp& op, const KernelRequest& r) {
  const DType dtype = r.outputs[0].dtype;
  if (dtype != DType::float32 && dtype != DType::float16 && dtype != DType::bfloat16)
    return r.decline("needs float32, float16 or bfloat16");
  const MatMulDims d = matmul_dims(op.product, r.inputs[0].shape, r.inputs[1].shape);
  if (d.batch * d.m * d.n * d.k == 0) return r.decline("empty");
  if (d.batch > std::numeric_limits<int32_t>::max()) return r.decline("a batch of 2^31 and more");
  auto plan = std::make_shared<Plan>(op, d, dtype, cuda::cuda_driver(r.device));
  if (!plan->found()) return r.decline("cuBLASLt has no kernel for it");
  BoundKernel k;
  k.scratch_bytes = plan->workspace();
  k.run = [plan](const void* const* in, void* const* out, void* scratch) { plan->run(in, out[0], scratch); };
  return k;
}

LAMINA_KERNEL(cuda, "FusedMatMul", "cublaslt", 10, bind_cublaslt);

}  // namespace
}  // namespace lamina
