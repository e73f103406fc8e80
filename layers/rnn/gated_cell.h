#pragma once
// SimpleRNNCell, LSTMCell and GRUCell: one step each, in ops; whole sequences in one primitive where the cell allows
// it.
#include "layers/activation_argument.h"
#include "layers/quantization/quantizable.h"
#include "layers/rnn/cell.h"

namespace lamina {

// The arguments of the three cells; each lists those that it has.
struct GatedCellArgs {
  int64_t units = 0;
  Activation activation = "tanh", recurrent_activation = "sigmoid";
  bool use_bias = true;
  InitializerRef kernel_initializer, recurrent_initializer, bias_initializer;
  bool unit_forget_bias = true;
  RegularizerRef kernel_regularizer, recurrent_regularizer, bias_regularizer;
  ConstraintRef kernel_constraint, recurrent_constraint, bias_constraint;
  double dropout = 0, recurrent_dropout = 0;
  bool reset_after = true;
  Value seed;
  int64_t implementation = 2;
  QuantizationConfigRef quantization_config;
  void fields(Recurrence kind, Fields& f, bool of_layer);
};

// The cells of SimpleRNN, LSTM and GRU.
class GatedCell : public Layer, public CellInterface, public FurtherQuantizableLayer {
 public:
  GatedCell(Recurrence kind, GatedCellArgs a, LayerArgs base);
  std::vector<std::string> call_arguments() const override {
    return {kind_ == Recurrence::simple ? "sequence" : "inputs", "states"};
  }
  bool call_takes_training() const override { return true; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override;
  Value call(const List& inputs, const CallContext& context) override;
  Dict get_config() const override;
  bool set_argument(const std::string& name, const Value& value) override;

  Value state_size() const override;
  Value output_size() const override { return arguments.units; }
  Value initial_state(const Value& batch) override;
  void begin_pass(const Tensor& x, const Value& state, bool training) override;
  void end_pass() override;
  Value dropout_mask(const Tensor& like, bool recurrent) override;
  void reset_dropout_mask(bool recurrent) override { (recurrent ? recurrent_masks_ : masks_).clear(); }
  int64_t implementation() const { return implementation_; }
  bool takes_lora() const override { return false; }
  LoraTarget lora_target() override { return {*this, kernel_, kernel_shape_, "lora_kernel", "kernel", {}, {}}; }
  std::vector<QuantizedWeight> quantized_weights() override;
  QuantizationConfigRef& quantization_config() override { return arguments.quantization_config; }

  // Why its steps cannot run as one RecurrentOp; empty if they can: tanh and sigmoid, one dropout mask for all gates, a
  // GRU that resets after the product, no user's class around the call, and states that are quantized as Keras does.
  std::string why_by_steps(bool training) const;
  // All steps at once. y: (B, T, u) or (B, u); states as in call().
  struct Sequence {
    Tensor y;
    Value states;
    bool by_library;  // the device's
  };
  Sequence run(const Tensor& x, const Value& states, const Tensor& mask, RecurrenceOptions options, bool training,
               bool library_may);

  GatedCellArgs arguments;
  Recurrence kind() const { return kind_; }

 private:
  Tensors dropout_masks(const Tensor& like, double rate);
  Value simple_step(Tensor x, Tensor h, bool training);
  Value lstm_step(const Tensor& x, const Tensor& h, const Tensor& c, bool training);
  Value gru_step(const Tensor& x, const Tensor& h, bool training);
  // x by the kernel and h by the recurrent kernel, in floating point or quantized: by columns [from, to) of it.
  Tensor by_kernel(const Tensor& x, int64_t from, int64_t to);
  Tensor by_recurrent_kernel(const Tensor& h, int64_t from, int64_t to);
  Tensor by_weight(const Tensor& x, const Variable& weight, size_t index, int64_t from, int64_t to);
  Tensors recur(const Tensor& x, const Tensor& h0, const Tensor& c0, const Tensor& bias, const Tensor& mask,
                const RecurrenceOptions& options);
  bool by_gate() const { return kind_ != Recurrence::simple && implementation_ == 1; }

  const Recurrence kind_;
  int64_t implementation_;
  Value source_;  // of random numbers
  Shape kernel_shape_, recurrent_shape_;
  Variable kernel_, recurrent_kernel_, bias_;
  CellMasks masks_, recurrent_masks_;  // one, or one per gate
  bool in_pass_ = false;
};

// A gated cell as a registered class with its own argument list.
template <Recurrence K>
struct GatedCellArgsOf : GatedCellArgs {
  void fields(Fields& f) { GatedCellArgs::fields(K, f, false); }
};
// One of them as a registered class.
template <Recurrence K>
class GatedCellOf final : public GatedCell {
 public:
  using Args = GatedCellArgsOf<K>;
  explicit GatedCellOf(Args a = {}, LayerArgs base = {}) : GatedCell(K, std::move(a), std::move(base)) {}
  std::string class_name() const override {
    return K == Recurrence::simple ? "SimpleRNNCell" : K == Recurrence::lstm ? "LSTMCell" : "GRUCell";
  }
};
using SimpleRNNCellLayer = GatedCellOf<Recurrence::simple>;
using LSTMCellLayer = GatedCellOf<Recurrence::lstm>;
using GRUCellLayer = GatedCellOf<Recurrence::gru>;

}  // namespace lamina
