// Convolutions as matrix products: the windows of some places are copied to rows (im2col), which Eigen multiplies.
#include <Eigen/Core>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/tasks.h"

namespace lamina {

namespace {

constexpr int64_t kRowsBytes = 256 << 10;  // of the rows made at a time: they stay in the cache

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Strided = Eigen::Map<Matrix<T>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstStrided = Eigen::Map<const Matrix<T>, 0, Eigen::OuterStride<>>;

struct Rows {
  ConvolutionDims d;
  int64_t width;  // of a row: taps * channels of a group
  int64_t strip;  // places a time

  Rows(const ConvolutionDims& dims, size_t element) : d(dims), width(dims.taps() * dims.group_channels()) {
    strip = std::clamp<int64_t>(kRowsBytes / static_cast<int64_t>(element) / std::max<int64_t>(1, width), 16,
                                std::max<int64_t>(16, d.outputs()));
  }
  int64_t strips() const { return (d.outputs() + strip - 1) / strip; }

  // Calls f(row, tap, place of the input or -1) for every tap of the places from..from+count.
  template <class F>
  void walk(int64_t from, int64_t count, F&& f) const {
    for (int64_t row = 0; row < count; ++row) {
      const int64_t p = from + row, base[3] = {p / (d.out[1] * d.out[2]), p / d.out[2] % d.out[1], p % d.out[2]};
      int64_t tap = 0;
      for (int64_t a = 0; a < d.size[0]; ++a) {
        const int64_t i = base[0] * d.strides[0] + a * d.dilation[0] - d.low[0];
        for (int64_t b = 0; b < d.size[1]; ++b) {
          const int64_t j = base[1] * d.strides[1] + b * d.dilation[1] - d.low[1];
          const bool inside = i >= 0 && i < d.in[0] && j >= 0 && j < d.in[1];
          for (int64_t c = 0; c < d.size[2]; ++c, ++tap) {
            const int64_t k = base[2] * d.strides[2] + c * d.dilation[2] - d.low[2];
            f(row, tap, inside && k >= 0 && k < d.in[2] ? (i * d.in[1] + j) * d.in[2] + k : -1);
          }
        }
      }
    }
  }

