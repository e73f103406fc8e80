#pragma once
#include "backends/cuda/graph_cudnn.h"
#include "backends/ops/normalization/normalize.h"

namespace lamina {

// Batch normalisation of float32, x as (outer, n, inner) around the channels. In memory: x, scale, offset, then y, mean
// and inverse deviation 1 / sqrt(variance + epsilon), n each.
cuda::CudnnGraph cudnn_normalize_batch(int64_t outer, int64_t n, int64_t inner, double epsilon);
// In memory: x, scale, mean, inverse deviation, the gradient of y, then the gradients of x, scale and offset.
cuda::CudnnGraph cudnn_normalize_batch_grad(int64_t outer, int64_t n, int64_t inner);

// From n variances to n inverse deviations, and back; float32.
Op inverse_deviation(int64_t n, double epsilon);
Op variance_of(int64_t n, double epsilon);

}  // namespace lamina
