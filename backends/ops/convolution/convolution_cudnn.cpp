// Convolutions by cuDNN, which wants kernels with their filters in front: they are turned, at every run unless they are
// steady.
#include "backends/ops/convolution/convolution_cudnn.h"

#include "backends/core/kernel_chain.h"
#include "backends/core/settings.h"
#include "backends/ops/convolution/convolution.h"
#include "backends/ops/movement/movement.h"

namespace lamina {

using cuda::CudnnDescriptor;

namespace {

struct Names {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};
Names names_of(ConvolutionPass pass) {
  switch (pass) {
    case ConvolutionPass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case ConvolutionPass::input_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    default:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
}

}  // namespace

cuda::CudnnGraph cudnn_convolution(const ConvolutionDims& d, ConvolutionPass pass, DType dtype) {
  const size_t rank = static_cast<size_t>(std::max(2, d.rank));
  auto space = [&](const ConvolutionDims::Triple& t) {
    return std::vector<int64_t>(t.end() - static_cast<std::ptrdiff_t>(rank), t.end());
  };
  // As much as the last window reaches over. Places behind it are no padding taken away: cuDNN leaves them out itself.
  std::vector<int64_t> high;
  for (size_t a = 3 - rank; a < 3; ++a)
    high.push_back(
        std::max<int64_t>(0, (d.out[a] - 1) * d.strides[a] + (d.size[a] - 1) * d.dilation[a] + 1 - d.in[a] - d.low[a]));
  const cudnnDataType_t compute = dtype == DType::float64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT,
                        type = cuda::cudnn_type(dtype);
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  const int64_t axes = static_cast<int64_t>(rank);
  CudnnDescriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, &axes);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &compute);
  convolution.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, &mode);
  convolution.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, space(d.low));
  convolution.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, high);
  convolution.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, space(d.dilation));
  convolution.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, space(d.strides));
  convolution.finalize();
  cuda::CudnnGraph graph;
  const Names names = names_of(pass);
  const double one = 1, zero = 0;
  CudnnDescriptor operation(names.operation);
  auto set = [&](cudnnBackendAttributeName_t name, int64_t outer, int64_t inner,
                 const ConvolutionDims::Triple& places) {
    operation.set(name, graph.memory(cuda::cudnn_channels_last(outer, inner, space(places)), type));
  };
  auto x = [&] { set(names.x, d.batch, d.channels, d.in); };
  auto w = [&] { set(names.w, d.filters, d.group_channels(), d.size); };
  auto y = [&] { set(names.y, d.batch, d.filters, d.out); };
  if (pass == ConvolutionPass::forward)
    x(), w(), y();
  else if (pass == ConvolutionPass::input_grad)
    y(), w(), x();
  else
    x(), y(), w();
  operation.set(names.convolution, convolution);
  operation.set(names.alpha, CUDNN_TYPE_DOUBLE, &one);
  operation.set(names.beta, CUDNN_TYPE_DOUBLE, &zero);
  graph.add(std::move(operation));
  return graph;
}

namespace {

BoundKernel bind(const KernelRequest& r, ConvolutionPass pass, const ConvolutionDims& d) {
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  BoundKernel convolve;
  try {
    convolve = cuda::cudnn_kernel(r, {.round_inputs = dtype != DType::float32 || settings().tf32()}, 2,
                                  [&] { return cudnn_convolution(d, pass, dtype); });
  } catch (const Error& e) { return r.decline(e.what()); }
  const int64_t depth = d.taps() * d.group_channels();
  const TensorSpec given{{depth, d.filters}, dtype}, wanted{{d.filters, depth}, dtype};
  const Op turn = make_op<TransposeOp>(std::vector<int>{1, 0});
  const auto in = KernelChain::input, out = KernelChain::output;
  KernelChain chain(r.device);
  const KernelChain::Place kernel = chain.between(wanted);
  if (pass == ConvolutionPass::weight_grad) {
    chain.add(std::move(convolve), {in(0), in(1)}, {kernel});
    chain.add(turn, {wanted}, {kernel}, {out(0)});
    return std::move(chain).finish();
  }
  chain.add(turn, {given}, {in(1)}, {kernel});
  chain.add(convolve, {in(0), kernel}, {out(0)});
  BoundKernel k = std::move(chain).finish();
  BoundKernel front = bind_kernel(r.device, {*turn, std::span(&given, 1), std::span(&wanted, 1), {}});
  if (front.scratch_bytes == 0)
    k.preparation = {.input = 1,
                     .bytes = static_cast<size_t>(d.weight_elements()) * size_of(dtype),
                     .make = [turn, front = front.run](const void* w, void* to) { front(&w, &to, nullptr); },
                     .run = convolve.run,
                     .layout = text("filters in front ", depth, " ", d.filters)};
  return k;
}

BoundKernel bind_forward(const ConvolutionOp& op, const KernelRequest& r) {
  return bind(r, ConvolutionPass::forward,
              {op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape});
}
BoundKernel bind_input_grad(const ConvolutionInputGradOp& op, const KernelRequest& r) {
  return bind(r, ConvolutionPass::input_grad,
              {op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape});
}
BoundKernel bind_weight_grad(const ConvolutionWeightGradOp& op, const KernelRequest& r) {
  return bind(r, ConvolutionPass::weight_grad,
              {op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape});
}

LAMINA_KERNEL(cuda, "Convolution", "cudnn", 10, bind_forward);
LAMINA_KERNEL(cuda, "ConvolutionInputGrad", "cudnn", 10, bind_input_grad);
LAMINA_KERNEL(cuda, "ConvolutionWeightGrad", "cudnn", 10, bind_weight_grad);

}  // namespace
}  // namespace lamina
