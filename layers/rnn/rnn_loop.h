#pragma once
#include <functional>

#include "backends/core/value.h"

namespace lamina {

// A step over a whole sequence. Letters: B rows, T steps.
struct RnnLoop {
  bool go_backwards = false, zero_output_for_mask = false;
  // Keras unrolls with another rule for masked steps: they repeat the output before, zeros at first, whatever the
  // output is.
  bool unrolled_masks = false;
};
// What a loop gives.
struct RnnLoopResult {
  Tensor last, outputs;  // (B, ...), (B, T, ...) in the order of the steps taken
  Value states;
};
// step(x (B, ...), states) -> (output, states). mask: bool (B, T) or undefined; where it is false a row keeps its
// states, and gives zeros or the output before: its first state (of the last cell of several) where a step returns that
// as its output, else zeros at first. Runs through ops::scan.
using RnnStep = std::function<std::pair<Tensor, Value>(const Tensor&, const Value&)>;
RnnLoopResult rnn_loop(const RnnStep& step, const Tensor& sequences, const Value& states, const Tensor& mask,
                       const RnnLoop& options);

}  // namespace lamina
