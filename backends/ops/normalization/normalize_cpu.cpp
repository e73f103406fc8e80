#include <cmath>

#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/normalization/normalization_loops.h"
#include "backends/ops/normalization/normalize.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const NormalizeLoops&, normalize_loops)

namespace {

const float* floats(const void* p) { return static_cast<const float*>(p); }
float* floats(void* p) { return static_cast<float*>(p); }

// Rows in tasks: enough of them for two cores and more, few enough that partial sums of scale and offset stay small.
struct RowTasks {
  int64_t rows, n, a_task, tasks;
  explicit RowTasks(const Shape& x) : n(x.back()) {
    rows = x.elements() / std::max<int64_t>(1, n);
    a_task = std::max<int64_t>({1, (1 << 13) / std::max<int64_t>(1, n), (rows + 15) / 16});
    tasks = (rows + a_task - 1) / a_task;
  }
  template <class F>
  void each(F&& f) const {
    parallel_for(tasks, [&](int64_t t) { f(t, t * a_task, std::min(rows, (t + 1) * a_task)); });
  }
};

BoundKernel bind_rows_float(const NormalizeOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  if (r.inputs[0].shape.elements() == 0) return r.decline("empty");
  BoundKernel k;
  k.run = [t = RowTasks(r.inputs[0].shape), scaled = op.scaled, shifted = op.shifted, centred = op.kind == Norm::rows,
           epsilon = static_cast<float>(op.epsilon),
           f = normalize_loops().row](const void* const* in, void* const* out, void*) {
    const float *scale = scaled ? floats(in[1]) : nullptr, *offset = shifted ? floats(in[1 + scaled]) : nullptr;
    t.each([&](int64_t, int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        f(floats(in[0]) + i * t.n, scale, offset, epsilon, centred, floats(out[0]) + i * t.n, floats(out[1]) + i,
          floats(out[2]) + i, t.n);
    });
  };
  return k;
}

BoundKernel bind_rows_grad_float(const NormalizeGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  if (r.inputs[0].shape.elements() == 0) return r.decline("empty");
  const RowTasks tasks(r.inputs[0].shape);
  const int sums = op.scaled + op.shifted;
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(tasks.tasks * sums * tasks.n) * sizeof(float);
  k.run = [t = tasks, sums, scaled = op.scaled, shifted = op.shifted, centred = op.kind == Norm::rows,
           epsilon = static_cast<float>(op.epsilon), f = normalize_loops().row_grad,
           add = normalize_loops().add_columns](const void* const* in, void* const* out, void* scratch) {
    const int first = 1 + scaled;
    const float *scale = scaled ? floats(in[1]) : nullptr, *mean = floats(in[first]), *variance = floats(in[first + 1]),
                *g = floats(in[first + 2]);
    float* partial = floats(scratch);
    t.each([&](int64_t task, int64_t from, int64_t to) {
      float *dscale = scaled ? partial + task * sums * t.n : nullptr,
            *doffset = shifted ? partial + (task * sums + scaled) * t.n : nullptr;
      std::fill_n(partial + task * sums * t.n, sums * t.n, 0.0f);
      for (int64_t i = from; i < to; ++i)
        f(floats(in[0]) + i * t.n, scale, mean[i], 1 / std::sqrt(variance[i] + epsilon), g + i * t.n, centred,
          floats(out[0]) + i * t.n, dscale, doffset, t.n);
    });
    for (int s = 0; s < sums; ++s) {
      float* to = floats(out[1 + s]);
      std::fill_n(to, t.n, 0.0f);
      for (int64_t task = 0; task < t.tasks; ++task) add(partial + (task * sums + s) * t.n, 1, t.n, to);
    }
  };
  return k;
}

// --- Batch: x as (outer, channels, inner) -------------------------------------------------------------------------
struct Channels {
  int64_t outer = 1, n, inner = 1;
  int64_t a_task, tasks;                      // rows of one task where inner is 1
  static constexpr int64_t kBlock = 1 << 13;  // elements whose sums of squares are taken while they are in the cache
  Channels(const Shape& x, int axis) : n(x[axis]) {
    for (int i = 0; i < x.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : x[i];
    a_task = std::max<int64_t>({1, kBlock / std::max<int64_t>(1, n), (outer + 31) / 32});
    tasks = (outer + a_task - 1) / a_task;
  }
  double count() const { return static_cast<double>(outer * inner); }
  template <class F>
  void each(F&& f) const {
    parallel_for(tasks, [&](int64_t t) { f(t, t * a_task, std::min(outer, (t + 1) * a_task)); });
  }
};

// Adds the moments (count b, mean, sum of squared deviations) of a second part to those of a first (Chan et al., 1983).
inline void merge(float& mean, float& squares, float a, float b, float other_mean, float other_squares) {
  const float delta = other_mean - mean, share = b / (a + b);
  mean += delta * share;
  squares += other_squares + delta * delta * a * share;
}

BoundKernel bind_batch_float(const NormalizeOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  if (r.inputs[0].shape.elements() == 0) return r.decline("empty");
  const Channels c(r.inputs[0].shape, op.axis);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>((c.inner == 1 ? 3 * c.tasks : 0) * c.n + 2 * c.n) * sizeof(float);
  k.run = [c, scaled = op.scaled, shifted = op.shifted, epsilon = static_cast<float>(op.epsilon)](
              const void* const* in, void* const* out, void* scratch) {
    const NormalizeLoops& f = normalize_loops();
    const float *x = floats(in[0]), *scale = scaled ? floats(in[1]) : nullptr,
                *offset = shifted ? floats(in[1 + scaled]) : nullptr;
    float *y = floats(out[0]), *mean = floats(out[1]), *variance = floats(out[2]);
    float *factor = floats(scratch), *shift = factor + c.n, *partial = shift + c.n;
    const float total = static_cast<float>(c.count());
    auto finish = [&](int64_t j, float squares) {
      variance[j] = squares / total;
      factor[j] = (scale ? scale[j] : 1.0f) / std::sqrt(variance[j] + epsilon);
      shift[j] = offset ? offset[j] : 0.0f;
    };
    if (c.inner > 1) {  // a channel a task
      parallel_for(c.n, [&](int64_t j) {
        float squares = 0;
        for (int64_t o = 0; o < c.outer; ++o) {
          float m, s;
          f.run_moments(x + (o * c.n + j) * c.inner, c.inner, &m, &s);
          if (o == 0)
            mean[j] = m, squares = s;
          else
            merge(mean[j], squares, static_cast<float>(o * c.inner), static_cast<float>(c.inner), m, s);
        }
        finish(j, squares);
        for (int64_t o = 0; o < c.outer; ++o)
          f.run_affine(x + (o * c.n + j) * c.inner, mean[j], factor[j], shift[j], y + (o * c.n + j) * c.inner, c.inner);
      });
      return;
    }
    const int64_t block = std::max<int64_t>(8, Channels::kBlock / c.n);
    c.each([&](int64_t task, int64_t from, int64_t to) {
      float *m = partial + task * 3 * c.n, *squares = m + c.n, *other = squares + c.n;
      for (int64_t b = from; b < to; b += block) {
        const int64_t rows = std::min(block, to - b);
        float* block_mean = b == from ? m : other;
        std::fill_n(block_mean, c.n, 0.0f);
        f.add_columns(x + b * c.n, rows, c.n, block_mean);
        for (int64_t j = 0; j < c.n; ++j) block_mean[j] /= static_cast<float>(rows);
        if (b == from) {
          std::fill_n(squares, c.n, 0.0f);
        } else {
          for (int64_t j = 0; j < c.n; ++j)
            merge(m[j], squares[j], static_cast<float>(b - from), static_cast<float>(rows), other[j], 0);
        }
        f.add_squares(x + b * c.n, block_mean, rows, c.n, squares);
      }
    });
    for (int64_t j = 0; j < c.n; ++j) {
      mean[j] = partial[j];
      float squares = partial[c.n + j];
      for (int64_t t = 1; t < c.tasks; ++t)
        merge(mean[j], squares, static_cast<float>(t * c.a_task),
              static_cast<float>(std::min(c.outer, (t + 1) * c.a_task) - t * c.a_task), partial[t * 3 * c.n + j],
              partial[(t * 3 + 1) * c.n + j]);
      finish(j, squares);
    }
    c.each([&](int64_t, int64_t from, int64_t to) {
      f.affine_columns(x + from * c.n, mean, factor, shift, y + from * c.n, to - from, c.n);
    });
  };
  return k;
}

BoundKernel bind_batch_grad_float(const NormalizeGradOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  if (r.inputs[0].shape.elements() == 0) return r.decline("empty");
  const Channels c(r.inputs[0].shape, op.axis);
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>((c.inner == 1 ? 2 * c.tasks : 0) * c.n + 3 * c.n) * sizeof(float);
  k.run = [c, scaled = op.scaled, shifted = op.shifted, epsilon = static_cast<float>(op.epsilon)](
              const void* const* in, void* const* out, void* scratch) {
    const NormalizeLoops& f = normalize_loops();
    const int first = 1 + scaled;
    const float *x = floats(in[0]), *scale = scaled ? floats(in[1]) : nullptr, *mean = floats(in[first]),
                *variance = floats(in[first + 1]), *g = floats(in[first + 2]);
    float* dx = floats(out[0]);
    float *factor = floats(scratch), *shift = factor + c.n, *slope = shift + c.n, *partial = slope + c.n;
    const float total = static_cast<float>(c.count());
    auto finish = [&](int64_t j, float sum, float moment) {
      const float inverse = 1 / std::sqrt(variance[j] + epsilon);
      factor[j] = (scale ? scale[j] : 1.0f) * inverse;
      shift[j] = sum / total;
      slope[j] = moment * inverse * inverse / total;
      if (scaled) floats(out[1])[j] = moment * inverse;
      if (shifted) floats(out[first])[j] = sum;
    };
    if (c.inner > 1) {
      parallel_for(c.n, [&](int64_t j) {
        float sum = 0, moment = 0;
        for (int64_t o = 0; o < c.outer; ++o) {
          float s, m;
          f.run_grads(x + (o * c.n + j) * c.inner, mean[j], g + (o * c.n + j) * c.inner, c.inner, &s, &m);
          sum += s, moment += m;
        }
        finish(j, sum, moment);
        for (int64_t o = 0; o < c.outer; ++o) {
          const int64_t at = (o * c.n + j) * c.inner;
          f.run_grad(x + at, mean[j], g + at, factor[j], shift[j], slope[j], dx + at, c.inner);
        }
      });
      return;
    }
    c.each([&](int64_t task, int64_t from, int64_t to) {
      float* sum = partial + task * 2 * c.n;
      std::fill_n(sum, 2 * c.n, 0.0f);
      f.add_grads(x + from * c.n, mean, g + from * c.n, to - from, c.n, sum, sum + c.n);
    });
    for (int64_t j = 0; j < c.n; ++j) {
      float sum = 0, moment = 0;
      for (int64_t t = 0; t < c.tasks; ++t) sum += partial[t * 2 * c.n + j], moment += partial[(t * 2 + 1) * c.n + j];
      finish(j, sum, moment);
    }
    c.each([&](int64_t, int64_t from, int64_t to) {
      f.grad_columns(x + from * c.n, mean, g + from * c.n, factor, shift, slope, dx + from * c.n, to - from, c.n);
    });
  };
  return k;
}

// --- The plain loops, in double ------------------------------------------------------------------------------------
// Group q holds the elements place(q, 0) ... place(q, size - 1); `channel` is the index of scale and offset.
struct Groups {
  int64_t count, size, outer = 1, n, inner = 1;
  bool batch;
  Groups(Norm kind, int axis, const Shape& x) : n(x[axis]), batch(kind == Norm::batch) {
    for (int i = 0; i < x.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : x[i];
    count = batch ? n : outer;
    size = batch ? outer * inner : n;
  }
  int64_t place(int64_t q, int64_t i) const { return batch ? (i / inner * n + q) * inner + i % inner : q * n + i; }
  int64_t channel(int64_t q, int64_t i) const { return batch ? q : i; }
};

template <class F>
void with_type(DType type, F&& f) {
  if (type == DType::float32)
    f(float{});
  else
    f(double{});
}

BoundKernel bind_reference(const NormalizeOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [l = Groups(op.kind, op.axis, r.inputs[0].shape), scaled = op.scaled, shifted = op.shifted,
           centred = op.kind != Norm::rms, epsilon = op.epsilon,
           dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    with_type(dtype, [&](auto zero) {
      using T = decltype(zero);
      const T* x = static_cast<const T*>(in[0]);
      for (int64_t q = 0; q < l.count; ++q) {
        double mean = 0, variance = 0;
        for (int64_t i = 0; centred && i < l.size; ++i) mean += static_cast<double>(x[l.place(q, i)]);
        mean /= static_cast<double>(l.size);
        for (int64_t i = 0; i < l.size; ++i) variance += (x[l.place(q, i)] - mean) * (x[l.place(q, i)] - mean);
        variance /= static_cast<double>(l.size);
        const double inverse = 1 / std::sqrt(variance + epsilon);
        for (int64_t i = 0; i < l.size; ++i) {
          double v = (x[l.place(q, i)] - mean) * inverse;
          if (scaled) v *= static_cast<const T*>(in[1])[l.channel(q, i)];
          if (shifted) v += static_cast<const T*>(in[1 + scaled])[l.channel(q, i)];
          static_cast<T*>(out[0])[l.place(q, i)] = static_cast<T>(v);
        }
        static_cast<T*>(out[1])[q] = static_cast<T>(mean);
        static_cast<T*>(out[2])[q] = static_cast<T>(variance);
      }
    });
  };
  return k;
}

BoundKernel bind_grad_reference(const NormalizeGradOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(2 * r.inputs[0].shape[op.axis]) * sizeof(double);
  k.run = [l = Groups(op.kind, op.axis, r.inputs[0].shape), scaled = op.scaled, shifted = op.shifted,
           centred = op.kind != Norm::rms, epsilon = op.epsilon,
           dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void* scratch) {
    with_type(dtype, [&](auto zero) {
      using T = decltype(zero);
      const int first = 1 + scaled;
      const T *x = static_cast<const T*>(in[0]), *mean = static_cast<const T*>(in[first]),
              *variance = static_cast<const T*>(in[first + 1]), *g = static_cast<const T*>(in[first + 2]);
      double *dscale = static_cast<double*>(scratch), *doffset = dscale + l.n;
      std::fill_n(dscale, 2 * l.n, 0.0);
      for (int64_t q = 0; q < l.count; ++q) {
        const double inverse = 1 / std::sqrt(variance[q] + epsilon);
        auto z = [&](int64_t i) { return (x[l.place(q, i)] - (centred ? mean[q] : T(0))) * inverse; };
        auto a = [&](int64_t i) {
          return static_cast<double>(g[l.place(q, i)]) *
                 (scaled ? static_cast<double>(static_cast<const T*>(in[1])[l.channel(q, i)]) : 1.0);
        };
        double sum = 0, along = 0;
        for (int64_t i = 0; i < l.size; ++i) {
          sum += a(i), along += a(i) * z(i);
          dscale[l.channel(q, i)] += g[l.place(q, i)] * z(i);
          doffset[l.channel(q, i)] += g[l.place(q, i)];
        }
        const double n = static_cast<double>(l.size);
        for (int64_t i = 0; i < l.size; ++i)
          static_cast<T*>(out[0])[l.place(q, i)] =
              static_cast<T>(inverse * (a(i) - (centred ? sum / n : 0) - z(i) * along / n));
      }
      for (int64_t j = 0; j < l.n; ++j) {
        if (scaled) static_cast<T*>(out[1])[j] = static_cast<T>(dscale[j]);
        if (shifted) static_cast<T*>(out[first])[j] = static_cast<T>(doffset[j]);
      }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "NormalizeRows", "float_rows", 20, bind_rows_float);
LAMINA_KERNEL(cpu, "NormalizeRows", "reference", 100, bind_reference);
LAMINA_KERNEL(cpu, "NormalizeRowsGrad", "float_rows", 20, bind_rows_grad_float);
LAMINA_KERNEL(cpu, "NormalizeRowsGrad", "reference", 100, bind_grad_reference);
LAMINA_KERNEL(cpu, "NormalizeBatch", "float_columns", 20, bind_batch_float);
LAMINA_KERNEL(cpu, "NormalizeBatch", "reference", 100, bind_reference);
LAMINA_KERNEL(cpu, "NormalizeBatchGrad", "float_columns", 20, bind_batch_grad_float);
LAMINA_KERNEL(cpu, "NormalizeBatchGrad", "reference", 100, bind_grad_reference);

}  // namespace
}  // namespace lamina
