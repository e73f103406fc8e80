#pragma once
#include <vector>

#include "backends/core/tensor.h"

namespace lamina {

// How a stored weight becomes a variable's value. Keras 2's CuDNNLSTM and CuDNNGRU kept theirs in cuDNN's layout: each
// gate's kernels transposed, and two biases where an LSTM has their sum.
struct StoredForm {
  enum class Kind { same, cudnn_kernel, cudnn_recurrent_kernel, cudnn_lstm_bias, cudnn_gru_bias } kind = Kind::same;
  int64_t units = 0;  // of one gate
};

// For the weights of a layer in their order: which of them a CuDNNLSTM or CuDNNGRU stored while the layer here is an
// LSTM, or a GRU with reset_after. The shapes tell, as nothing else in such a file does. ValueError for a GRU that
// cannot take them.
std::vector<StoredForm> stored_forms(const std::vector<Shape>& expected, const std::vector<Shape>& stored);

// The stored numbers in the layout of the variable.
Tensor from_stored(const Tensor& stored, const StoredForm& form);

}  // namespace lamina
