#pragma once
#include "backends/ops/update/update.h"

namespace lamina {

// An update whose gradient is ScatterSum of rows (an embedding's): the sums are made where the update reads them, and a
// gradient of the table's size never goes through memory. The same bits as Update of ScatterSum along axis 0. Inputs:
// the states (n, I...), indices K (int32 or int64), rows (K..., I...), the rate.
class ScatterUpdateOp final : public Primitive {
 public:
  ScatterUpdateOp(UpdateRule rule, UpdateConstants constants) : update(rule, constants) {}
  std::string_view name() const override { return "ScatterUpdate"; }
  void attributes(Attributes& a) const override { update.attributes(a); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const UpdateOp update;
};

}  // namespace lamina
