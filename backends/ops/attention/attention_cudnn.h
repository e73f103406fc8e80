#pragma once
#include "backends/cuda/graph_cudnn.h"
#include "backends/ops/attention/attention.h"

namespace lamina {

// Attention as cuDNN's fused kernels know it: scale and causality, no bias and no mask; letters as in attention.h. `dtype` is float16 or
// bfloat16.
struct CudnnAttention {
  int64_t B, T, S, N, K, D, V;
  double scale;
  bool causal;
  DType dtype;
};

// In memory: query, key, value, out, and the logarithm of each row's sum of exp(score), float32 (B, N, T).
cuda::CudnnGraph cudnn_attention(const CudnnAttention& a);
// In memory: query, key, value, out, those logarithms, the gradient of out, and then what it writes: the gradients of query, key and
// value, and float32 (B, N, T) for itself.
cuda::CudnnGraph cudnn_attention_grad(const CudnnAttention& a);

}  // namespace lamina
