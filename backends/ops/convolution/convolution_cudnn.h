#pragma once
#include "backends/cuda/cudnn.h"
#include "backends/ops/convolution/dims.h"

namespace lamina {

// A convolution as cuDNN wants it: channels last, kernels as (filters, places of the window, channels of a group), at least two axes.
// `dtype` is a float dtype.
cuda::CudnnConvolution cudnn_convolution(const ConvolutionDims& dims, cuda::CudnnPass pass, DType dtype, bool tf32);

}  // namespace lamina