  // The windows of group g as rows.
  template <class T>
  void gather(const T* x, int64_t g, int64_t from, int64_t count, T* rows) const {
    const int64_t n = d.group_channels();
    walk(from, count, [&](int64_t row, int64_t tap, int64_t place) {
      T* to = rows + row * width + tap * n;
      if (place < 0)
        std::memset(static_cast<void*>(to), 0, static_cast<size_t>(n) * sizeof(T));
      else
        std::memcpy(to, x + place * d.channels + g * n, static_cast<size_t>(n) * sizeof(T));
    });
  }
  // Adds rows to where gather() reads them.
  template <class T>
  void scatter(const T* rows, int64_t g, int64_t from, int64_t count, T* x) const {
    const int64_t n = d.group_channels();
    walk(from, count, [&](int64_t row, int64_t tap, int64_t place) {
      if (place < 0) return;
      const T* source = rows + row * width + tap * n;
      T* to = x + place * d.channels + g * n;
      for (int64_t c = 0; c < n; ++c) to[c] += source[c];
    });
  }
};

template <class T>
BoundKernel forward(const ConvolutionDims& d) {
  BoundKernel k;
  k.run = [r = Rows(d, sizeof(T)), d](const void* const* in, void* const* out, void*) {
    const bool direct = d.pointwise() && d.groups == 1;
    const int64_t strips = r.strips(), og = d.group_filters();
    parallel_for(d.batch * strips, [&](int64_t t) {
      const int64_t n = t / strips, from = t % strips * r.strip, count = std::min(r.strip, d.outputs() - from);
      const T* x = static_cast<const T*>(in[0]) + n * d.input_elements();
      T* y = static_cast<T*>(out[0]) + n * d.output_elements() + from * d.filters;
      T* rows = direct ? nullptr : static_cast<T*>(task_scratch(static_cast<size_t>(count * r.width) * sizeof(T)));
      for (int64_t g = 0; g < d.groups; ++g) {
        if (!direct) r.gather(x, g, from, count, rows);
        Eigen::Map<const Matrix<T>> patches(direct ? x + from * d.channels : rows, count, r.width);
        ConstStrided<T> w(static_cast<const T*>(in[1]) + g * og, r.width, og, Eigen::OuterStride<>(d.filters));
        Strided<T>(y + g * og, count, og, Eigen::OuterStride<>(d.filters)).noalias() = patches * w;
      }
    });
  };
  return k;
}

template <class T>
BoundKernel input_grad(const ConvolutionDims& d) {
  BoundKernel k;
  k.run = [r = Rows(d, sizeof(T)), d](const void* const* in, void* const* out, void*) {
    const bool direct = d.pointwise() && d.groups == 1;
    const int64_t og = d.group_filters();
    parallel_for(d.batch, [&](int64_t n) {
      const T* grad = static_cast<const T*>(in[0]) + n * d.output_elements();
      T* x = static_cast<T*>(out[0]) + n * d.input_elements();
      T* rows = direct ? nullptr : static_cast<T*>(task_scratch(static_cast<size_t>(r.strip * r.width) * sizeof(T)));
      if (!direct) std::memset(static_cast<void*>(x), 0, static_cast<size_t>(d.input_elements()) * sizeof(T));
      for (int64_t from = 0; from < d.outputs(); from += r.strip) {
        const int64_t count = std::min(r.strip, d.outputs() - from);
        for (int64_t g = 0; g < d.groups; ++g) {
          ConstStrided<T> y(grad + from * d.filters + g * og, count, og, Eigen::OuterStride<>(d.filters));
          ConstStrided<T> w(static_cast<const T*>(in[1]) + g * og, r.width, og, Eigen::OuterStride<>(d.filters));
          Eigen::Map<Matrix<T>>(direct ? x + from * d.channels : rows, count, r.width).noalias() = y * w.transpose();
          if (!direct) r.scatter(rows, g, from, count, x);
        }
      }
    });
  };
  return k;
}

template <class T>
BoundKernel weight_grad(const ConvolutionDims& d) {
  BoundKernel k;
  const BatchSplit split = weight_grad_split(d);
  k.scratch_bytes = static_cast<size_t>(split.tasks * d.weight_elements()) * sizeof(T);
  k.run = [r = Rows(d, sizeof(T)), d, split](const void* const* in, void* const* out, void* scratch) {
    const int64_t size = d.weight_elements(), og = d.group_filters();
    T* sums = static_cast<T*>(scratch);
    parallel_for(split.tasks, [&](int64_t t) {
      T* sum = sums + t * size;
      std::memset(static_cast<void*>(sum), 0, static_cast<size_t>(size) * sizeof(T));
      T* rows = static_cast<T*>(task_scratch(static_cast<size_t>(r.strip * r.width) * sizeof(T)));
      for (int64_t n = split.begin(t); n < split.begin(t) + split.size(t); ++n) {
        const T* x = static_cast<const T*>(in[0]) + n * d.input_elements();
        const T* grad = static_cast<const T*>(in[1]) + n * d.output_elements();
        for (int64_t from = 0; from < d.outputs(); from += r.strip) {
          const int64_t count = std::min(r.strip, d.outputs() - from);
          for (int64_t g = 0; g < d.groups; ++g) {
            r.gather(x, g, from, count, rows);
            Eigen::Map<const Matrix<T>> patches(rows, count, r.width);
            ConstStrided<T> y(grad + from * d.filters + g * og, count, og, Eigen::OuterStride<>(d.filters));
            Strided<T>(sum + g * og, r.width, og, Eigen::OuterStride<>(d.filters)).noalias() += patches.transpose() * y;
          }
        }
      }
    });
    constexpr int64_t kStrip = 1 << 14;
    T* w = static_cast<T*>(out[0]);
    parallel_for((size + kStrip - 1) / kStrip, [&](int64_t s) {
      add_parts(sums, split.tasks, size, w, s * kStrip, std::min(size, (s + 1) * kStrip));
    });
  };
  return k;
}

BoundKernel of_type(const KernelRequest& r, const ConvolutionDims& d, BoundKernel (*single)(const ConvolutionDims&),
                    BoundKernel (*twice)(const ConvolutionDims&)) {
  if (d.empty()) return r.decline("empty");
  if (r.inputs[0].dtype == DType::float32) return single(d);
  if (r.inputs[0].dtype == DType::float64) return twice(d);
  return r.decline("needs float32 or float64");
}

BoundKernel bind_forward(const ConvolutionOp& op, const KernelRequest& r) {
  return of_type(r, {op.window, op.groups, r.inputs[0].shape, r.inputs[1].shape, r.outputs[0].shape}, forward<float>,
                 forward<double>);
}
BoundKernel bind_input_grad(const ConvolutionInputGradOp& op, const KernelRequest& r) {
  return of_type(r, {op.window, op.groups, r.outputs[0].shape, r.inputs[1].shape, r.inputs[0].shape}, input_grad<float>,
                 input_grad<double>);
}
BoundKernel bind_weight_grad(const ConvolutionWeightGradOp& op, const KernelRequest& r) {
  return of_type(r, {op.window, op.groups, r.inputs[0].shape, r.outputs[0].shape, r.inputs[1].shape},
                 weight_grad<float>, weight_grad<double>);
}

LAMINA_KERNEL(cpu, "Convolution", "eigen", 15, bind_forward);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "eigen", 15, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "eigen", 15, bind_weight_grad);

}  // namespace
}  // namespace lamina
