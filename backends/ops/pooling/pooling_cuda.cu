// Poolings: one thread per output, and for gradients one per input, which finds the windows that it lies in, in their
// order.
#include "backends/cuda/kernel.cuh"
#include "backends/ops/pooling/dims.h"

namespace lamina::gpu {

namespace {

struct Axis {
  int64_t in = 1, out = 1;
  int64_t size = 1, stride = 1, low = 0;  // stride 0: adaptive
  __device__ int64_t begin(int64_t o) const {
    if (!stride) return o * in / out;
    const int64_t from = o * stride - low;
    return from > 0 ? from : 0;
  }
  __device__ int64_t end(int64_t o) const {
    if (!stride) return ((o + 1) * in + out - 1) / out;
    const int64_t to = o * stride - low + size;
    return to < in ? to : in;
  }
  // A window that begins no later than all that hold place i.
  __device__ int64_t first_window(int64_t i) const {
    const int64_t o = stride ? (i + low - size + 1) / stride - 1 : i * out / in - 1;
    return o > 0 ? o : 0;
  }
};
struct Space {
  Axis axis[3];
  int64_t channels;
};

Space space_of(const PoolWindows& w, const Shape& x) {
  Space s;
  s.channels = x.back();
  for (int i = 0; i < w.rank(); ++i) {
    Axis& a = s.axis[3 - w.rank() + i];
    a.in = x[i + 1];
    a.out = w.outputs(i, a.in);
    a.size = w.sizes[static_cast<size_t>(i)];
    a.stride = w.adaptive() ? 0 : w.window.strides[static_cast<size_t>(i)];
    a.low = w.adaptive() ? 0 : w.window.low[static_cast<size_t>(i)];
  }
  return s;
}

struct Place {
  int64_t sample, at[3], channel;
};
__device__ inline Place place_of(int64_t i, int64_t channels, int64_t size1, int64_t size2, int64_t size0) {
  Place p;
  p.channel = i % channels, i /= channels;
  p.at[2] = i % size2, i /= size2;
  p.at[1] = i % size1, i /= size1;
  p.at[0] = i % size0;
  p.sample = i / size0;
  return p;
}
__device__ inline Place output_place(int64_t i, const Space& s) {
  return place_of(i, s.channels, s.axis[1].out, s.axis[2].out, s.axis[0].out);
}
__device__ inline Place input_place(int64_t i, const Space& s) {
  return place_of(i, s.channels, s.axis[1].in, s.axis[2].in, s.axis[0].in);
}
__device__ inline int64_t input_at(const Space& s, const Place& p, int64_t a, int64_t b, int64_t c) {
  return (((p.sample * s.axis[0].in + a) * s.axis[1].in + b) * s.axis[2].in + c) * s.channels + p.channel;
}
__device__ inline int64_t output_at(const Space& s, const Place& p, int64_t a, int64_t b, int64_t c) {
  return (((p.sample * s.axis[0].out + a) * s.axis[1].out + b) * s.axis[2].out + c) * s.channels + p.channel;
}

template <class T, class I>
__global__ void max_pool(const T* x, T* y, I* indices, Space s, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const Place p = output_place(i, s);
    T best{};
    int64_t which = 0, at = 0;
    for (int64_t a = s.axis[0].begin(p.at[0]); a < s.axis[0].end(p.at[0]); ++a)
      for (int64_t b = s.axis[1].begin(p.at[1]); b < s.axis[1].end(p.at[1]); ++b)
        for (int64_t c = s.axis[2].begin(p.at[2]); c < s.axis[2].end(p.at[2]); ++c, ++at) {
          const T v = x[input_at(s, p, a, b, c)];
          const auto wide = widen(v), most = widen(best);
          if (at == 0 || wide > most || wide != wide) best = v, which = at;
        }
    y[i] = best;
    if (indices) indices[i] = static_cast<I>(which);
  }
}

template <class T, class I>
__global__ void max_scatter(const T* g, const I* indices, T* y, Space s, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const Place p = input_place(i, s);
    Wide<T> sum = 0;
    for (int64_t a = s.axis[0].first_window(p.at[0]); a < s.axis[0].out && s.axis[0].begin(a) <= p.at[0]; ++a)
      for (int64_t b = s.axis[1].first_window(p.at[1]); b < s.axis[1].out && s.axis[1].begin(b) <= p.at[1]; ++b)
        for (int64_t c = s.axis[2].first_window(p.at[2]); c < s.axis[2].out && s.axis[2].begin(c) <= p.at[2]; ++c) {
          if (s.axis[0].end(a) <= p.at[0] || s.axis[1].end(b) <= p.at[1] || s.axis[2].end(c) <= p.at[2]) continue;
          const int64_t width = s.axis[2].end(c) - s.axis[2].begin(c), height = s.axis[1].end(b) - s.axis[1].begin(b);
          const int64_t number = ((p.at[0] - s.axis[0].begin(a)) * height + p.at[1] - s.axis[1].begin(b)) * width +
                                 p.at[2] - s.axis[2].begin(c);
          const int64_t from = output_at(s, p, a, b, c);
          if (static_cast<int64_t>(indices[from]) == number) sum = static_cast<Wide<T>>(sum + widen(g[from]));
        }
    y[i] = narrow<T>(sum);
  }
}

