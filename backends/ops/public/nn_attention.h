#pragma once
// keras.ops.nn.dot_product_attention.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// query (B, T, N, D), key (B, S, K, D), value (B, S, K, V) with N a multiple of K -> (B, T, N, V); each key head serves
// N / K query heads. bias and mask (true: may be seen) broadcast to (B, N, T, S). scale None: 1 / sqrt(D). With
// is_causal a query sees keys up to its own position. attn_logits_soft_cap c: scores become c tanh(scores / c).
// flash_attention is accepted as a hint: the kernel here never holds all scores where it can do without. ValueError
// naming the shapes that do not fit.
Tensor dot_product_attention(const Operand& query, const Operand& key, const Operand& value,
                             const std::optional<Operand>& bias = {}, const std::optional<Operand>& mask = {},
                             const std::optional<double>& scale = {}, bool is_causal = false,
                             const std::optional<bool>& flash_attention = {},
                             const std::optional<double>& attn_logits_soft_cap = {});

}  // namespace lamina::ops
