#include "layers/rnn/rnn.h"

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "backends/ops/recurrent/whole_recurrence.h"
#include "layers/rnn/gated_cell.h"
#include "layers/rnn/rnn_loop.h"

namespace lamina {

void RnnFlags::fields(Fields& f) {
  f("return_sequences", return_sequences, "Whether to give the output of every step rather than that of the last.");
  f("return_state", return_state, "Whether to give the last states too.");
  f("go_backwards", go_backwards,
    "Whether to begin with the last step; outputs stand in the order of the steps taken.");
  f("stateful", stateful, "Whether a batch goes on from the states with which the one before ended.");
  f("unroll", unroll,
    "Whether Keras would unroll the loop: another rule for masked steps, whose outputs repeat the one before.");
  f("zero_output_for_mask", zero_output_for_mask,
    "Whether masked steps give zeros rather than the output before, where all outputs are returned.");
}

void RnnLayer::set_cell(LayerPtr cell) {
  cell_ = std::move(cell);
  track("cell", Value(cell_));
  supports_masking_ = true;
  state_size_of(*cell_);
}

Value RnnLayer::initial_state(const Value& batch) { return initial_state_of(*cell_, batch, cell_->compute_dtype()); }

void RnnLayer::build(const BuildShapes& shapes) {
  const Shape sequences = shapes.first().as_shape();
  if (sequences.rank() < 2)
    throw ValueError("The ", describe(), " takes sequences of shape (batch, steps, ...), received shape ", sequences,
                     ".");
  Shape step = sequences;
  step.erase(1);
  cell_->build_from(BuildShapes(Dict{{cell_->user_class ? "inputs" : cell_->call_arguments()[0], Value(step)}}));
  if (!flags().stateful) return;
  if (!states_.empty()) return reset_state();
  if (sequences[0] < 0)
    throw ValueError(
        "When using `stateful=True` in a RNN, the batch size must be static. Found dynamic batch size: sequence.shape=",
        sequences, ". Give it with `batch_shape` or `batch_size` of the Input.");
  state_structure_ = initial_state(sequences[0]);
  for (const Tensor& t : flatten_tensors(state_structure_)) {
    Variable v(prim::cast(t, variable_dtype()), {.name = "rnn_state", .trainable = false});
    v.state().path = NameScope::current() + "/rnn_state";
    states_.push_back(v);
  }
}

void RnnLayer::reset_state() {
  EagerScope eager;
  for (const Variable& v : states_) v.assign(prim::full(v.shape(), 0, v.dtype()));
}

RnnLayer::Steps RnnLayer::all_steps(const Tensor& sequences, const Value& states, const Tensor& mask, bool training) {
  struct Flags {  // for the length of this call
    RnnFlags& flags;
    const bool sequences;
    ~Flags() { flags.return_sequences = sequences; }
  } kept{flags(), flags().return_sequences};
  Shape step = sequences.shape();
  step.erase(1);
  const Value list = states.is_sequence() ? states : Value(List{states});
  CellPass pass(*cell_, Tensor::spec_only(step, sequences.dtype()), list, training && !sequences.shape_only());
  kept.flags.return_sequences = false;
  Result last = inner_loop(sequences, list, mask, training);
  kept.flags.return_sequences = true;
  Result all = inner_loop(sequences, list, mask, training);
  return {last.last, all.outputs, all.states};
}

Value RnnLayer::call(const List& inputs, const CallContext& context) {
  const RnnFlags& f = flags();
  const Tensor sequences = inputs[0].as_tensor();
  const int64_t batch = sequences.shape()[0];
  if (f.stateful && !states_.empty() && batch >= 0 && batch != states_[0].shape()[0])
    throw ValueError(
        "If an RNN is stateful, the batch size of the input sequences must be the same as the batch size of the "
        "initial state. Expected batch size: ",
        states_[0].shape()[0], ". Received batch size: ", batch);
  Value states;
  if (inputs.size() > 1 && !inputs[1].is_none()) {
    states = inputs[1].is_sequence() ? Value(List(inputs[1].as_list())) : Value(List{inputs[1]});
    const size_t given = flatten_tensors(states).size(), expected = flatten(state_size_of(*cell_)).size();
    if (given != expected)
      throw ValueError("The ", describe(), " takes ", expected, expected == 1 ? " state" : " states",
                       " as `initial_state`, received ", given, ".");
  } else if (f.stateful && !states_.empty()) {
    std::vector<Value> values;
    for (const Variable& v : states_) values.push_back(v.value());
    states = pack_like(state_structure_, values);
  } else {
    states = initial_state(batch < 0 ? Value() : Value(batch));
  }
  const DType dtype = cell_->compute_dtype();
  states = map_structure(
      states, [&](const Value& v) -> Value { return v.is_tensor() ? Value(prim::cast(v.as_tensor(), dtype)) : v; });
  Tensor mask;
  for (const Value& m : flatten(context.mask))
    if (!mask.defined() && m.is_tensor()) mask = m.as_tensor();
  if (mask.defined() && mask.rank() < 2)
    throw ValueError("The mask of the ", describe(),
                     " must have a value for every step, (batch, steps); received shape ", mask.shape(), ".");
  Shape step = sequences.shape();
  step.erase(1);
  CellPass pass(*cell_, Tensor::spec_only(step, sequences.dtype()), states,
                context.training && !sequences.shape_only());
  Result result;
  if (overrides(Method::inner_loop)) {  // a user's class has a loop of its own
    const Value own = user_class->call(Method::inner_loop, {sequences, states, Value(mask), context.training}, {});
    if (!own.is_sequence() || own.as_list().size() != 3)
      throw ValueError("inner_loop() of ", describe(), " must return (last output, outputs, states), received ",
                       own.repr(), ".");
    result = {own.as_list()[0].as_tensor(), own.as_list()[1].as_tensor(), own.as_list()[2]};
  } else {
    result = inner_loop(sequences, states, mask, context.training);
  }
  auto cast = [&](const Value& v) -> Value {
    return v.is_tensor() ? Value(prim::cast(v.as_tensor(), compute_dtype())) : v;
  };
  states = map_structure(result.states, cast);
  if (f.stateful && !states_.empty() && !sequences.shape_only()) {
    AutocastScope off(std::nullopt);
    Tensors last = flatten_tensors(states);
    for (size_t i = 0; i < states_.size(); ++i) states_[i].assign(prim::cast(last[i], states_[i].dtype()));
  }
  Value output = cast(f.return_sequences ? result.outputs : result.last);
  if (!f.return_state) return output;
  List all{output};
  for (const Value& s : states.as_list()) all.push_back(s);
  return Value::tuple(std::move(all));
}

namespace {
[[noreturn]] void refuse_without_library() {
  throw ValueError(
      "use_cudnn=True was specified, but cuDNN is not supported for this layer configuration with this backend. Pass "
      "use_cudnn='auto' to fallback to a non-cuDNN implementation.");
}
}  // namespace

RnnLayer::Result RnnLayer::inner_loop(const Tensor& sequences, const Value& states, const Tensor& mask, bool training) {
  const RnnFlags& f = flags();
  // A gated cell runs all its steps at once, also inside a plain RNN.
  auto* gated = dynamic_cast<GatedCell*>(cell_.get());
  const bool plain_mask = !mask.defined() || (mask.rank() == 2 && !f.unroll);
  const std::string by_steps = gated ? gated->why_by_steps(training) : "";
  const Value choice = use_cudnn();
  const bool may = choice.is_none() || !(choice == Value(false)), must = choice == Value(true);
  if (gated && by_steps.empty() && plain_mask && sequences.rank() == 3) {
    Tensor on = mask.defined() && mask.dtype() != DType::boolean ? prim::cast(mask, DType::boolean) : mask;
    AutocastScope autocast(gated->autocast() && is_float(gated->compute_dtype())
                               ? std::optional<DType>(gated->compute_dtype())
                               : std::nullopt);
    auto out = gated->run(
        prim::cast(sequences, gated->compute_dtype()), states, on,
        {.zero_masked = f.zeroes_masked(), .reverse = f.go_backwards, .sequences = f.return_sequences}, training, may);
    if (must && !out.by_library && !sequences.shape_only()) refuse_without_library();
    return {f.return_sequences ? Tensor() : out.y, f.return_sequences ? out.y : Tensor(), out.states};
  }
  if (must) refuse_without_library();
  if (may && !by_steps.empty()) prim::warn_of_no_library(gated->kind(), by_steps);
  RnnLoopResult out = rnn_loop(
      [&](const Tensor& x, const Value& s) {
        CellStep step = step_of(*cell_, x, s, training);
        return std::pair(step.output, step.states);
      },
      sequences, states, mask,
      {.go_backwards = f.go_backwards, .zero_output_for_mask = f.zeroes_masked(), .unrolled_masks = f.unroll});
  return {out.last, out.outputs, out.states};
}

Value RnnLayer::compute_mask(const Value&, const Value& mask) {
  Value first;
  for (const Value& m : flatten(mask))
    if (first.is_none()) first = m;
  Value out = flags().return_sequences ? first : Value();
  if (!flags().return_state) return out;
  List all{out};
  const Value size = state_size_of(*cell_);
  for (size_t i = 0; i < (size.is_sequence() ? size.as_list().size() : 1); ++i) all.push_back(Value());
  return all;
}

Value RnnLayer::compute_output_shape(const BuildShapes& shapes) {
  const Shape sequences = shapes.first().as_shape();
  const int64_t units = output_size_of(*cell_);
  Value output =
      flags().return_sequences ? Value(Shape{sequences[0], sequences[1], units}) : Value(Shape{sequences[0], units});
  if (!flags().return_state) return output;
  std::function<Value(const Value&)> shape_of = [&](const Value& size) -> Value {
    if (!size.is_sequence()) return Value(Shape{sequences[0], size.as_int()});
    List out;
    for (const Value& s : size.as_list()) out.push_back(shape_of(s));
    return out;
  };
  Value size = state_size_of(*cell_);
  List all{output};
  for (const Value& s : size.is_sequence() ? size.as_list() : List{size}) all.push_back(shape_of(s));
  return Value::tuple(std::move(all));
}

namespace {

struct RNNArgs {
  Value cell;
  RnnFlags flags;
  void fields(Fields& f) {
    f("cell", cell, "A cell, or a list of cells that are stacked.").required();
    flags.fields(f);
  }
};
class RNNLayer final : public RnnLayer {
 public:
  using Args = RNNArgs;
  explicit RNNLayer(RNNArgs a = {}, LayerArgs base = {}) : RnnLayer(std::move(base)), args(std::move(a)) {
    set_cell(cell_from(args.cell, "RNN"));
  }
  std::string class_name() const override { return "RNN"; }
  RnnFlags& flags() override { return args.flags; }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    write_fields(config, args.flags);
    config.set("cell", serialize_object(cell()));
    return config;
  }
  bool set_argument(const std::string& name, const Value& value) override {
    if (!set_field(class_name(), name, value, [this](Fields& f) { args.flags.fields(f); })) return false;
    note_change();
    return true;
  }

