// Matrix products with one row or one column: memory-bound, so the matrix is read once and nothing is packed.
#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/matmul.h"
#include "backends/ops/matmul/vector_product.h"

namespace lamina {

#define LAMINA_LEVEL(NAME) namespace NAME { const VectorProducts& vector_products_table(); }
LAMINA_LEVEL(simd_base)
#if defined(LAMINA_X86)
LAMINA_LEVEL(simd_avx2)
LAMINA_LEVEL(simd_avx512)
#endif

namespace {

const VectorProducts& vector_products() {
  static const VectorProducts& chosen = []() -> const VectorProducts& {
#if defined(LAMINA_X86)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
      return simd_avx512::vector_products_table();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return simd_avx2::vector_products_table();
#endif
    return simd_base::vector_products_table();
  }();
  return chosen;
}

BoundKernel bind_vector(const KernelRequest& r) {
  const auto& op = static_cast<const MatMulOp&>(r.op);
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  MatMulDims d = matmul_dims(op, r.inputs[0].shape, r.inputs[1].shape);
  if (d.m != 1 && d.n != 1) return r.decline("needs one row or one column");
  if (d.k == 0 || d.m == 0 || d.n == 0) return r.decline("empty");
  const bool row = d.m == 1;             // the vector is a, the matrix b; else the other way round
  const int64_t n = row ? d.n : d.m;     // outputs
  const bool dots = row ? op.transpose_b : !op.transpose_a;  // whether an output's terms lie side by side
  // Threads are worth waking from some hundred thousand multiply-adds on.
  constexpr int64_t kWork = 1 << 18;
  int64_t parts = std::clamp<int64_t>(n * d.k / kWork, 1, 8);
  const int64_t part = ((n + parts - 1) / parts + 63) / 64 * 64;
  parts = (n + part - 1) / part;
  BoundKernel kernel;
  kernel.run = [=, run = dots ? vector_products().dot_rows : vector_products().combine_rows](const void* const* in, void* const* out, void*) {
    const float* vectors = static_cast<const float*>(in[row ? 0 : 1]);
    const float* matrices = static_cast<const float*>(in[row ? 1 : 0]);
    float* y = static_cast<float*>(out[0]);
    parallel_for(d.batch * parts, [&](int64_t t) {
      const int64_t b = t / parts, from = t % parts * part;
      run(vectors + b * d.k, matrices + b * d.k * n + (dots ? from * d.k : from), dots ? d.k : n, d.k, std::min(part, n - from), y + b * n + from);
    });
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "MatMul", "vector", 5, bind_vector);

}  // namespace
}  // namespace lamina
