#pragma once
#include "backends/cuda/graph_cudnn.h"
#include "backends/ops/convolution/dims.h"

namespace lamina {

// A convolution, or its gradient by its input or kernel.
enum class ConvolutionPass { forward, input_grad, weight_grad };

// A convolution as cuDNN wants it: channels last, kernels as (filters, places of the window, channels of a group), at
// least two axes. In memory: what the pass reads, in the order of its primitive's inputs, then what it writes. `dtype`
// is a float dtype.
cuda::CudnnGraph cudnn_convolution(const ConvolutionDims& dims, ConvolutionPass pass, DType dtype);

}  // namespace lamina
