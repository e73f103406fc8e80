#include "losses/function_loss.h"

namespace lamina {
namespace {

Tensor mean_squared_error_impl(const Operand& y_true, const Operand& y_pred) {
  auto [t, p] = loss_pair(y_true, y_pred);
  return mean_over(prim::square(prim::subtract(t, p)));
}
const auto mean_squared_error =
    public_op("losses.mean_squared_error", LAMINA_LOSSES "mean_squared_error",
              "mean((y_true - y_pred)^2) over the last axis.", mean_squared_error_impl, {"y_true", "y_pred"});
LAMINA_PLAIN_LOSS(MeanSquaredError, "mean_squared_error", mean_squared_error, "The mean of squared differences.",
                  {"mean_squared_error", "mse", "MSE"});

}  // namespace
}  // namespace lamina
