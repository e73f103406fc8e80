// Poolings by cuDNN: the values. Training's maxima come with their places in our own numbering, which cuDNN does not
// give, and cuDNN has no engine for means' gradients here: those are our own kernels' work.
#include "backends/ops/pooling/pooling_cudnn.h"

namespace lamina {

using cuda::CudnnDescriptor;

cuda::CudnnGraph cudnn_pooling(bool max, const PoolWindows& w, const Shape& x, DType dtype) {
  std::vector<cudnnFraction_t> sizes, strides, low, high;
  std::vector<int64_t> in, out;
  if (w.rank() == 1) sizes.push_back({1, 1}), strides.push_back({1, 1}), low.push_back({0, 1}), high.push_back({0, 1});
  for (int a = 0; a < w.rank(); ++a) {
    const size_t i = static_cast<size_t>(a);
    const int64_t size = w.sizes[i], stride = w.window.strides[i], before = w.window.low[i];
    in.push_back(x[a + 1]), out.push_back(w.outputs(a, x[a + 1]));
    sizes.push_back({size, 1}), strides.push_back({stride, 1}), low.push_back({before, 1});
    high.push_back({std::max<int64_t>(0, (out.back() - 1) * stride + size - in.back() - before),
                    1});  // as much as the last window reaches over
  }
  const cudnnResampleMode_t mode = max ? CUDNN_RESAMPLE_MAXPOOL : CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING;
  const cudnnPaddingMode_t padding = max ? CUDNN_NEG_INF_PAD : CUDNN_ZERO_PAD;
  const cudnnNanPropagation_t nan = CUDNN_PROPAGATE_NAN;
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT, type = cuda::cudnn_type(dtype);
  const int64_t axes = static_cast<int64_t>(sizes.size());
  CudnnDescriptor resample(CUDNN_BACKEND_RESAMPLE_DESCRIPTOR);
  resample.set(CUDNN_ATTR_RESAMPLE_MODE, CUDNN_TYPE_RESAMPLE_MODE, &mode);
  resample.set(CUDNN_ATTR_RESAMPLE_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &compute);
  resample.set(CUDNN_ATTR_RESAMPLE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION, &nan);
  resample.set(CUDNN_ATTR_RESAMPLE_PADDING_MODE, CUDNN_TYPE_PADDING_MODE, &padding);
  resample.set(CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS, CUDNN_TYPE_INT64, &axes);
  auto set = [&](cudnnBackendAttributeName_t name, const std::vector<cudnnFraction_t>& values) {
    resample.set(name, CUDNN_TYPE_FRACTION, values.data(), values.size());
  };
  set(CUDNN_ATTR_RESAMPLE_WINDOW_DIMS, sizes);
  set(CUDNN_ATTR_RESAMPLE_STRIDES, strides);
  set(CUDNN_ATTR_RESAMPLE_PRE_PADDINGS, low);
  set(CUDNN_ATTR_RESAMPLE_POST_PADDINGS, high);
  resample.finalize();
  cuda::CudnnGraph graph;
  const double one = 1, zero = 0;
  CudnnDescriptor operation(CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR);
  operation.set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC,
                graph.memory(cuda::cudnn_channels_last(x[0], x.back(), in), type));
  operation.set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC,
                graph.memory(cuda::cudnn_channels_last(x[0], x.back(), out), type));
  operation.set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC, resample);
  operation.set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_ALPHA, CUDNN_TYPE_DOUBLE, &one);
  operation.set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_BETA, CUDNN_TYPE_DOUBLE, &zero);
  graph.add(std::move(operation));
  return graph;
}

namespace {

BoundKernel bind(const KernelRequest& r, bool max, const PoolWindows& w) {
  const TensorSpec& x = r.inputs[0];
  if (w.adaptive()) return r.decline("the windows are adaptive");
  if (w.rank() > 2) return r.decline("three axes");
  if (x.dtype != DType::float32 && !is_half(x.dtype)) return r.decline("needs float32, float16 or bfloat16");
  if (x.shape.elements() == 0) return r.decline("empty");
  try {
    return cuda::cudnn_kernel(r, {}, 1, [&] { return cudnn_pooling(max, w, x.shape, x.dtype); });
  } catch (const Error& e) { return r.decline(e.what()); }
}

BoundKernel bind_max(const MaxPoolOp& op, const KernelRequest& r) {
  return op.indexed ? r.decline("the maxima's places are asked for") : bind(r, true, op.windows);
}
BoundKernel bind_average(const AveragePoolOp& op, const KernelRequest& r) { return bind(r, false, op.windows); }

LAMINA_KERNEL(cuda, "MaxPool", "cudnn", 10, bind_max);
LAMINA_KERNEL(cuda, "AveragePool", "cudnn", 10, bind_average);

}  // namespace
}  // namespace lamina
