// Convolutions as products over windows laid out in rows (im2col), some samples at a time; grouped ones, and with them
// depthwise ones, directly. Any number of axes, strides, dilations and paddings; float dtypes.
#include "backends/ops/convolution/dims.h"
#include "backends/ops/pieces.cuh"

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
    s.in.at[a] = d.in[a], s.out.at[a] = d.out[a], s.size.at[a] = d.size[a], s.strides.at[a] = d.strides[a],
    s.low.at[a] = d.low[a], s.dilation.at[a] = d.dilation[a];
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
    const int64_t channel = i % s.channels, tap = i / s.channels % s.taps, row = i / (s.channels * s.taps),
                  sample = row / s.outputs;
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

// ---- grouped ----
template <class T>
__global__ void grouped(const T* x, const T* w, T* y, Space s, int64_t n) {
  const int64_t channels = s.channels / s.groups, filters = s.filters / s.groups;
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t filter = i % s.filters, output = i / s.filters % s.outputs, sample = i / (s.filters * s.outputs),
                  from = filter / filters * channels;
    const Triple at = split(output, s.out);
    Wide<T> sum = 0;
    for (int64_t tap = 0; tap < s.taps; ++tap) {
      const int64_t place = input_of(s, at, split(tap, s.size));
      if (place < 0) continue;
      for (int64_t c = 0; c < channels; ++c)
        sum += widen(x[(sample * s.inputs + place) * s.channels + from + c]) *
               widen(w[(tap * channels + c) * s.filters + filter]);
    }
    y[i] = narrow<T>(sum);
  }
}

template <class T>
__global__ void grouped_input_grad(const T* g, const T* w, T* x, Space s, int64_t n) {
  const int64_t channels = s.channels / s.groups, filters = s.filters / s.groups;
  for (int64_t i = first(); i < n; i += step()) {
    const int64_t channel = i % s.channels, place = i / s.channels % s.inputs, sample = i / (s.channels * s.inputs),
                  from = channel / channels * filters;
    const Triple at = split(place, s.in);
    Wide<T> sum = 0;
    for (int64_t tap = 0; tap < s.taps; ++tap) {
      const int64_t output = output_of(s, at, split(tap, s.size));
      if (output < 0) continue;
      for (int64_t f = 0; f < filters; ++f)
        sum += widen(g[(sample * s.outputs + output) * s.filters + from + f]) *
               widen(w[(tap * channels + channel % channels) * s.filters + from + f]);
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
      if (place >= 0)
        sum += widen(x[(j / s.outputs * s.inputs + place) * s.channels + channel]) * widen(g[j * s.filters + filter]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) w[i] = narrow<T>(sum);
  }
}

// ---- products ----
// Of windows in rows, for some samples at a time.
struct Rows {
  Pieces pieces;
  int64_t width;  // of a row
  bool direct;    // the input is such rows already
  Layout layout;
  size_t rows, products;  // in scratch
  Rows(const ConvolutionDims& d, DType dtype)
      : pieces(d.batch, d.outputs() * d.taps() * d.channels * static_cast<int64_t>(size_of(dtype))),
        width(d.taps() * d.channels),
        direct(d.pointwise()) {
    rows = layout.take(direct ? 0 : pieces.samples * d.outputs() * width, dtype);
    products = layout.size();
  }
};

BoundKernel bind_forward(const ConvolutionOp& op, const KernelRequest& r) {
  const ConvolutionDims d(op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape);
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  const Queue queue(r.device);
  BoundKernel k;
  if (d.groups > 1) {
    k.run = typed(dtype, [queue, s = space_of(d), n = d.batch * d.output_elements()](auto zero, const void* const* in,
                                                                                     void* const* out, char*) {
      using T = decltype(zero);
      queue.elements(grouped<T>, n, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), static_cast<T*>(out[0]),
                     s, n);
    });
    return k;
  }
  const Rows l(d, dtype);
  const PieceProduct product(r.device, l.pieces, MatMulOp(false, false), dtype, [&](int64_t samples) {
    return std::pair(Shape{samples * d.outputs(), l.width}, Shape{l.width, d.filters});
  });
  k.scratch_bytes = l.products + product.scratch();
  k.recordable = product.recordable();
  k.run = typed(dtype, [=, s = space_of(d)](auto zero, const void* const* in, void* const* out, char* scratch) {
    using T = decltype(zero);
    l.pieces.each([&](int64_t from, int64_t samples) {
      const T* x = static_cast<const T*>(in[0]) + from * s.inputs * s.channels;
      T* rows = reinterpret_cast<T*>(scratch + l.rows);
      const int64_t n = samples * s.outputs * l.width;
      if (!l.direct) queue.elements(windows<T>, n, x, rows, s, n);
      product(samples, l.direct ? x : rows, in[1], static_cast<T*>(out[0]) + from * s.outputs * s.filters,
              scratch + l.products);
    });
  });
  return k;
}

