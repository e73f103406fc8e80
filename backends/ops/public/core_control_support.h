#pragma once
// What the control-flow ops share: structures of tensors taken apart and put together, and functions traced with them.
#include "backends/core/object.h"
#include "backends/core/subfunction.h"
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// A structure whose leaves are tensors or None; numbers became tensors, which `weak` remembers: they take the type that
// a loop's body gives them.
struct Structure {
  Value shape;  // the structure itself
  Tensors tensors;
  std::vector<char> weak;  // one per tensor
  Structure() = default;
  explicit Structure(const Value& v);
  Value pack(std::span<const Tensor> replaced) const;  // the same structure around other tensors
  Value pack() const { return pack(tensors); }
  std::vector<TensorSpec> specs() const;
  bool any_shape_only() const;
  bool any_traced() const;
};

// Lists and tuples count as the same; TypeError that says which leaf or branch differs. Shapes must be compatible.
void expect_same(const char* first_name, const Structure& first, const char* second_name, const Structure& second);

// f(args...); TypeError if `f` is no function.
Value call_function(const Value& f, const char* name, List args);

// A function traced with structures: `results` as its surroundings see them (specs only).
struct TracedBody {
  SubFunctionPtr function;
  Tensors captured;
  std::vector<TracedSubFunction::Assigned> assigned;
  Structure results;
};
// The function as a graph of its own, recorded with symbolic inputs of these specs.
TracedBody trace_body(const std::function<Value(std::span<const Tensor>)>& f, std::span<const TensorSpec> inputs);

// The loop body over (variables, assigned variables' values, rows): variables that the body assigns become loop
// variables. `variables` is extended by their values before the loop; `count` tells how many of the inputs are
// variables.
struct LoopBody {
  SubFunctionPtr function;
  Tensors captured;
};
// A body whose captured tensors have become further loop variables: `variables` gets them, behind the first `count`.
LoopBody close_loop(const TracedBody& body, size_t count, Tensors& variables);

}  // namespace lamina::ops
