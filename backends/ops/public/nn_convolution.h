#pragma once
// keras.ops.nn: convolutions. inputs (batch, spatial..., channels), or (batch, channels, spatial...) with data_format
// "channels_first" (None: the global setting), over 1 to 3 spatial axes; strides and dilation rates one for all axes or
// one each; padding "valid" (none) or "same" (ceil(size / stride) places). ValueError where shapes do not fit.
#include "backends/ops/public/spatial.h"

namespace lamina::ops {

// kernel (sizes..., channels / groups, filters) -> (batch, places..., filters).
Tensor conv(const Operand& inputs, const Operand& kernel, const Sizes& strides = {1},
            const std::string& padding = "valid", const DataFormat& data_format = {}, const Sizes& dilation_rate = {1});
// kernel (sizes..., channels, multiplier) -> (batch, places..., channels * multiplier): each channel alone.
Tensor depthwise_conv(const Operand& inputs, const Operand& kernel, const Sizes& strides = {1},
                      const std::string& padding = "valid", const DataFormat& data_format = {},
                      const Sizes& dilation_rate = {1});
// depthwise_conv, then conv by a pointwise kernel (1..., channels * multiplier, filters).
Tensor separable_conv(const Operand& inputs, const Operand& depthwise_kernel, const Operand& pointwise_kernel,
                      const Sizes& strides = {1}, const std::string& padding = "valid",
                      const DataFormat& data_format = {}, const Sizes& dilation_rate = {1});
// kernel (sizes..., filters, channels). A size becomes, with span = (kernel - 1) * dilation + 1:
//   "valid": (size - 1) * stride + max(span, stride), with output_padding p: (size - 1) * stride + span + p
//   "same":  size * stride,                           with output_padding p: (size - 1) * stride + span % 2 + p
Tensor conv_transpose(const Operand& inputs, const Operand& kernel, const Sizes& strides = {1},
                      const std::string& padding = "valid", const std::optional<Sizes>& output_padding = {},
                      const DataFormat& data_format = {}, const Sizes& dilation_rate = {1});

}  // namespace lamina::ops
