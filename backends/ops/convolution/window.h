#pragma once
// Windows that slide over the spatial axes of a channels-last tensor (batch, spatial..., channels): what convolution
// and pooling share.
#include "backends/core/shape.h"
#include "backends/core/text.h"

namespace lamina {

// One entry a spatial axis. low and high: places added before and behind (zeros in a convolution, nothing in a
// pooling).
struct Window {
  std::vector<int64_t> strides, low, high, dilation;

  int rank() const { return static_cast<int>(strides.size()); }
  // Places that a window of `size` spans.
  int64_t span(int axis, int64_t size) const { return add_sizes(multiply_sizes(size - 1, dilation[axis]), 1); }
  // How many windows fit; below 1 if none does, kUnknown for an unknown size.
  int64_t outputs(int axis, int64_t input, int64_t size) const {
    if (input < 0) return Shape::kUnknown;
    const int64_t room = add_sizes(input, add_sizes(low[axis], high[axis])) - span(axis, size);
    return room < 0 ? 0 : room / strides[axis] + 1;
  }
  // Places behind the last window that no window reaches.
  int64_t rest(int axis, int64_t input, int64_t size) const {
    return (input + low[axis] + high[axis] - span(axis, size)) % strides[axis];
  }
  // The input's size from the number of windows: the inverse of outputs().
  int64_t inputs(int axis, int64_t outputs, int64_t size, int64_t rest) const {
    return outputs < 0 ? Shape::kUnknown
                       : add_sizes(multiply_sizes(outputs - 1, strides[axis]), span(axis, size)) - low[axis] -
                             high[axis] + rest;
  }
  bool operator==(const Window&) const = default;
};

}  // namespace lamina
