#include "backends/ops/recurrent/recurrent.h"

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/profiler.h"
#include "backends/ops/primitives.h"
#include "backends/ops/recurrent/recurrent_composed.h"

namespace lamina {

std::string_view name_of(Recurrence kind) {
  return kind == Recurrence::simple ? "simple" : kind == Recurrence::lstm ? "lstm" : "gru";
}

namespace {

void write(Attributes& a, Recurrence kind, const RecurrenceOptions& o) {
  a("kind", name_of(kind))("masked", o.masked)("zero_masked", o.zero_masked)("reverse", o.reverse)("sequences",
                                                                                                   o.sequences);
}

void expect(const char* what, const TensorSpec& given, const Shape& shape, DType dtype) {
  if (given.dtype != dtype || !compatible(given.shape, shape))
    throw ValueError(what, " must be ", dtype, shape, ", received ", given.dtype, given.shape, ".");
}

}  // namespace

Tensors gradients_through(const std::function<Tensors(std::span<const Tensor>)>& composed, const VjpContext& c) {
  std::vector<TensorSpec> specs;
  std::vector<size_t> wanted, seeded;
  Tensors inputs(c.inputs.begin(), c.inputs.end());
  for (const Tensor& t : inputs) specs.push_back(t.spec());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (c.needed[i] && is_float(inputs[i].dtype())) wanted.push_back(i);
  for (size_t i = 0; i < c.outputs.size(); ++i)
    if (c.grads[i].defined()) seeded.push_back(i), inputs.push_back(c.grads[i]), specs.push_back(c.grads[i].spec());
  auto traced = trace_subfunction(
      [&](std::span<const Tensor> x) {
        Tensors outputs = composed(x.subspan(0, c.inputs.size())), of, seeds;
        for (size_t k = 0; k < seeded.size(); ++k)
          of.push_back(outputs[seeded[k]]), seeds.push_back(x[c.inputs.size() + k]);
        std::vector<GradientSource> sources;
        for (size_t i : wanted) sources.push_back(x[i]);
        Tensors g = gradients(of, sources, seeds);
        for (size_t k = 0; k < g.size(); ++k)
          if (!g[k].defined()) g[k] = prim::full(x[wanted[k]].shape(), 0, x[wanted[k]].dtype());
        return g;
      },
      specs);
  inputs.insert(inputs.end(), traced.captured.begin(), traced.captured.end());
  Tensors g = traced.function->call(inputs), out(c.inputs.size());
  for (size_t k = 0; k < wanted.size(); ++k) out[wanted[k]] = g[k];
  return out;
}

void RecurrentOp::attributes(Attributes& a) const {
  write(a, kind, options);
  a("saving", saving);
}

std::vector<TensorSpec> RecurrentOp::infer(std::span<const TensorSpec> in) const {
  const size_t expected = static_cast<size_t>(3 + states_of(kind) + options.masked);
  if (in.size() != expected) throw ValueError("expected ", expected, " inputs, received ", in.size(), ".");
  const DType dtype = in[0].dtype;
  if (dtype != DType::float32 && dtype != DType::float64)
    throw TypeError("needs float32 or float64, received ", dtype, ".");
  const int64_t gates = gates_of(kind);
  if (in[0].shape.rank() != 3)
    throw ValueError("x must have three axes (batch, steps, gates * units), received ", in[0], ".");
  const int64_t batch = in[0].shape[0], steps = in[0].shape[1], units = in[0].shape[2] / gates;
  size_t at = 1;
  for (int s = 0; s < states_of(kind); ++s) expect(s ? "c0" : "h0", in[at++], {batch, units}, dtype);
  expect("the recurrent kernel", in[at++], {units, gates * units}, dtype);
  expect("the bias", in[at++], kind == Recurrence::gru ? Shape{2, gates * units} : Shape{gates * units}, dtype);
  if (options.masked) expect("the mask", in[at], {batch, steps}, DType::boolean);
  std::vector<TensorSpec> out{{options.sequences ? Shape{batch, steps, units} : Shape{batch, units}, dtype}};
  for (int s = 0; s < states_of(kind); ++s) out.push_back({{batch, units}, dtype});
  if (saving) {
    out.push_back({{batch, steps, saved_of(kind) * units}, dtype});
    for (int s = 0; s < states_of(kind); ++s) out.push_back({{batch, steps, units}, dtype});
  }
  return out;
}

Tensors RecurrentOp::vjp(const VjpContext& c) const {
  if (!saving) {
    Tensors out = lamina::apply(saving_twin(), c.inputs), grads(c.grads.begin(), c.grads.end());
    grads.resize(out.size());
    return RecurrentOp(kind, options, true).vjp({c.inputs, out, grads, c.needed});
  }
  const size_t states = static_cast<size_t>(states_of(kind)), saved = 1 + states;
  for (size_t i = saved; i < c.grads.size(); ++i)
    if (c.grads[i].defined())
      return gradients_through([this](std::span<const Tensor> x) { return composed_recurrent(kind, options, x); }, c);
  auto zero_if_none = [&](size_t i) {
    return c.grads[i].defined() ? c.grads[i] : prim::full(c.outputs[i].shape(), 0, c.outputs[i].dtype());
  };
  Tensors inputs{c.inputs[1 + states]};
  if (kind == Recurrence::lstm) inputs.push_back(c.inputs[2]);
  for (size_t i = saved; i < c.outputs.size(); ++i) inputs.push_back(c.outputs[i]);
  for (size_t i = 0; i <= states; ++i) inputs.push_back(zero_if_none(i));
  if (options.masked) inputs.push_back(c.inputs.back());
  Tensors g = lamina::apply(make_op<RecurrentGradOp>(kind, options), std::span<const Tensor>(inputs));
  Tensors out(c.inputs.size());
  for (size_t i = 0; i <= states; ++i) out[i] = g[i];
  if (c.needed[1 + states]) {  // one product over all rows and steps
    const Tensor &before = c.outputs.back(), &by = kind == Recurrence::gru ? g.back() : g[0];
    auto rows = [](const Tensor& t) { return prim::reshape(t, {Shape::kUnknown, t.shape().back()}); };
    out[1 + states] = before.size() ? prim::matmul(rows(before), rows(by), true)
                                    : prim::full(c.inputs[1 + states].shape(), 0, before.dtype());
  }
  out[2 + states] = g[1 + states];
  return out;
}

void RecurrentGradOp::attributes(Attributes& a) const { write(a, kind, options); }

std::vector<TensorSpec> RecurrentGradOp::infer(std::span<const TensorSpec> in) const {
  const bool lstm = kind == Recurrence::lstm;
  const size_t expected = lstm ? 8 + options.masked : 5 + options.masked;
  if (in.size() != expected) throw ValueError("expected ", expected, " inputs, received ", in.size(), ".");
  const TensorSpec &kernel = in[0], &before = in[lstm ? 4 : 2];
  const int64_t batch = before.shape[0], steps = before.shape[1], units = before.shape[2],
                wide = gates_of(kind) * units;
  const DType dtype = kernel.dtype;
  std::vector<TensorSpec> out{{{batch, steps, wide}, dtype}, {{batch, units}, dtype}};
  if (lstm) out.push_back({{batch, units}, dtype});
  out.push_back({kind == Recurrence::gru ? Shape{2, wide} : Shape{wide}, dtype});
  if (kind == Recurrence::gru) out.push_back({{batch, steps, wide}, dtype});
  return out;
}

Tensors RecurrentGradOp::vjp(const VjpContext& c) const {
  return gradients_through([this](std::span<const Tensor> x) { return composed_recurrent_grad(kind, options, x); }, c);
}

namespace {
// The recurrent products; what is done to each gate is little beside them.
double flops(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec>) {
  const Shape &x = in[0].shape, &h = in[1].shape;
  return 2.0 * static_cast<double>(x.elements()) * static_cast<double>(h.back());
}
double grad_flops(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  return 2.0 * static_cast<double>(out[0].shape.elements()) * static_cast<double>(in[0].shape[0]);
}
LAMINA_FLOPS("Recurrent", flops);
LAMINA_FLOPS("RecurrentGrad", grad_flops);
}  // namespace

namespace prim {
Tensors recurrent(Recurrence kind, RecurrenceOptions options, const Tensor& x, const Tensor& h0, const Tensor& c0,
                  const Tensor& kernel, const Tensor& bias, const Tensor& mask) {
  options.masked = mask.defined();
  Tensors inputs{x, h0};
  if (kind == Recurrence::lstm) inputs.push_back(c0);
  inputs.push_back(kernel);
  inputs.push_back(bias);
  if (options.masked) inputs.push_back(mask);
  // On a tape the gradient will want what is saved; a trace finds out by itself (merge_saving).
  const bool saving = executing_eagerly() && recording();
  return lamina::apply(make_op<RecurrentOp>(kind, options, saving), std::span<const Tensor>(inputs));
}
}  // namespace prim

}  // namespace lamina
