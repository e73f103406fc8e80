#include "backends/ops/recurrent/whole_recurrence.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"
#include "backends/core/kernel_chain.h"
#include "backends/core/profiler.h"
#include "backends/core/settings.h"
#include "backends/core/warning.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

struct NamedLibrary {
  std::string_view name;
  RecurrenceLibrary ask;
};
std::map<DeviceKind, NamedLibrary>& libraries() {
  static std::map<DeviceKind, NamedLibrary> instance;
  return instance;
}
std::mutex libraries_mutex;  // a device's library may be loaded at any time

std::optional<NamedLibrary> library_of(Device device) {
  std::lock_guard<std::mutex> lock(libraries_mutex);
  auto found = libraries().find(device.kind);
  return found == libraries().end() ? std::nullopt : std::optional(found->second);
}

void warn_once(Recurrence kind, Device device, std::string_view library, const std::string& reason) {
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::string message = text("a recurrence (", name_of(kind), ") on ", device, " runs without ", library, ": ",
                                   reason, " The result is the same, slower.");
  std::lock_guard<std::mutex> lock(mutex);
  if (told.insert(message).second) warn(message);
}

size_t at_input_kernel(Recurrence kind) { return static_cast<size_t>(1 + states_of(kind)); }
size_t inputs_of(Recurrence kind) { return at_input_kernel(kind) + 3; }

}  // namespace

RecurrenceLibraryRegistration::RecurrenceLibraryRegistration(DeviceKind kind, std::string_view name,
                                                             RecurrenceLibrary library)
    : kind_(kind) {
  std::lock_guard<std::mutex> lock(libraries_mutex);
  libraries()[kind] = {name, library};
}
RecurrenceLibraryRegistration::~RecurrenceLibraryRegistration() {
  std::lock_guard<std::mutex> lock(libraries_mutex);
  libraries().erase(kind_);
}

RecurrenceSizes sizes_of_whole(Recurrence kind, std::span<const TensorSpec> in) {
  return {kind, in[0].shape[0], in[0].shape[1], in[0].shape[2], in[1].shape[1], in[0].dtype};
}

std::vector<TensorSpec> WholeRecurrentOp::infer(std::span<const TensorSpec> in) const {
  const size_t w = at_input_kernel(kind);
  if (in.size() != inputs_of(kind))
    throw ValueError("expected ", inputs_of(kind), " inputs, received ", in.size(), ".");
  if (in[0].shape.rank() != 3) throw ValueError("x must have three axes (batch, steps, inputs), received ", in[0], ".");
  const int64_t inputs = in[0].shape[2], wide = in[w].shape.rank() == 2 ? in[w].shape[1] : Shape::kUnknown;
  if (in[w].dtype != in[0].dtype || !compatible(in[w].shape, Shape{inputs, wide}))
    throw ValueError("the input kernel must be ", in[0].dtype, Shape{inputs, wide}, ", received ", in[w], ".");
  // What follows the product is checked where it is defined.
  std::vector<TensorSpec> rest{{{in[0].shape[0], in[0].shape[1], wide}, in[0].dtype}};
  rest.insert(rest.end(), in.begin() + 1, in.begin() + static_cast<std::ptrdiff_t>(w));
  rest.insert(rest.end(), in.begin() + static_cast<std::ptrdiff_t>(w) + 1, in.end());
  std::vector<TensorSpec> out = RecurrentOp(kind, {}, false).infer(rest);
  if (saving) out.push_back({{kept}, DType::uint8});
  return out;
}

std::vector<TensorSpec> WholeRecurrentGradOp::infer(std::span<const TensorSpec> in) const {
  const size_t expected = inputs_of(kind) + 2 + 1 + static_cast<size_t>(states_of(kind));
  if (in.size() != expected) throw ValueError("expected ", expected, " inputs, received ", in.size(), ".");
  return {in.begin(), in.begin() + static_cast<std::ptrdiff_t>(inputs_of(kind))};
}

Tensors WholeRecurrentOp::vjp(const VjpContext& c) const {
  if (!saving) {
    Tensors out = lamina::apply(saving_twin(), c.inputs), grads(c.grads.begin(), c.grads.end());
    grads.resize(out.size());
    return WholeRecurrentOp(kind, kept, true).vjp({c.inputs, out, grads, c.needed});
  }
  Tensors inputs(c.inputs.begin(), c.inputs.end());
  inputs.insert(inputs.end(), {c.outputs[0], c.outputs.back()});
  for (size_t i = 0; i + 1 < c.outputs.size(); ++i)
    inputs.push_back(c.grads[i].defined() ? c.grads[i] : prim::full(c.outputs[i].shape(), 0, c.outputs[i].dtype()));
  return lamina::apply(make_op<WholeRecurrentGradOp>(kind), inputs);
}

