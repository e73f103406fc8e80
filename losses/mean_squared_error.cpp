#include "losses/function_loss.h"

namespace lamina {
namespace {

Tensor mean_squared_error_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred);
  return mean_over(prim::square(prim::subtract(t, p)));
}
const auto mean_squared_error = public_op("losses.mean_squared_error", LAMINA_LOSSES "mean_squared_error",
                                          "mean((y_true - y_pred)^2) over the last axis.", mean_squared_error_impl,
                                          {{"y_true", required, about::y_true}, {"y_pred", required, about::y_pred}},
                                          {.returns = about::rows, .example = R"py(
>>> keras.losses.mean_squared_error([[0.0, 2.0]], [[1.0, 1.0]])
<Tensor shape=(1,), dtype=float32, values=[1.]>)py"});
LAMINA_PLAIN_LOSS(MeanSquaredError, "mean_squared_error", mean_squared_error, "The mean of squared differences.",
                  {"mean_squared_error", "mse", "MSE"}, Doc{.example = R"py(
>>> keras.losses.MeanSquaredError()(keras.ops.array([[0.0, 2.0]]), keras.ops.array([[1.0, 1.0]]))
<Tensor shape=(), dtype=float32, values=1.0>)py"});

}  // namespace
}  // namespace lamina
