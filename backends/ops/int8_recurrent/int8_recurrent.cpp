#include "backends/ops/int8_recurrent/int8_recurrent.h"

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/profiler.h"
#include "backends/ops/custom_gradient/custom_gradient.h"
#include "backends/ops/matmul/int8_matmul.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/quantization.h"
#include "backends/ops/recurrent/recurrent_composed.h"

namespace lamina {

namespace {

// Where the kernel stands among the inputs; its scale comes next.
size_t kernel_at(const Int8RecurrentOp& op) { return static_cast<size_t>(1 + states_of(op.plain.kind)); }

Tensor dequantized(const Int8RecurrentOp& op, std::span<const Tensor> in) {
  const Tensor& scale = in[kernel_at(op) + 1];
  return prim::divide(prim::cast(in[kernel_at(op)], scale.dtype()), scale);
}

// The inputs of the recurrence with a kernel of floats.
Tensors plain_inputs(const Int8RecurrentOp& op, std::span<const Tensor> in) {
  Tensors out(in.begin(), in.end());
  out[kernel_at(op)] = dequantized(op, in);
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(kernel_at(op) + 1));
  return out;
}

double flops(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  return 2.0 * static_cast<double>(in[0].shape.elements()) * static_cast<double>(in[1].shape.back());
}
LAMINA_FLOPS("Int8Recurrent", flops);

}  // namespace

void Int8RecurrentOp::attributes(Attributes& a) const {
  plain.attributes(a);
  a("low", states.low)("high", states.high)("epsilon", states.epsilon);
}

std::vector<TensorSpec> Int8RecurrentOp::infer(std::span<const TensorSpec> in) const {
  const size_t at = kernel_at(*this), expected = at + 3 + plain.options.masked;
  if (in.size() != expected) throw ValueError("expected ", expected, " inputs, received ", in.size(), ".");
  if (in[at].dtype != DType::int8) throw TypeError("the recurrent kernel must be int8, received ", in[at].dtype, ".");
  const Shape wide{in[at].shape.back()};
  if (in[at + 1].dtype != in[0].dtype || !compatible(in[at + 1].shape, wide))
    throw ValueError("the kernel's scale must be ", in[0].dtype, wide, ", received ", in[at + 1].dtype,
                     in[at + 1].shape, ".");
  std::vector<TensorSpec> floats(in.begin(), in.end());
  floats[at].dtype = in[0].dtype;
  floats.erase(floats.begin() + static_cast<std::ptrdiff_t>(at + 1));
  return plain.infer(floats);
}

Tensors Int8RecurrentOp::vjp(const VjpContext& c) const {
  if (!plain.saving) {
    Tensors out = lamina::apply(saving_twin(), c.inputs), grads(c.grads.begin(), c.grads.end());
    grads.resize(out.size());
    return Int8RecurrentOp(plain.kind, plain.options, states, true).vjp({c.inputs, out, grads, c.needed});
  }
  const size_t at = kernel_at(*this), saved = at;
  for (size_t i = saved; i < c.grads.size(); ++i)
    if (c.grads[i].defined())
      return gradients_through([this](std::span<const Tensor> x) { return composed_int8_recurrent(*this, x); }, c);
  // The gradient of the other recurrence from what this one saved.
  std::vector<char> needed(c.needed.begin(), c.needed.end());
  needed.erase(needed.begin() + static_cast<std::ptrdiff_t>(at + 1));
  needed[at] = false;
  const Tensors inputs = plain_inputs(*this, c.inputs);
  Tensors g = plain.vjp({inputs, c.outputs, c.grads, needed});
  g.insert(g.begin() + static_cast<std::ptrdiff_t>(at + 1), Tensor());
  return g;
}

Tensors composed_int8_recurrent(const Int8RecurrentOp& op, std::span<const Tensor> in) {
  const Tensor &kernel = in[kernel_at(op)], &scale = in[kernel_at(op) + 1], value = dequantized(op, in);
  const DType dtype = scale.dtype();
  const auto product = [&](const Tensor& state) {
    const Tensor h = prim::stop_gradient(state);
    const auto [q, by] = ops::abs_max_quantize(
        h, std::vector<int>{1}, {static_cast<int64_t>(op.states.low), static_cast<int64_t>(op.states.high)},
        DType::int8, op.states.epsilon);
    const Tensor y = prim::divide(prim::cast(prim::matmul_int8(q, kernel), dtype), prim::multiply(scale, by));
    return prim::custom_gradient({state}, {y}, [value](std::span<const Tensor>, const Tensors& g) -> Tensors {
      return {prim::matmul(g[0], value, false, true)};
    })[0];
  };
  return composed_recurrent(op.plain.kind, op.plain.options, plain_inputs(op, in), product);
}

namespace prim {
Tensors recurrent_int8(Recurrence kind, RecurrenceOptions options, const Int8States& states, const Tensor& x,
                       const Tensor& h0, const Tensor& c0, const Tensor& kernel, const Tensor& scale,
                       const Tensor& bias, const Tensor& mask) {
  options.masked = mask.defined();
  Tensors inputs{x, h0};
  if (kind == Recurrence::lstm) inputs.push_back(c0);
  inputs.insert(inputs.end(), {kernel, scale, bias});
  if (options.masked) inputs.push_back(mask);
  const bool saving = executing_eagerly() && recording();  // as of recurrent()
  return lamina::apply(make_op<Int8RecurrentOp>(kind, options, states, saving), std::span<const Tensor>(inputs));
}
}  // namespace prim

}  // namespace lamina
