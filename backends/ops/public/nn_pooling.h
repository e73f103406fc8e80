#pragma once
// keras.ops.nn: poolings of inputs (batch, spatial..., channels), or (batch, channels, spatial...) with data_format
// "channels_first" (None: the global setting), over 1 to 3 spatial axes. Sizes and strides are one for all axes or one
// each; strides None: the sizes. With padding "same" there are ceil(size / stride) windows, whose places outside take
// no part.
#include "backends/ops/public/spatial.h"

namespace lamina::ops {

// The maxima of sliding windows over the spatial axes.
Tensor max_pool(const Operand& inputs, const Sizes& pool_size, const std::optional<Sizes>& strides = {},
                const std::string& padding = "valid", const DataFormat& data_format = {});
// The means of sliding windows over the spatial axes; places outside the input do not count.
Tensor average_pool(const Operand& inputs, const Sizes& pool_size, const std::optional<Sizes>& strides = {},
                    const std::string& padding = "valid", const DataFormat& data_format = {});
// output_size windows per axis: number i of n over a size s is floor(i s / n) .. ceil((i + 1) s / n).
Tensor adaptive_max_pool(const Operand& inputs, const Sizes& output_size, const DataFormat& data_format = {});
Tensor adaptive_average_pool(const Operand& inputs, const Sizes& output_size, const DataFormat& data_format = {});

}  // namespace lamina::ops
