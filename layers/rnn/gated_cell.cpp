#include "layers/rnn/gated_cell.h"

#include "backends/ops/int8_recurrent/int8_recurrent.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "backends/ops/recurrent/whole_recurrence.h"
#include "layers/seed_source.h"

namespace lamina {

void GatedCellArgs::fields(Recurrence kind, Fields& f, bool of_layer) {
  const bool gated = kind != Recurrence::simple;
  f("units", units, "Size of the state and of the output.").required();
  f("activation", activation, "Function of the candidate state and of the output.");
  if (gated) f("recurrent_activation", recurrent_activation, "Function of the gates.");
  f("use_bias", use_bias, "Whether to add a bias.");
  f("kernel_initializer", kernel_initializer, "Initializer of the inputs' kernel.").shown("glorot_uniform");
  f("recurrent_initializer", recurrent_initializer, "Initializer of the state's kernel.").shown("orthogonal");
  f("bias_initializer", bias_initializer, "Initializer of the bias.").shown("zeros");
  if (kind == Recurrence::lstm) f("unit_forget_bias", unit_forget_bias, "Whether the forget gate's bias starts at 1.");
  f("kernel_regularizer", kernel_regularizer, "Penalty on the inputs' kernel.");
  f("recurrent_regularizer", recurrent_regularizer, "Penalty on the state's kernel.");
  f("bias_regularizer", bias_regularizer, "Penalty on the bias.");
  f("kernel_constraint", kernel_constraint, "Projection of the inputs' kernel after each update.");
  f("recurrent_constraint", recurrent_constraint, "Projection of the state's kernel after each update.");
  f("bias_constraint", bias_constraint, "Projection of the bias after each update.");
  f("dropout", dropout, "Share of the inputs to drop in training, the same at every step.");
  f("recurrent_dropout", recurrent_dropout, "Share of the state to drop in training, the same at every step.");
  if (kind == Recurrence::gru && !of_layer)
    f("reset_after", reset_after, "Whether the reset gate acts after the product with the state's kernel.");
  auto drawn = f("seed", seed, "An int or a SeedGenerator for dropout.");
  if (kind == Recurrence::simple && of_layer) drawn.hidden();
  if (gated) f("implementation", implementation, "1: a dropout mask for every gate; 2: one for all.").hidden();
  f("quantization_config", quantization_config, kQuantizationConfig).hidden();
}

GatedCell::GatedCell(Recurrence kind, GatedCellArgs a, LayerArgs base)
    : Layer(std::move(base)), arguments(std::move(a)), kind_(kind) {
  GatedCellArgs& args = arguments;
  if (args.units <= 0)
    throw ValueError("Received an invalid value for argument `units`, expected a positive integer, got ", args.units,
                     ".");
  if (!args.kernel_initializer) args.kernel_initializer = "glorot_uniform";
  if (!args.recurrent_initializer) args.recurrent_initializer = "orthogonal";
  if (!args.bias_initializer) args.bias_initializer = "zeros";
  args.dropout = std::clamp(args.dropout, 0.0, 1.0);
  args.recurrent_dropout = std::clamp(args.recurrent_dropout, 0.0, 1.0);
  implementation_ = args.recurrent_dropout != 0 ? 1 : args.implementation;
  source_ = make_seed_source(*this, args.seed);
}

Dict GatedCell::get_config() const {
  Dict config = Layer::get_config();
  GatedCellArgs args = arguments;
  write_fields(config, [&](Fields& f) { args.fields(kind_, f, false); });
  write_quantization(config, args.quantization_config);
  return config;
}
bool GatedCell::set_argument(const std::string& name, const Value& value) {
  if (!set_field(class_name(), name, value, [this](Fields& f) { arguments.fields(kind_, f, false); })) return false;
  note_change();
  return true;
}

void GatedCell::build(const BuildShapes& shapes) {
  const GatedCellArgs& a = arguments;
  const Shape x = shapes.first().as_shape();
  const int64_t in = x.rank() ? x.back() : Shape::kUnknown, wide = multiply_sizes(gates_of(kind_), a.units);
  if (in < 0)
    throw ValueError("The last dimension of the inputs to ", describe(), " must be known. Found input shape ", x, ".");
  kernel_shape_ = {in, wide}, recurrent_shape_ = {a.units, wide};
  if (!build_quantized()) {
    kernel_ = add_weight(
        "kernel", kernel_shape_,
        {.initializer = a.kernel_initializer, .regularizer = a.kernel_regularizer, .constraint = a.kernel_constraint});
    recurrent_kernel_ = add_weight("recurrent_kernel", recurrent_shape_,
                                   {.initializer = a.recurrent_initializer,
                                    .regularizer = a.recurrent_regularizer,
                                    .constraint = a.recurrent_constraint});
  }
  if (!a.use_bias) return;
  InitializerRef first = a.bias_initializer;
  if (kind_ == Recurrence::lstm && a.unit_forget_bias) first = unit_forget_bias(first, a.units);
  const Shape shape = kind_ == Recurrence::gru && a.reset_after ? Shape{2, wide} : Shape{wide};
  bias_ = add_weight("bias", shape,
                     {.initializer = first, .regularizer = a.bias_regularizer, .constraint = a.bias_constraint});
}

Value GatedCell::state_size() const {
  return kind_ == Recurrence::lstm ? Value(List{arguments.units, arguments.units}) : Value(arguments.units);
}
Value GatedCell::initial_state(const Value& batch) {
  return zero_states(kind_ == Recurrence::lstm ? state_size() : Value(List{arguments.units}), batch, compute_dtype());
}

Tensors GatedCell::dropout_masks(const Tensor& like, double rate) {
  Tensors out;
  for (int i = 0; i < (by_gate() ? gates_of(kind_) : 1); ++i) {
    if (!like.shape().known())
      out.push_back(Tensor::spec_only(like.shape(), like.dtype()));
    else
      out.push_back(random::dropout(prim::full(like.shape(), 1, like.dtype()), rate, {}, source_));
  }
  return out;
}

void GatedCell::begin_pass(const Tensor& x, const Value& state, bool training) {
  end_pass();
  if (!training) return;
  in_pass_ = true;
  if (arguments.dropout > 0) masks_ = dropout_masks(x, arguments.dropout);
  const Value h = state.is_sequence() ? state.as_list()[0] : state;
  if (arguments.recurrent_dropout > 0) recurrent_masks_ = dropout_masks(h.as_tensor(), arguments.recurrent_dropout);
}
void GatedCell::end_pass() {
  masks_.clear();
  recurrent_masks_.clear();
  in_pass_ = false;
}

Value GatedCell::dropout_mask(const Tensor& like, bool recurrent) {
  const double rate = recurrent ? arguments.recurrent_dropout : arguments.dropout;
  if (rate <= 0) return {};
  CellMasks& masks = recurrent ? recurrent_masks_ : masks_;
  if (!masks.fit(like)) masks = dropout_masks(like, rate);
  return masks.value();
}

Value GatedCell::call(const List& inputs, const CallContext& context) {
  const size_t states = static_cast<size_t>(states_of(kind_));
  List given;
  if (inputs.size() > 1) given = inputs[1].is_sequence() ? inputs[1].as_list() : List{inputs[1]};
  if (given.size() != states)
    throw ValueError("A ", class_name(), " takes its inputs and a list of ", states, states == 1 ? " state" : " states",
                     ", received ", given.size(), ".");
  const Tensor x = inputs[0].as_tensor(), h = given[0].as_tensor();
  if (context.training && !in_pass_) dropout_mask(x, false), dropout_mask(h, true);
  if (kind_ == Recurrence::simple) {
    Value out = simple_step(x, h, context.training);
    return inputs[1].is_sequence() ? out : Value::tuple({out.as_list()[0], out.as_list()[0]});
  }
  if (kind_ == Recurrence::lstm) return lstm_step(x, h, given[1].as_tensor(), context.training);
  Value out = gru_step(x, h, context.training);
  return inputs[1].is_sequence() ? out : Value::tuple({out.as_list()[0], out.as_list()[0]});
}

namespace {
Tensor columns(const Tensor& t, int64_t from, int64_t to) { return prim::slice_axis(t, t.rank() - 1, from, to); }
Tensor masked(const Tensor& t, const CellMasks& masks, size_t gate) {
  return masks.empty() ? t : ops::multiply(t, masks[masks.size() == 1 ? 0 : gate]);
}
}  // namespace

std::vector<QuantizedWeight> GatedCell::quantized_weights() {
  return {{.name = "kernel", .variable = &kernel_, .shape = kernel_shape_, .shared = {0}, .layout = {1}},
          {.name = "recurrent_kernel",
           .variable = &recurrent_kernel_,
           .shape = recurrent_shape_,
           .shared = {0},
           .layout = {1}}};
}

Tensor GatedCell::by_weight(const Tensor& x, const Variable& weight, size_t index, int64_t from, int64_t to) {
  const bool all = from == 0 && to == recurrent_shape_[1];
  if (quantized())
    return product(x, index, all ? QuantizedProduct::last_axis() : QuantizedProduct::last_axis(std::pair(from, to)),
                   false);
  return ops::matmul(x, all ? weight.value() : columns(weight.value(), from, to));
}
Tensor GatedCell::by_kernel(const Tensor& x, int64_t from, int64_t to) { return by_weight(x, kernel_, 0, from, to); }
Tensor GatedCell::by_recurrent_kernel(const Tensor& h, int64_t from, int64_t to) {
  return by_weight(h, recurrent_kernel_, 1, from, to);
}

Value GatedCell::simple_step(Tensor x, Tensor h, bool training) {
  if (training) x = masked(x, masks_, 0), h = masked(h, recurrent_masks_, 0);
  const int64_t u = arguments.units;
  Tensor z = by_kernel(x, 0, u);
  if (bias_.defined()) z = ops::add(z, bias_.value());
  Tensor y = arguments.activation(ops::add(z, by_recurrent_kernel(h, 0, u)));
  return Value::tuple({y, List{y}});
}

Value GatedCell::lstm_step(const Tensor& x, const Tensor& h, const Tensor& c, bool training) {
  const int64_t u = arguments.units;
  Tensors z;
  if (by_gate()) {
    for (size_t g = 0; g < 4; ++g) {
      const int64_t from = static_cast<int64_t>(g) * u;
      Tensor part = by_kernel(training ? masked(x, masks_, g) : x, from, from + u);
      if (bias_.defined()) part = ops::add(part, columns(bias_.value(), from, from + u));
      z.push_back(ops::add(part, by_recurrent_kernel(training ? masked(h, recurrent_masks_, g) : h, from, from + u)));
    }
  } else {
    Tensor all = ops::add(by_kernel(training ? masked(x, masks_, 0) : x, 0, 4 * u), by_recurrent_kernel(h, 0, 4 * u));
    if (bias_.defined()) all = ops::add(all, bias_.value());
    for (int64_t g = 0; g < 4; ++g) z.push_back(columns(all, g * u, (g + 1) * u));
  }
  const Activation &gate = arguments.recurrent_activation, &activation = arguments.activation;
  Tensor i = gate(z[0]), f = gate(z[1]);
  Tensor fresh = ops::add(ops::multiply(f, c), ops::multiply(i, activation(z[2])));
  Tensor y = ops::multiply(gate(z[3]), activation(fresh));
  return Value::tuple({y, List{y, fresh}});
}

Value GatedCell::gru_step(const Tensor& x, const Tensor& h, bool training) {
  const int64_t u = arguments.units;
  const bool after = arguments.reset_after;
  Tensor input_bias, state_bias;
  if (bias_.defined()) {
    input_bias = after ? prim::squeeze(prim::slice_axis(bias_.value(), 0, 0, 1), 0) : bias_.value();
    if (after) state_bias = prim::squeeze(prim::slice_axis(bias_.value(), 0, 1, 2), 0);
  }
  // The inputs' part of gate g, and the state's, with the bias where there is one.
  auto from_inputs = [&](size_t g) {
    const int64_t at = static_cast<int64_t>(g) * u;
    Tensor z = by_kernel(training ? masked(x, masks_, g) : x, at, at + u);
    return input_bias.defined() ? ops::add(z, columns(input_bias, at, at + u)) : z;
  };
  auto from_state = [&](size_t g, const Tensor& state) {
    const int64_t at = static_cast<int64_t>(g) * u;
    Tensor z = by_recurrent_kernel(state, at, at + u);
    return state_bias.defined() ? ops::add(z, columns(state_bias, at, at + u)) : z;
  };
  auto state_of = [&](size_t g) { return training ? masked(h, recurrent_masks_, g) : h; };
  Tensors in, state;
  if (by_gate()) {
    in = {from_inputs(0), from_inputs(1), from_inputs(2)};
    state = {from_state(0, state_of(0)), from_state(1, state_of(1))};
    if (after) state.push_back(from_state(2, state_of(2)));
  } else {
    Tensor all = by_kernel(training ? masked(x, masks_, 0) : x, 0, 3 * u);
    if (input_bias.defined()) all = ops::add(all, input_bias);
    Tensor inner = by_recurrent_kernel(h, 0, (after ? 3 : 2) * u);
    if (state_bias.defined()) inner = ops::add(inner, state_bias);
    for (int64_t g = 0; g < 3; ++g) in.push_back(columns(all, g * u, (g + 1) * u));
    for (int64_t g = 0; g < (after ? 3 : 2); ++g) state.push_back(columns(inner, g * u, (g + 1) * u));
  }
  const Activation& gate = arguments.recurrent_activation;
  Tensor z = gate(ops::add(in[0], state[0])), r = gate(ops::add(in[1], state[1]));
  Tensor inner = after ? ops::multiply(r, state[2]) : from_state(2, ops::multiply(r, by_gate() ? state_of(2) : h));
  Tensor candidate = arguments.activation(ops::add(in[2], inner));
  Tensor y = ops::add(ops::multiply(z, h), ops::multiply(ops::subtract(1.0, z), candidate));
  return Value::tuple({y, List{y}});
}

namespace {
// The quantizer, if it is one that the primitive knows.
const AbsMaxQuantizer* states_quantizer(const QuantizerRef& quantizer) {
  const auto* own = dynamic_cast<const AbsMaxQuantizer*>(quantizer.pointer().get());
  return own && own->output_dtype() == "int8" ? own : nullptr;
}
}  // namespace

std::string GatedCell::why_by_steps(bool training) const {
  if (overrides(Method::call) || overrides(Method::call_operator)) return "its cell's call is a subclass's.";
  if (!(arguments.activation.serialized() == Value("tanh"))) return "its activation is not tanh.";
  if (kind_ != Recurrence::simple && !(arguments.recurrent_activation.serialized() == Value("sigmoid")))
    return "its recurrent_activation is not sigmoid.";
  if (kind_ == Recurrence::gru && !arguments.reset_after) return "reset_after is False.";
  if (training && arguments.recurrent_dropout != 0) return "it has recurrent dropout.";
  if (training && arguments.dropout != 0 && by_gate())
    return "each of its gates has a dropout mask of its own (implementation 1).";
  if (quantized() && inputs_quantizer() && !states_quantizer(inputs_quantizer()))
    return "its states are quantized otherwise than by an AbsMaxQuantizer to int8.";
  return "";
}

GatedCell::Sequence GatedCell::run(const Tensor& sequences, const Value& states, const Tensor& mask,
                                   RecurrenceOptions options, bool training, bool library_may) {
  // The primitive computes in float32 at least; halves are widened for it.
  const DType given = sequences.dtype(), wide = given == DType::float64 ? given : DType::float32;
  auto widened = [&](const Tensor& t) { return t.dtype() == wide ? t : prim::cast(t, wide); };
  Tensor x = sequences;
  if (training && !masks_.empty()) x = ops::multiply(x, prim::expand_dims(masks_[0], 1));
  const List& state = states.as_list();
  const Tensor h0 = widened(state[0].as_tensor()),
               c0 = kind_ == Recurrence::lstm ? widened(state[1].as_tensor()) : Tensor();
  const int64_t columns = gates_of(kind_) * arguments.units;
  const Tensor bias = bias_.defined()
                          ? widened(bias_.value())
                          : prim::full(kind_ == Recurrence::gru ? Shape{2, columns} : Shape{columns}, 0, wide);
  Tensors out;
  if (library_may && !quantized() && prim::recurrence_library())
    out = prim::recurrent_by_library(kind_, options, widened(x), h0, c0, widened(kernel_.value()),
                                     widened(recurrent_kernel_.value()), bias, mask);
  const bool by_library = !out.empty();
  if (!by_library)  // one product for all steps
    out = recur(widened(by_kernel(x, 0, columns)), h0, c0, bias, mask, options);
  List fresh;
  for (int s = 0; s < states_of(kind_); ++s) fresh.push_back(prim::cast(out[static_cast<size_t>(1 + s)], given));
  return {prim::cast(out[0], given), fresh, by_library};
}

Tensors GatedCell::recur(const Tensor& x, const Tensor& h0, const Tensor& c0, const Tensor& bias, const Tensor& mask,
                         const RecurrenceOptions& options) {
  const auto as_x = [&](const Tensor& t) { return t.dtype() == x.dtype() ? t : prim::cast(t, x.dtype()); };
  if (!quantized() || !inputs_quantizer())
    return prim::recurrent(kind_, options, x, h0, c0,
                           as_x(quantized() ? dequantized_weight(1) : recurrent_kernel_.value()), bias, mask);
  const AbsMaxQuantizerArgs& q = states_quantizer(inputs_quantizer())->args;
  const auto range = value_to<std::vector<int64_t>>(q.value_range);
  const Int8States how{static_cast<double>(range[0]), static_cast<double>(range[1]), q.epsilon};
  const auto [kernel, scale] = integers_and_scale(1);
  return prim::recurrent_int8(kind_, options, how, x, h0, c0, kernel, as_x(scale), bias, mask);
}

LAMINA_LAYER(SimpleRNNCellLayer, "SimpleRNNCell",
             "One step of SimpleRNN: activation(x kernel + h recurrent_kernel + bias).",
             Doc{.call = about::cell_call,
                 .input = about::cell_in,
                 .output = about::cell_out,
                 .source = "Elman, \"Finding Structure in Time\" (1990).",
                 .example = R"py(
>>> layer = keras.layers.RNN(keras.layers.SimpleRNNCell(4))
>>> layer(keras.ops.ones((1, 5, 3))).shape
(1, 4))py"});
LAMINA_LAYER(LSTMCellLayer, "LSTMCell", "One step of LSTM.",
             Doc{.call = about::cell_call,
                 .input = about::cell_in,
                 .output = about::cell_out,
                 .source = "Hochreiter and Schmidhuber, \"Long Short-Term Memory\" (1997).",
                 .example = R"py(
>>> layer = keras.layers.RNN(keras.layers.LSTMCell(4))
>>> layer(keras.ops.ones((1, 5, 3))).shape
(1, 4))py"});
LAMINA_LAYER(GRUCellLayer, "GRUCell", "One step of GRU.",
             Doc{.call = about::cell_call,
                 .input = about::cell_in,
                 .output = about::cell_out,
                 .source = "Cho et al., \"Learning Phrase Representations using RNN Encoder-Decoder\" (2014).",
                 .example = R"py(
>>> layer = keras.layers.RNN(keras.layers.GRUCell(4))
>>> layer(keras.ops.ones((1, 5, 3))).shape
(1, 4))py"});

}  // namespace lamina
