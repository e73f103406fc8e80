#include "backends/ops/text/equal.h"

#include "backends/core/kernel.h"

namespace lamina {

std::vector<TensorSpec> TextEqualOp::infer(std::span<const TensorSpec> in) const {
  if (in[0].dtype != DType::string || in[1].dtype != DType::string)
    throw TypeError("compares strings with strings, received ", in[0], " and ", in[1], ".");
  if (!compatible(in[0].shape, in[1].shape))
    throw ValueError("needs two tensors of one shape, received ", in[0].shape, " and ", in[1].shape, ".");
  return {{in[0].shape, DType::boolean}};
}

namespace {

BoundKernel bind_equal(const KernelRequest& r) {
  BoundKernel k;
  k.run = [count = r.outputs[0].shape.elements()](const void* const* in, void* const* out, void*) {
    const auto *a = static_cast<const Text*>(in[0]), *b = static_cast<const Text*>(in[1]);
    for (int64_t i = 0; i < count; ++i) static_cast<bool*>(out[0])[i] = a[i].view() == b[i].view();
  };
  return k;
}

LAMINA_KERNEL(cpu, "TextEqual", "loop", 100, bind_equal);

}  // namespace

namespace prim {
Tensor text_equal(const Tensor& a, const Tensor& b) {
  static const Op op = make_op<TextEqualOp>();
  return apply1(op, {a, b});
}
}  // namespace prim
}  // namespace lamina
