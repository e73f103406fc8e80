// Layers on strings and categories: vocabularies and what adapt() learns.
#include <pybind11/stl.h>

#include "api/data/dataset/text_files.h"
#include "bindings/convert.h"
#include "layers/preprocessing/categories/discretization.h"
#include "layers/preprocessing/categories/encode.h"
#include "layers/preprocessing/text/text_vectorization.h"

namespace lamina::bindings {

namespace {

IndexLookup& lookup_of(Layer& l) {
  if (auto* text = dynamic_cast<TextVectorizationLayer*>(&l)) return text->lookup();
  return dynamic_cast<IndexLookup&>(l);
}

Tensor data_of(py::handle data) {
  const Value v = plain_data(to_value(data));
  if (!v.is_tensor())
    throw TypeError("adapt() learns from arrays, tensors and lists of strings or numbers. Received: ", v.repr(), " (",
                    v.kind_name(), ")");
  return v.as_tensor();
}

// Of a file's values by name, which come as arrays.
Dict tensors_of(py::handle store) {
  Dict out;
  for (py::handle key : py::list(py::reinterpret_borrow<py::object>(store)))
    out.set(py::str(key).cast<std::string>(), value_to<Operand>(to_value(store.attr("__getitem__")(key))).value());
  return out;
}

}  // namespace

void bind_text(py::module_& m) {
  set_trust_query([] {
    py::gil_scoped_acquire gil;
    return !py::module_::import("lamina._core.configs.safe_mode").attr("in_safe_mode")().cast<bool>();
  });
  m.def("read_texts", [](const Dataset& numbers, std::vector<std::string> paths, std::optional<int64_t> most_bytes,
                         int workers) { return read_texts(numbers, std::move(paths), most_bytes, workers); });
  m.def("set_vocabulary", [](Layer& l, py::handle vocabulary, py::handle idf_weights) {
    lookup_of(l).set_vocabulary(to_value(vocabulary), to_value(idf_weights));
  });
  m.def("get_vocabulary",
        [](Layer& l, bool special) { return to_python(Value(lookup_of(l).get_vocabulary(special))); });
  m.def("vocabulary_size", [](Layer& l) { return lookup_of(l).vocabulary_size(); });
  m.def("input_vocabulary", [](Layer& l) { return to_python(lookup_of(l).input_vocabulary()); });
  m.def("idf_weights", [](Layer& l) { return to_python(lookup_of(l).idf_weights()); });
  m.def("reset_learning", [](Layer& l) {
    if (auto* bins = dynamic_cast<DiscretizationLayer*>(&l)) return bins->reset_state();
    lookup_of(l).reset_state();
  });
  m.def("learn", [](Layer& l, py::handle data) {
    const Tensor t = data_of(data);
    py::gil_scoped_release release;
    if (auto* bins = dynamic_cast<DiscretizationLayer*>(&l))
      bins->update_state(t);
    else if (auto* text = dynamic_cast<TextVectorizationLayer*>(&l))
      text->update_state(t);
    else
      lookup_of(l).update_state(t);
  });
  m.def("finish_learning", [](Layer& l) {
    if (auto* bins = dynamic_cast<DiscretizationLayer*>(&l)) return bins->finalize_state();
    lookup_of(l).finalize_state();
  });
  m.def("plain_data", [](py::handle data) { return to_python(data_of(data)); });
  m.def("bin_boundaries", [](Layer& l) { return to_python(dynamic_cast<DiscretizationLayer&>(l).bin_boundaries()); });
  m.def("set_bin_boundaries", [](Layer& l, py::handle boundaries) {
    dynamic_cast<DiscretizationLayer&>(l).set_bin_boundaries(to_value(boundaries));
  });
  m.def("bins_summary", [](Layer& l) {
    const auto& s = dynamic_cast<DiscretizationLayer&>(l).summary();
    std::vector<float> both(s.values.begin(), s.values.end());
    both.insert(both.end(), s.weights.begin(), s.weights.end());
    return array_from_tensor(Tensor::of(both, {2, static_cast<int64_t>(s.values.size())}));
  });
  m.def("save_assets", [](Layer& l, const std::string& folder) { l.save_assets(folder); });
  m.def("load_assets", [](Layer& l, const std::string& folder) { l.load_assets(folder); });
  m.def("named_values", [](Layer& l) { return to_python(Value(l.named_values().value_or(Dict{}))); });
  m.def("load_named_values", [](Layer& l, py::handle store) { l.load_named_values(tensors_of(store)); });
}

}  // namespace lamina::bindings
