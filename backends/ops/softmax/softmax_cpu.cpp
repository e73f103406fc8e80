#include <cmath>

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/softmax/softmax.h"
#include "backends/ops/softmax/softmax_loops.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const SoftmaxLoops&, softmax_rows)

namespace {

struct Rows {
  int64_t count, n, a_task;
  explicit Rows(const Shape& x)
      : count(x.elements() / std::max<int64_t>(1, x.back())),
        n(x.back()),
        a_task(std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(1, n))) {}
  template <class F>
  void each(F&& f) const {
    parallel_for((count + a_task - 1) / a_task, [&](int64_t task) {
      for (int64_t i = task * a_task; i < std::min(count, (task + 1) * a_task); ++i) f(i);
    });
  }
};

const float* floats(const void* p) { return static_cast<const float*>(p); }
float* floats(void* p) { return static_cast<float*>(p); }

BoundKernel bind_softmax_float(const SoftmaxOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  BoundKernel k;
  k.in_place = true;
  auto f = op.log ? softmax_rows().log_softmax : softmax_rows().softmax;
  k.run = [f, rows = Rows(r.inputs[0].shape)](const void* const* in, void* const* out, void*) {
    rows.each([&](int64_t i) { f(floats(in[0]) + i * rows.n, floats(out[0]) + i * rows.n, rows.n); });
  };
  return k;
}

BoundKernel bind_softmax_grad_float(const SoftmaxGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  BoundKernel k;
  k.in_place = true;
  auto f = op.log ? softmax_rows().log_softmax_grad : softmax_rows().softmax_grad;
  k.run = [f, rows = Rows(r.inputs[0].shape)](const void* const* in, void* const* out, void*) {
    rows.each([&](int64_t i) {
      f(floats(in[0]) + i * rows.n, floats(in[1]) + i * rows.n, floats(out[0]) + i * rows.n, rows.n);
    });
  };
  return k;
}

BoundKernel bind_cross_entropy_float(const CrossEntropyOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  BoundKernel k;
  k.run = [sparse = op.sparse, rows = Rows(r.inputs[0].shape)](const void* const* in, void* const* out, void*) {
    const SoftmaxLoops& f = softmax_rows();
    rows.each([&](int64_t i) {
      const float* x = floats(in[0]) + i * rows.n;
      float z = f.log_sum_exp(x, rows.n);
      floats(out[1])[i] = z;
      if (sparse) {
        int32_t c = static_cast<const int32_t*>(in[1])[i];
        floats(out[0])[i] = c >= 0 && c < rows.n ? z - x[c] : 0;
      } else {
        floats(out[0])[i] = f.weighted_loss(x, floats(in[1]) + i * rows.n, z, rows.n);
      }
    });
  };
  return k;
}

BoundKernel bind_cross_entropy_grad_float(const CrossEntropyGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  BoundKernel k;
  k.run = [sparse = op.sparse, rows = Rows(r.inputs[0].shape)](const void* const* in, void* const* out, void*) {
    const SoftmaxLoops& f = softmax_rows();
    rows.each([&](int64_t i) {
      const float* x = floats(in[0]) + i * rows.n;
      float* y = floats(out[0]) + i * rows.n;
      float z = floats(in[2])[i], g = floats(in[3])[i];
      if (sparse) {
        int32_t c = static_cast<const int32_t*>(in[1])[i];
        bool valid = c >= 0 && c < rows.n;
        f.sparse_grad(x, z, valid ? g : 0, y, rows.n);
        if (valid) y[c] -= g;
      } else {
        f.weighted_grad(x, floats(in[1]) + i * rows.n, z, g, y, rows.n);
      }
    });
  };
  return k;
}

// --- The plain loops, in double (float32 and half types are widened) ----------------------------------------------
template <class F>
void with_float(DType type, F&& f) {
  if (type == DType::float16)
    f(Half{});
  else if (type == DType::bfloat16)
    f(BFloat16{});
  else if (type == DType::float32)
    f(float{});
  else
    f(double{});
}
template <class T>
double wide(T v) {
  if constexpr (std::is_arithmetic_v<T>)
    return v;
  else
    return static_cast<float>(v);
}
template <class T>
T narrow(double v) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<T>(v);
  else
    return T(static_cast<float>(v));
}
template <class T>
double log_sum_exp(const T* x, int64_t n) {
  double shift = wide(x[0]), total = 0;
  for (int64_t i = 1; i < n; ++i) shift = wide(x[i]) > shift ? wide(x[i]) : shift;
  for (int64_t i = 0; i < n; ++i) total += std::isinf(shift) && wide(x[i]) == shift ? 1 : std::exp(wide(x[i]) - shift);
  return std::isinf(shift) ? (std::isnan(total) ? NAN : shift) : shift + std::log(total);
}

