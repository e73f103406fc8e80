// Attention in half precision where a device has no kernel for it: in float32, between casts.
#include "backends/core/kernel_chain.h"
#include "backends/ops/elementwise/elementwise.h"

namespace lamina {

namespace {

BoundKernel bind(const KernelRequest& r) {
  if (!is_half(r.inputs[0].dtype)) return r.decline("needs float16 or bfloat16");
  KernelChain chain(r.device);
  auto wide = [](TensorSpec s) {
    if (is_half(s.dtype)) s.dtype = DType::float32;
    return s;
  };
  std::vector<TensorSpec> inputs, outputs;
  std::vector<KernelChain::Place> from, to;
  for (size_t i = 0; i < r.inputs.size(); ++i) {
    const TensorSpec& given = r.inputs[i];
    inputs.push_back(wide(given));
    from.push_back(KernelChain::input(i));
    if (!is_half(given.dtype)) continue;
    from.back() = chain.between(inputs.back());
    chain.add(make_op<CastOp>(DType::float32), {given}, {KernelChain::input(i)}, {from.back()});
  }
  for (size_t i = 0; i < r.outputs.size(); ++i) {
    outputs.push_back(wide(r.outputs[i]));
    to.push_back(is_half(r.outputs[i].dtype) ? chain.between(outputs.back()) : KernelChain::output(i));
  }
  chain.add(bind_kernel(r.device, {r.op, inputs, outputs, {}}), from, to);
  for (size_t i = 0; i < r.outputs.size(); ++i)
    if (is_half(r.outputs[i].dtype))
      chain.add(make_op<CastOp>(r.outputs[i].dtype), {outputs[i]}, {to[i]}, {KernelChain::output(i)});
  return std::move(chain).finish();
}

LAMINA_KERNEL_ON_ALL("Attention", "widened", 30, bind);
LAMINA_KERNEL_ON_ALL("AttentionGrad", "widened", 30, bind);

}  // namespace
}  // namespace lamina