namespace {

Tensor rows(const Tensor& t) { return prim::reshape(t, {Shape::kUnknown, t.shape().back()}); }

// The gradients of a recurrence and its product in their own primitives, all of which have gradients.
Tensors composed_grad(Recurrence kind, std::span<const Tensor> in) {
  const size_t w = at_input_kernel(kind), states = static_cast<size_t>(states_of(kind)), after = inputs_of(kind) + 2;
  Tensors forward{
      prim::reshape(prim::matmul(rows(in[0]), in[w]), {in[0].shape()[0], in[0].shape()[1], in[w].shape()[1]})};
  forward.insert(forward.end(), in.begin() + 1, in.begin() + static_cast<std::ptrdiff_t>(w));
  forward.insert(forward.end(), {in[w + 1], in[w + 2]});
  const Tensors saved = lamina::apply(make_op<RecurrentOp>(kind, RecurrenceOptions{}, true), forward);
  Tensors back{in[w + 1]};
  if (kind == Recurrence::lstm) back.push_back(in[2]);
  back.insert(back.end(), saved.begin() + static_cast<std::ptrdiff_t>(1 + states), saved.end());
  back.insert(back.end(), in.begin() + static_cast<std::ptrdiff_t>(after), in.end());
  const Tensors g = lamina::apply(make_op<RecurrentGradOp>(kind, RecurrenceOptions{}), back);
  Tensors out{prim::reshape(prim::matmul(rows(g[0]), in[w], false, true), in[0].shape())};
  out.insert(out.end(), g.begin() + 1, g.begin() + static_cast<std::ptrdiff_t>(1 + states));
  out.push_back(prim::matmul(rows(in[0]), rows(g[0]), true));
  out.push_back(prim::matmul(rows(saved.back()), rows(kind == Recurrence::gru ? g.back() : g[0]), true));
  out.push_back(g[1 + states]);
  return out;
}

}  // namespace

Tensors WholeRecurrentGradOp::vjp(const VjpContext& c) const {
  TapeScope tape;
  Tensors twins;
  for (const Tensor& t : c.inputs)
    twins.push_back(apply1(make_op<ReshapeOp>(t.shape()), {t}));  // of the same value, to differentiate by
  const Tensors made = composed_grad(kind, twins);
  Tensors of, seeds, out(c.inputs.size());
  for (size_t i = 0; i < made.size(); ++i)
    if (c.grads[i].defined()) of.push_back(made[i]), seeds.push_back(c.grads[i]);
  std::vector<GradientSource> sources;
  std::vector<size_t> wanted;
  for (size_t i = 0; i < twins.size(); ++i)
    if (c.needed[i] && is_float(twins[i].dtype())) sources.push_back(twins[i]), wanted.push_back(i);
  const Tensors found = gradients(of, sources, seeds);
  for (size_t i = 0; i < wanted.size(); ++i) out[wanted[i]] = found[i];
  return out;
}

