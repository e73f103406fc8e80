#pragma once
#include "backends/ops/primitives.h"

namespace lamina::testing {

// Values without pattern or ties, in [-scale, scale]; the same for every run.
Tensor ramp(const Shape& shape, double scale = 1, DType dtype = DType::float32);

}  // namespace lamina::testing
