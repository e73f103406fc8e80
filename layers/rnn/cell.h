#pragma once
// Cells: layers that take one step of a recurrence, (inputs, states) -> (output, new states). A cell is a C++ layer
// that is a CellInterface, or a user's layer that has the attribute `state_size` and the methods that Keras asks of a
// cell.
#include "backends/ops/recurrent/recurrent.h"
#include "layers/layer.h"

namespace lamina {

class CellInterface {
 public:
  virtual ~CellInterface() = default;
  virtual Value state_size() const = 0;             // an int, or a list of ints (or of lists, of stacked cells)
  virtual Value output_size() const { return {}; }  // an int; None takes the first state's
  virtual Value initial_state(
      const Value& batch) = 0;  // zeros of (batch, size) in the structure of state_size; batch an int or None
  // The dropout masks of one pass over a sequence, drawn before its steps (`x` and `state` are one step's), and
  // forgotten after.
  virtual void begin_pass(const Tensor& x, const Value& state, bool training) {}
  virtual void end_pass() {}
  // The masks that a call by hand in training meets: drawn for inputs (or for states, if `recurrent`) like `like` when
  // they are first asked for, the same until they are reset. A tensor, a list of one per gate, or None without dropout.
  virtual Value dropout_mask(const Tensor& like, bool recurrent) { return {}; }
  virtual void reset_dropout_mask(bool recurrent) {}
};

// Dropout masks that a cell keeps from step to step.
class CellMasks {
 public:
  bool empty() const { return masks_.empty(); }
  size_t size() const { return masks_.size(); }
  const Tensor& operator[](size_t gate) const { return masks_[gate]; }
  // Whether they can be used for tensors like this one, here: those of a trace are of no use outside of it.
  bool fit(const Tensor& like) const;
  void operator=(Tensors masks) { masks_ = std::move(masks); }
  void clear() { masks_.clear(); }
  Value value() const { return masks_.size() == 1 ? Value(masks_[0]) : to_value(masks_); }

 private:
  Tensors masks_;
};

// What every cell can be asked, a user's too. ValueError or TypeError naming the cell where an answer has the wrong
// kind.
Value state_size_of(const Layer& cell);
int64_t output_size_of(const Layer& cell);
Value initial_state_of(Layer& cell, const Value& batch, DType dtype);
bool is_cell(const Layer& layer);
// Throws unless `layer` can be a cell; `argument` is how the caller calls it.
void require_cell(const Layer& layer, const char* argument);

// One step. `states` is a list (or a structure of lists).
struct CellStep {
  Tensor output;
  Value states;
};
// One call of a cell of any class, a user's too: its output and the next states.
CellStep step_of(Layer& cell, const Tensor& x, const Value& states, bool training);

// Zeros in the structure of a state size.
Value zero_states(const Value& state_size, const Value& batch, DType dtype);
// A cell or a list of cells, given as layers or as their configs, as one cell.
LayerPtr cell_from(const Value& v, const char* owner);

// The initializer of an LSTM's bias (i, f, c, o): ones for the forget gate, `rest` for the other gates.
InitializerRef unit_forget_bias(InitializerRef rest, int64_t units);

// While it lives, the cell has the dropout masks of one pass.
class CellPass {
 public:
  CellPass(Layer& cell, const Tensor& x, const Value& state, bool training);
  ~CellPass();
  CellPass(const CellPass&) = delete;
  CellPass& operator=(const CellPass&) = delete;

 private:
  CellInterface* cell_;
};

}  // namespace lamina
