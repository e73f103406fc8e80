#pragma once
// A recurrence with its inputs' product: what a library has as one call (cuDNN). A device's library says what it takes;
// elsewhere the recurrence is a product and a RecurrentOp (recurrent.h, whose letters and formulas hold here; D: inputs
// a step).
#include "backends/core/device.h"
#include "backends/ops/recurrent/recurrent.h"

namespace lamina {

struct RecurrenceSizes {
  Recurrence kind;
  int64_t batch, steps, inputs, units;
  DType dtype;  // float32 or float64
};

// How many bytes a device's library keeps between a recurrence and its gradient; an Error that says why where it takes
// no such one.
using RecurrenceLibrary = int64_t (*)(Device device, const RecurrenceSizes& sizes);
class RecurrenceLibraryRegistration {  // for as long as it lives
 public:
  RecurrenceLibraryRegistration(DeviceKind kind, std::string_view name, RecurrenceLibrary library);
  ~RecurrenceLibraryRegistration();
  RecurrenceLibraryRegistration(const RecurrenceLibraryRegistration&) = delete;
  RecurrenceLibraryRegistration& operator=(const RecurrenceLibraryRegistration&) = delete;

 private:
  DeviceKind kind_;
};

// Inputs: x (B, T, D), h0 (B, u), c0 of lstm (B, u), W (D, G u), R (u, G u), b (G u; of gru (2, G u)).
// Outputs: y (B, T, u), h (B, u), c of lstm (B, u); saving also what the library keeps, uint8 (kept).
class WholeRecurrentOp final : public SavingPrimitive {
 public:
  WholeRecurrentOp(Recurrence kind, int64_t kept, bool saving) : kind(kind), kept(kept), saving(saving) {}
  std::string_view name() const override { return "WholeRecurrent"; }
  void attributes(Attributes& a) const override { a("kind", name_of(kind))("kept", kept)("saving", saving); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  bool saves() const override { return saving; }
  Op saving_twin() const override { return make_op<WholeRecurrentOp>(kind, kept, true); }
  const Recurrence kind;
  const int64_t kept;
  const bool saving;
};

// The gradients of its inputs from these, y, what was kept, and the gradients of y, h and c of lstm.
class WholeRecurrentGradOp final : public Primitive {
 public:
  explicit WholeRecurrentGradOp(Recurrence kind) : kind(kind) {}
  std::string_view name() const override { return "WholeRecurrentGrad"; }
  void attributes(Attributes& a) const override { a("kind", name_of(kind)); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Recurrence kind;
};
RecurrenceSizes sizes_of_whole(Recurrence kind, std::span<const TensorSpec> in);  // of either's inputs

namespace prim {
bool recurrence_library();  // whether the device in use has one
// By the library of the device in use: outputs as of RecurrentOp. Empty where there is none, or none that takes this,
// with one warning for each of its reasons. c0 undefined but for lstm; mask undefined if there is none.
Tensors recurrent_by_library(Recurrence kind, const RecurrenceOptions& options, const Tensor& x, const Tensor& h0,
                             const Tensor& c0, const Tensor& input_kernel, const Tensor& kernel, const Tensor& bias,
                             const Tensor& mask);
// The same warning where the library was not asked.
void warn_of_no_library(Recurrence kind, const std::string& reason);
}  // namespace prim

}  // namespace lamina
