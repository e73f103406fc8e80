// float32 poolings: the loops over channels of rows.h, spread over samples and rows of windows.
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/pooling/dims.h"
#include "backends/ops/pooling/pooling_loops.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const PoolLoops&, pool_rows)

namespace {

constexpr int64_t kTaskElements = 1 << 16;  // read or written by a task: some ten microseconds

// Tasks of some rows of windows: (sample, first axis, second axis) flattened. Windows that overlap must not be written
// by two tasks, so there a task has whole samples.
struct Work {
  PoolDims d;
  int64_t rows, unit, tasks;  // rows of windows, rows a task
  size_t most;                // places of a window

  Work(const PoolDims& dims, bool whole_samples)
      : d(dims), rows(d.batch * d.out[0] * d.out[1]), most(static_cast<size_t>(d.most_places())) {
    const int64_t row = std::max<int64_t>(1, d.batch * d.input_elements() / std::max<int64_t>(1, rows)),
                  sample = d.out[0] * d.out[1];
    unit = std::max<int64_t>(1, kTaskElements / row);
    if (whole_samples) unit = std::max<int64_t>(1, unit / sample) * sample;
    tasks = (rows + unit - 1) / unit;
  }

  // Calls f(sample, a, b, c, flat output place of the batch) for every window of task t.
  template <class F>
  void over(int64_t t, F&& f) const {
    for (int64_t r = t * unit; r < std::min(rows, (t + 1) * unit); ++r) {
      const int64_t n = r / (d.out[0] * d.out[1]), a = r / d.out[1] % d.out[0], b = r % d.out[1];
      for (int64_t c = 0; c < d.out[2]; ++c) f(n, a, b, c, r * d.out[2] + c);
    }
  }
  template <class P>
  int64_t places(P* sample, int64_t a, int64_t b, int64_t c, P** list) const {
    int64_t count = 0;
    d.over_window(a, b, c, [&](int64_t place) { list[count++] = sample + place * d.channels; });
    return count;
  }
};

std::optional<Work> work_for(const KernelRequest& r, const PoolWindows& windows, const Shape& input,
                             bool writes_input) {
  if (r.inputs[0].dtype != DType::float32) {
    r.decline("needs float32");
    return std::nullopt;
  }
  if (input.elements() == 0) {
    r.decline("empty");
    return std::nullopt;
  }
  const PoolDims d(windows, input);
  return Work(d, writes_input && !(d.disjoint && d.covering));
}

BoundKernel bind_max(const MaxPoolOp& op, const KernelRequest& r) {
  auto w = work_for(r, op.windows, r.inputs[0].shape, false);
  if (!w) return {};
  if (op.indexed && r.outputs[1].dtype != DType::uint8) return r.decline("needs an index in uint8");
  BoundKernel k;
  k.run = [w = *w, indexed = op.indexed](const void* const* in, void* const* out, void*) {
    const PoolLoops& rows = pool_rows();
    parallel_for(w.tasks, [&](int64_t t) {
      std::vector<const float*> list(w.most);
      w.over(t, [&](int64_t n, int64_t a, int64_t b, int64_t c, int64_t flat) {
        const int64_t count =
            w.places(static_cast<const float*>(in[0]) + n * w.d.input_elements(), a, b, c, list.data());
        float* y = static_cast<float*>(out[0]) + flat * w.d.channels;
        if (indexed)
          rows.max_indexed(list.data(), count, w.d.channels, y, static_cast<uint8_t*>(out[1]) + flat * w.d.channels);
        else
          rows.max(list.data(), count, w.d.channels, y);
      });
    });
  };
  return k;
}

// Runs put(list of places, count, flat output place) for every window, onto zeros where windows overlap or leave gaps.
template <class Put>
void over_written(const Work& w, float* x, Put&& put) {
  const bool tiles = w.d.disjoint && w.d.covering;
  parallel_for(w.tasks, [&](int64_t t) {
    std::vector<float*> list(w.most);
    if (!tiles) {
      const int64_t windows = w.d.out[0] * w.d.out[1], first = t * w.unit / windows,
                    last = std::min(w.rows, (t + 1) * w.unit) / windows;
      std::memset(x + first * w.d.input_elements(), 0,
                  static_cast<size_t>((last - first) * w.d.input_elements()) * sizeof(float));
    }
    w.over(t, [&](int64_t n, int64_t a, int64_t b, int64_t c, int64_t flat) {
      put(list.data(), w.places(x + n * w.d.input_elements(), a, b, c, list.data()), flat);
    });
  });
}

BoundKernel bind_scatter(const MaxPoolScatterOp& op, const KernelRequest& r) {
  if (r.inputs[1].dtype != DType::uint8) return r.decline("needs an index in uint8");
  auto w = work_for(r, op.windows, r.outputs[0].shape, true);
  if (!w) return {};
  BoundKernel k;
  k.run = [w = *w](const void* const* in, void* const* out, void*) {
    auto put = w.d.disjoint ? pool_rows().scatter : pool_rows().scatter_added;
    over_written(w, static_cast<float*>(out[0]), [&](float* const* list, int64_t count, int64_t flat) {
      const int64_t at = flat * w.d.channels;
      put(static_cast<const float*>(in[0]) + at, static_cast<const uint8_t*>(in[1]) + at, list, count, w.d.channels);
    });
  };
  return k;
}

BoundKernel bind_average(const AveragePoolOp& op, const KernelRequest& r) {
  auto w = work_for(r, op.windows, r.inputs[0].shape, false);
  if (!w) return {};
  BoundKernel k;
  k.run = [w = *w](const void* const* in, void* const* out, void*) {
    const PoolLoops& rows = pool_rows();
    parallel_for(w.tasks, [&](int64_t t) {
      std::vector<const float*> list(w.most);
      w.over(t, [&](int64_t n, int64_t a, int64_t b, int64_t c, int64_t flat) {
        const int64_t count =
            w.places(static_cast<const float*>(in[0]) + n * w.d.input_elements(), a, b, c, list.data());
        rows.average(list.data(), count, w.d.channels, 1.0f / static_cast<float>(count),
                     static_cast<float*>(out[0]) + flat * w.d.channels);
      });
    });
  };
  return k;
}

BoundKernel bind_average_grad(const AveragePoolGradOp& op, const KernelRequest& r) {
  auto w = work_for(r, op.windows, r.outputs[0].shape, true);
  if (!w) return {};
  BoundKernel k;
  k.run = [w = *w](const void* const* in, void* const* out, void*) {
    auto put = w.d.disjoint ? pool_rows().spread : pool_rows().spread_added;
    over_written(w, static_cast<float*>(out[0]), [&](float* const* list, int64_t count, int64_t flat) {
      put(static_cast<const float*>(in[0]) + flat * w.d.channels, list, count, w.d.channels,
          1.0f / static_cast<float>(count));
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "MaxPool", "channels", 20, bind_max);
LAMINA_KERNEL(cpu, "MaxPoolScatter", "channels", 20, bind_scatter);
LAMINA_KERNEL(cpu, "AveragePool", "channels", 20, bind_average);
LAMINA_KERNEL(cpu, "AveragePoolGrad", "channels", 20, bind_average_grad);

}  // namespace
}  // namespace lamina
