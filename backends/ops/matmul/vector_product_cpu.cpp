// Matrix products with one row or one column: memory-bound, so the matrix is read once and nothing is packed.
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/matmul.h"
#include "backends/ops/matmul/vector_product.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const VectorProducts&, vector_products)

namespace {

BoundKernel bind_vector(const MatMulOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  MatMulDims d = matmul_dims(op, r.inputs[0].shape, r.inputs[1].shape);
  if (d.m != 1 && d.n != 1) return r.decline("needs one row or one column");
  if (d.k == 0 || d.m == 0 || d.n == 0) return r.decline("empty");
  const bool row = d.m == 1;                                 // the vector is a, the matrix b; else the other way round
  const int64_t n = row ? d.n : d.m;                         // outputs
  const bool dots = row ? op.transpose_b : !op.transpose_a;  // whether an output's terms lie side by side
  // Cut along the rows of the matrix as it lies in memory, so that every task reads a stream of its own. Threads are
  // worth waking from some hundred thousand multiply-adds on.
  const int64_t rows = dots ? n : d.k, columns = dots ? d.k : n;
  int64_t parts = rows * columns < (1 << 17) ? 1 : std::min<int64_t>(rows * columns >> 16, 8);
  const int64_t part = ((rows + parts - 1) / parts + 7) / 8 * 8;
  parts = (rows + part - 1) / part;
  BoundKernel kernel;
  if (dots) {
    kernel.run = [=](const void* const* in, void* const* out, void*) {
      const float *vectors = static_cast<const float*>(in[row ? 0 : 1]),
                  *matrices = static_cast<const float*>(in[row ? 1 : 0]);
      float* y = static_cast<float*>(out[0]);
      parallel_for(d.batch * parts, [&](int64_t t) {
        const int64_t b = t / parts, from = t % parts * part;
        vector_products().dot_rows(vectors + b * d.k, matrices + (b * n + from) * d.k, d.k, d.k,
                                   std::min(part, n - from), y + b * n + from);
      });
    };
    return kernel;
  }
  // Every part of the rows gives a part of the sums; these are added in the order of the parts.
  kernel.scratch_bytes = parts > 1 ? static_cast<size_t>(d.batch * parts * n) * sizeof(float) : 0;
  auto run = rows * columns > (1 << 16) ? vector_products().stream_rows : vector_products().combine_rows;
  kernel.run = [=](const void* const* in, void* const* out, void* scratch) {
    const float *vectors = static_cast<const float*>(in[row ? 0 : 1]),
                *matrices = static_cast<const float*>(in[row ? 1 : 0]);
    float *y = static_cast<float*>(out[0]), *sums = parts > 1 ? static_cast<float*>(scratch) : y;
    parallel_for(d.batch * parts, [&](int64_t t) {
      const int64_t b = t / parts, from = t % parts * part;
      run(vectors + b * d.k + from, matrices + (b * d.k + from) * n, n, std::min(part, d.k - from), n, sums + t * n);
    });
    if (parts == 1) return;
    for (int64_t b = 0; b < d.batch; ++b) {
      float* __restrict to = y + b * n;
      const float* of = sums + b * parts * n;
      for (int64_t j = 0; j < n; ++j) to[j] = of[j];
      for (int64_t p = 1; p < parts; ++p)
        for (int64_t j = 0; j < n; ++j) to[j] += of[p * n + j];
    }
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "MatMul", "vector", 5, bind_vector);

}  // namespace
}  // namespace lamina
