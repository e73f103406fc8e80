#include "layers/rnn/cell.h"

#include "backends/core/engine.h"
#include "backends/ops/primitives.h"
#include "layers/rnn/stacked_rnn_cells.h"

namespace lamina {

namespace {

const CellInterface* built_in(const Layer& layer) { return dynamic_cast<const CellInterface*>(&layer); }

}  // namespace

Value state_size_of(const Layer& cell) {
  Value size;
  if (cell.user_class)
    size = cell.user_class->call(Method::state_size, {}, {});  // None where the user's class says nothing
  if (size.is_none())
    if (auto* c = built_in(cell)) size = c->state_size();
  if (size.is_none())
    throw ValueError(
        "The RNN cell should have a `state_size` attribute (single integer or list of integers, one integer per RNN "
        "state). Received: cell=",
        cell.repr());
  if (!size.is_int() && !size.is_sequence())
    throw ValueError(
        "state_size must be an integer, or a list/tuple of integers (one for each state tensor). Received: ",
        size.repr(), " of ", cell.describe(), ".");
  return size;
}

int64_t output_size_of(const Layer& cell) {
  Value size;
  if (cell.user_class) size = cell.user_class->call(Method::output_size, {}, {});
  if (size.is_none())
    if (auto* c = built_in(cell)) size = c->output_size();
  if (size.is_none()) {
    size = state_size_of(cell);
    while (size.is_sequence() && !size.as_list().empty()) size = Value(size.as_list()[0]);
  }
  if (!size.is_int())
    throw ValueError("output_size must be an integer. Received: ", size.repr(), " of ", cell.describe(), ".");
  return size.as_int();
}

Value zero_states(const Value& state_size, const Value& batch, DType dtype) {
  if (state_size.is_sequence()) {
    List out;
    for (const Value& s : state_size.as_list()) out.push_back(zero_states(s, batch, dtype));
    return out;
  }
  return prim::full({batch.is_none() ? Shape::kUnknown : batch.as_int(), state_size.as_int()}, 0, dtype);
}

Value initial_state_of(Layer& cell, const Value& batch, DType dtype) {
  Value out;
  if (cell.user_class) out = cell.user_class->call(Method::initial_state, {batch}, {});
  if (out.is_none())
    if (auto* c = dynamic_cast<CellInterface*>(&cell)) out = c->initial_state(batch);
  if (out.is_none()) out = zero_states(state_size_of(cell), batch, dtype);
  if (out.is_tuple()) out = Value(List(out.as_list()));
  return out.is_sequence() ? out : Value(List{out});
}

bool is_cell(const Layer& layer) {
  if (built_in(layer)) return true;
  return layer.user_class && layer.overrides(Method::call) &&
         !layer.user_class->call(Method::state_size, {}, {}).is_none();
}

void require_cell(const Layer& layer, const char* argument) {
  if (is_cell(layer)) return;
  if (!layer.user_class || !layer.overrides(Method::call) ||
      layer.user_class->call(Method::state_size, {}, {}).is_none())
    throw ValueError(
        "The RNN cell should have a `state_size` attribute (single integer or list of integers, one integer per RNN "
        "state). Received: ",
        argument, "=", layer.repr());
}

CellStep step_of(Layer& cell, const Tensor& x, const Value& states, bool training) {
  Dict kwargs;
  if (cell.accepts_training()) kwargs.set("training", training);
  Value out = cell.invoke({x, states}, std::move(kwargs));
  if (!out.is_sequence() || out.as_list().size() != 2 || !out.as_list()[0].is_tensor())
    throw ValueError("A cell's call must return (output, states); that of ", cell.describe(), " returned ", out.repr(),
                     ".");
  Value fresh = out.as_list()[1];
  return {out.as_list()[0].as_tensor(), fresh.is_sequence() || fresh.is_dict() ? fresh : Value(List{fresh})};
}

LayerPtr cell_from(const Value& v, const char* owner) {
  if (v.is_sequence())
    return std::make_shared<StackedRNNCellsLayer>(StackedRNNCellsArgs{v},
                                                  LayerArgs{.name = auto_name("stacked_rnn_cells")});
  Value given = is_serialized_object(v) ? Value(get_object(v, "")) : v;
  LayerPtr cell = given.object_as<Layer>();
  if (!cell)
    throw ValueError(
        "Argument `cell` of ", owner,
        " should be a layer with a `call` method and a `state_size`, or a list of such. Received: cell=", v.repr());
  require_cell(*cell, "cell");
  return cell;
}

namespace {
class UnitForgetBias final : public Initializer {
 public:
  UnitForgetBias(InitializerRef rest, int64_t units) : rest_(std::move(rest)), units_(units) {}
  std::string class_name() const override { return "UnitForgetBias"; }
  Tensor operator()(const Shape&, std::optional<DType> dtype) const override {
    Tensor first = (*rest_)({units_}, dtype), last = (*rest_)({2 * units_}, dtype);
    return prim::concat({first, prim::full({units_}, 1, first.dtype()), last}, 0);
  }

 private:
  InitializerRef rest_;
  int64_t units_;
};
}  // namespace

InitializerRef unit_forget_bias(InitializerRef rest, int64_t units) {
  return InitializerRef(std::make_shared<UnitForgetBias>(std::move(rest), units));
}

bool CellMasks::fit(const Tensor& like) const {
  if (masks_.empty() || masks_[0].shape() != like.shape()) return false;
  return !masks_[0].traced() || (current_trace() && trace_reaches(*current_trace(), masks_[0].node()->trace));
}

CellPass::CellPass(Layer& cell, const Tensor& x, const Value& state, bool training)
    : cell_(dynamic_cast<CellInterface*>(&cell)) {
  if (cell_) cell_->begin_pass(x, state, training);
}
CellPass::~CellPass() {
  if (cell_) cell_->end_pass();
}

}  // namespace lamina
