#include "backends/core/engine.h"

#include "backends/core/autodiff.h"

namespace lamina {

namespace detail {
thread_local Trace* trace = nullptr;
thread_local int tapes = 0;
}  // namespace detail

Trace* current_trace() { return detail::trace; }

EagerScope::EagerScope() : trace_(detail::trace), tapes_(detail::tapes) {
  detail::trace = nullptr;
  detail::tapes = 0;
}
EagerScope::~EagerScope() {
  detail::trace = trace_;
  detail::tapes = tapes_;
}

namespace {

Engine& engine_for(const Op& op, std::span<const Tensor> inputs) {
  bool symbolic = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& t = inputs[i];
    if (!t.defined()) throw ValueError("Input ", i, " is undefined.");
    symbolic |= t.shape_only();
    if (t.traced() && (!current_trace() || !trace_reaches(*current_trace(), t.node()->trace)))
      throw RuntimeError("Input ", i, " (", t.spec(), ") belongs to a graph that is no longer being traced. ",
                         "A tensor made inside a traced function cannot be kept for later calls: return it, or keep it "
                         "in a Variable.");
  }
  if (symbolic) return shape_engine();
  return current_trace() ? trace_engine(*current_trace()) : eager_engine();
}

ErrorFrame frame_of(const Op& op, std::span<const Tensor> inputs) {
  std::string specs;
  for (const Tensor& t : inputs) specs += text(specs.empty() ? "" : ", ", t.defined() ? text(t.spec()) : "undefined");
  return {ErrorFrame::Kind::primitive, std::string(op->name()), text(" Inputs: ", specs, ".")};
}

}  // namespace

Tensors apply(const Op& op, std::span<const Tensor> inputs) {
  try {
    return engine_for(op, inputs).apply(op, inputs);
  } catch (Error& e) {
    e.add(frame_of(op, inputs));
    throw;
  }
}

void Engine::update(const Op& op, std::span<VariableState* const> variables, std::span<const Tensor> rest) {
  Tensors in;
  for (VariableState* v : variables) in.push_back(read(*v));
  in.insert(in.end(), rest.begin(), rest.end());
  Tensors out = lamina::apply(op, in);
  for (size_t i = 0; i < variables.size(); ++i) assign(*variables[i], out[i]);
}

Tensor apply1(const Op& op, std::span<const Tensor> inputs) { return std::move(apply(op, inputs)[0]); }

}  // namespace lamina
