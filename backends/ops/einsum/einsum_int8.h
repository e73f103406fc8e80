#pragma once
#include "backends/ops/einsum/einsum.h"

namespace lamina::prim {

// einsum() whose sums of products of int8 are int32, as is the result of int8 operands. Other dtypes stay as they are.
Tensor einsum_widened(const std::string& subscripts, const Tensors& operands);

}  // namespace lamina::prim
