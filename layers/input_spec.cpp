// What a layer says of its inputs, checked before a call.
#include "layers/layer.h"

namespace lamina {

void Layer::check_input_spec(const List& inputs) const {
  if (input_spec_.empty()) return;
  std::vector<Value> leaves;
  if (!inputs.empty() && inputs[0].is_dict() && !input_spec_[0].name.empty()) {
    for (const InputSpec& spec : input_spec_) {
      const Value* v = inputs[0].as_dict().find(spec.name);
      if (!v && !spec.optional)
        throw ValueError(
            "Missing data for input \"", spec.name, "\". You passed a data dictionary with keys ",
            [&] {
              std::vector<std::string> keys;
              for (const auto& [key, item] : inputs[0].as_dict()) keys.push_back(key);
              return keys;
            }(),
            ".");
      leaves.push_back(v ? *v : Value());
    }
  } else {
    leaves = flatten(Value(inputs.empty() ? Value() : inputs[0]));
  }
  if (leaves.size() != input_spec_.size())
    throw ValueError("Layer \"", name(), "\" expects ", input_spec_.size(), expected_inputs(), ", but it received ",
                     leaves.size(), " input tensors. Inputs received: ", Value(inputs[0]).repr());
  for (size_t i = 0; i < leaves.size() && i < input_spec_.size(); ++i) {
    const InputSpec& spec = input_spec_[i];
    if (!leaves[i].is_tensor()) {
      if (leaves[i].is_none() && spec.optional) continue;
      if (leaves[i].is_none())
        throw ValueError("Input ", i, spec.name.empty() ? "" : text(" ('", spec.name, "')"), " of layer \"", name(),
                         "\" is not optional; received None.");
      throw ValueError("Input ", i, " of layer \"", name(), "\" should be a tensor, received ", leaves[i].repr(), ".");
    }
    const Shape& shape = leaves[i].as_tensor().shape();
    auto fail = [&](const std::string& what) {
      throw ValueError("Input ", i, " of layer \"", name(), "\" is incompatible with the layer: ", what,
                       " Full shape received: ", shape);
    };
    if (spec.ndim && shape.rank() != *spec.ndim && !(spec.allow_last_axis_squeeze && shape.rank() + 1 == *spec.ndim))
      fail(text("expected ndim=", *spec.ndim, ", found ndim=", shape.rank(), "."));
    if (spec.max_ndim && shape.rank() > *spec.max_ndim)
      fail(text("expected max_ndim=", *spec.max_ndim, ", found ndim=", shape.rank(), "."));
    if (spec.min_ndim && shape.rank() < *spec.min_ndim)
      fail(text("expected min_ndim=", *spec.min_ndim, ", found ndim=", shape.rank(), "."));
    if (spec.dtype && leaves[i].as_tensor().dtype() != *spec.dtype)
      fail(text("expected dtype=", *spec.dtype, ", found dtype=", leaves[i].as_tensor().dtype(), "."));
    for (auto [axis, size] : spec.axes) {
      int at = axis < 0 ? axis + shape.rank() : axis;
      if (at < 0 || at >= shape.rank()) continue;
      if (size >= 0 && shape[at] >= 0 && shape[at] != size)
        fail(text("expected axis ", axis, " of input shape to have value ", size, ", but received input with shape ",
                  shape, "."));
    }
    if (spec.shape) {
      auto inner = [&](const Shape& s) {
        return spec.allow_last_axis_squeeze && s.rank() && s.back() == 1 ? s.rank() - 1 : s.rank();
      };
      for (int a = 0; a < std::min(inner(*spec.shape), inner(shape)); ++a)
        if ((*spec.shape)[a] >= 0 && shape[a] >= 0 && (*spec.shape)[a] != shape[a])
          fail(text("expected shape=", *spec.shape, ", found shape=", shape, "."));
    }
  }
}

// " input(s)", or their names where they are a dict.
std::string Layer::expected_inputs() const {
  Value names = named_inputs();
  return names.is_none() ? " input(s)" : text(" named input(s) with keys ", names.repr());
}

}  // namespace lamina
