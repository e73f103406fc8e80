#pragma once
#include "backends/core/kernel.h"
#include "backends/ops/epilogue/epilogue.h"

namespace lamina {

// A bound kernel of a product or a convolution on the CPU, then one pass over its result.
BoundKernel then_epilogue(BoundKernel plain, const Epilogue& epilogue, const Shape& result);

}  // namespace lamina