template <class T, class I>
__global__ void max_gather(const T* x, const I* indices, T* y, Space s, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const Place p = output_place(i, s);
    const int64_t width = s.axis[2].end(p.at[2]) - s.axis[2].begin(p.at[2]),
                  height = s.axis[1].end(p.at[1]) - s.axis[1].begin(p.at[1]), number = indices[i];
    y[i] = x[input_at(s, p, s.axis[0].begin(p.at[0]) + number / (width * height),
                      s.axis[1].begin(p.at[1]) + number / width % height, s.axis[2].begin(p.at[2]) + number % width)];
  }
}

template <class T>
__global__ void average_pool(const T* x, T* y, Space s, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const Place p = output_place(i, s);
    Wide<T> sum = 0;
    int64_t count = 0;
    for (int64_t a = s.axis[0].begin(p.at[0]); a < s.axis[0].end(p.at[0]); ++a)
      for (int64_t b = s.axis[1].begin(p.at[1]); b < s.axis[1].end(p.at[1]); ++b)
        for (int64_t c = s.axis[2].begin(p.at[2]); c < s.axis[2].end(p.at[2]); ++c, ++count)
          sum = static_cast<Wide<T>>(sum + widen(x[input_at(s, p, a, b, c)]));
    y[i] = narrow<T>(sum / static_cast<Wide<T>>(count));
  }
}

template <class T>
__global__ void average_grad(const T* g, T* y, Space s, int64_t n) {
  for (int64_t i = first(); i < n; i += step()) {
    const Place p = input_place(i, s);
    Wide<T> sum = 0;
    for (int64_t a = s.axis[0].first_window(p.at[0]); a < s.axis[0].out && s.axis[0].begin(a) <= p.at[0]; ++a)
      for (int64_t b = s.axis[1].first_window(p.at[1]); b < s.axis[1].out && s.axis[1].begin(b) <= p.at[1]; ++b)
        for (int64_t c = s.axis[2].first_window(p.at[2]); c < s.axis[2].out && s.axis[2].begin(c) <= p.at[2]; ++c) {
          if (s.axis[0].end(a) <= p.at[0] || s.axis[1].end(b) <= p.at[1] || s.axis[2].end(c) <= p.at[2]) continue;
          const int64_t count = (s.axis[0].end(a) - s.axis[0].begin(a)) * (s.axis[1].end(b) - s.axis[1].begin(b)) *
                                (s.axis[2].end(c) - s.axis[2].begin(c));
          sum = static_cast<Wide<T>>(sum + widen(g[output_at(s, p, a, b, c)]) / static_cast<Wide<T>>(count));
        }
    y[i] = narrow<T>(sum);
  }
}

template <class F>
void with_number(DType index, F&& f) {
  if (index == DType::uint8)
    f(uint8_t{});
  else
    f(int32_t{});
}

BoundKernel bind_max(const MaxPoolOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [s = space_of(op.windows, r.inputs[0].shape), n = r.outputs[0].shape.elements(), indexed = op.indexed,
           dtype = r.inputs[0].dtype, index = r.outputs.back().dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      with_number(index, [&](auto number) {
        using T = decltype(zero);
        using I = decltype(number);
        queue.elements(max_pool<T, I>, n, static_cast<const T*>(in[0]), static_cast<T*>(out[0]),
                       indexed ? static_cast<I*>(out[1]) : nullptr, s, n);
      });
    });
  };
  return k;
}

BoundKernel bind_max_scatter(const MaxPoolScatterOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [s = space_of(op.windows, r.outputs[0].shape), n = r.outputs[0].shape.elements(), dtype = r.inputs[0].dtype,
           index = r.inputs[1].dtype, queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      with_number(index, [&](auto number) {
        using T = decltype(zero);
        using I = decltype(number);
        queue.elements(max_scatter<T, I>, n, static_cast<const T*>(in[0]), static_cast<const I*>(in[1]),
                       static_cast<T*>(out[0]), s, n);
      });
    });
  };
  return k;
}

BoundKernel bind_max_gather(const MaxPoolGatherOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [s = space_of(op.windows, r.inputs[0].shape), n = r.outputs[0].shape.elements(), dtype = r.inputs[0].dtype,
           index = r.inputs[1].dtype, queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      with_number(index, [&](auto number) {
        using T = decltype(zero);
        using I = decltype(number);
        queue.elements(max_gather<T, I>, n, static_cast<const T*>(in[0]), static_cast<const I*>(in[1]),
                       static_cast<T*>(out[0]), s, n);
      });
    });
  };
  return k;
}

BoundKernel bind_average(const AveragePoolOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [s = space_of(op.windows, r.inputs[0].shape), n = r.outputs[0].shape.elements(), dtype = r.inputs[0].dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(average_pool<T>, n, static_cast<const T*>(in[0]), static_cast<T*>(out[0]), s, n);
    });
  };
  return k;
}

BoundKernel bind_average_grad(const AveragePoolGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [s = space_of(op.windows, r.outputs[0].shape), n = r.outputs[0].shape.elements(), dtype = r.inputs[0].dtype,
           queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
    with_stored_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(average_grad<T>, n, static_cast<const T*>(in[0]), static_cast<T*>(out[0]), s, n);
    });
  };
  return k;
}

LAMINA_GPU_KERNEL("MaxPool", "outputs", 20, bind_max);
LAMINA_GPU_KERNEL("MaxPoolScatter", "inputs", 20, bind_max_scatter);
LAMINA_GPU_KERNEL("MaxPoolGather", "outputs", 20, bind_max_gather);
LAMINA_GPU_KERNEL("AveragePool", "outputs", 20, bind_average);
LAMINA_GPU_KERNEL("AveragePoolGrad", "inputs", 20, bind_average_grad);

}  // namespace
}  // namespace lamina::gpu
