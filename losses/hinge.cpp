// Losses of labels -1 and 1 (0 and 1 are converted), and of one-hot labels.
#include "losses/function_loss.h"

namespace lamina {
namespace {

using namespace prim;

// Labels that are all 0 or 1 become -1 and 1.
Tensor signed_labels(const Tensor& t) {
  Tensor binary_label =
      binary(Binary::logical_or, ops::compare(Binary::equal, t, 0.0), ops::compare(Binary::equal, t, 1.0));
  return where(reduce_all(Reduce::all, binary_label), add(multiply(t, 2), -1.0), t);
}
Tensor margin(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  return maximum(rsub(1, multiply(signed_labels(t), p)), full({}, 0, p.dtype()));
}

Tensor hinge_impl(const Operand& y_true, const Operand& y_pred) { return mean_over(margin(y_true, y_pred)); }
const auto hinge = public_op("losses.hinge", LAMINA_LOSSES "hinge",
                             "mean(max(1 - y_true y_pred, 0)) over the last axis.", hinge_impl, {"y_true", "y_pred"});
LAMINA_PLAIN_LOSS(Hinge, "hinge", hinge, "How far predictions are from the right side of the margin.", {"hinge"});

Tensor squared_hinge_impl(const Operand& y_true, const Operand& y_pred) {
  return mean_over(square(margin(y_true, y_pred)));
}
const auto squared_hinge =
    public_op("losses.squared_hinge", LAMINA_LOSSES "squared_hinge",
              "mean(max(1 - y_true y_pred, 0)^2) over the last axis.", squared_hinge_impl, {"y_true", "y_pred"});
LAMINA_PLAIN_LOSS(SquaredHinge, "squared_hinge", squared_hinge, "The hinge loss squared.", {"squared_hinge"});

Tensor categorical_hinge_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  Tensor right = sum(multiply(t, p), {-1}), wrong = reduce(Reduce::max, multiply(rsub(1, t), p), {-1}, false);
  return maximum(add(subtract(wrong, right), 1.0), full({}, 0, p.dtype()));
}
const auto categorical_hinge =
    public_op("losses.categorical_hinge", LAMINA_LOSSES "categorical_hinge",
              "max(best wrong score - right score + 1, 0).", categorical_hinge_impl, {"y_true", "y_pred"});
LAMINA_PLAIN_LOSS(CategoricalHinge, "categorical_hinge", categorical_hinge,
                  "How much the right class's score lacks of leading by 1.", {"categorical_hinge"});

}  // namespace
}  // namespace lamina
