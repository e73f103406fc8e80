// Plain loops of the convolutions, each written as a sum for one element of the result.
#include "backends/core/kernel.h"
#include "backends/ops/convolution/windows.h"

namespace lamina {

namespace {

template <class T>
using Wide = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

template <class F>
void with_float(DType dtype, F&& f) {
  if (dtype == DType::float64)
    f(double());
  else if (dtype == DType::float16)
    f(Half());
  else if (dtype == DType::bfloat16)
    f(BFloat16());
  else
    f(float());
}

BoundKernel bind_forward(const ConvolutionOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [d = ConvolutionDims(op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape),
           dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    with_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      using A = Wide<T>;
      const int64_t cg = d.group_channels(), og = d.group_filters();
      const T* w = static_cast<const T*>(in[1]);
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* x = static_cast<const T*>(in[0]) + n * d.input_elements();
        T* y = static_cast<T*>(out[0]) + n * d.output_elements();
        over_places(d.out, [&](const int64_t(&p)[3], int64_t flat) {
          for (int64_t o = 0; o < d.filters; ++o) {
            A sum = A(0);
            over_window(d, p, [&](int64_t place, int64_t tap) {
              for (int64_t c = 0; c < cg; ++c)
                sum += static_cast<A>(x[place * d.channels + o / og * cg + c]) *
                       static_cast<A>(w[(tap * cg + c) * d.filters + o]);
            });
            y[flat * d.filters + o] = static_cast<T>(sum);
          }
        });
      }
    });
  };
  return k;
}

BoundKernel bind_input_grad(const ConvolutionInputGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [d = ConvolutionDims(op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape),
           dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    with_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      using A = Wide<T>;
      const int64_t cg = d.group_channels(), og = d.group_filters();
      const T* w = static_cast<const T*>(in[1]);
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* g = static_cast<const T*>(in[0]) + n * d.output_elements();
        T* y = static_cast<T*>(out[0]) + n * d.input_elements();
        over_places(d.in, [&](const int64_t(&p)[3], int64_t flat) {
          for (int64_t c = 0; c < d.channels; ++c) {
            A sum = A(0);
            over_covering(d, p, [&](int64_t place, int64_t tap) {
              for (int64_t o = c / cg * og; o < (c / cg + 1) * og; ++o)
                sum +=
                    static_cast<A>(g[place * d.filters + o]) * static_cast<A>(w[(tap * cg + c % cg) * d.filters + o]);
            });
            y[flat * d.channels + c] = static_cast<T>(sum);
          }
        });
      }
    });
  };
  return k;
}

BoundKernel bind_weight_grad(const ConvolutionWeightGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  const ConvolutionDims dims(op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape);
  k.scratch_bytes = static_cast<size_t>(dims.weight_elements()) * 8;
  k.run = [d = dims, dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void* scratch) {
    with_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      using A = Wide<T>;
      const int64_t cg = d.group_channels(), og = d.group_filters();
      A* sum = static_cast<A*>(scratch);
      for (int64_t i = 0; i < d.weight_elements(); ++i) sum[i] = A(0);
      for (int64_t n = 0; n < d.batch; ++n) {
        const T* x = static_cast<const T*>(in[0]) + n * d.input_elements();
        const T* g = static_cast<const T*>(in[1]) + n * d.output_elements();
        over_places(d.out, [&](const int64_t(&p)[3], int64_t flat) {
          over_window(d, p, [&](int64_t place, int64_t tap) {
            for (int64_t o = 0; o < d.filters; ++o)
              for (int64_t c = 0; c < cg; ++c)
                sum[(tap * cg + c) * d.filters + o] +=
                    static_cast<A>(x[place * d.channels + o / og * cg + c]) * static_cast<A>(g[flat * d.filters + o]);
          });
        });
      }
      T* w = static_cast<T*>(out[0]);
      for (int64_t i = 0; i < d.weight_elements(); ++i) w[i] = static_cast<T>(sum[i]);
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Convolution", "reference", 100, bind_forward);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "reference", 100, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "reference", 100, bind_weight_grad);

}  // namespace
}  // namespace lamina
