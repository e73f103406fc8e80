#pragma once
// keras.ops.rearrange: axes by names, as einops has them.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// The axes of x split, put into another order and joined: "b (h p) w -> b h (p w)". Names in parentheses are one axis;
// `axes_lengths` has the lengths of named axes, of those in parentheses all but one. ValueError for a pattern that does
// not fit x, or lengths that do not fit the pattern.
Tensor rearrange(const Operand& x, const std::string& pattern, const Dict& axes_lengths = {});

}  // namespace lamina::ops
