#include "layers/rnn/stacked_rnn_cells.h"

#include "backends/ops/primitives.h"

namespace lamina {

StackedRNNCellsLayer::StackedRNNCellsLayer(StackedRNNCellsArgs a, LayerArgs base)
    : LayerWith(std::move(a), std::move(base)) {
  if (!args.cells.is_sequence() || args.cells.as_list().empty())
    throw ValueError("`cells` must be a list of at least one cell. Received: cells=", args.cells.repr());
  List kept;
  for (const Value& v : args.cells.as_list()) {
    Value given = is_serialized_object(v) ? Value(get_object(v, "")) : v;
    LayerPtr cell = given.object_as<Layer>();
    if (!cell)
      throw ValueError("All cells must have a `call` method. Received cell without a `call` method: ", v.repr());
    if (!is_cell(*cell))
      throw ValueError("All cells must have a `state_size` attribute. Received cell without a `state_size`: ",
                       cell->repr());
    cells_.push_back(cell);
    kept.push_back(Value(cell));
  }
  args.cells = Value(kept);
  track("cells", args.cells);
}

Dict StackedRNNCellsLayer::get_config() const {
  Dict config = Layer::get_config();
  List cells;
  for (const LayerPtr& cell : cells_) cells.push_back(serialize_object(cell));
  config.set("cells", cells);
  return config;
}

void StackedRNNCellsLayer::build(const BuildShapes& shapes) {
  Shape x = shapes.first().as_shape();
  for (const LayerPtr& cell : cells_) {
    cell->build_from(BuildShapes(Dict{{cell->user_class ? "inputs" : cell->call_arguments()[0], Value(x)}}));
    x = Shape{x[0], output_size_of(*cell)};
  }
}

Value StackedRNNCellsLayer::state_size() const {
  List out;
  for (const LayerPtr& cell : cells_) out.push_back(state_size_of(*cell));
  return out;
}
Value StackedRNNCellsLayer::output_size() const { return output_size_of(*cells_.back()); }

Value StackedRNNCellsLayer::initial_state(const Value& batch) {
  List out;
  for (const LayerPtr& cell : cells_) {
    Value state = initial_state_of(*cell, batch, compute_dtype());
    out.push_back(state);
  }
  return out;
}

Value StackedRNNCellsLayer::call(const List& inputs, const CallContext& context) {
  if (inputs.size() < 2 || !inputs[1].is_sequence() || inputs[1].as_list().size() != cells_.size())
    throw ValueError("StackedRNNCells takes a state for each of its ", cells_.size(), " cells, received ",
                     inputs.size() < 2 ? "none" : inputs[1].repr(), ".");
  Tensor x = inputs[0].as_tensor();
  List fresh;
  for (size_t i = 0; i < cells_.size(); ++i) {
    const Value& given = inputs[1].as_list()[i];
    CellStep step = step_of(*cells_[i], x, given.is_sequence() ? given : Value(List{given}), context.training);
    x = step.output;
    fresh.push_back(given.is_sequence() ? step.states : step.states.as_list()[0]);
  }
  return Value::tuple({x, fresh.size() == 1 && !inputs[1].as_list()[0].is_sequence() ? fresh[0] : Value(fresh)});
}

void StackedRNNCellsLayer::begin_pass(const Tensor& x, const Value& state, bool training) {
  Tensor input = x;
  for (size_t i = 0; i < cells_.size() && i < state.as_list().size(); ++i) {
    const Value& own = state.as_list()[i];
    if (auto* cell = dynamic_cast<CellInterface*>(cells_[i].get())) cell->begin_pass(input, own, training);
    input = prim::full({x.shape()[0], output_size_of(*cells_[i])}, 0, x.dtype());  // only its shape matters
  }
}
void StackedRNNCellsLayer::end_pass() {
  for (const LayerPtr& c : cells_)
    if (auto* cell = dynamic_cast<CellInterface*>(c.get())) cell->end_pass();
}

LAMINA_LAYER(StackedRNNCellsLayer, "StackedRNNCells", "Several cells as one: each takes the output of the one before.",
             Doc{.call = about::cell_call,
                 .input = about::cell_in,
                 .output = "The output of the last cell, and the states of all.",
                 .raises = "ValueError: if a cell has no `state_size` or no call().",
                 .example = R"py(
>>> cells = keras.layers.StackedRNNCells([keras.layers.GRUCell(4), keras.layers.GRUCell(2)])
>>> keras.layers.RNN(cells)(keras.ops.ones((1, 5, 3))).shape
(1, 2))py"});

}  // namespace lamina
