// Recurrence layers and cells: what Python reads of them beyond their arguments.
#include "backends/ops/public/operand.h"
#include "bindings/convert.h"
#include "layers/rnn/bidirectional.h"
#include "layers/rnn/gated_cell.h"
#include "layers/rnn/rnn.h"

namespace lamina::bindings {

namespace {

template <class T>
T& as(Layer& layer, const char* what) {
  auto* out = dynamic_cast<T*>(&layer);
  if (!out) throw TypeError("The ", layer.describe(), " is no ", what, ".");
  return *out;
}

// The variables of a stateful layer in the structure of its states; None before they are made.
py::object states_of(const RnnLayer& layer) {
  if (layer.states().empty()) return py::none();
  size_t next = 0;
  std::function<py::object(const Value&)> pack = [&](const Value& v) -> py::object {
    if (!v.is_sequence()) return variable_to_python(layer.states()[next++]);
    py::list out;
    for (const Value& item : v.as_list()) out.append(pack(item));
    return out;
  };
  return pack(layer.state_structure());
}

}  // namespace

void bind_recurrence(py::module_& m) {
  // Of a built-in cell, past its Python class: that asks here.
  m.def("cell_state_size", [](Layer& l) { return to_python(as<CellInterface>(l, "cell").state_size()); });
  m.def("cell_output_size", [](Layer& l) { return to_python(as<CellInterface>(l, "cell").output_size()); });
  m.def("cell_initial_state", [](Layer& l, py::handle batch) {
    return to_python(as<CellInterface>(l, "cell").initial_state(to_value(batch)));
  });
  m.def("rnn_cell", [](Layer& l) { return object_to_python(as<RnnLayer>(l, "recurrence layer").cell()); });
  m.def("rnn_use_cudnn", [](Layer& l) { return to_python(as<RnnLayer>(l, "recurrence layer").use_cudnn()); });
  m.def("rnn_state_size", [](Layer& l) {
    Value size = state_size_of(*as<RnnLayer>(l, "recurrence layer").cell());
    return to_python(size.is_sequence() ? size : Value(List{size}));
  });
  m.def("rnn_states", [](Layer& l) { return states_of(as<RnnLayer>(l, "recurrence layer")); });
  m.def("rnn_initial_state", [](Layer& l, py::handle batch) {
    return to_python(as<RnnLayer>(l, "recurrence layer").initial_state(to_value(batch)));
  });
  m.def("rnn_all_steps", [](Layer& l, py::handle sequences, py::handle states, py::handle mask, bool training) {
    auto tensor = [](py::handle h) { return h.is_none() ? Tensor() : value_to<Operand>(to_value(h)).value(); };
    const Value given = map_structure(
        to_value(states), [](const Value& v) -> Value { return v.is_none() ? v : value_to<Operand>(v).value(); });
    auto out = as<RnnLayer>(l, "recurrence layer").all_steps(tensor(sequences), given, tensor(mask), training);
    return py::make_tuple(to_python(out.last), to_python(out.outputs), to_python(out.states));
  });
  m.def("cell_dropout_mask", [](Layer& l, py::handle like, bool recurrent) {
    return to_python(as<CellInterface>(l, "cell").dropout_mask(value_to<Operand>(to_value(like)).value(), recurrent));
  });
  m.def("cell_reset_dropout_mask",
        [](Layer& l, bool recurrent) { as<CellInterface>(l, "cell").reset_dropout_mask(recurrent); });
  m.def("cell_implementation", [](Layer& l) { return as<GatedCell>(l, "gated cell").implementation(); });
  m.def("rnn_reset_state", [](Layer& l) {
    if (auto* both = dynamic_cast<BidirectionalLayer*>(&l))
      both->reset_state();
    else
      as<RnnLayer>(l, "recurrence layer").reset_state();
  });
  m.def("bidirectional_layer", [](Layer& l, bool forward) {
    auto& both = as<BidirectionalLayer>(l, "Bidirectional");
    return object_to_python(forward ? both.forward_layer() : both.backward_layer());
  });
}

}  // namespace lamina::bindings
