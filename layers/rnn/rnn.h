#pragma once
#include "layers/rnn/cell.h"

namespace lamina {

// How a recurrence layer goes over a sequence, and what it gives.
struct RnnFlags {
  bool return_sequences = false, return_state = false, go_backwards = false, stateful = false, unroll = false,
       zero_output_for_mask = false;
  bool zeroes_masked() const {
    return zero_output_for_mask && return_sequences;
  }  // the last output alone is of the last step that counts
  void fields(Fields& f);
};

// A cell over a sequence: (B, T, ...) -> (B, u), or (B, T, u) with return_sequences; with return_state the last states
// too.
class RnnLayer : public Layer {
 public:
  using Layer::Layer;
  std::vector<std::string> call_arguments() const override { return {"sequences", "initial_state"}; }
  bool call_takes_mask() const override { return true; }
  bool call_takes_training() const override { return true; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override;
  Value call(const List& inputs, const CallContext& context) override;
  Value compute_mask(const Value& inputs, const Value& mask) override;
  Value compute_output_shape(const BuildShapes& shapes) override;

  const LayerPtr& cell() const { return cell_; }
  // Whether a device's library (cuDNN) may run it: "auto", True if it must, False if it must not; None where Keras has
  // no such choice.
  virtual Value use_cudnn() const { return {}; }
  virtual RnnFlags& flags() = 0;
  Value initial_state(const Value& batch);
  // The states that a stateful layer goes on from: a structure of variables; None before the first build.
  const Variables& states() const { return states_; }
  const Value& state_structure() const { return state_structure_; }
  void reset_state();
  // The recurrence alone, from the last step's output to the last states; with all outputs, whatever the flags say.
  struct Steps {
    Tensor last, outputs;
    Value states;
  };
  Steps all_steps(const Tensor& sequences, const Value& states, const Tensor& mask, bool training);

 protected:
  void set_cell(LayerPtr cell);
  struct Result {
    Tensor last, outputs;  // whichever of them is asked for
    Value states;
  };
  // Runs the cell over the sequences; a layer that knows its cell may do so faster.
  virtual Result inner_loop(const Tensor& sequences, const Value& states, const Tensor& mask, bool training);

 private:
  LayerPtr cell_;
  Variables states_;
  Value state_structure_;
};

}  // namespace lamina
