#pragma once
// Texts that many descriptions of layers share.

namespace lamina::about {

inline constexpr const char* inputs = "inputs: A tensor.";
inline constexpr const char* merged = "inputs: A list of tensors.";
inline constexpr const char* merged_in = "A list of tensors whose shapes broadcast.";
inline constexpr const char* merged_out = "The shape that the inputs broadcast to.";
inline constexpr const char* merged_raises = "ValueError: if the inputs are no list, or their shapes do not broadcast.";
inline constexpr const char* sequence =
    "A tensor (batch, steps, channels), or (batch, channels, steps) with \"channels_first\".";
inline constexpr const char* image =
    "A tensor (batch, rows, columns, channels), or (batch, channels, rows, columns) with \"channels_first\".";
inline constexpr const char* volume =
    "A tensor (batch, depth, rows, columns, channels), or the channels second with \"channels_first\".";
inline constexpr const char* pooled = "A tensor with a place for each window, in the order of the input's axes.";
inline constexpr const char* globally_pooled =
    "A tensor (batch, channels); with `keepdims` the pooled axes stay, with size 1.";
inline constexpr const char* pooled_to_size = "The input's shape with the sizes asked for in place of its own.";
inline constexpr const char* masked_inputs =
    "inputs: A tensor.\nmask: A bool tensor (batch, steps); steps that are False do not count.";
inline constexpr const char* rate_raises = "ValueError: if `rate` is not between 0 and 1.";
inline constexpr const char* convolution_raises =
    "ValueError: if an argument is no positive number, the groups do not divide channels and filters, or nothing would "
    "be left of the input.";
inline constexpr const char* attention_call =
    "query: What asks.\nvalue: What is mixed.\nkey: What is compared with the query; None takes the "
    "value.\nquery_mask: A bool tensor (batch, queries).\nvalue_mask: A bool tensor (batch, keys).\nkey_mask: A bool "
    "tensor (batch, keys).\nattention_mask: A bool tensor (batch, queries, keys): which keys each query "
    "sees.\nreturn_attention_scores: Whether to give the scores too.\ntraining: Whether the layer runs in training "
    "mode.\nuse_causal_mask: Whether queries see no later keys.";
inline constexpr const char* recurrent_call =
    "sequences: A tensor.\ninitial_state: The states to begin with; None begins with zeros.\nmask: A bool tensor "
    "(batch, time); steps that are False are skipped.\ntraining: Whether the layer runs in training mode.";
inline constexpr const char* recurrent_in = "A tensor (batch, time, features).";
inline constexpr const char* recurrent_out =
    "A tensor (batch, units); with `return_sequences` (batch, time, units). `return_state` adds the states.";
inline constexpr const char* cell_call =
    "inputs: A tensor of one step.\nstates: The states before it.\ntraining: Whether the layer runs in training mode.";
inline constexpr const char* cell_in = "A tensor (batch, features) of one step.";
inline constexpr const char* cell_out = "A tensor (batch, units) and the list of the new states.";

}  // namespace lamina::about
