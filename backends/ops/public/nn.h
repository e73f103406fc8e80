#pragma once
// keras.ops.nn: activations, softmax, encodings and cross entropies. Activations keep the shape and give
// floating point (relu keeps integers).
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// Rectified linear unit: max(x, 0).
Tensor relu(const Operand& x);
// min(max(x, 0), 6).
Tensor relu6(const Operand& x);
// x, times negative_slope where x < 0.
Tensor leaky_relu(const Operand& x, double negative_slope = 0.2);
// The logistic function: 1 / (1 + exp(-x)).
Tensor sigmoid(const Operand& x);
// A sigmoid of three straight lines: clip(x / 6 + 1/2, 0, 1).
Tensor hard_sigmoid(const Operand& x);
// A sigmoid of three straight lines: clip((x + 1) / 2, 0, 1).
Tensor sparse_sigmoid(const Operand& x);
// log(sigmoid(x)), without underflow.
Tensor log_sigmoid(const Operand& x);
// log(1 + exp(x)), a smooth relu.
Tensor softplus(const Operand& x);
// (x + sqrt(x^2 + b)) / 2, a smooth relu.
Tensor squareplus(const Operand& x, double b = 4);
// 0 below -1, (x + 1)^2 / 4 up to 1, x above.
Tensor sparse_plus(const Operand& x);
// x / (1 + |x|).
Tensor softsign(const Operand& x);
// x moved towards 0 by `threshold`, 0 within it.
Tensor soft_shrink(const Operand& x, double threshold = 0.5);
// x where |x| > threshold, else 0.
Tensor hard_shrink(const Operand& x, double threshold = 0.5);
// x - tanh(x).
Tensor tanh_shrink(const Operand& x);
// clip(x, -1, 1).
Tensor hard_tanh(const Operand& x);
// x where x > threshold, else default_value.
Tensor threshold(const Operand& x, double threshold, double default_value);
// x * sigmoid(x), also called swish.
Tensor silu(const Operand& x);
// x * hard_sigmoid(x), also called hard swish.
Tensor hard_silu(const Operand& x);
// x where x > 0, else alpha * (exp(x) - 1) (Clevert et al., 2015).
Tensor elu(const Operand& x, double alpha = 1);
// The scaled elu whose outputs keep mean 0 and variance 1 (Klambauer et al., 2017).
Tensor selu(const Operand& x);
// max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1).
Tensor celu(const Operand& x, double alpha = 1);
// x * P(X <= x) for a standard normal X, exactly or by a tanh (Hendrycks and Gimpel, 2016).
Tensor gelu(const Operand& x, bool approximate = true);
// The first half along `axis` times the sigmoid of the second half.
Tensor glu(const Operand& x, int axis = -1);
Tensor mish(const Operand& x);
// exp(x) / sum(exp(x)) along `axis` (a tuple: over those axes together).
Tensor softmax(const Operand& x, const Axes& axis = std::vector<int>{-1});
// log(softmax(x)) along `axis`, without underflow.
Tensor log_softmax(const Operand& x, const Axes& axis = std::vector<int>{-1});
// A softmax with exact zeros along `axis`: max(x - tau, 0), with tau from the sorted running sums as Keras computes
// it.
Tensor sparsemax(const Operand& x, int axis = -1);

// One axis more, of num_classes, in place `axis`; indices outside 0..num_classes-1 give zeros. dtype None: floatx.
Tensor one_hot(const Operand& x, int64_t num_classes, int axis = -1, const std::optional<DType>& dtype = {});
Tensor multi_hot(const Operand& inputs, int64_t num_classes, int axis = -1, const std::optional<DType>& dtype = {});

// Losses per element (binary) or per row along `axis` (the others). Targets are probabilities, or classes for sparse.
Tensor binary_crossentropy(const Operand& target, const Operand& output, bool from_logits = false);
Tensor categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits = false, int axis = -1);
Tensor sparse_categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits = false,
                                       int axis = -1);

// The peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean((x1 - x2)^2)).
Tensor psnr(const Operand& x1, const Operand& x2, double max_val);
// Moves channels into blocks of pixels: (H, W, C) -> (H b, W b, C / b^2).
Tensor depth_to_space(const Operand& x, int64_t block_size, const std::string& data_format = "channels_last");
// Moves blocks of pixels into channels: (H, W, C) -> (H / b, W / b, C b^2).
Tensor space_to_depth(const Operand& x, int64_t block_size, const std::string& data_format = "channels_last");

}  // namespace lamina::ops

// keras.activations, where they differ from keras.ops.
namespace lamina::activations {

// x above `threshold` (up to max_value), negative_slope * (x - threshold) below.
Tensor relu(const ::lamina::Operand& x, double negative_slope = 0, const std::optional<double>& max_value = {},
            double threshold = 0);
Tensor gelu(const ::lamina::Operand& x, bool approximate = false);
Tensor exponential(const ::lamina::Operand& x);
Tensor linear(const ::lamina::Operand& x);

}  // namespace lamina::activations
