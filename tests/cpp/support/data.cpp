#include "support/data.h"

#include <cmath>

namespace lamina::testing {

Tensor ramp(const Shape& shape, double scale, DType dtype) {
  Tensor out = Tensor::empty(shape, DType::float64);
  for (int64_t i = 0; i < out.size(); ++i)
    out.mutable_data<double>()[i] = std::sin(0.7 * static_cast<double>(i) + 0.3) * scale;
  return prim::cast(out, dtype);
}

}  // namespace lamina::testing
