// Convolutions as products over windows laid out in rows (im2col), some samples at a time; grouped ones, and with them depthwise ones,
// directly. Any number of axes, strides, dilations and paddings; float dtypes.
#include "backends/cuda/kernel.cuh"
#include "backends/ops/convolution/dims.h"
#include "backends/ops/matmul/matmul.h"

namespace lamina::gpu {

namespace {

// ConvolutionDims for device code.
struct Space {
  int64_t channels, filters, groups, taps, inputs, outputs;
  Array<int64_t, 3> in, out, size, strides, low, dilation;
};
Space space_of(const ConvolutionDims& d) {
  Space s{d.channels, d.filters, d.groups, d.taps(), d.inputs(), d.outputs(), {}, {}, {}, {}, {}, {}};
  for (size_t a = 0; a < 3; ++a)
    s.in.at[a] = d.in[a], s.out.at[a] = d.out[a], s.size.at[a] = d.size[a], s.strides.at[a] = d.strides[a], s.low.at[a] = d.low[a], s.dilation.at[a] = d.dilation[a];
  return s;
}

struct Triple {
  int64_t at[3];
};
__device__ inline Triple split(int64_t place, const Array<int64_t, 3>& size) {
  return {{place / (size.at[1] * size.at[2]), place / size.at[2] % size.at[1], place % size.at[2]}};
}
// The input place that tap t of the window of output p reads, or -1.
__device__ inline int64_t input_of(const Space& s, const Triple& p, const Triple& t) {
  int64_t place = 0;
  for (int a = 0; a < 3; ++a) {
    const int64_t i = p.at[a] * s.strides.at[a] + t.at[a] * s.dilation.at[a] - s.low.at[a];
    if (i < 0 || i >= s.in.at[a]) return -1;
    place = place * s.in.at[a] + i;
  }
  return place;
}
// The output place whose tap t reads input i, or -1.
__device__ inline int64_t output_of(const Space& s, const Triple& i, const Triple& t) {
  int64_t place = 0;
  for (int a = 0; a < 3; ++a) {
    const int64_t offset = i.at[a] + s.low.at[a] - t.at[a] * s.dilation.at[a], p = offset / s.strides.at[a];
    if (offset < 0 || offset % s.strides.at[a] || p >= s.out.at[a]) return -1;
    place = place * s.out.at[a] + p;
  }
  return place;
}

// rows (samples, outputs, taps, channels)
template <class T>
__global__ void windows(const T* x, T* rows, Space s, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t channel = i % s.channels, tap = i / s.channels % s.taps, row = i / (s.channels * s.taps), sample = row / s.outputs;
    const int64_t place = input_of(s, split(row % s.outputs, s.out), split(tap, s.size));
    rows[i] = place < 0 ? narrow<T>(0.0f) : x[(sample * s.inputs + place) * s.channels + channel];
  }
}

// The sums of the rows' entries that read each input.
template <class T>
__global__ void add_windows(const T* rows, T* x, Space s, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t channel = i % s.channels, place = i / s.channels % s.inputs, sample = i / (s.channels * s.inputs);
    const Triple at = split(place, s.in);
    Wide<T> sum = 0;
    for (int64_t tap = 0; tap < s.taps; ++tap) {
      const int64_t output = output_of(s, at, split(tap, s.size));
      if (output >= 0) sum += widen(rows[((sample * s.outputs + output) * s.taps + tap) * s.channels + channel]);
    }
    x[i] = narrow<T>(sum);
  }
}

template <class T>
__global__ void add_to(const T* x, T* y, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) y[i] = narrow<T>(widen(y[i]) + widen(x[i]));
}

// ---- grouped ----
template <class T>
__global__ void grouped(const T* x, const T* w, T* y, Space s, int64_t n) {
  const int64_t channels = s.channels / s.groups, filters = s.filters / s.groups;
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t filter = i % s.filters, output = i / s.filters % s.outputs, sample = i / (s.filters * s.outputs), from = filter / filters * channels;
    const Triple at = split(output, s.out);
    Wide<T> sum = 0;
    for (int64_t tap = 0; tap < s.taps; ++tap) {
      const int64_t place = input_of(s, at, split(tap, s.size));
      if (place < 0) continue;
      for (int64_t c = 0; c < channels; ++c) sum += widen(x[(sample * s.inputs + place) * s.channels + from + c]) * widen(w[(tap * channels + c) * s.filters + filter]);
    }
    y[i] = narrow<T>(sum);
  }
}

template <class T>
__global__ void grouped_input_grad(const T* g, const T* w, T* x, Space s, int64_t n) {
  const int64_t channels = s.channels / s.groups, filters = s.filters / s.groups;
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t channel = i % s.channels, place = i / s.channels % s.inputs, sample = i / (s.channels * s.inputs), from = channel / channels * filters;
    const Triple at = split(place, s.in);
    Wide<T> sum = 0;
    for (int64_t tap = 0; tap < s.taps; ++tap) {
      const int64_t output = output_of(s, at, split(tap, s.size));
      if (output < 0) continue;
      for (int64_t f = 0; f < filters; ++f) sum += widen(g[(sample * s.outputs + output) * s.filters + from + f]) * widen(w[(tap * channels + channel % channels) * s.filters + from + f]);
    }
    x[i] = narrow<T>(sum);
  }
}

