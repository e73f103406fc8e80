// oneDNN's sgemm (2.6 and 3.x have the same entry point). Each of our threads calls it for a fixed strip of rows or
// columns with oneDNN's own threading off, so there is one pool and the bits do not depend on the thread count.
#include <dnnl.h>

#include "backends/core/kernel.h"
#include "backends/cpu/onednn_call.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/fused_matmul.h"
#include "backends/ops/matmul/matmul_add.h"

namespace lamina {

namespace {

// y = beta * y + alpha * (x w), cut into strips.
struct Product {
  MatMulDims d;
  bool ta, tb, by_rows;
  float alpha = 1, beta = 0;
  int64_t parts, part, length;

  Product(const MatMulOp& op, const MatMulDims& dims) : d(dims), ta(op.transpose_a), tb(op.transpose_b) {
    constexpr int64_t kWork = 1 << 18;  // multiply-adds worth a task of its own: some microseconds
    const int64_t work = d.m * d.n * d.k;
    by_rows = d.m >= d.n;                             // the other side is packed by every part: cut the longer one
    parts = std::clamp<int64_t>(work / kWork, 1, 2);  // cut in two when there is enough for two cores
    // More parts take the load off a core that comes late. Columns cost nothing there (3% of 128x784x512); rows do.
    if (!by_rows && work > (1 << 23)) parts = 4;
    if (work > (int64_t{1} << 28)) parts = 8;
    length = by_rows ? d.m : d.n;
    const int64_t grain = by_rows ? 8 : 16;
    part = ((length + parts - 1) / parts + grain - 1) / grain * grain;
    parts = (length + part - 1) / part;
  }

  void run(const void* a, const void* w0, void* y0, float alpha, const Epilogue::Operands& epilogue = {}) const {
    auto task = [&](int64_t t) {
      int64_t b = t / parts, from = t % parts * part, size = std::min(part, length - from);
      const float* x = static_cast<const float*>(a) + b * d.m * d.k;
      const float* w = static_cast<const float*>(w0) + b * d.k * d.n;
      float* y = static_cast<float*>(y0) + b * d.m * d.n;
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
      onednn_call("matrix product", [&] {
        return dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, d.k, alpha, x, ta ? d.m : d.k, w, tb ? d.k : d.n, beta,
                          y, d.n);
      });
      float* whole = static_cast<float*>(y0);
      epilogue.finish(whole, y - whole, m, n, by_rows ? 0 : from, d.n);
    };
    prepare_onednn_products();
    parallel_for(d.batch * parts, task);
  }
};

template <bool fused>
BoundKernel bind_onednn(const KernelRequest& r) {
  const auto call = ProductCall::of<fused>(r.op);
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  MatMulDims d = matmul_dims(call.product, r.inputs[0].shape, r.inputs[1].shape);
  if (d.k == 0 || d.m == 0 || d.n == 0) return r.decline("empty");
  BoundKernel kernel;
  kernel.run = [p = Product(call.product, d), epilogue = call.epilogue](
                   const void* const* in, void* const* out, void*) { p.run(in[0], in[1], out[0], 1, epilogue.of(in)); };
  return kernel;
}

BoundKernel bind_add(const MatMulAddOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  MatMulDims d = matmul_dims(op.product, r.inputs[1].shape, r.inputs[2].shape);
  if (d.k == 0 || d.m == 0 || d.n == 0) return r.decline("empty");
  Product p(op.product, d);
  p.alpha = static_cast<float>(op.alpha);
  p.beta = 1;
  BoundKernel kernel;
  kernel.sharing = {{0, 0}};
  kernel.run = [p, rated = r.inputs.size() == 4, bytes = static_cast<size_t>(d.batch * d.m * d.n) * sizeof(float)](
                   const void* const* in, void* const* out, void*) {
    if (in[0] != out[0]) std::memcpy(out[0], in[0], bytes);
    p.run(in[1], in[2], out[0], rated ? p.alpha * *static_cast<const float*>(in[3]) : p.alpha);
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "MatMul", "onednn", 10, bind_onednn<false>);
LAMINA_KERNEL(cpu, "FusedMatMul", "onednn", 10, bind_onednn<true>);
LAMINA_KERNEL(cpu, "MatMulAdd", "onednn", 10, bind_add);

}  // namespace
}  // namespace lamina
