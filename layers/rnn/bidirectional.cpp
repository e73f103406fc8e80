#include "layers/rnn/bidirectional.h"
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"

namespace lamina {

void BidirectionalArgs::fields(Fields& f) {
  f("layer", layer, "A recurrence layer; a fresh one like it goes forwards.").required();
  f("merge_mode", merge_mode, "How the two outputs become one: 'sum', 'mul', 'ave', 'concat', or None for both.");
  f("weights", weights, "Not used; must be None.").hidden();
  f("backward_layer", backward_layer, "The layer that goes backwards; without it one like `layer`.");
}

namespace {

// A layer like the given one, under a name with this prefix.
LayerPtr copy_of(const LayerPtr& layer, const std::string& prefix, bool backwards) {
  Value config = serialize_object(layer);
  Dict& inner = config.as_dict()["config"].as_dict();
  const std::string name = layer->name();
  inner.set("name", prefix + (name.starts_with(prefix) ? name.substr(prefix.size()) : name));
  if (backwards) inner.set("go_backwards", true);
  config.as_dict().erase("build_config");
  return std::dynamic_pointer_cast<Layer>(get_object(config, ""));
}

}  // namespace

BidirectionalLayer::BidirectionalLayer(BidirectionalArgs a, LayerArgs base) : LayerWith(std::move(a), std::move(base)) {
  auto layer_from = [](const Value& v) {
    return (is_serialized_object(v) ? Value(get_object(v, "")) : v).object_as<Layer>();
  };
  LayerPtr layer = layer_from(args.layer);
  if (!layer)
    throw ValueError("Please initialize `Bidirectional` layer with a `keras.layers.Layer` instance. Received: ",
                     args.layer.repr());
  LayerPtr backward = args.backward_layer.is_none() ? nullptr : layer_from(args.backward_layer);
  if (!args.backward_layer.is_none() && !backward)
    throw ValueError("`backward_layer` need to be a `keras.layers.Layer` instance. Received: ",
                     args.backward_layer.repr());
  if (args.merge_mode && *args.merge_mode != "sum" && *args.merge_mode != "mul" && *args.merge_mode != "ave" &&
      *args.merge_mode != "concat")
    throw ValueError("Invalid merge mode. Received: ", *args.merge_mode,
                     ". Merge mode should be one of {\"sum\", \"mul\", \"ave\", \"concat\", None}");
  if (layer->name().empty()) layer->set_name(auto_name(snake_case(layer->class_name())));
  forward_ = std::dynamic_pointer_cast<RnnLayer>(copy_of(layer, "forward_", false));
  backward_ = std::dynamic_pointer_cast<RnnLayer>(backward ? backward : copy_of(layer, "backward_", true));
  if (!forward_ || !backward_)
    throw ValueError(
        "Bidirectional takes recurrence layers (RNN, LSTM, GRU, SimpleRNN and what derives from them). Received: ",
        (forward_ ? backward : layer)->repr());
  if (auto* given = dynamic_cast<RnnLayer*>(layer.get());
      given && !given->use_cudnn().is_none())  // which configurations do not hold
    for (RnnLayer* one : {forward_.get(), backward_.get()}) one->set_argument("use_cudnn", given->use_cudnn());
  const RnnFlags &f = forward_->flags(), &b = backward_->flags();
  auto shown = [](bool v) { return v ? "True" : "False"; };
  if (f.go_backwards == b.go_backwards)
    throw ValueError(
        "Forward layer and backward layer should have different `go_backwards` value. Received: "
        "forward_layer.go_backwards ",
        shown(f.go_backwards), ", backward_layer.go_backwards=", shown(b.go_backwards));
  auto same = [&](const char* name, bool x, bool y) {
    if (x != y)
      throw ValueError("Forward layer and backward layer are expected to have the same value for attribute \"", name,
                       "\", got \"", shown(x), "\" for forward layer and \"", shown(y), "\" for backward layer");
  };
  same("stateful", f.stateful, b.stateful);
  same("return_sequences", f.return_sequences, b.return_sequences);
  same("return_state", f.return_state, b.return_state);
  // Steps that are masked must not show the state of a neighbour once the two directions are put side by side.
  forward_->flags().zero_output_for_mask = f.return_sequences;
  backward_->flags().zero_output_for_mask = b.return_sequences;
  supports_masking_ = true;
  input_spec_ = layer->input_spec();
  track("forward_layer", Value(forward_));
  track("backward_layer", Value(backward_));
}

Dict BidirectionalLayer::get_config() const {
  Dict config = Layer::get_config();
  config.set("merge_mode", to_value(args.merge_mode));
  config.set("layer", serialize_object(forward_));
  config.set("backward_layer", serialize_object(backward_));
  return config;
}

void BidirectionalLayer::build(const BuildShapes& shapes) {
  BuildShapes sequences(Dict{{"sequences", shapes.first()}});
  forward_->build_from(sequences);
  backward_->build_from(sequences);
}

Value BidirectionalLayer::call(const List& inputs, const CallContext& context) {
  Dict kwargs;
  if (forward_->accepts_training()) kwargs.set("training", context.training);
  if (!context.mask.is_none()) kwargs.set("mask", context.mask);
  List forward{inputs[0]}, backward{inputs[0]};
  if (inputs.size() > 1 && !inputs[1].is_none()) {
    const List& states = inputs[1].as_list();
    const auto half = states.begin() + static_cast<long>(states.size() / 2);
    forward.push_back(Value(List(states.begin(), half)));
    backward.push_back(Value(List(half, states.end())));
  }
  Value y = forward_->invoke(forward, kwargs), back = backward_->invoke(backward, kwargs);
  List states;
  if (forward_->flags().return_state) {
    const List all = y.as_list(), other = back.as_list();
    states.assign(all.begin() + 1, all.end());
    states.insert(states.end(), other.begin() + 1, other.end());
    y = Value(all[0]), back = Value(other[0]);
  }
  // Fresh nodes: the masks of the parts are not the whole's.
  auto plain = [&](const Value& v) { return prim::cast(v.as_tensor(), compute_dtype()); };
  Tensor a = plain(y), b = plain(back);
  if (forward_->flags().return_sequences) b = prim::reverse(b, {1});
  List out;
  if (!args.merge_mode)
    out = {a, b};
  else if (*args.merge_mode == "concat")
    out = {prim::concat({a, b}, a.rank() - 1)};
  else if (*args.merge_mode == "sum")
    out = {prim::add(a, b)};
  else if (*args.merge_mode == "ave")
    out = {prim::multiply(prim::add(a, b), 0.5)};
  else
    out = {prim::multiply(a, b)};
  if (args.merge_mode && states.empty()) return out[0];
  out.insert(out.end(), states.begin(), states.end());
  return Value::tuple(std::move(out));
}

Value BidirectionalLayer::compute_mask(const Value&, const Value& mask) {
  Value first;
  for (const Value& m : flatten(mask))
    if (first.is_none()) first = m;
  const Value out = forward_->flags().return_sequences ? first : Value();
  return args.merge_mode ? out : Value::tuple({out, out});
}

Value BidirectionalLayer::compute_output_shape(const BuildShapes& shapes) {
  Value all = forward_->compute_output_shape(BuildShapes(Dict{{"sequences", shapes.first()}}));
  const bool states = forward_->flags().return_state;
  Shape output = (states ? all.as_list()[0] : all).as_shape();
  if (args.merge_mode && *args.merge_mode == "concat") output[output.rank() - 1] *= 2;
  List out{Value(output)};
  if (!args.merge_mode) out.push_back(Value(output));
  if (states)
    for (int pass = 0; pass < 2; ++pass) out.insert(out.end(), all.as_list().begin() + 1, all.as_list().end());
  return out.size() == 1 ? out[0] : Value::tuple(std::move(out));
}

void BidirectionalLayer::reset_state() {
  if (!forward_->flags().stateful) throw Error(ErrorKind::attribute, "Layer must be stateful.");
  forward_->reset_state();
  backward_->reset_state();
}

LAMINA_LAYER(
    BidirectionalLayer, "Bidirectional", "A recurrence layer in both directions.",
    Doc{.call = about::recurrent_call,
        .input = about::recurrent_in,
        .output = "The outputs of both directions merged as `merge_mode` says: \"concat\" doubles the last axis.",
        .raises = "ValueError: if `merge_mode` is unknown.\nTypeError: if the layer is not recurrent.",
        .source = "Schuster and Paliwal, \"Bidirectional Recurrent Neural Networks\" (1997).",
        .example = R"py(
>>> keras.layers.Bidirectional(keras.layers.LSTM(4))(keras.ops.ones((1, 5, 3))).shape
(1, 8))py"});

}  // namespace lamina
