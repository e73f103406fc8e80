#pragma once
// Whole recurrences as one primitive (recurrent.h) with a recurrent kernel of int8: at every step a row's state becomes
// integers with a scale of its own, the product with the kernel has sums in int32, and gates are floats.
//
//   q, s = the integers of h, and what h was multiplied by: high / (the greatest |h| + epsilon)
//   h R  = (q R') / (s * scale), where R' are the kernel's integers and scale has a value for each of its columns
#include "backends/ops/recurrent/recurrent.h"

namespace lamina {

// How states become integers, as ops::abs_max_quantize() says.
struct Int8States {
  double low = -127, high = 127, epsilon = 1e-7;
};

// Inputs: x (B, T, G u), h0 (B, u), c0 of lstm (B, u), R' (u, G u) of int8, scale (G u), b (G u; of gru (2, G u)), the
// mask; floats are float32 or float64. Outputs as of RecurrentOp. The gradient is that of the recurrence with the
// kernel's value at the steps that were taken.
class Int8RecurrentOp final : public SavingPrimitive {
 public:
  Int8RecurrentOp(Recurrence kind, RecurrenceOptions options, Int8States states, bool saving)
      : plain(kind, options, saving), states(states) {}
  std::string_view name() const override { return "Int8Recurrent"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  bool saves() const override { return plain.saving; }
  Op saving_twin() const override { return make_op<Int8RecurrentOp>(plain.kind, plain.options, states, true); }
  const RecurrentOp plain;  // with a kernel of floats
  const Int8States states;
};

// What Int8RecurrentOp (saving) computes, written in other primitives a step at a time.
Tensors composed_int8_recurrent(const Int8RecurrentOp& op, std::span<const Tensor> inputs);

namespace prim {
// c0 undefined but for lstm; mask undefined if there is none (options.masked is set from it).
Tensors recurrent_int8(Recurrence kind, RecurrenceOptions options, const Int8States& states, const Tensor& x,
                       const Tensor& h0, const Tensor& c0, const Tensor& kernel, const Tensor& scale,
                       const Tensor& bias, const Tensor& mask);
}  // namespace prim

}  // namespace lamina