BoundKernel bind_softmax_reference(const SoftmaxOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [log = op.log, rows = Rows(r.inputs[0].shape), dtype = r.inputs[0].dtype](const void* const* in,
                                                                                    void* const* out, void*) {
    with_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < rows.count; ++i) {
        const T* x = static_cast<const T*>(in[0]) + i * rows.n;
        T* y = static_cast<T*>(out[0]) + i * rows.n;
        double z = log_sum_exp(x, rows.n), share = 1;
        if (!log && std::isfinite(z)) {  // a division, for scores so large that log(sum) would be lost beside them
          z = wide(x[0]), share = 0;
          for (int64_t j = 1; j < rows.n; ++j) z = std::max(z, wide(x[j]));
          for (int64_t j = 0; j < rows.n; ++j) share += std::exp(wide(x[j]) - z);
        }
        for (int64_t j = 0; j < rows.n; ++j) y[j] = narrow<T>(log ? wide(x[j]) - z : std::exp(wide(x[j]) - z) / share);
      }
    });
  };
  return k;
}

BoundKernel bind_softmax_grad_reference(const SoftmaxGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [log = op.log, rows = Rows(r.inputs[0].shape), dtype = r.inputs[0].dtype](const void* const* in,
                                                                                    void* const* out, void*) {
    with_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < rows.count; ++i) {
        const T *y = static_cast<const T*>(in[0]) + i * rows.n, *g = static_cast<const T*>(in[1]) + i * rows.n;
        T* to = static_cast<T*>(out[0]) + i * rows.n;
        double total = 0;
        for (int64_t j = 0; j < rows.n; ++j) total += log ? wide(g[j]) : wide(y[j]) * wide(g[j]);
        for (int64_t j = 0; j < rows.n; ++j)
          to[j] = narrow<T>(log ? wide(g[j]) - std::exp(wide(y[j])) * total : wide(y[j]) * (wide(g[j]) - total));
      }
    });
  };
  return k;
}

BoundKernel bind_cross_entropy_reference(const CrossEntropyOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [sparse = op.sparse, rows = Rows(r.inputs[0].shape), dtype = r.inputs[0].dtype](const void* const* in,
                                                                                          void* const* out, void*) {
    with_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < rows.count; ++i) {
        const T* x = static_cast<const T*>(in[0]) + i * rows.n;
        double z = log_sum_exp(x, rows.n), loss = 0;
        if (sparse) {
          int32_t c = static_cast<const int32_t*>(in[1])[i];
          loss = c >= 0 && c < rows.n ? z - wide(x[c]) : 0;
        } else {
          for (int64_t j = 0; j < rows.n; ++j)
            loss += wide(static_cast<const T*>(in[1])[i * rows.n + j]) * (z - wide(x[j]));
        }
        static_cast<T*>(out[0])[i] = narrow<T>(loss);
        static_cast<T*>(out[1])[i] = narrow<T>(z);
      }
    });
  };
  return k;
}

BoundKernel bind_cross_entropy_grad_reference(const CrossEntropyGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [sparse = op.sparse, rows = Rows(r.inputs[0].shape), dtype = r.inputs[0].dtype](const void* const* in,
                                                                                          void* const* out, void*) {
    with_float(dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t i = 0; i < rows.count; ++i) {
        const T* x = static_cast<const T*>(in[0]) + i * rows.n;
        T* y = static_cast<T*>(out[0]) + i * rows.n;
        double z = wide(static_cast<const T*>(in[2])[i]), g = wide(static_cast<const T*>(in[3])[i]), total = 0;
        auto weight = [&](int64_t j) {
          if (sparse) return static_cast<const int32_t*>(in[1])[i] == j ? 1.0 : 0.0;
          return wide(static_cast<const T*>(in[1])[i * rows.n + j]);
        };
        for (int64_t j = 0; j < rows.n; ++j) total += weight(j);
        for (int64_t j = 0; j < rows.n; ++j) y[j] = narrow<T>(g * (std::exp(wide(x[j]) - z) * total - weight(j)));
      }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Softmax", "rows", 20, bind_softmax_float);
LAMINA_KERNEL(cpu, "LogSoftmax", "rows", 20, bind_softmax_float);
LAMINA_KERNEL(cpu, "SoftmaxGrad", "rows", 20, bind_softmax_grad_float);
LAMINA_KERNEL(cpu, "LogSoftmaxGrad", "rows", 20, bind_softmax_grad_float);
LAMINA_KERNEL(cpu, "CrossEntropy", "rows", 20, bind_cross_entropy_float);
LAMINA_KERNEL(cpu, "CrossEntropyGrad", "rows", 20, bind_cross_entropy_grad_float);
LAMINA_KERNEL(cpu, "Softmax", "reference", 100, bind_softmax_reference);
LAMINA_KERNEL(cpu, "LogSoftmax", "reference", 100, bind_softmax_reference);
LAMINA_KERNEL(cpu, "SoftmaxGrad", "reference", 100, bind_softmax_grad_reference);
LAMINA_KERNEL(cpu, "LogSoftmaxGrad", "reference", 100, bind_softmax_grad_reference);
LAMINA_KERNEL(cpu, "CrossEntropy", "reference", 100, bind_cross_entropy_reference);
LAMINA_KERNEL(cpu, "CrossEntropyGrad", "reference", 100, bind_cross_entropy_grad_reference);

}  // namespace
}  // namespace lamina
