#include "backends/ops/creation/creation.h"

#include "backends/core/engine.h"
#include "backends/core/kernel.h"
#include "backends/ops/elementwise/block.h"

namespace lamina {

namespace {

BoundKernel bind_full(const FullOp& op, const KernelRequest& r) {
  Tensor value = Tensor::scalar_of(op.value, op.dtype);
  BoundKernel k;
  k.run = [value, size = size_of(op.dtype), n = r.outputs[0].shape.elements()](
              const void* const*, void* const* out, void*) { block_table().fill(value.raw(), size, out[0], n); };
  return k;
}

BoundKernel bind_iota(const IotaOp& op, const KernelRequest&) {
  BoundKernel k;
  k.run = [count = op.count, start = op.start, step = op.step, dtype = op.dtype](const void* const*, void* const* out,
                                                                                 void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      T* y = static_cast<T*>(out[0]);
      for (int64_t i = 0; i < count; ++i) {
        double v = start + step * static_cast<double>(i);
        if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
          y[i] = T(static_cast<float>(v));
        else if constexpr (std::is_integral_v<T>)
          y[i] = static_cast<T>(static_cast<int64_t>(v));
        else
          y[i] = static_cast<T>(v);
      }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Full", "fill", 20, bind_full);
LAMINA_KERNEL(cpu, "Iota", "loop", 100, bind_iota);

}  // namespace

namespace prim {

Tensor full(const Shape& shape, double value, DType dtype) {
  if (!shape.known()) return Tensor::spec_only(shape, dtype);
  if (executing_eagerly() && shape.rank() == 0) return Tensor::scalar_of(value, dtype);
  return apply1(make_op<FullOp>(shape, value, dtype), {});
}
Tensor iota(int64_t count, DType dtype, double start, double step) {
  if (count < 0) return Tensor::spec_only({Shape::kUnknown}, dtype);
  return apply1(make_op<IotaOp>(count, start, step, dtype), {});
}

}  // namespace prim
}  // namespace lamina
