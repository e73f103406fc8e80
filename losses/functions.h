#pragma once
// Keras' loss functions: (y_true, y_pred) -> one value a sample (the mean over the last axis). Both tensors have one
// float dtype. They are public ops too, named "losses.mean_squared_error" and so on.
#include "backends/ops/public/operand.h"

namespace lamina::losses {

Tensor mean_squared_error(const Operand& y_true, const Operand& y_pred);
Tensor mean_absolute_error(const Operand& y_true, const Operand& y_pred);
Tensor mean_absolute_percentage_error(const Operand& y_true, const Operand& y_pred);
Tensor mean_squared_logarithmic_error(const Operand& y_true, const Operand& y_pred);
Tensor huber(const Operand& y_true, const Operand& y_pred, double delta = 1);
Tensor log_cosh(const Operand& y_true, const Operand& y_pred);
Tensor poisson(const Operand& y_true, const Operand& y_pred);
Tensor kl_divergence(const Operand& y_true, const Operand& y_pred);
Tensor hinge(const Operand& y_true, const Operand& y_pred);
Tensor squared_hinge(const Operand& y_true, const Operand& y_pred);
Tensor categorical_hinge(const Operand& y_true, const Operand& y_pred);
Tensor cosine_similarity(const Operand& y_true, const Operand& y_pred, const Value& axis = -1);
Tensor binary_crossentropy(const Operand& y_true, const Operand& y_pred, bool from_logits = false, double label_smoothing = 0, int axis = -1);
Tensor categorical_crossentropy(const Operand& y_true, const Operand& y_pred, bool from_logits = false, double label_smoothing = 0, int axis = -1);
Tensor sparse_categorical_crossentropy(const Operand& y_true, const Operand& y_pred, bool from_logits = false, std::optional<int64_t> ignore_class = {}, int axis = -1);

}  // namespace lamina::losses