BoundKernel bind_input_grad(const ConvolutionInputGradOp& op, const KernelRequest& r) {
  const ConvolutionDims d(op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape);
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  const Queue queue(r.device);
  BoundKernel k;
  if (d.groups > 1) {
    k.run = typed(dtype, [queue, s = space_of(d), n = d.batch * d.input_elements()](auto zero, const void* const* in,
                                                                                    void* const* out, char*) {
      using T = decltype(zero);
      queue.elements(grouped_input_grad<T>, n, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]),
                     static_cast<T*>(out[0]), s, n);
    });
    return k;
  }
  const Rows l(d, dtype);
  const PieceProduct product(r.device, l.pieces, MatMulOp(false, true), dtype, [&](int64_t samples) {
    return std::pair(Shape{samples * d.outputs(), d.filters}, Shape{l.width, d.filters});
  });
  k.scratch_bytes = l.products + product.scratch();
  k.recordable = product.recordable();
  k.run = typed(dtype, [=, s = space_of(d)](auto zero, const void* const* in, void* const* out, char* scratch) {
    using T = decltype(zero);
    l.pieces.each([&](int64_t from, int64_t samples) {
      T *x = static_cast<T*>(out[0]) + from * s.inputs * s.channels, *rows = reinterpret_cast<T*>(scratch + l.rows);
      product(samples, static_cast<const T*>(in[0]) + from * s.outputs * s.filters, in[1], l.direct ? x : rows,
              scratch + l.products);
      const int64_t n = samples * s.inputs * s.channels;
      if (!l.direct) queue.elements(add_windows<T>, n, rows, x, s, n);
    });
  });
  return k;
}

BoundKernel bind_weight_grad(const ConvolutionWeightGradOp& op, const KernelRequest& r) {
  const ConvolutionDims d(op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape);
  const DType dtype = r.inputs[0].dtype;
  if (d.empty()) return r.decline("empty");
  const Queue queue(r.device);
  BoundKernel k;
  if (d.groups > 1) {
    k.run = typed(dtype, [queue, s = space_of(d), batch = d.batch, n = d.weight_elements()](
                             auto zero, const void* const* in, void* const* out, char*) {
      using T = decltype(zero);
      queue.rows(grouped_weight_grad<T>, n, batch * s.outputs, static_cast<const T*>(in[0]),
                 static_cast<const T*>(in[1]), static_cast<T*>(out[0]), s, batch, n);
    });
    return k;
  }
  Rows l(d, dtype);
  const size_t part = l.layout.take(l.pieces.several() ? l.width * d.filters : 0, dtype);
  l.products = l.layout.size();
  const PieceProduct product(r.device, l.pieces, MatMulOp(true, false), dtype, [&](int64_t samples) {
    return std::pair(Shape{samples * d.outputs(), l.width}, Shape{samples * d.outputs(), d.filters});
  });
  k.scratch_bytes = l.products + product.scratch();
  k.recordable = product.recordable();
  k.run = typed(dtype, [=, s = space_of(d)](auto zero, const void* const* in, void* const* out, char* scratch) {
    using T = decltype(zero);
    l.pieces.each([&](int64_t from, int64_t samples) {
      const T* x = static_cast<const T*>(in[0]) + from * s.inputs * s.channels;
      T *rows = reinterpret_cast<T*>(scratch + l.rows), *sum = static_cast<T*>(out[0]),
        *more = reinterpret_cast<T*>(scratch + part);
      const int64_t n = samples * s.outputs * l.width, weights = l.width * s.filters;
      if (!l.direct) queue.elements(windows<T>, n, x, rows, s, n);
      product(samples, l.direct ? x : rows, static_cast<const T*>(in[1]) + from * s.outputs * s.filters,
              from ? more : sum, scratch + l.products);
      if (from) queue.elements(add_to<T>, weights, more, sum, weights);
    });
  });
  return k;
}

LAMINA_GPU_KERNEL("Convolution", "windows", 20, bind_forward);
LAMINA_GPU_KERNEL("ConvolutionInputGrad", "windows", 20, bind_input_grad);
LAMINA_GPU_KERNEL("ConvolutionWeightGrad", "windows", 20, bind_weight_grad);

}  // namespace
}  // namespace lamina::gpu
