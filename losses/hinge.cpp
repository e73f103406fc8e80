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
const auto hinge =
    public_op("losses.hinge", LAMINA_LOSSES "hinge", "mean(max(1 - y_true y_pred, 0)) over the last axis.", hinge_impl,
              {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
              {.returns = about::rows, .example = R"py(
>>> keras.losses.hinge([[1.0, -1.0]], [[0.5, 0.5]])
<Tensor shape=(1,), dtype=float32, values=[1.]>)py"});
LAMINA_PLAIN_LOSS(Hinge, "hinge", hinge, "How far predictions are from the right side of the margin.", {"hinge"},
                  Doc{.example = R"py(
>>> keras.losses.Hinge()(keras.ops.array([[1.0, -1.0]]), keras.ops.array([[0.5, 0.5]]))
<Tensor shape=(), dtype=float32, values=1.0>)py"});

Tensor squared_hinge_impl(const Operand& y_true, const Operand& y_pred) {
  return mean_over(square(margin(y_true, y_pred)));
}
const auto squared_hinge = public_op("losses.squared_hinge", LAMINA_LOSSES "squared_hinge",
                                     "mean(max(1 - y_true y_pred, 0)^2) over the last axis.", squared_hinge_impl,
                                     {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
                                     {.returns = about::rows, .example = R"py(
>>> keras.losses.squared_hinge([[1.0, -1.0]], [[0.5, 0.5]])
<Tensor shape=(1,), dtype=float32, values=[1.25]>)py"});
LAMINA_PLAIN_LOSS(SquaredHinge, "squared_hinge", squared_hinge, "The hinge loss squared.", {"squared_hinge"},
                  Doc{.example = R"py(
>>> keras.losses.SquaredHinge()(keras.ops.array([[1.0, -1.0]]), keras.ops.array([[0.5, 0.5]]))
<Tensor shape=(), dtype=float32, values=1.25>)py"});

Tensor categorical_hinge_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred, false);
  Tensor right = sum(multiply(t, p), {-1}), wrong = reduce(Reduce::max, multiply(rsub(1, t), p), {-1}, false);
  return maximum(add(subtract(wrong, right), 1.0), full({}, 0, p.dtype()));
}
const auto categorical_hinge = public_op("losses.categorical_hinge", LAMINA_LOSSES "categorical_hinge",
                                         "max(best wrong score - right score + 1, 0).", categorical_hinge_impl,
                                         {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
                                         {.returns = about::rows, .example = R"py(
>>> keras.losses.categorical_hinge([[0.0, 1.0]], [[0.4, 0.6]])
<Tensor shape=(1,), dtype=float32, values=[0.79999995]>)py"});
LAMINA_PLAIN_LOSS(CategoricalHinge, "categorical_hinge", categorical_hinge,
                  "How much the right class's score lacks of leading by 1.", {"categorical_hinge"}, Doc{.example = R"py(
>>> keras.losses.CategoricalHinge()(keras.ops.array([[0.0, 1.0]]), keras.ops.array([[0.4, 0.6]]))
<Tensor shape=(), dtype=float32, values=0.79999995>)py"});

}  // namespace
}  // namespace lamina