// A block a weight.
template <class T>
__global__ void grouped_weight_grad(const T* x, const T* g, T* w, Space s, int64_t batch, int64_t n) {
  const int64_t channels = s.channels / s.groups, filters = s.filters / s.groups;
  for (int64_t i = blockIdx.x; i < n; i += gridDim.x) {
    const int64_t filter = i % s.filters, channel = i / s.filters % channels + filter / filters * channels;
    const Triple tap = split(i / (s.filters * channels), s.size);
    Wide<T> sum = 0;
    for (int64_t j = threadIdx.x; j < batch * s.outputs; j += blockDim.x) {
      const int64_t place = input_of(s, split(j % s.outputs, s.out), tap);
      if (place >= 0) sum += widen(x[(j / s.outputs * s.inputs + place) * s.channels + channel]) * widen(g[j * s.filters + filter]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) w[i] = narrow<T>(sum);
  }
}

// ---- products ----
#if defined(__CUDACC__)
constexpr int64_t kMostRows = 256 << 20;  // bytes of windows at a time
#else
constexpr int64_t kMostRows = 2048;  // small cases take several pieces
#endif

// `samples` at a time, and what is left over.
struct Pieces {
  int64_t samples, whole, rest;
  Pieces(const ConvolutionDims& d, size_t element) {
    const int64_t bytes = d.outputs() * d.taps() * d.channels * static_cast<int64_t>(element);
    samples = std::clamp<int64_t>(kMostRows / std::max<int64_t>(1, bytes), 1, d.batch);
    whole = d.batch / samples, rest = d.batch % samples;
  }
  // f(first sample, how many, the kernel for that many)
  template <class F>
  void each(const BoundKernel::Run& some, const BoundKernel::Run& last, F&& f) const {
    for (int64_t i = 0; i < whole; ++i) f(i * samples, samples, some);
    if (rest) f(whole * samples, rest, last);
  }
};

// The products of `a` (rows by columns) and `b`, for as many samples; scratch grows to what they need.
struct Products {
  BoundKernel::Run some, last;
  size_t scratch = 0;
  template <class F>
  Products(Device device, const Pieces& pieces, const MatMulOp& op, DType dtype, F&& shapes) {
    auto bind = [&](int64_t samples) {
      const auto [a, b] = shapes(samples);
      const TensorSpec in[] = {{a, dtype}, {b, dtype}};
      const std::vector<TensorSpec> out = op.infer(in);
      BoundKernel k = bind_kernel(device, {op, in, out, {}});
      scratch = std::max(scratch, k.scratch_bytes);
      return std::move(k.run);
    };
    some = bind(pieces.samples);
    if (pieces.rest) last = bind(pieces.rest);
  }
};

size_t aligned(int64_t bytes) { return (static_cast<size_t>(bytes) + 255) / 256 * 256; }

template <class F>
BoundKernel::Run typed(DType dtype, F f) {
  return [dtype, f = std::move(f)](const void* const* in, void* const* out, void* scratch) {
    with_stored_float(dtype, [&](auto zero) { f(zero, in, out, static_cast<char*>(scratch)); });
  };
}

BoundKernel bind_forward(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionOp&>(r.op);
  const ConvolutionDims d(op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape);
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  const Queue queue(r.device);
  BoundKernel k;
  if (d.groups > 1) {
    k.run = typed(dtype, [queue, s = space_of(d), n = d.batch * d.output_elements()](auto zero, const void* const* in, void* const* out, char*) {
      using T = decltype(zero);
      queue.elements(grouped<T>, n, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), static_cast<T*>(out[0]), s, n);
    });
    return k;
  }
  const Pieces pieces(d, size_of(dtype));
  const int64_t width = d.taps() * d.channels;
  const Products products(r.device, pieces, MatMulOp(false, false), dtype, [&](int64_t samples) { return std::pair(Shape{samples * d.outputs(), width}, Shape{width, d.filters}); });
  const size_t rows = d.pointwise() ? 0 : aligned(pieces.samples * d.outputs() * width * static_cast<int64_t>(size_of(dtype)));
  k.scratch_bytes = rows + products.scratch;
  k.run = typed(dtype, [=, s = space_of(d), direct = d.pointwise()](auto zero, const void* const* in, void* const* out, char* scratch) {
    using T = decltype(zero);
    pieces.each(products.some, products.last, [&](int64_t from, int64_t samples, const BoundKernel::Run& product) {
      const T* x = static_cast<const T*>(in[0]) + from * s.inputs * s.channels;
      const int64_t n = samples * s.outputs * width;
      if (!direct) queue.elements(windows<T>, n, x, reinterpret_cast<T*>(scratch), s, n);
      const void* operands[] = {direct ? static_cast<const void*>(x) : scratch, in[1]};
      void* result[] = {static_cast<T*>(out[0]) + from * s.outputs * s.filters};
      product(operands, result, scratch + rows);
    });
  });
  return k;
}

