#pragma once
// keras.ops, connectionist temporal classification (Graves et al., 2006).
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// -log of the probability that the scores spell the labels: (batch). target (batch, length) integers, output (batch,
// steps, classes) before the softmax, target_length and output_length (batch) integers.
Tensor ctc_loss(const Operand& target, const Operand& output, const Operand& target_length,
                const Operand& output_length, int64_t mask_index = 0);
// Label sequences (paths, batch, steps) int32, ended by -1, and their scores (batch, paths).
Tensors ctc_decode(const Operand& inputs, const Operand& sequence_lengths, const std::string& strategy = "greedy",
                   int64_t beam_width = 100, int64_t top_paths = 1, bool merge_repeated = true, int64_t mask_index = 0);

}  // namespace lamina::ops
