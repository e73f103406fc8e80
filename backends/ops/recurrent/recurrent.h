#pragma once
// Whole recurrences as one primitive: all steps of a SimpleRNN, an LSTM or a GRU, after their inputs were multiplied
// with the kernel in one product. Letters: B rows, T steps, u units, G gates (1, 4, 3), S saved values a unit (1, 4,
// 4).
//
//   simple  h = tanh(x + b + h R)
//   lstm    i, f, g, o = x + b + h R;  c = sigmoid(f) c + sigmoid(i) tanh(g);  h = sigmoid(o) tanh(c)
//   gru     z, r, g = x + b0 and p, q, s = h R + b1;  z = sigmoid(z + p); r = sigmoid(r + q);  h = z h + (1 - z) tanh(g
//   + r s)
//           (Keras' reset_after)
//
// The composition in other primitives (recurrent_composed.h) is their reference, and gives gradients of higher order.
#include "backends/core/subfunction.h"

namespace lamina {

enum class Recurrence : uint8_t { simple, lstm, gru };
// Of the kind: its name; gates per unit; tensors kept per step for the gradient; states.
std::string_view name_of(Recurrence kind);
constexpr int gates_of(Recurrence kind) { return kind == Recurrence::simple ? 1 : kind == Recurrence::lstm ? 4 : 3; }
constexpr int saved_of(Recurrence kind) { return kind == Recurrence::simple ? 1 : 4; }
constexpr int states_of(Recurrence kind) { return kind == Recurrence::lstm ? 2 : 1; }

// What differs between calls of one recurrence.
struct RecurrenceOptions {
  bool masked = false;       // the last input is a mask, bool (B, T): where it is false a row keeps its state
  bool zero_masked = false;  // ...and gives zeros instead of its state
  bool reverse = false;  // from the last step to the first; what is given a step stands in the order of the steps taken
  bool sequences = true;  // output 0 is that of every step, (B, T, u); else that of the last one, (B, u)
};

// Inputs: x (B, T, G u), h0 (B, u), c0 of lstm (B, u), R (u, G u), b (G u; of gru (2, G u)), the mask; float32 or
// float64. Outputs: y (B, T, u) or (B, u), h (B, u), c of lstm (B, u); saving also a (B, T, S u), c of every step of
// lstm (B, T, u), and the state before every step (B, T, u), these at the places of the inputs that they belong to.
class RecurrentOp final : public SavingPrimitive {
 public:
  RecurrentOp(Recurrence kind, RecurrenceOptions options, bool saving) : kind(kind), options(options), saving(saving) {}
  std::string_view name() const override { return "Recurrent"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  bool saves() const override { return saving; }
  Op saving_twin() const override { return make_op<RecurrentOp>(kind, options, true); }
  const Recurrence kind;
  const RecurrenceOptions options;
  const bool saving;
};

// The gradient. Inputs: R; c0 of lstm; a, c of every step, the states before the steps (as saved); the gradients of y,
// h and c of lstm; the mask. Outputs: dx (B, T, G u), dh0, dc0 of lstm, db, and of gru the gradient of h R, (B, T, G
// u): of the others it is dx.
class RecurrentGradOp final : public Primitive {
 public:
  RecurrentGradOp(Recurrence kind, RecurrenceOptions options) : kind(kind), options(options) {}
  std::string_view name() const override { return "RecurrentGrad"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Recurrence kind;
  const RecurrenceOptions options;
};

namespace prim {
// c0 undefined but for lstm; mask undefined if there is none (options.masked is set from it). Outputs as of
// RecurrentOp.
Tensors recurrent(Recurrence kind, RecurrenceOptions options, const Tensor& x, const Tensor& h0, const Tensor& c0,
                  const Tensor& kernel, const Tensor& bias, const Tensor& mask);
}  // namespace prim

}  // namespace lamina
