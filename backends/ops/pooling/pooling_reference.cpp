// Plain loops of the poolings.
#include "backends/core/kernel.h"
#include "backends/ops/pooling/dims.h"

namespace lamina {

namespace {

template <class T>
inline constexpr bool kLow = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
using Wide = std::conditional_t<kLow<T>, float, T>;

// Calls f with a value of the storage type and one of the index's, uint8_t or int32_t.
template <class F>
void with_types(DType value, DType index, F&& f) {
  with_dtype(value, [&](auto v) {
    if (index == DType::uint8)
      f(v, uint8_t{});
    else
      f(v, int32_t{});
  });
}

BoundKernel bind_max(const MaxPoolOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [d = PoolDims(op.windows, r.inputs[0].shape), dtype = r.inputs[0].dtype, indexed = op.indexed,
           index = r.outputs.back().dtype](const void* const* in, void* const* out, void*) {
    with_types(dtype, index, [&](auto zero, auto number) {
      using T = decltype(zero);
      using I = decltype(number);
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* x = static_cast<const T*>(in[0]) + n * d.input_elements();
        T* y = static_cast<T*>(out[0]) + n * d.output_elements();
        I* indices = indexed ? static_cast<I*>(out[1]) + n * d.output_elements() : nullptr;
        d.over_outputs([&](int64_t a, int64_t b, int64_t c, int64_t flat) {
          for (int64_t channel = 0; channel < d.channels; ++channel) {
            T best{};
            int64_t which = 0, at = 0;
            d.over_window(a, b, c, [&](int64_t place) {
              const T v = x[place * d.channels + channel];
              const auto wide = static_cast<Wide<T>>(v), most = static_cast<Wide<T>>(best);
              if (at == 0 || wide > most || wide != wide) best = v, which = at;
              ++at;
            });
            y[flat * d.channels + channel] = best;
            if (indices) indices[flat * d.channels + channel] = static_cast<I>(which);
          }
        });
      }
    });
  };
  return k;
}

BoundKernel bind_scatter(const MaxPoolScatterOp& op, const KernelRequest& r) {
  const PoolDims dims(op.windows, r.outputs[0].shape);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(dims.input_elements()) * 8;
  k.run = [d = dims, dtype = r.inputs[0].dtype, index = r.inputs[1].dtype](const void* const* in, void* const* out,
                                                                           void* scratch) {
    with_types(dtype, index, [&](auto zero, auto number) {
      using T = decltype(zero);
      using A = Wide<T>;
      A* sum = static_cast<A*>(scratch);
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* g = static_cast<const T*>(in[0]) + n * d.output_elements();
        const auto* indices = static_cast<const decltype(number)*>(in[1]) + n * d.output_elements();
        T* x = static_cast<T*>(out[0]) + n * d.input_elements();
        for (int64_t i = 0; i < d.input_elements(); ++i) sum[i] = A(0);
        d.over_outputs([&](int64_t a, int64_t b, int64_t c, int64_t flat) {
          for (int64_t channel = 0; channel < d.channels; ++channel) {
            const int64_t from = flat * d.channels + channel;
            A& to = sum[d.place(a, b, c, indices[from]) * d.channels + channel];
            to = static_cast<A>(to + static_cast<A>(g[from]));
          }
        });
        for (int64_t i = 0; i < d.input_elements(); ++i) x[i] = static_cast<T>(sum[i]);
      }
    });
  };
  return k;
}

BoundKernel bind_gather(const MaxPoolGatherOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [d = PoolDims(op.windows, r.inputs[0].shape), dtype = r.inputs[0].dtype, index = r.inputs[1].dtype](
              const void* const* in, void* const* out, void*) {
    with_types(dtype, index, [&](auto zero, auto number) {
      using T = decltype(zero);
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* x = static_cast<const T*>(in[0]) + n * d.input_elements();
        const auto* indices = static_cast<const decltype(number)*>(in[1]) + n * d.output_elements();
        T* y = static_cast<T*>(out[0]) + n * d.output_elements();
        d.over_outputs([&](int64_t a, int64_t b, int64_t c, int64_t flat) {
          for (int64_t channel = 0; channel < d.channels; ++channel) {
            const int64_t to = flat * d.channels + channel;
            y[to] = x[d.place(a, b, c, indices[to]) * d.channels + channel];
          }
        });
      }
    });
  };
  return k;
}

BoundKernel bind_average(const AveragePoolOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [d = PoolDims(op.windows, r.inputs[0].shape), dtype = r.inputs[0].dtype](const void* const* in,
                                                                                   void* const* out, void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      using A = Wide<T>;
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* x = static_cast<const T*>(in[0]) + n * d.input_elements();
        T* y = static_cast<T*>(out[0]) + n * d.output_elements();
        d.over_outputs([&](int64_t a, int64_t b, int64_t c, int64_t flat) {
          for (int64_t channel = 0; channel < d.channels; ++channel) {
            A sum = A(0);
            int64_t count = 0;
            d.over_window(a, b, c, [&](int64_t place) {
              sum = static_cast<A>(sum + static_cast<A>(x[place * d.channels + channel]));
              ++count;
            });
            y[flat * d.channels + channel] = static_cast<T>(sum / static_cast<A>(count));
          }
        });
      }
    });
  };
  return k;
}

BoundKernel bind_average_grad(const AveragePoolGradOp& op, const KernelRequest& r) {
  const PoolDims dims(op.windows, r.outputs[0].shape);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(dims.input_elements()) * 8;
  k.run = [d = dims, dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void* scratch) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      using A = Wide<T>;
      A* sum = static_cast<A*>(scratch);
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* g = static_cast<const T*>(in[0]) + n * d.output_elements();
        T* x = static_cast<T*>(out[0]) + n * d.input_elements();
        for (int64_t i = 0; i < d.input_elements(); ++i) sum[i] = A(0);
        d.over_outputs([&](int64_t a, int64_t b, int64_t c, int64_t flat) {
          int64_t count = 0;
          d.over_window(a, b, c, [&](int64_t) { ++count; });
          d.over_window(a, b, c, [&](int64_t place) {
            for (int64_t channel = 0; channel < d.channels; ++channel) {
              A& to = sum[place * d.channels + channel];
              to = static_cast<A>(to + static_cast<A>(g[flat * d.channels + channel]) / static_cast<A>(count));
            }
          });
        });
        for (int64_t i = 0; i < d.input_elements(); ++i) x[i] = static_cast<T>(sum[i]);
      }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "MaxPool", "reference", 100, bind_max);
LAMINA_KERNEL(cpu, "MaxPoolScatter", "reference", 100, bind_scatter);
LAMINA_KERNEL(cpu, "MaxPoolGather", "reference", 100, bind_gather);
LAMINA_KERNEL(cpu, "AveragePool", "reference", 100, bind_average);
LAMINA_KERNEL(cpu, "AveragePoolGrad", "reference", 100, bind_average_grad);

}  // namespace
}  // namespace lamina
