#include "serialization/models/cudnn_weights.h"

#include "backends/core/error.h"
#include "backends/ops/primitives.h"

namespace lamina {

namespace {

// Gates lie side by side, each (rows, units).
template <class F>
Tensor by_gates(const Tensor& kernel, int64_t units, F convert) {
  Tensors gates;
  for (int64_t at = 0; at < kernel.shape()[1]; at += units)
    gates.push_back(convert(prim::slice_axis(kernel, 1, at, at + units)));
  return prim::concat(gates, 1);
}

}  // namespace

std::vector<StoredForm> stored_forms(const std::vector<Shape>& expected, const std::vector<Shape>& stored) {
  using Kind = StoredForm::Kind;
  std::vector<StoredForm> out(expected.size());
  if (expected.size() != stored.size()) return out;
  for (size_t i = 0; i + 2 < expected.size(); ++i) {
    const Shape &kernel = expected[i], &recurrent = expected[i + 1], &bias = expected[i + 2];
    if (kernel.rank() != 2 || recurrent.rank() != 2 || stored[i] != kernel || stored[i + 1] != recurrent ||
        kernel[1] != recurrent[1])
      continue;
    int64_t units = recurrent[0];
    bool lstm = recurrent[1] == 4 * units && bias == Shape{4 * units} && stored[i + 2] == Shape{8 * units};
    bool gru = recurrent[1] == 3 * units && stored[i + 2] == Shape{6 * units};
    if (gru && bias == Shape{3 * units})
      throw ValueError("The stored weights are those of a CuDNNGRU (a bias of ", 6 * units, " numbers for ", units,
                       " units). A GRU with reset_after=False computes something else and cannot take them: make the "
                       "layer with reset_after=True.");
    if (!lstm && !(gru && bias == Shape{2, 3 * units})) continue;
    out[i] = {Kind::cudnn_kernel, units};
    out[i + 1] = {Kind::cudnn_recurrent_kernel, units};
    out[i + 2] = {lstm ? Kind::cudnn_lstm_bias : Kind::cudnn_gru_bias, units};
    i += 2;
  }
  return out;
}

Tensor from_stored(const Tensor& stored, const StoredForm& form) {
  using Kind = StoredForm::Kind;
  switch (form.kind) {
    case Kind::cudnn_kernel:  // the numbers in the memory of a gate's (rows, units) are those of its transpose
      return by_gates(stored, form.units, [](const Tensor& gate) {
        return prim::transpose(prim::reshape(gate, {gate.shape()[1], gate.shape()[0]}), {1, 0});
      });
    case Kind::cudnn_recurrent_kernel:
      return by_gates(stored, form.units, [](const Tensor& gate) { return prim::transpose(gate, {1, 0}); });
    case Kind::cudnn_lstm_bias:
      return prim::add(prim::slice_axis(stored, 0, 0, 4 * form.units),
                       prim::slice_axis(stored, 0, 4 * form.units, 8 * form.units));
    case Kind::cudnn_gru_bias: return prim::reshape(stored, {2, 3 * form.units});
    default: return stored;
  }
}

}  // namespace lamina
