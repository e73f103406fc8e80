// Convolutions with few input channels, such as a network's first. Weight gradients: sums over the places of a row stay
// in registers, a vector of filters for each of the window's inputs. With 2x2 max pooling: only what is pooled is
// written.
#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/convolution_loops.h"
#include "backends/ops/convolution/tasks.h"

namespace lamina {

namespace {

const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  if (d.groups != 1 || d.channels > 4 || d.filters % 8)
    return "needs one group, at most 4 channels, and filters in eights";
  if (d.empty()) return "empty";
  return nullptr;
}

// A sample copied into zeros as wide as the padding says, so that windows need no borders.
struct Padded {
  ConvolutionDims d;
  ConvolutionDims::Triple size;
  std::vector<int64_t> offsets;  // of a window's elements

  explicit Padded(const ConvolutionDims& dims) : d(dims) {
    for (size_t a = 0; a < 3; ++a)
      size[a] = std::max(d.low[a] + d.in[a], (d.out[a] - 1) * d.strides[a] + (d.size[a] - 1) * d.dilation[a] + 1);
    for (int64_t t = 0; t < d.taps(); ++t)
      for (int64_t c = 0; c < d.channels; ++c) {
        const int64_t i = t / (d.size[1] * d.size[2]) * d.dilation[0], j = t / d.size[2] % d.size[1] * d.dilation[1],
                      k = t % d.size[2] * d.dilation[2];
        offsets.push_back(((i * size[1] + j) * size[2] + k) * d.channels + c);
      }
  }
  int64_t width() const { return static_cast<int64_t>(offsets.size()); }
  int64_t row(int64_t i, int64_t j) const {
    return (i * d.strides[0] * size[1] + j * d.strides[1]) * size[2] * d.channels;
  }  // where an output row's windows begin
  // Calls f(padded sample, its number) for samples [from, to).
  template <class F>
  void each(const float* x, int64_t from, int64_t to, F&& f) const {
    const size_t bytes = static_cast<size_t>(ConvolutionDims::product(size) * d.channels) * sizeof(float);
    const bool whole = size == d.in;
    float* copy = whole ? nullptr : static_cast<float*>(task_scratch(bytes));
    if (!whole) std::memset(copy, 0, bytes);
    for (int64_t n = from; n < to; ++n) {
      const float* sample = x + n * d.input_elements();
      if (whole) {
        f(sample, n);
        continue;
      }
      for (int64_t i = 0; i < d.in[0]; ++i)
        for (int64_t j = 0; j < d.in[1]; ++j)
          std::memcpy(copy + (((i + d.low[0]) * size[1] + j + d.low[1]) * size[2] + d.low[2]) * d.channels,
                      sample + (i * d.in[1] + j) * d.in[2] * d.channels,
                      static_cast<size_t>(d.in[2] * d.channels) * sizeof(float));
      f(static_cast<const float*>(copy), n);
    }
  }
};

// add(in, padded sample, its number, sums, the bias's sums or null).
template <class F>
BoundKernel sum_over_samples(const Padded& p, bool bias, F add) {
  return sum_over_batch({p.d, 1 << 20, 16}, p.d.weight_elements(), p.d.filters, bias,
                        [=](const void* const* in, int64_t first, int64_t end, float* sum, float* bias_sum) {
                          p.each(static_cast<const float*>(in[0]), first, end,
                                 [&](const float* x, int64_t n) { add(in, x, n, sum, bias_sum); });
                        });
}

BoundKernel weight_grad(const ConvolutionDims& d, bool bias) {
  const Padded p(d);
  return sum_over_samples(p, bias, [p](const void* const* in, const float* x, int64_t n, float* sum, float* bias) {
    const ConvolutionDims& d = p.d;
    const float* g = static_cast<const float*>(in[1]) + n * d.output_elements();
    for (int64_t i = 0; i < d.out[0]; ++i)
      for (int64_t j = 0; j < d.out[1]; ++j, g += d.out[2] * d.filters)
        convolution_rows().outer_products(x + p.row(i, j), d.strides[2] * d.channels, p.offsets.data(), p.width(), g,
                                          d.out[2], d.filters, sum, bias);
  });
}

// Of what a 2x2 pooling with stride 2 reads.
const char* refuse_pool(const ConvolutionDims& d, const PoolWindows& w) {
  using T = std::vector<int64_t>;
  if (d.rank != 2 || w.sizes != T{2, 2} || w.window.strides != T{2, 2} || w.window.low != T{0, 0} ||
      w.window.high != T{0, 0})
    return "needs 2x2 poolings with stride 2 and without padding";
  if (d.strides != ConvolutionDims::Triple{1, 1, 1}) return "needs stride 1";
  if (d.out[1] < 2 || d.out[2] < 2) return "needs a pooling";
  return nullptr;
}

BoundKernel bind_pool(const FusedConvolutionPoolOp& op, const KernelRequest& r) {
  const TensorSpec between = op.convolution.infer(r.inputs)[0];
  const ConvolutionDims d(op.convolution.plain.window, op.convolution.plain.groups, r.inputs[0].shape,
                          r.inputs[1].shape, between.shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  if (const char* why = refuse_pool(d, op.pool.windows)) return r.decline(why);
  const Padded p(d);
  const BatchSplit split(d, 1 << 18, 1 << 20);
  const bool indexed = r.outputs.size() > 1, relu = op.convolution.epilogue.relu;
  BoundKernel k;
  k.run = [=](const void* const* in, void* const* out, void*) {
    const ConvolutionDims& d = p.d;
    const int64_t down = d.out[1] / 2, across = d.out[2] / 2, row = across * d.filters;
    parallel_for(split.tasks, [&](int64_t t) {
      p.each(static_cast<const float*>(in[0]), split.begin(t), split.begin(t) + split.size(t),
             [&](const float* x, int64_t n) {
               for (int64_t i = 0; i < down; ++i) {
                 const int64_t at = (n * down + i) * row;
                 convolution_rows().pooled_row(
                     x + p.row(0, 2 * i), d.channels, p.size[2] * d.channels, p.offsets.data(), p.width(),
                     static_cast<const float*>(in[1]), static_cast<const float*>(in[2]), relu, across, d.filters,
                     static_cast<float*>(out[0]) + at, indexed ? static_cast<uint8_t*>(out[1]) + at : nullptr);
               }
             });
    });
  };
  return k;
}

BoundKernel bind_pool_weight_grad(const FusedConvolutionPoolWeightGradOp& op, const KernelRequest& r) {
  const TensorSpec between = op.scatter.infer(r.inputs.subspan(1))[0];
  const ConvolutionDims d(op.grad.plain.window, op.grad.plain.groups, r.inputs[0].shape, r.outputs[0].shape,
                          between.shape);
  if (const char* why = refusal(r, d)) return r.decline(why);
  if (const char* why = refuse_pool(d, op.scatter.windows)) return r.decline(why);
  const Padded p(d);
  return sum_over_samples(p, true, [p](const void* const* in, const float* x, int64_t n, float* sum, float* bias) {
    const ConvolutionDims& d = p.d;
    const int64_t down = d.out[1] / 2, across = d.out[2] / 2, row = across * d.filters;
    for (int64_t i = 0; i < down; ++i) {
      const int64_t at = (n * down + i) * row;
      convolution_rows().pooled_outer_products(x + p.row(0, 2 * i), d.channels, p.size[2] * d.channels,
                                               p.offsets.data(), p.width(), static_cast<const float*>(in[1]) + at,
                                               static_cast<const uint8_t*>(in[2]) + at, across, d.filters, sum, bias);
    }
  });
}

template <bool kFused>
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<kFused>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return weight_grad(d, kFused);
}

LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "few", 12,
              bind_weight_grad<false>);  // oneDNN's is as fast, but for the bias
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "few", 4, bind_weight_grad<true>);
LAMINA_KERNEL(cpu, "FusedConvolutionPool", "few", 4, bind_pool);
LAMINA_KERNEL(cpu, "FusedConvolutionPoolWeightGrad", "few", 4, bind_pool_weight_grad);

}  // namespace
}  // namespace lamina
