#pragma once
#include "backends/cuda/graph_cudnn.h"
#include "backends/ops/pooling/pooling.h"

namespace lamina {

// Sliding windows over one or two axes of channels-last tensors; places outside the input take no part. In memory: x,
// then y. `dtype` is float32, float16 or bfloat16.
cuda::CudnnGraph cudnn_pooling(bool max, const PoolWindows& windows, const Shape& x, DType dtype);

}  // namespace lamina
