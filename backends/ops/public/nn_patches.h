#pragma once
// keras.ops.unfold and fold: blocks of images as columns, and back.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// x (batch, channels, height, width) -> (batch, channels * block, blocks). Sizes are one number, or two.
Tensor unfold(const Operand& x, const std::vector<int64_t>& kernel_size, const std::vector<int64_t>& dilation = {1},
              const std::vector<int64_t>& padding = {0}, const std::vector<int64_t>& stride = {1});
// The sums of the blocks where they overlap: (batch, channels, *output_size).
Tensor fold(const Operand& x, const std::vector<int64_t>& output_size, const std::vector<int64_t>& kernel_size,
            const std::vector<int64_t>& dilation = {1}, const std::vector<int64_t>& padding = {0},
            const std::vector<int64_t>& stride = {1});

}  // namespace lamina::ops
