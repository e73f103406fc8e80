// oneDNN's sgemm (2.6 and 3.x have the same entry point). Each of our threads calls it for a fixed strip of rows or
// columns with oneDNN's own threading off, so there is one pool and the bits do not depend on the thread count.
#include <dnnl.h>
#include <omp.h>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/matmul.h"

namespace lamina {

namespace {

BoundKernel bind_onednn(const KernelRequest& r) {
  const auto& op = static_cast<const MatMulOp&>(r.op);
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  MatMulDims d = matmul_dims(op, r.inputs[0].shape, r.inputs[1].shape);
  if (d.k == 0 || d.m == 0 || d.n == 0) return r.decline("empty");
  constexpr int64_t kWork = 1 << 18;  // multiply-adds worth a task of its own: some microseconds
  int64_t work = d.m * d.n * d.k;
  int64_t parts = std::clamp<int64_t>(work / kWork, 1, 2);  // cut in two when there is enough for two cores
  if (work > (int64_t{1} << 28)) parts = 8;
  bool by_rows = d.m >= d.n;
  int64_t length = by_rows ? d.m : d.n;
  int64_t part = (length + parts - 1) / parts;
  part = (part + 15) / 16 * 16;
  parts = (length + part - 1) / part;
  BoundKernel kernel;
  kernel.run = [=, ta = op.transpose_a, tb = op.transpose_b](const void* const* in, void* const* out, void*) {
    auto task = [&](int64_t t) {
      thread_local bool single = (omp_set_num_threads(1), true);
      (void)single;
      int64_t b = t / parts, from = t % parts * part, size = std::min(part, length - from);
      const float* x = static_cast<const float*>(in[0]) + b * d.m * d.k;
      const float* w = static_cast<const float*>(in[1]) + b * d.k * d.n;
      float* y = static_cast<float*>(out[0]) + b * d.m * d.n;
      int64_t m = d.m, n = d.n;
      if (by_rows) {
        x += ta ? from : from * d.k;
        y += from * d.n;
        m = size;
      } else {
        w += tb ? from * d.k : from;
        y += from;
        n = size;
      }
      dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, d.k, 1.0f, x, ta ? d.m : d.k, w, tb ? d.k : d.n, 0.0f, y, d.n);
    };
    parallel_for(d.batch * parts, task);
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "MatMul", "onednn", 10, bind_onednn);

}  // namespace
}  // namespace lamina
