#pragma once
#include "layers/initializers/random_initializer.h"

namespace lamina {

// How many values go into a unit, and to how many its value goes.
struct Fans {
  int64_t in, out;
};
// Inputs and outputs of one unit of a weight: (in, out) for a matrix; kernels are (sizes..., in, out). Given axes, the
// product of the sizes there.
Fans compute_fans(const Shape& shape, const std::optional<std::vector<int>>& input_axes = {},
                  const std::optional<std::vector<int>>& output_axes = {});

// Which of them the variance is divided by.
enum class FanMode { in, out, average };
// The distribution of the values.
enum class Spread { uniform, truncated_normal, normal };
// Values of variance scale / fan.
Tensor scaled_by_fan(const Shape& shape, const Fans& fans, double scale, FanMode mode, Spread spread,
                     std::optional<DType> dtype, const Value& seed);

}  // namespace lamina
