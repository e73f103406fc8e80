#pragma once
// Einstein summation, lowered to diagonals, sums, transposes, reshapes and one matrix product a pair of operands.
#include "backends/core/tensor.h"

namespace lamina::prim {

// Operands have one dtype. "ij,jk->ik", "...ij,...jk", implicit outputs in alphabetical order. ValueError naming the
// subscripts where they do not fit the shapes. A size of 1 broadcasts.
Tensor einsum(const std::string& subscripts, const Tensors& operands);

}  // namespace lamina::prim
