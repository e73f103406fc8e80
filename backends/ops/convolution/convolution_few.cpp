// Weight gradients of convolutions with few input channels, such as a network's first: sums over the places of a row stay in
// registers, a vector of filters for each of the window's inputs. Where there is AVX-512, oneDNN's are faster.
#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/fused.h"
#include "backends/ops/convolution/rows.h"
#include "backends/ops/convolution/tasks.h"

namespace lamina {

namespace {

const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
#if defined(LAMINA_X86)
  if (__builtin_cpu_supports("avx512f")) return "there is AVX-512";
#endif
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  if (d.groups != 1 || d.channels > 4 || d.filters % 8) return "needs one group, at most 4 channels, and filters in eights";
  if (d.empty()) return "empty";
  return nullptr;
}

// A sample is copied into zeros as wide as the padding says, so that windows need no borders. Each chunk of the batch has sums
// of its own, kernel and then bias, which are added in order.
BoundKernel weight_grad(const ConvolutionDims& d, bool bias) {
  const BatchSplit split(d, 1 << 20, 16);
  const int64_t size = d.weight_elements(), part = (size + d.filters + 15) / 16 * 16, width = d.taps() * d.channels;
  ConvolutionDims::Triple padded;
  for (size_t a = 0; a < 3; ++a) padded[a] = std::max(d.low[a] + d.in[a], (d.out[a] - 1) * d.strides[a] + (d.size[a] - 1) * d.dilation[a] + 1);
  std::vector<int64_t> offsets;
  for (int64_t t = 0; t < d.taps(); ++t)
    for (int64_t c = 0; c < d.channels; ++c) {
      const int64_t i = t / (d.size[1] * d.size[2]) * d.dilation[0], j = t / d.size[2] % d.size[1] * d.dilation[1], k = t % d.size[2] * d.dilation[2];
      offsets.push_back(((i * padded[1] + j) * padded[2] + k) * d.channels + c);
    }
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(split.tasks * part) * sizeof(float);
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    float* sums = static_cast<float*>(scratch);
    parallel_for(split.tasks, [&](int64_t task) {
      float* sum = sums + task * part;
      std::memset(sum, 0, static_cast<size_t>(part) * sizeof(float));
      const size_t bytes = static_cast<size_t>(ConvolutionDims::product(padded) * d.channels) * sizeof(float);
      float* x = static_cast<float*>(task_scratch(bytes));
      std::memset(x, 0, bytes);
      for (int64_t n = split.begin(task); n < split.begin(task) + split.size(task); ++n) {
        const float* sample = static_cast<const float*>(in[0]) + n * d.input_elements();
        for (int64_t i = 0; i < d.in[0]; ++i)
          for (int64_t j = 0; j < d.in[1]; ++j)
            std::memcpy(x + (((i + d.low[0]) * padded[1] + j + d.low[1]) * padded[2] + d.low[2]) * d.channels, sample + (i * d.in[1] + j) * d.in[2] * d.channels, static_cast<size_t>(d.in[2] * d.channels) * sizeof(float));
        const float* g = static_cast<const float*>(in[1]) + n * d.output_elements();
        for (int64_t i = 0; i < d.out[0]; ++i)
          for (int64_t j = 0; j < d.out[1]; ++j, g += d.out[2] * d.filters)
            convolution_rows().outer_products(x + (i * d.strides[0] * padded[1] + j * d.strides[1]) * padded[2] * d.channels, d.strides[2] * d.channels, offsets.data(), width, g, d.out[2], d.filters, sum,
                                              bias ? sum + size : nullptr);
      }
    });
    add_parts(sums, split.tasks, part, static_cast<float*>(out[0]), 0, size);
    if (bias) add_parts(sums + size, split.tasks, part, static_cast<float*>(out[1]), 0, d.filters);
  };
  return k;
}

BoundKernel bind_weight_grad(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionWeightGradOp&>(r.op);
  const ConvolutionDims d(op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return weight_grad(d, false);
}
BoundKernel bind_fused_weight_grad(const KernelRequest& r) {
  const auto& op = static_cast<const FusedConvolutionWeightGradOp&>(r.op);
  const ConvolutionDims d(op.plain.window, op.plain.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return weight_grad(d, true);
}

LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "few", 12, bind_weight_grad);  // oneDNN's is as fast, but for the bias
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "few", 4, bind_fused_weight_grad);

}  // namespace
}  // namespace lamina
