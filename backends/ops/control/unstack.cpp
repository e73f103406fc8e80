#include "backends/ops/control/unstack.h"

#include <cstring>

#include "backends/core/kernel.h"
#include "backends/ops/primitives.h"

namespace lamina {

std::vector<TensorSpec> UnstackOp::infer(std::span<const TensorSpec> in) const {
  TensorSpec row = in[0];
  if (row.shape.rank() == 0 || row.shape[0] < 0) throw ValueError("needs a known leading size, received ", in[0], ".");
  row.shape.erase(0);
  return std::vector<TensorSpec>(static_cast<size_t>(in[0].shape[0]), row);
}

Tensors UnstackOp::vjp(const VjpContext& c) const {
  Tensors rows;
  for (size_t i = 0; i < c.outputs.size(); ++i)
    rows.push_back(c.grads[i].defined() ? c.grads[i] : prim::full(c.outputs[i].shape(), 0, c.outputs[i].dtype()));
  return {prim::stack(rows)};
}

namespace {

BoundKernel bind_copy(const KernelRequest& r) {
  const size_t rows = r.outputs.size(), bytes = rows ? bytes_of(r.outputs[0]) : 0;
  BoundKernel k;
  k.run = [rows, bytes](const void* const* in, void* const* out, void*) {
    for (size_t i = 0; i < rows; ++i) std::memcpy(out[i], static_cast<const char*>(in[0]) + i * bytes, bytes);
  };
  return k;
}

LAMINA_KERNEL(cpu, "Unstack", "copy", 100, bind_copy);

}  // namespace

namespace prim {
Tensors unstack(const Tensor& x) {
  static const Op op = make_op<UnstackOp>();
  if (x.rank() && x.shape()[0] == 0) return {};
  return apply(op, {x});
}
Tensor stack(const Tensors& rows) {
  Tensors parts;
  for (const Tensor& t : rows) parts.push_back(expand_dims(t, 0));
  return concat(parts, 0);
}
}  // namespace prim
}  // namespace lamina
