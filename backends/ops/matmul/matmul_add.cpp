#include "backends/ops/matmul/matmul_add.h"

#include "backends/core/kernel.h"
#include "backends/core/profiler.h"

namespace lamina {

std::vector<TensorSpec> MatMulAddOp::infer(std::span<const TensorSpec> in) const {
  if (in.size() != 3 && in.size() != 4)
    throw ValueError("expected c, a, b and perhaps a rate, received ", in.size(), " inputs.");
  TensorSpec out = product.infer(in.subspan(1, 2))[0];
  if (!(in[0] == out)) throw ValueError("c must be ", out, ", received ", in[0], ".");
  if (in.size() == 4 && !(in[3] == TensorSpec{{}, out.dtype}))
    throw ValueError("the rate must be a scalar of dtype ", out.dtype, ", received ", in[3], ".");
  return {out};
}

namespace {

// The product into scratch, then one pass.
BoundKernel bind_composed(const MatMulAddOp& op, const KernelRequest& r) {
  if (r.outputs[0].dtype != DType::float32) return r.decline("needs float32");
  BoundKernel product = bind_kernel(Device::cpu, {op.product, r.inputs.subspan(1, 2), r.outputs, {}});
  const int64_t n = r.outputs[0].shape.elements();
  const size_t bytes = (static_cast<size_t>(n) * sizeof(float) + 63) / 64 * 64;
  BoundKernel k;
  k.scratch_bytes = bytes + product.scratch_bytes;
  k.sharing = {{0, 0}};
  k.run = [n, bytes, constant = static_cast<float>(op.alpha), rated = r.inputs.size() == 4,
           run = std::move(product.run)](const void* const* in, void* const* out, void* scratch) {
    const float alpha = rated ? constant * *static_cast<const float*>(in[3]) : constant;
    void* to[] = {scratch};
    run(in + 1, to, static_cast<char*>(scratch) + bytes);
    const float *c = static_cast<const float*>(in[0]), *p = static_cast<const float*>(scratch);
    float* y = static_cast<float*>(out[0]);
    for (int64_t i = 0; i < n; ++i) y[i] = c[i] + alpha * p[i];
  };
  return k;
}

double sum_flops(const Primitive& op, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  const MatMulDims d = matmul_dims(static_cast<const MatMulAddOp&>(op).product, in[1].shape, in[2].shape);
  return 2.0 * static_cast<double>(d.batch * d.m) * static_cast<double>(d.n * (d.k + 1));
}

LAMINA_FLOPS("MatMulAdd", sum_flops);
LAMINA_KERNEL(cpu, "MatMulAdd", "composed", 100, bind_composed);

}  // namespace
}  // namespace lamina
