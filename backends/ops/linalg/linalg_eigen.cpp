// The kernels, by Eigen: one matrix of a batch per task.
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/linalg/linalg.h"

namespace lamina {

namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
// Eigen's solvers are fastest, and best tested, by columns.
template <class T>
using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

struct Sizes {
  int64_t batch = 1, m, n;
  explicit Sizes(const Shape& s) : m(s[s.rank() - 2]), n(s.back()) {
    for (int i = 0; i < s.rank() - 2; ++i) batch *= s[i];
  }
};

template <class T>
Eigen::Map<const Matrix<T>> read(const void* data, int64_t i, int64_t rows, int64_t columns) {
  return {static_cast<const T*>(data) + i * rows * columns, rows, columns};
}
template <class T>
Eigen::Map<Matrix<T>> write(void* data, int64_t i, int64_t rows, int64_t columns) {
  return {static_cast<T*>(data) + i * rows * columns, rows, columns};
}

// A kernel that calls body(in, out, i) for each matrix i, with a T of the first input's dtype.
template <class Body>
BoundKernel each_matrix(const KernelRequest& r, Body body) {
  const Sizes sizes(r.inputs[0].shape);
  BoundKernel k;
  const bool wide = r.inputs[0].dtype == DType::float64;
  k.run = [sizes, wide, body](const void* const* in, void* const* out, void*) {
    parallel_for(sizes.batch, [&](int64_t i) {
      if (wide)
        body(double{}, sizes, in, out, i);
      else
        body(float{}, sizes, in, out, i);
    });
  };
  return k;
}

BoundKernel bind_cholesky(const KernelRequest& r) {
  return each_matrix(r, [](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
    using T = decltype(zero);
    const Eigen::LLT<Columns<T>> f(read<T>(in[0], i, s.n, s.n));
    if (s.n && f.info() != Eigen::Success)
      throw ValueError("Cholesky decomposition failed. The input might not be a valid positive definite matrix.");
    write<T>(out[0], i, s.n, s.n) = Columns<T>(f.matrixL());
  });
}

BoundKernel bind_triangular_solve(const TriangularSolveOp& op, const KernelRequest& r) {
  const int64_t k = r.inputs[1].shape.back();
  return each_matrix(r, [k, lower = op.lower, transpose = op.transpose](
                            auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
    using T = decltype(zero);
    const auto a = read<T>(in[0], i, s.n, s.n);
    Columns<T> x = read<T>(in[1], i, s.n, k);
    if (lower && !transpose) a.template triangularView<Eigen::Lower>().solveInPlace(x);
    if (lower && transpose) a.transpose().template triangularView<Eigen::Upper>().solveInPlace(x);
    if (!lower && !transpose) a.template triangularView<Eigen::Upper>().solveInPlace(x);
    if (!lower && transpose) a.transpose().template triangularView<Eigen::Lower>().solveInPlace(x);
    write<T>(out[0], i, s.n, k) = x;
  });
}

BoundKernel bind_solve(const SolveOp& op, const KernelRequest& r) {
  const int64_t k = r.inputs[1].shape.back();
  return each_matrix(
      r, [k, transpose = op.transpose](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
        using T = decltype(zero);
        const auto a = read<T>(in[0], i, s.n, s.n);
        const Columns<T> b = read<T>(in[1], i, s.n, k);
        if (!s.n) return;
        const Eigen::PartialPivLU<Columns<T>> f(transpose ? Columns<T>(a.transpose()) : Columns<T>(a));
        write<T>(out[0], i, s.n, k) = f.solve(b);
      });
}

BoundKernel bind_lu(const KernelRequest& r) {
  return each_matrix(r, [](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
    using T = decltype(zero);
    auto* pivots = static_cast<int32_t*>(out[1]) + i * s.n;
    if (!s.n) return;
    const Eigen::PartialPivLU<Columns<T>> f(read<T>(in[0], i, s.n, s.n));
    write<T>(out[0], i, s.n, s.n) = f.matrixLU();
    // Eigen has the permutation; LAPACK's form are the exchanges that make it, one per row.
    std::vector<int32_t> at(static_cast<size_t>(s.n));  // the original row that stands at each place
    for (int32_t j = 0; j < s.n; ++j) at[static_cast<size_t>(j)] = j;
    std::vector<int32_t> wanted(static_cast<size_t>(s.n));
    for (int32_t j = 0; j < s.n; ++j) wanted[static_cast<size_t>(f.permutationP().indices()[j])] = j;
    for (size_t j = 0; j < at.size(); ++j) {
      size_t from = j;
      while (at[from] != wanted[j]) ++from;
      pivots[j] = static_cast<int32_t>(from);
      std::swap(at[j], at[from]);
    }
  });
}

BoundKernel bind_det(const KernelRequest& r) {
  return each_matrix(r, [](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
    using T = decltype(zero);
    static_cast<T*>(out[0])[i] =
        s.n ? Eigen::PartialPivLU<Columns<T>>(read<T>(in[0], i, s.n, s.n)).determinant() : T(1);
  });
}

BoundKernel bind_cofactor(const KernelRequest& r) {
  return each_matrix(r, [](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
    using T = decltype(zero);
    if (!s.n) return;
    // With a = U S V^T: det(U V^T) U diag(products of the other singular values) V^T.
    const Eigen::JacobiSVD<Columns<T>> f(read<T>(in[0], i, s.n, s.n), Eigen::ComputeFullU | Eigen::ComputeFullV);
    Eigen::Matrix<T, Eigen::Dynamic, 1> others(s.n);
    for (int64_t j = 0; j < s.n; ++j) {
      others[j] = 1;
      for (int64_t k = 0; k < s.n; ++k)
        if (k != j) others[j] *= f.singularValues()[k];
    }
    const T sign = f.matrixU().determinant() * f.matrixV().determinant() < 0 ? T(-1) : T(1);
    write<T>(out[0], i, s.n, s.n) = sign * (f.matrixU() * others.asDiagonal() * f.matrixV().transpose());
  });
}

BoundKernel bind_slogdet(const KernelRequest& r) {
  return each_matrix(r, [](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
    using T = decltype(zero);
    T sign = 1, size = 0;
    if (s.n) {
      const Eigen::PartialPivLU<Columns<T>> f(read<T>(in[0], i, s.n, s.n));
      sign = static_cast<T>(f.permutationP().determinant());
      for (int64_t j = 0; j < s.n; ++j) {
        const T d = f.matrixLU()(j, j);
        sign *= d < 0 ? T(-1) : d > 0 ? T(1) : d == 0 ? T(0) : d;
        size += std::log(std::abs(d));
      }
    }
    static_cast<T*>(out[0])[i] = sign;
    static_cast<T*>(out[1])[i] = size;
  });
}

BoundKernel bind_eigh(const KernelRequest& r) {
  return each_matrix(r, [](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
    using T = decltype(zero);
    if (!s.n) return;
    const Eigen::SelfAdjointEigenSolver<Columns<T>> f(read<T>(in[0], i, s.n, s.n));
    write<T>(out[0], i, s.n, 1) = f.eigenvalues();
    write<T>(out[1], i, s.n, s.n) = f.eigenvectors();
  });
}

BoundKernel bind_qr(const QrOp& op, const KernelRequest& r) {
  return each_matrix(
      r, [complete = op.complete](auto zero, const Sizes& s, const void* const* in, void* const* out, int64_t i) {
        using T = decltype(zero);
        const int64_t k = complete ? s.m : std::min(s.m, s.n);
        if (!s.m || !s.n) {
          write<T>(out[0], i, s.m, k) = Matrix<T>::Identity(s.m, k);
          return;
        }
        const Eigen::HouseholderQR<Columns<T>> f(read<T>(in[0], i, s.m, s.n));
        const Columns<T> q = f.householderQ() * Columns<T>::Identity(s.m, k);
        write<T>(out[0], i, s.m, k) = q;
        auto upper = write<T>(out[1], i, k, s.n);
        for (int64_t a = 0; a < k; ++a)
          for (int64_t b = 0; b < s.n; ++b) upper(a, b) = b >= a ? f.matrixQR()(a, b) : T(0);
      });
}

BoundKernel bind_svd(const SvdOp& op, const KernelRequest& r) {
  return each_matrix(r, [full = op.full, vectors = op.vectors](auto zero, const Sizes& s, const void* const* in,
                                                               void* const* out, int64_t i) {
    using T = decltype(zero);
    const int64_t k = std::min(s.m, s.n);
    if (!k) {
      if (vectors && full) {
        write<T>(out[0], i, s.m, s.m) = Matrix<T>::Identity(s.m, s.m);
        write<T>(out[2], i, s.n, s.n) = Matrix<T>::Identity(s.n, s.n);
      }
      return;
    }
    const unsigned flags = !vectors ? 0u
                           : full   ? Eigen::ComputeFullU | Eigen::ComputeFullV
                                    : Eigen::ComputeThinU | Eigen::ComputeThinV;
    const Eigen::BDCSVD<Columns<T>> f(read<T>(in[0], i, s.m, s.n), flags);
    write<T>(out[vectors ? 1 : 0], i, k, 1) = f.singularValues();
    if (!vectors) return;
    write<T>(out[0], i, s.m, full ? s.m : k) = f.matrixU();
    write<T>(out[2], i, full ? s.n : k, s.n) = f.matrixV().transpose();
  });
}

LAMINA_KERNEL(cpu, "Cholesky", "eigen", 100, bind_cholesky);
LAMINA_KERNEL(cpu, "TriangularSolve", "eigen", 100, bind_triangular_solve);
LAMINA_KERNEL(cpu, "Solve", "eigen", 100, bind_solve);
LAMINA_KERNEL(cpu, "LU", "eigen", 100, bind_lu);
LAMINA_KERNEL(cpu, "Det", "eigen", 100, bind_det);
LAMINA_KERNEL(cpu, "Cofactor", "eigen", 100, bind_cofactor);
LAMINA_KERNEL(cpu, "Slogdet", "eigen", 100, bind_slogdet);
LAMINA_KERNEL(cpu, "Eigh", "eigen", 100, bind_eigh);
LAMINA_KERNEL(cpu, "QR", "eigen", 100, bind_qr);
LAMINA_KERNEL(cpu, "SVD", "eigen", 100, bind_svd);

}  // namespace
}  // namespace lamina
