#pragma once
// Trace: the engine that records. While a TraceScope lives, ops on this thread become graph nodes; variables read their
// recorded value, and what is assigned to them becomes an update of the graph.
#include <unordered_map>

#include "backends/core/engine.h"
#include "backends/graph/graph.h"

namespace lamina {

class Trace final : public Engine {
 public:
  // A sub-function's trace captures: what it uses of its surroundings becomes further inputs (subfunction.h).
  enum class Kind : uint8_t { function, sub_function };
  explicit Trace(Kind kind = Kind::function);
  Tensor add_input(const TensorSpec& spec);
  Tensors apply(const Op& op, std::span<const Tensor> inputs) override;
  Tensor read(VariableState& variable) override;
  void assign(VariableState& variable, const Tensor& value) override;
  int value_of(const Tensor& t);                       // its place here; data becomes a constant
  Tensor constant_of(int value, int depth = 0) const;  // see constant_value.h
  Graph finish(std::span<const Tensor> outputs);
  uint64_t id() const { return id_; }
  bool reaches(uint64_t id) const { return id == id_ || (outer_ && outer_->reaches(id)); }
  const Tensors& captured() const {
    return captured_;
  }  // the surroundings' tensors, in the order of the inputs that stand for them

 private:
  Tensor wrap(int value);
  int capture(const Tensor& t);

  struct Slot {
    std::shared_ptr<VariableState> variable;
    Tensor current;
    bool assigned = false;
  };
  uint64_t id_;
  Kind kind_;
  Trace* outer_;  // the trace that was open when a sub-function's began
  Tensors captured_;
  Graph graph_;
  std::unordered_map<uint64_t, size_t> slot_of_;
  std::vector<Slot> slots_;
  std::unordered_map<const TensorNode*, int> constants_;
};

// Makes a trace this thread's current one, for as long as it lives; open tapes record nothing meanwhile.
class TraceScope {
 public:
  explicit TraceScope(Trace& trace);
  ~TraceScope();

 private:
  Trace* saved_;
  int tapes_;
};

}  // namespace lamina
