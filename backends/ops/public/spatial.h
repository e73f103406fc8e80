#pragma once
// What convolutions and poolings share: data formats, sizes per axis, paddings by name. Layers use it too.
#include "backends/ops/convolution/window.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

using Sizes = std::vector<int64_t>;  // one a spatial axis, or one for all
using DataFormat = std::optional<std::string>;

// None: the global setting. ValueError unless "channels_last" or "channels_first", in any case.
bool channels_last(const DataFormat& data_format);
// `given` for `rank` axes. ValueError naming the argument if it has another length or a value below `least`.
Sizes sizes_for(const Sizes& given, int rank, const char* name, int64_t least = 1);
// In lower case. ValueError unless "valid" or "same".
std::string padding_name(const std::string& given);
// Sliding windows of `sizes` over the spatial axes of a channels-last `shape`; "same" pads so that there are
// ceil(size / stride) of them, with the odd place behind.
Window window_for(const Shape& shape, const Sizes& sizes, const Sizes& strides, const Sizes& dilation,
                  const std::string& padding);

// Channels-first tensors (batch, channels, spatial...) as channels-last ones, and back.
Tensor channels_to_end(const Tensor& x);
Tensor channels_to_front(const Tensor& x);
// The spatial axes of an input with batch and channels. ValueError unless 1 to 3.
int spatial_rank(const Tensor& inputs);

}  // namespace lamina::ops
