#pragma once
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

// The masks of a list of inputs, None where there is none. ValueError if they do not fit the inputs.
inline const List& masks_of(const Value& inputs, const Value& mask) {
  if (!mask.is_sequence()) throw ValueError("`mask` should be a list. Received: mask=", mask.repr());
  if (!inputs.is_sequence()) throw ValueError("`inputs` should be a list. Received: inputs=", inputs.repr());
  if (mask.as_list().size() != inputs.as_list().size())
    throw ValueError("The lists `inputs` and `mask` should have the same length. Received: inputs=", inputs.repr(),
                     " of length ", inputs.as_list().size(), ", and mask=", mask.repr(), " of length ",
                     mask.as_list().size());
  return mask.as_list();
}

// A mask as bools, by a public op: of a symbolic tensor it is recorded.
inline Tensor bool_mask(const Tensor& mask) {
  return mask.dtype() == DType::boolean ? mask : ops::cast(mask, DType::boolean);
}

}  // namespace lamina
