#include <Eigen/Core>

#include "backends/core/kernel.h"
#include "backends/core/wrapping.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/matmul/matmul.h"

namespace lamina {

namespace {

// Eigen for float and double; rows are cut into fixed strips, so that the bits do not depend on the thread count.
template <class T>
BoundKernel bind_typed(const MatMulOp& op, const MatMulDims& d) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  BoundKernel kernel;
  const int64_t strip = std::max<int64_t>(8, std::min<int64_t>(d.m, (1 << 19) / std::max<int64_t>(1, d.n * d.k) * 8));
  const int64_t strips = d.m ? (d.m + strip - 1) / strip : 0;
  kernel.run = [=, ta = op.transpose_a, tb = op.transpose_b](const void* const* in, void* const* out, void*) {
    parallel_for(d.batch * strips, [&](int64_t t) {
      int64_t b = t / strips, from = t % strips * strip, rows = std::min(strip, d.m - from);
      Eigen::Map<const Matrix> x(static_cast<const T*>(in[0]) + b * d.m * d.k, ta ? d.k : d.m, ta ? d.m : d.k);
      Eigen::Map<const Matrix> w(static_cast<const T*>(in[1]) + b * d.k * d.n, tb ? d.n : d.k, tb ? d.k : d.n);
      Eigen::Map<Matrix> whole(static_cast<T*>(out[0]) + b * d.m * d.n, d.m, d.n);
      auto y = whole.middleRows(from, rows);
      if (ta && tb)
        y.noalias() = x.middleCols(from, rows).transpose() * w.transpose();
      else if (ta)
        y.noalias() = x.middleCols(from, rows).transpose() * w;
      else if (tb)
        y.noalias() = x.middleRows(from, rows) * w.transpose();
      else
        y.noalias() = x.middleRows(from, rows) * w;
    });
  };
  return kernel;
}

BoundKernel bind_eigen(const MatMulOp& op, const KernelRequest& r) {
  MatMulDims d = matmul_dims(op, r.inputs[0].shape, r.inputs[1].shape);
  if (d.k == 0 || d.m == 0 || d.n == 0) return r.decline("empty");
  if (r.inputs[0].dtype == DType::float32) return bind_typed<float>(op, d);
  if (r.inputs[0].dtype == DType::float64) return bind_typed<double>(op, d);
  return r.decline("needs float32 or float64");
}

BoundKernel bind_reference(const MatMulOp& op, const KernelRequest& r) {
  MatMulDims d = matmul_dims(op, r.inputs[0].shape, r.inputs[1].shape);
  BoundKernel kernel;
  kernel.run = [d, ta = op.transpose_a, tb = op.transpose_b, dtype = r.inputs[0].dtype](const void* const* in,
                                                                                        void* const* out, void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      constexpr bool low = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
      using A = std::conditional_t<low, float, T>;
      for (int64_t b = 0; b < d.batch; ++b) {
        const T* x = static_cast<const T*>(in[0]) + b * d.m * d.k;
        const T* w = static_cast<const T*>(in[1]) + b * d.k * d.n;
        T* y = static_cast<T*>(out[0]) + b * d.m * d.n;
        for (int64_t i = 0; i < d.m; ++i)
          for (int64_t j = 0; j < d.n; ++j) {
            A acc = A(0);
            for (int64_t l = 0; l < d.k; ++l)
              acc = wrapping_add(acc, wrapping_multiply(static_cast<A>(x[ta ? l * d.m + i : i * d.k + l]),
                                                        static_cast<A>(w[tb ? j * d.k + l : l * d.n + j])));
            y[i * d.n + j] = static_cast<T>(acc);
          }
      }
    });
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "MatMul", "eigen", 15, bind_eigen);
LAMINA_KERNEL(cpu, "MatMul", "reference", 100, bind_reference);

}  // namespace
}  // namespace lamina
