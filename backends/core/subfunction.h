#pragma once
// SubFunction: a traced function as data, which control-flow primitives carry. Made by trace_subfunction() on either
// engine; the graph engine (backends/graph/subfunction.cpp) implements it.
#include <functional>
#include <memory>
#include <span>

#include "backends/core/primitive.h"

namespace lamina {

class VariableState;

class SubFunction {
 public:
  // Made ready to run on a device. run() may be called from several threads at once and allocates nothing after its
  // first run on a thread; it reads `inputs` and writes `outputs`, whose memory must not overlap.
  using Run = std::function<void(const void* const* inputs, void* const* outputs)>;
  struct Bound {
    Run run;
    bool recordable;  // as BoundKernel's
  };

  virtual ~SubFunction() = default;
  virtual const std::vector<TensorSpec>& inputs() const = 0;
  virtual const std::vector<TensorSpec>& outputs() const = 0;
  // Tells one traced function from every other, as text: part of a primitive's attributes.
  virtual const std::string& key() const = 0;
  // Its operations applied anew to these inputs, on the engine in use: where they are recorded, gradients flow.
  virtual Tensors call(std::span<const Tensor> inputs) const = 0;
  virtual Bound bind(Device device) const = 0;
};
using SubFunctionPtr = std::shared_ptr<const SubFunction>;

// A function traced for use inside another one. The sub-function's inputs are those that were asked for, then
// `captured`: what it used of its surroundings (tensors of the enclosing traces, variables' values, data), as the
// surroundings see it.
struct TracedSubFunction {
  struct Assigned {  // a variable that the function assigned: its new value is a further output, in this order
    std::shared_ptr<VariableState> variable;
    int captured = -1;  // which captured tensor is its old value; -1 if that was not read
  };
  SubFunctionPtr function;
  Tensors captured;
  std::vector<Assigned> assigned;
};
using SubFunctionBody = std::function<Tensors(std::span<const Tensor>)>;
// The body recorded once with symbolic inputs; tensors that it captures become inputs behind the given ones.
TracedSubFunction trace_subfunction(const SubFunctionBody& body, std::span<const TensorSpec> inputs);
// Gives the variables that a function assigned their new values, those behind its results.
void store_assigned(const std::vector<TracedSubFunction::Assigned>& assigned, std::span<const Tensor> values);

// A primitive that can give more than its results: what its gradient needs. The saving twin's first outputs are this
// one's; the gradient rule asks for the twin, and the graph engine then drops the plain application of the two
// (passes::merge_saving), so nothing is computed twice, and nothing is saved where no gradient is asked for.
class SavingPrimitive : public Primitive {
 public:
  virtual bool saves() const = 0;
  virtual Op saving_twin() const = 0;  // the same with saves() true
  const SavingPrimitive* saving() const final { return this; }
};

}  // namespace lamina
