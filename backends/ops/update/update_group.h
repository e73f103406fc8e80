#pragma once
#include "backends/ops/update/update.h"

namespace lamina {

// Many updates of small variables in one kernel, each with a rule, a shape and a dtype of its own. Same bits as the
// single ones. Inputs: those of the first update (states, gradient, rate), then those of the second, and so on; outputs
// likewise.
class UpdateGroupOp final : public Primitive {
 public:
  explicit UpdateGroupOp(std::vector<UpdateOp> parts) : parts(std::move(parts)) {}
  std::string_view name() const override { return "UpdateGroup"; }
  void attributes(Attributes& a) const override;
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const std::vector<UpdateOp> parts;
};

}  // namespace lamina