 private:
  RNNArgs args;
};
LAMINA_LAYER(RNNLayer, "RNN", "A cell over the steps of a sequence.",
             Doc{.call = about::recurrent_call,
                 .input = about::recurrent_in,
                 .output = "A tensor (batch, features of the cell's output); with `return_sequences` (batch, time, "
                           "features). `return_state` adds the states.",
                 .raises = "ValueError: if the cell has no `state_size` or no call().",
                 .example = R"py(
>>> layer = keras.layers.RNN(keras.layers.GRUCell(4), return_sequences=True)
>>> layer(keras.ops.ones((1, 5, 3))).shape
(1, 5, 4))py"});

// SimpleRNN, LSTM and GRU: their own cell, whose arguments are theirs.
template <Recurrence K>
struct GatedRnnArgs {
  GatedCellArgs cell;
  RnnFlags flags;
  Value use_cudnn = "auto";
  void fields(Fields& f) {
    cell.fields(K, f, true);
    flags.fields(f);
    if (K == Recurrence::gru)
      f("reset_after", cell.reset_after, "Whether the reset gate acts after the product with the state's kernel.");
    if (K != Recurrence::simple)
      f("use_cudnn", use_cudnn, "'auto' lets cuDNN run it on a GPU where it can, True requires that, False forbids it.")
          .hidden();
  }
};
template <Recurrence K>
class GatedRnnLayer final : public RnnLayer, public QuantizesParts {
 public:
  using Args = GatedRnnArgs<K>;
  explicit GatedRnnLayer(Args a = {}, LayerArgs base = {}) : RnnLayer(std::move(base)), args_(std::move(a)) {
    const Value& cudnn = args_.use_cudnn;
    if (!cudnn.is_bool() && !(cudnn == Value("auto")))
      throw ValueError(
          "Invalid valid received for argument `use_cudnn`. Expected one of {'auto', True, False}. Received: "
          "use_cudnn=",
          cudnn.repr());
    using Cell = GatedCellOf<K>;
    typename Cell::Args own;
    static_cast<GatedCellArgs&>(own) = args_.cell;
    const LayerArgs& mine = layer_args();
    set_cell(std::make_shared<Cell>(own, LayerArgs{.name = K == Recurrence::simple ? "simple_rnn_cell"
                                                           : K == Recurrence::lstm ? "lstm_cell"
                                                                                   : "gru_cell",
                                                   .trainable = mine.trainable,
                                                   .dtype = mine.dtype}));
    InputSpec spec;
    spec.ndim = 3;
    input_spec_ = {spec};
  }
  std::string class_name() const override {
    return K == Recurrence::simple ? "SimpleRNN" : K == Recurrence::lstm ? "LSTM" : "GRU";
  }
  RnnFlags& flags() override { return args_.flags; }
  Value use_cudnn() const override { return K == Recurrence::simple ? Value() : args_.use_cudnn; }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    if (!config.contains("activity_regularizer")) config.set("activity_regularizer", Value());
    Args args = args_;
    args.cell = gated().arguments;
    write_fields(config, args);
    write_quantization(config, args.cell.quantization_config);
    return config;
  }
  std::vector<LayerPtr> quantized_parts() const override { return {cell()}; }
  bool set_argument(const std::string& name, const Value& value) override {
    if (!gated().set_argument(name, value) &&
        !set_field(class_name(), name, value, [this](Fields& f) { args_.fields(f); }))
      return false;
    note_change();
    return true;
  }

 private:
  GatedCell& gated() const { return static_cast<GatedCell&>(*cell()); }
  Args args_;
};
using SimpleRNNLayer = GatedRnnLayer<Recurrence::simple>;
using LSTMLayer = GatedRnnLayer<Recurrence::lstm>;
using GRULayer = GatedRnnLayer<Recurrence::gru>;
LAMINA_LAYER(SimpleRNNLayer, "SimpleRNN", "A recurrence whose output is its state.",
             Doc{.call = about::recurrent_call,
                 .input = about::recurrent_in,
                 .output = about::recurrent_out,
                 .source = "Elman, \"Finding Structure in Time\" (1990).",
                 .example = R"py(
>>> keras.layers.SimpleRNN(4)(keras.ops.ones((1, 5, 3))).shape
(1, 4))py"});
LAMINA_LAYER(LSTMLayer, "LSTM", "Long short-term memory.",
             Doc{.call = about::recurrent_call,
                 .input = about::recurrent_in,
                 .output = about::recurrent_out,
                 .source = "Hochreiter and Schmidhuber, \"Long Short-Term Memory\" (1997).",
                 .example = R"py(
>>> keras.layers.LSTM(4, return_sequences=True)(keras.ops.ones((1, 5, 3))).shape
(1, 5, 4))py"});
LAMINA_LAYER(GRULayer, "GRU", "Gated recurrent units.",
             Doc{.call = about::recurrent_call,
                 .input = about::recurrent_in,
                 .output = about::recurrent_out,
                 .source = "Cho et al., \"Learning Phrase Representations using RNN Encoder-Decoder\" (2014).",
                 .example = R"py(
>>> keras.layers.GRU(4)(keras.ops.ones((1, 5, 3))).shape
(1, 4))py"});

}  // namespace
}  // namespace lamina
