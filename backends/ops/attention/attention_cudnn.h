#pragma once
#include <functional>
#include <optional>

#include "backends/cuda/graph_cudnn.h"
#include "backends/ops/attention/attention.h"

namespace lamina {

// Attention as cuDNN's fused kernels know it: letters as in attention.h. `dtype` is float16 or bfloat16.
struct CudnnAttention {
  int64_t B, T, S, N, K, D, V;
  double scale;
  bool causal;
  DType dtype;
  std::optional<TensorSpec> bias = {};  // added to the scaled scores: (B or 1, N or 1, T or 1, S or 1)
};

// In memory: query, key, value, the bias if there is one, out, and the logarithm of each row's sum of exp(score),
// float32 (B, N, T).
cuda::CudnnGraph cudnn_attention(const CudnnAttention& a);
// In memory: query, key, value, the bias, out, those logarithms, the gradient of out, and then what it writes: the
// gradients of query, key and value, and float32 (B, N, T) for itself.
cuda::CudnnGraph cudnn_attention_grad(const CudnnAttention& a);

// Attention's kernels around a fused one, which `fused` makes for what it is to do: masks become a bias, and rows that
// see nothing, which no softmax over hidden scores gets right in all of these, get what attention.h says. Declines as
// KernelRequest says.
using FusedAttention = std::function<BoundKernel(const CudnnAttention&)>;
BoundKernel attention_around(const KernelRequest& request, const AttentionScores& scores, const FusedAttention& fused);
BoundKernel attention_grad_around(const KernelRequest& request, const AttentionScores& scores,
                                  const FusedAttention& fused);

}  // namespace lamina
