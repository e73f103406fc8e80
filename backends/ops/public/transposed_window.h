#pragma once
#include "backends/ops/public/spatial.h"

namespace lamina::ops {

// Where the windows of a transposed convolution are: those of the convolution whose gradient it is, the places behind
// the last of them (ConvolutionInputGradOp), and places behind these that no window reaches.
struct TransposedWindow {
  Window window;
  Sizes rest, behind;
};
// `output_padding` as Keras' transposed convolutions take it; `padding` "valid" or "same".
TransposedWindow transposed_window(const Sizes& sizes, const Sizes& strides, const std::string& padding,
                                   const std::optional<Sizes>& output_padding, const Sizes& dilation);
// y with those last places, which are zero.
Tensor with_places_behind(const Tensor& y, const TransposedWindow& window);

}  // namespace lamina::ops
