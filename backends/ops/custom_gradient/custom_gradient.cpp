#include "backends/ops/custom_gradient/custom_gradient.h"

#include <atomic>

#include "backends/ops/primitives.h"

namespace lamina {

namespace {
uint64_t next_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}
}  // namespace

CustomGradientOp::CustomGradientOp(size_t sources, Rule rule)
    : sources(sources), id(next_id()), rule(std::move(rule)) {}

Tensors CustomGradientOp::vjp(const VjpContext& c) const {
  Tensors gradients;
  for (size_t i = 0; i < c.outputs.size(); ++i)
    gradients.push_back(c.grads[i].defined() ? c.grads[i] : prim::full(c.outputs[i].shape(), 0, c.outputs[i].dtype()));
  Tensors out = rule(c.inputs.first(sources), gradients);
  if (out.size() != sources)
    throw ValueError("the gradient function must give one gradient per argument, ", sources, ". Received ", out.size(),
                     ".");
  for (size_t i = 0; i < sources; ++i) {
    if (!out[i].defined()) continue;
    if (!compatible(out[i].shape(), c.inputs[i].shape()))
      throw ValueError("the gradient function must give gradients of the arguments' shapes. Received shape ",
                       out[i].shape(), " for argument ", i, " of shape ", c.inputs[i].shape(), ".");
    out[i] = prim::cast(out[i], c.inputs[i].dtype());
  }
  out.resize(c.inputs.size());
  return out;
}

namespace prim {
Tensors custom_gradient(const Tensors& sources, const Tensors& results, CustomGradientOp::Rule rule) {
  Tensors inputs = sources;
  for (const Tensor& t : results) inputs.push_back(stop_gradient(t));
  return lamina::apply(make_op<CustomGradientOp>(sources.size(), std::move(rule)), inputs);
}
}  // namespace prim
}  // namespace lamina
