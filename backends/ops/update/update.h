#pragma once
// What optimizers do to one variable, in one sweep over its memory. The formulas round after every operation, so the
// bits are those of the same formula written in elementwise primitives, on every instruction set and thread count.
#include <array>

#include "backends/core/primitive.h"

namespace lamina {

// States (outputs in the same order), gradient g, rate r; constants a, b, c:
//   sgd                        w                 w -= g r
//   momentum                   w, m              m = m a - g r; w += m
//   nesterov                   w, m              m = m a - g r; w += m a - g r
//   rmsprop                    w, v              v = v a + g^2 (1 - a); w -= s   with s = g r / sqrt(v + c)
//   rmsprop_momentum           w, v, m           m = m b + s; w -= m
//   rmsprop_centered           w, v, u           u = u a + g (1 - a); v - u^2 in the place of v in s
//   rmsprop_centered_momentum  w, v, m, u        both
//   adam                       w, m, v           m += (g - m) (1 - a); v += (g^2 - v) (1 - b); w -= m r / (sqrt(v) + c)
//   adam_largest               w, m, v, h        h = max(h, v) in the place of v in w's
enum class UpdateRule : uint8_t {
  sgd,
  momentum,
  nesterov,
  rmsprop,
  rmsprop_momentum,
  rmsprop_centered,
  rmsprop_centered_momentum,
  adam,
  adam_largest
};
inline constexpr int kUpdateRules = static_cast<int>(UpdateRule::adam_largest) + 1;
// Of the rule: its name, and how many slots it has per weight.
std::string_view name_of(UpdateRule rule);
int states_of(UpdateRule rule);

using UpdateConstants = std::array<double, 3>;

// Inputs: the states, the gradient (one shape and float dtype), the rate (a scalar of that dtype).
class UpdateOp final : public Primitive {
 public:
  UpdateOp(UpdateRule rule, UpdateConstants constants) : rule(rule), constants(constants) {}
  std::string_view name() const override { return "Update"; }
  void attributes(Attributes& a) const override {
    a("rule", name_of(rule))("a", constants[0])("b", constants[1])("c", constants[2]);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const UpdateRule rule;
  const UpdateConstants constants;
};

// Makes `op` that update unless it is that already; optimizers keep theirs, whose arguments may change.
const Op& keep_update(Op& op, UpdateRule rule, const UpdateConstants& constants);

namespace prim {
// The states' new values.
Tensors update(UpdateRule rule, UpdateConstants constants, const Tensors& states, const Tensor& gradient,
               const Tensor& rate);
}  // namespace prim

}  // namespace lamina
