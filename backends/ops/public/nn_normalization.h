#pragma once
// keras.ops.nn: moments and normalisations. Half types compute in float32.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

struct Moments {
  Tensor mean, variance;
};
// The mean and the variance over `axes`.
Moments moments(const Operand& x, const std::vector<int>& axes, bool keepdims = false, bool synchronized = false);
// With vectors along `axis`.
Tensor batch_normalization(const Operand& x, const Operand& mean, const Operand& variance, int axis,
                           const std::optional<Operand>& offset = {}, const std::optional<Operand>& scale = {},
                           double epsilon = 1e-3);
// epsilon None: the global one. gamma and beta have the sizes of `axis`, or broadcast against x.
Tensor layer_normalization(const Operand& x, const std::optional<Operand>& gamma = {},
                           const std::optional<Operand>& beta = {}, const std::vector<int>& axis = {-1},
                           const std::optional<double>& epsilon = {}, bool rms_scaling = false);
Tensor rms_normalization(const Operand& x, const std::optional<Operand>& scale = {},
                         const std::vector<int>& axis = {-1}, const std::optional<double>& epsilon = {});
Tensor normalize(const Operand& x, const std::vector<int>& axis = {-1}, int order = 2,
                 const std::optional<double>& epsilon = {});

}  // namespace lamina::ops
