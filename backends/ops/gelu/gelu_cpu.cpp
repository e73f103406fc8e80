#include <cmath>

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/gelu/gelu.h"
#include "backends/ops/gelu/gelu_loops.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const GeluLoops&, gelu_loops)

namespace {

constexpr int64_t kTask = 1 << 13;
template <class F>
void each_piece(int64_t n, F&& f) {
  parallel_for((n + kTask - 1) / kTask, [&](int64_t t) { f(t * kTask, std::min(kTask, n - t * kTask)); });
}

BoundKernel bind_float(const GeluOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  BoundKernel k;
  k.in_place = true;
  auto f = op.approximate ? gelu_loops().approximate : gelu_loops().exact;
  k.run = [f, n = r.inputs[0].shape.elements()](const void* const* in, void* const* out, void*) {
    each_piece(n, [&](int64_t at, int64_t size) {
      f(static_cast<const float*>(in[0]) + at, static_cast<float*>(out[0]) + at, size);
    });
  };
  return k;
}

BoundKernel bind_grad_float(const GeluGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  BoundKernel k;
  k.in_place = true;
  auto f = op.approximate ? gelu_loops().approximate_grad : gelu_loops().exact_grad;
  k.run = [f, n = r.inputs[0].shape.elements()](const void* const* in, void* const* out, void*) {
    each_piece(n, [&](int64_t at, int64_t size) {
      f(static_cast<const float*>(in[0]) + at, static_cast<const float*>(in[1]) + at, static_cast<float*>(out[0]) + at,
        size);
    });
  };
  return k;
}

// The plain loops, in double.
struct Parts {
  double share, slope;  // y = x * share, dy/dx = slope
};
Parts parts_of(double x, bool approximate) {
  if (!approximate) {
    const double share = 0.5 * (1 + std::erf(x * M_SQRT1_2));
    return {share, share + x * std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI)};
  }
  const double c = std::sqrt(2 / M_PI), t = std::tanh(c * (x + 0.044715 * x * x * x));
  return {0.5 * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)};
}

template <class F>
void with_type(DType type, F&& f) {
  if (type == DType::float32)
    f(float{});
  else
    f(double{});
}

BoundKernel bind_reference(const GeluOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [a = op.approximate, n = r.inputs[0].shape.elements(), dtype = r.inputs[0].dtype](const void* const* in,
                                                                                            void* const* out, void*) {
    with_type(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < n; ++i) {
        const T x = static_cast<const T*>(in[0])[i];
        static_cast<T*>(out[0])[i] = static_cast<T>(static_cast<double>(x) * parts_of(static_cast<double>(x), a).share);
      }
    });
  };
  return k;
}

BoundKernel bind_grad_reference(const GeluGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [a = op.approximate, n = r.inputs[0].shape.elements(), dtype = r.inputs[0].dtype](const void* const* in,
                                                                                            void* const* out, void*) {
    with_type(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < n; ++i)
        static_cast<T*>(out[0])[i] =
            static_cast<T>(static_cast<double>(static_cast<const T*>(in[1])[i]) *
                           parts_of(static_cast<double>(static_cast<const T*>(in[0])[i]), a).slope);
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Gelu", "float_loops", 20, bind_float);
LAMINA_KERNEL(cpu, "Gelu", "reference", 100, bind_reference);
LAMINA_KERNEL(cpu, "GeluGrad", "float_loops", 20, bind_grad_float);
LAMINA_KERNEL(cpu, "GeluGrad", "reference", 100, bind_grad_reference);

}  // namespace
}  // namespace lamina
