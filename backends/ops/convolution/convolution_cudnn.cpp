// Convolutions by cuDNN, which wants kernels with their filters in front: they are turned, at every run unless they are steady.
#include "backends/ops/convolution/convolution_cudnn.h"

#include "backends/core/kernel.h"
#include "backends/core/settings.h"
#include "backends/ops/convolution/convolution.h"
#include "backends/ops/movement/movement.h"

namespace lamina {

using cuda::CudnnPass;

cuda::CudnnConvolution cudnn_convolution(const ConvolutionDims& d, CudnnPass pass, DType dtype, bool tf32) {
  const size_t rank = static_cast<size_t>(std::max(2, d.rank));
  auto space = [&](const ConvolutionDims::Triple& t) { return std::vector<int64_t>(t.end() - static_cast<std::ptrdiff_t>(rank), t.end()); };
  // (outer, space..., inner) in memory, told as (outer, inner, space...).
  auto tensor = [&](int64_t outer, const ConvolutionDims::Triple& places, int64_t inner) {
    cuda::CudnnTensor t{{outer, inner}, {ConvolutionDims::product(places) * inner, 1}};
    for (int64_t size : space(places)) t.sizes.push_back(size);
    std::vector<int64_t> strides(rank);
    int64_t stride = inner;
    for (size_t a = rank; a-- > 0; stride *= t.sizes[2 + a]) strides[a] = stride;
    t.strides.insert(t.strides.end(), strides.begin(), strides.end());
    return t;
  };
  cuda::CudnnConvolution c{pass, CUDNN_DATA_FLOAT, tf32, tensor(d.batch, d.in, d.channels), tensor(d.filters, d.size, d.group_channels()), tensor(d.batch, d.out, d.filters), space(d.low), {}, space(d.strides), space(d.dilation)};
  if (dtype == DType::float64) c.dtype = CUDNN_DATA_DOUBLE;
  if (dtype == DType::float16) c.dtype = CUDNN_DATA_HALF;
  if (dtype == DType::bfloat16) c.dtype = CUDNN_DATA_BFLOAT16;
  // Places behind the last window count as padding taken away: cuDNN derives the result's size from all of it.
  for (size_t a = 3 - rank; a < 3; ++a) c.high.push_back((d.out[a] - 1) * d.strides[a] + (d.size[a] - 1) * d.dilation[a] + 1 - d.in[a] - d.low[a]);
  return c;
}

namespace {

constexpr size_t kMostWorkspace = 256u << 20;

size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

// Kernels with filters in front, and back.
BoundKernel turn(Device device, DType dtype, int64_t rows, int64_t columns) {
  const TensorSpec from{{rows, columns}, dtype}, to{{columns, rows}, dtype};
  const Op op = make_op<TransposeOp>(std::vector<int>{1, 0});
  BoundKernel k = bind_kernel(device, {*op, std::span(&from, 1), std::span(&to, 1), {}});
  k.run = [op, run = std::move(k.run)](const void* const* in, void* const* out, void* scratch) { run(in, out, scratch); };  // the op lives as long
  return k;
}

BoundKernel bind(const KernelRequest& r, CudnnPass pass, const ConvolutionDims& d) {
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  if (!cuda::cudnn_missing().empty()) return r.decline(cuda::cudnn_missing());
  std::shared_ptr<cuda::CudnnPlan> plan;
  try {
    plan = std::make_shared<cuda::CudnnPlan>(cudnn_convolution(d, pass, dtype, settings().tf32()), cuda::cudnn_properties(r.device.index), kMostWorkspace);
  } catch (const Error& e) {
    return r.decline(e.what());
  }
  const int64_t depth = d.taps() * d.group_channels();
  const size_t kernel = aligned(static_cast<size_t>(d.weight_elements()) * size_of(dtype));
  const bool forward = pass == CudnnPass::forward, back = pass == CudnnPass::weight_grad;
  const BoundKernel turned = back ? turn(r.device, dtype, d.filters, depth) : turn(r.device, dtype, depth, d.filters);
  BoundKernel k;
  k.scratch_bytes = kernel + aligned(std::max(plan->workspace(), turned.scratch_bytes));
  k.recordable = turned.recordable;
  auto at = [](void* memory, size_t bytes) { return static_cast<void*>(static_cast<char*>(memory) + bytes); };
  cuda::CudaDriver& driver = cuda::cuda_driver(r.device);
  if (back) {
    k.run = [=, &driver, back = turned.run](const void* const* in, void* const* out, void* scratch) {
      plan->run(driver, in[0], scratch, in[1], at(scratch, kernel));
      const void* made[] = {scratch};
      back(made, out, at(scratch, kernel));
    };
    return k;
  }
  auto convolve = [=, &driver](const void* const* in, void* const* out, const void* w, void* scratch) {
    if (forward) plan->run(driver, in[0], w, out[0], at(scratch, kernel));
    else plan->run(driver, out[0], w, in[0], at(scratch, kernel));
  };
  k.run = [=, front = turned.run](const void* const* in, void* const* out, void* scratch) {
    void* to[] = {scratch};
    front(in + 1, to, at(scratch, kernel));
    convolve(in, out, scratch, scratch);
  };
  if (turned.scratch_bytes == 0)
    k.preparation = {.input = 1, .bytes = kernel, .make = [front = turned.run](const void* w, void* to) { front(&w, &to, nullptr); },
                     .run = [=](const void* const* in, void* const* out, void* scratch) { convolve(in, out, in[1], scratch); },
                     .layout = text("filters in front ", depth, " ", d.filters)};
  return k;
}

BoundKernel bind_forward(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionOp&>(r.op);
  return bind(r, CudnnPass::forward, {op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape});
}
BoundKernel bind_input_grad(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionInputGradOp&>(r.op);
  return bind(r, CudnnPass::input_grad, {op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape});
}
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionWeightGradOp&>(r.op);
  return bind(r, CudnnPass::weight_grad, {op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape});
}

LAMINA_KERNEL(cuda, "Convolution", "cudnn", 10, bind_forward);
LAMINA_KERNEL(cuda, "ConvolutionInputGrad", "cudnn", 10, bind_input_grad);
LAMINA_KERNEL(cuda, "ConvolutionWeightGrad", "cudnn", 10, bind_weight_grad);

}  // namespace
}  // namespace lamina