BoundKernel bind_input_grad(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionInputGradOp&>(r.op);
  const ConvolutionDims d(op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape);
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  const Queue queue(r.device);
  BoundKernel k;
  if (d.groups > 1) {
    k.run = typed(dtype, [queue, s = space_of(d), n = d.batch * d.input_elements()](auto zero, const void* const* in, void* const* out, char*) {
      using T = decltype(zero);
      queue.elements(grouped_input_grad<T>, n, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), static_cast<T*>(out[0]), s, n);
    });
    return k;
  }
  const Pieces pieces(d, size_of(dtype));
  const int64_t width = d.taps() * d.channels;
  const Products products(r.device, pieces, MatMulOp(false, true), dtype, [&](int64_t samples) { return std::pair(Shape{samples * d.outputs(), d.filters}, Shape{width, d.filters}); });
  const size_t rows = d.pointwise() ? 0 : aligned(pieces.samples * d.outputs() * width * static_cast<int64_t>(size_of(dtype)));
  k.scratch_bytes = rows + products.scratch;
  k.run = typed(dtype, [=, s = space_of(d), direct = d.pointwise()](auto zero, const void* const* in, void* const* out, char* scratch) {
    using T = decltype(zero);
    pieces.each(products.some, products.last, [&](int64_t from, int64_t samples, const BoundKernel::Run& product) {
      T* x = static_cast<T*>(out[0]) + from * s.inputs * s.channels;
      const void* operands[] = {static_cast<const T*>(in[0]) + from * s.outputs * s.filters, in[1]};
      void* result[] = {direct ? static_cast<void*>(x) : scratch};
      product(operands, result, scratch + rows);
      const int64_t n = samples * s.inputs * s.channels;
      if (!direct) queue.elements(add_windows<T>, n, reinterpret_cast<const T*>(scratch), x, s, n);
    });
  });
  return k;
}

BoundKernel bind_weight_grad(const KernelRequest& r) {
  const auto& op = static_cast<const ConvolutionWeightGradOp&>(r.op);
  const ConvolutionDims d(op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape);
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  const Queue queue(r.device);
  BoundKernel k;
  if (d.groups > 1) {
    k.run = typed(dtype, [queue, s = space_of(d), batch = d.batch, n = d.weight_elements()](auto zero, const void* const* in, void* const* out, char*) {
      using T = decltype(zero);
      queue.rows(grouped_weight_grad<T>, n, batch * s.outputs, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), static_cast<T*>(out[0]), s, batch, n);
    });
    return k;
  }
  const Pieces pieces(d, size_of(dtype));
  const int64_t width = d.taps() * d.channels, element = static_cast<int64_t>(size_of(dtype));
  const Products products(r.device, pieces, MatMulOp(true, false), dtype, [&](int64_t samples) { return std::pair(Shape{samples * d.outputs(), width}, Shape{samples * d.outputs(), d.filters}); });
  const size_t rows = d.pointwise() ? 0 : aligned(pieces.samples * d.outputs() * width * element), part = d.batch > pieces.samples ? aligned(width * d.filters * element) : 0;
  k.scratch_bytes = rows + part + products.scratch;
  k.run = typed(dtype, [=, s = space_of(d), direct = d.pointwise()](auto zero, const void* const* in, void* const* out, char* scratch) {
    using T = decltype(zero);
    pieces.each(products.some, products.last, [&](int64_t from, int64_t samples, const BoundKernel::Run& product) {
      const T* x = static_cast<const T*>(in[0]) + from * s.inputs * s.channels;
      const int64_t n = samples * s.outputs * width;
      if (!direct) queue.elements(windows<T>, n, x, reinterpret_cast<T*>(scratch), s, n);
      const void* operands[] = {direct ? static_cast<const void*>(x) : scratch, static_cast<const T*>(in[1]) + from * s.outputs * s.filters};
      void* result[] = {from ? scratch + rows : out[0]};
      product(operands, result, scratch + rows + part);
      if (from) queue.elements(add_to<T>, width * s.filters, reinterpret_cast<const T*>(scratch + rows), static_cast<T*>(out[0]), width * s.filters);
    });
  });
  return k;
}

LAMINA_GPU_KERNEL("Convolution", "windows", 20, bind_forward);
LAMINA_GPU_KERNEL("ConvolutionInputGrad", "windows", 20, bind_input_grad);
LAMINA_GPU_KERNEL("ConvolutionWeightGrad", "windows", 20, bind_weight_grad);

}  // namespace
}  // namespace lamina::gpu
