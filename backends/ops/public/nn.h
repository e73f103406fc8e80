#pragma once
// keras.ops.nn: activations, softmax, encodings and cross entropies. Activations keep the shape and give
// floating point (relu keeps integers).
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor relu(const Operand& x);
Tensor relu6(const Operand& x);
Tensor leaky_relu(const Operand& x, double negative_slope = 0.2);
Tensor sigmoid(const Operand& x);
Tensor hard_sigmoid(const Operand& x);
Tensor sparse_sigmoid(const Operand& x);
Tensor log_sigmoid(const Operand& x);
Tensor softplus(const Operand& x);
Tensor squareplus(const Operand& x, double b = 4);
Tensor sparse_plus(const Operand& x);
Tensor softsign(const Operand& x);
Tensor soft_shrink(const Operand& x, double threshold = 0.5);
Tensor hard_shrink(const Operand& x, double threshold = 0.5);
Tensor tanh_shrink(const Operand& x);
Tensor hard_tanh(const Operand& x);
Tensor threshold(const Operand& x, double threshold, double default_value);
Tensor silu(const Operand& x);
Tensor hard_silu(const Operand& x);
Tensor elu(const Operand& x, double alpha = 1);
Tensor selu(const Operand& x);
Tensor celu(const Operand& x, double alpha = 1);
Tensor gelu(const Operand& x, bool approximate = true);
Tensor glu(const Operand& x, int axis = -1);
Tensor mish(const Operand& x);
Tensor softmax(const Operand& x, const Axes& axis = std::vector<int>{-1});
Tensor log_softmax(const Operand& x, const Axes& axis = std::vector<int>{-1});
Tensor sparsemax(const Operand& x, int axis = -1);

// One axis more, of num_classes, in place `axis`; indices outside 0..num_classes-1 give zeros. dtype None: floatx.
Tensor one_hot(const Operand& x, int64_t num_classes, int axis = -1, const std::optional<DType>& dtype = {});
Tensor multi_hot(const Operand& inputs, int64_t num_classes, int axis = -1, const std::optional<DType>& dtype = {});

// Losses per element (binary) or per row along `axis` (the others). Targets are probabilities, or classes for sparse.
Tensor binary_crossentropy(const Operand& target, const Operand& output, bool from_logits = false);
Tensor categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits = false, int axis = -1);
Tensor sparse_categorical_crossentropy(const Operand& target, const Operand& output, bool from_logits = false,
                                       int axis = -1);

Tensor psnr(const Operand& x1, const Operand& x2, double max_val);
Tensor depth_to_space(const Operand& x, int64_t block_size, const std::string& data_format = "channels_last");
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