namespace {

// Where no library does it: the kernels of its parts. Nothing is kept, the gradient runs the recurrence again.
using Place = KernelChain::Place;

struct RecurrenceInputs {
  RecurrenceSizes s;
  size_t w, states;
  TensorSpec x, multiplied, h, all;  // inputs in rows, gates in rows, a state, the states of all steps
  RecurrenceInputs(Recurrence kind, std::span<const TensorSpec> in)
      : s(sizes_of_whole(kind, in)), w(at_input_kernel(kind)), states(static_cast<size_t>(states_of(kind))) {
    x = {{s.batch * s.steps, s.inputs}, s.dtype};
    multiplied = {{s.batch * s.steps, gates_of(kind) * s.units}, s.dtype};
    h = {{s.batch, s.units}, s.dtype};
    all = {{s.batch, s.steps, s.units}, s.dtype};
  }
  TensorSpec by_step(int64_t width) const { return {{s.batch, s.steps, width}, s.dtype}; }
  TensorSpec gates() const { return by_step(multiplied.shape[1]); }
  // What RecurrentOp takes: x multiplied, the states, R and b.
  std::vector<TensorSpec> specs(std::span<const TensorSpec> in) const {
    std::vector<TensorSpec> out{gates()};
    for (size_t i = 1; i < w + 3; ++i)
      if (i != w) out.push_back(in[i]);
    return out;
  }
  std::vector<Place> places(Place gates) const {
    std::vector<Place> out{gates};
    for (size_t i = 1; i < w + 3; ++i)
      if (i != w) out.push_back(KernelChain::input(i));
    return out;
  }
};

BoundKernel bind_forward(const WholeRecurrentOp& op, const KernelRequest& r) {
  const RecurrenceInputs p(op.kind, r.inputs);
  KernelChain chain(r.device);
  const Place gates = chain.between(p.multiplied);
  chain.add(make_op<MatMulOp>(false, false), {p.x, r.inputs[p.w]}, {KernelChain::input(0), KernelChain::input(p.w)},
            {gates});
  std::vector<Place> out;
  for (size_t i = 0; i <= p.states; ++i) out.push_back(KernelChain::output(i));
  chain.add(make_op<RecurrentOp>(op.kind, RecurrenceOptions{}, false), p.specs(r.inputs), p.places(gates), out);
  if (op.saving && op.kept)
    chain.add(make_op<FullOp>(Shape{op.kept}, 0, DType::uint8), {}, {}, {KernelChain::output(1 + p.states)});
  return std::move(chain).finish();
}

BoundKernel bind_grad(const WholeRecurrentGradOp& op, const KernelRequest& r) {
  const Recurrence kind = op.kind;
  const RecurrenceInputs p(kind, r.inputs);
  const auto in = KernelChain::input, out = KernelChain::output;
  KernelChain chain(r.device);
  const Place gates = chain.between(p.multiplied), dgates = chain.between(p.multiplied);
  chain.add(make_op<MatMulOp>(false, false), {p.x, r.inputs[p.w]}, {in(0), in(p.w)}, {gates});
  const Op forward = make_op<RecurrentOp>(kind, RecurrenceOptions{}, true);
  const std::vector<TensorSpec> specs = p.specs(r.inputs), made = forward->infer(specs);
  std::vector<Place> results;
  for (const TensorSpec& s : made) results.push_back(chain.between(s));
  chain.add(forward, specs, p.places(gates), results);

  std::vector<TensorSpec> back{r.inputs[p.w + 1]};
  std::vector<Place> from{in(p.w + 1)};
  if (kind == Recurrence::lstm) back.push_back(r.inputs[2]), from.push_back(in(2));
  for (size_t i = 1 + p.states; i < made.size(); ++i) back.push_back(made[i]), from.push_back(results[i]);
  for (size_t i = p.w + 5; i < r.inputs.size(); ++i) back.push_back(r.inputs[i]), from.push_back(in(i));
  std::vector<Place> to{dgates};
  for (size_t i = 1; i <= p.states; ++i) to.push_back(out(i));
  to.push_back(out(p.w + 2));
  const bool gru = kind == Recurrence::gru;
  const Place by = gru ? chain.between(p.multiplied) : dgates;
  if (gru) to.push_back(by);
  chain.add(make_op<RecurrentGradOp>(kind, RecurrenceOptions{}), back, from, to);

  const TensorSpec before{{p.s.batch * p.s.steps, p.s.units}, p.s.dtype};
  chain.add(make_op<MatMulOp>(false, true), {p.multiplied, r.inputs[p.w]}, {dgates, in(p.w)}, {out(0)});
  chain.add(make_op<MatMulOp>(true, false), {p.x, p.multiplied}, {in(0), dgates}, {out(p.w)});
  chain.add(make_op<MatMulOp>(true, false), {before, p.multiplied}, {results.back(), by}, {out(p.w + 1)});
  return std::move(chain).finish();
}

LAMINA_KERNEL_ON_ALL("WholeRecurrent", "parts", 30, bind_forward);
LAMINA_KERNEL_ON_ALL("WholeRecurrentGrad", "parts", 30, bind_grad);

double flops(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  const double rows = static_cast<double>(in[0].shape[0] * in[0].shape[1]),
               units = static_cast<double>(out[0].shape.back());
  return 2 * rows * static_cast<double>(in[in.size() - 2].shape.back()) * (static_cast<double>(in[0].shape[2]) + units);
}
double grad_flops(const Primitive&, std::span<const TensorSpec> in, std::span<const TensorSpec> out) {
  const double rows = static_cast<double>(in[0].shape[0] * in[0].shape[1]);
  const Shape& kernel = out[out.size() - 2].shape;
  return 4 * rows * static_cast<double>(kernel[1]) * static_cast<double>(in[0].shape[2] + kernel[0]);
}
LAMINA_FLOPS("WholeRecurrent", flops);
LAMINA_FLOPS("WholeRecurrentGrad", grad_flops);

}  // namespace

namespace prim {

bool recurrence_library() { return library_of(settings().device()).has_value(); }

void warn_of_no_library(Recurrence kind, const std::string& reason) {
  const Device device = settings().device();
  if (const auto library = library_of(device)) warn_once(kind, device, library->name, reason);
}

Tensors recurrent_by_library(Recurrence kind, const RecurrenceOptions& options, const Tensor& x, const Tensor& h0,
                             const Tensor& c0, const Tensor& input_kernel, const Tensor& kernel, const Tensor& bias,
                             const Tensor& mask) {
  const Device device = settings().device();
  const auto library = library_of(device);
  if (!library || !x.shape().known() || !h0.shape().known()) return {};
  try {
    if (mask.defined()) throw UnsupportedError("it has a mask.");
    Tensors inputs{options.reverse ? reverse(x, {1}) : x, h0};
    if (kind == Recurrence::lstm) inputs.push_back(c0);
    inputs.insert(inputs.end(), {input_kernel, kernel, bias});
    std::vector<TensorSpec> specs;
    for (const Tensor& t : inputs) specs.push_back(t.spec());
    const int64_t kept = library->ask(device, sizes_of_whole(kind, specs));
    // On a tape the gradient will want what is kept; a trace finds out by itself (merge_saving).
    Tensors out = lamina::apply(make_op<WholeRecurrentOp>(kind, kept, executing_eagerly() && recording()), inputs);
    if (!options.sequences) out[0] = out[1];
    return out;
  } catch (const UnsupportedError& e) {
    warn_once(kind, device, library->name, e.what());
    return {};
  }
}

}  // namespace prim

}  // namespace lamina
