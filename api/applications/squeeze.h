#pragma once
// What the two generations of EfficientNet share.
#include "api/applications/architecture.h"

namespace lamina::applications {

// Initializers as configs: of convolutions, and of the layer that classifies.
Dict conv_initializer();
Dict dense_initializer();

// x with each channel scaled by what a small network makes of the channels' averages; `squeezed` filters in its middle.
Tensor squeeze_and_excite(const Tensor& x, int64_t squeezed, const std::string& prefix);
// x plus the block's input; in training the paths of whole samples are dropped at that rate.
Tensor with_shortcut(Tensor x, const Tensor& input, double drop_rate, const std::string& prefix);
// The end of the model: pooling, dropout and classification, or the features.
Tensor efficient_top(Tensor x, const ModelArgs& args, double dropout_rate, Dict classifier);

}  // namespace lamina::applications
