#pragma once
// The interface that every engine implements, and the choice between them. apply() on shape-only inputs infers; inside
// a trace it records; otherwise it runs.
#include <memory>

#include "backends/core/primitive.h"

namespace lamina {

class Variable;
class VariableState;

class Engine {
 public:
  virtual ~Engine() = default;
  virtual Tensors apply(const Op& op, std::span<const Tensor> inputs) = 0;
  virtual Tensor read(VariableState& variable) = 0;
  virtual void assign(VariableState& variable, const Tensor& value) = 0;
  // See update_variables(). As it stands here: read, apply, assign.
  virtual void update(const Op& op, std::span<VariableState* const> variables, std::span<const Tensor> rest);
};

// One application of `op` that gives each variable its new value: its first inputs are the variables' values, in whose
// order its outputs are, the others are `rest`. Both engines write over a value's memory where the kernel may and
// nobody else holds it.
void update_variables(const Op& op, std::span<const Variable> variables, std::span<const Tensor> rest);

Engine& eager_engine();  // backends/eager
Engine& shape_engine();  // backends/shape

// The trace open on this thread (backends/graph/trace.h), or null.
class Trace;
Trace* current_trace();
Engine& trace_engine(Trace& trace);
uint64_t trace_id(const Trace& trace);
bool trace_reaches(const Trace& trace,
                   uint64_t id);  // a tensor of trace `id` may be used in `trace`: it is that one, or encloses it

// While it lives, ops run at once and off the tape: for initial weights and constants made inside a trace.
class EagerScope {
 public:
  EagerScope();
  ~EagerScope();
  EagerScope(const EagerScope&) = delete;
  EagerScope& operator=(const EagerScope&) = delete;

 private:
  Trace* trace_;
  int tapes_;
};

// True where ops run at once: no trace is open on this thread.
inline bool executing_eagerly() { return current_trace() == nullptr; }

namespace detail {
extern thread_local Trace* trace;  // set by TraceScope
extern thread_local int tapes;     // tapes recording on this thread
}  // namespace detail

}  // namespace lamina
