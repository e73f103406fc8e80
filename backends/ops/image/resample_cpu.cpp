#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/image/resample.h"
#include "backends/ops/image/resample_rows.h"

namespace lamina {

LAMINA_SIMD_CHOICE(WeightedRows, weighted_rows)

namespace {

struct Layout {
  int64_t outer = 1, in, out, inner = 1;
  Layout(const KernelRequest& r) {
    const int axis = static_cast<const ResampleOp&>(r.op).axis;
    const Shape &from = r.inputs[0].shape, &to = r.outputs[0].shape;
    for (int i = 0; i < axis; ++i) outer *= from[i];
    for (int i = axis + 1; i < from.rank(); ++i) inner *= from[i];
    in = from[axis], out = to[axis];
  }
};

BoundKernel bind_float(const ResampleOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  const Taps taps = taps_of(op);
  std::vector<float> weights(taps.weights.begin(), taps.weights.end());
  BoundKernel k;
  k.run = [l = Layout(r), starts = taps.starts, columns = taps.columns, weights, f = weighted_rows()](
              const void* const* in, void* const* out, void*) {
    const float* x = static_cast<const float*>(in[0]);
    float* y = static_cast<float*>(out[0]);
    const int64_t rows = l.outer * l.out, a_task = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, l.inner));
    parallel_for((rows + a_task - 1) / a_task, [&](int64_t task) {
      for (int64_t row = task * a_task; row < std::min(rows, (task + 1) * a_task); ++row) {
        const int64_t o = row / l.out, i = row % l.out, from = starts[i];
        f(x + o * l.in * l.inner, columns.data() + from, weights.data() + from, starts[i + 1] - from, y + row * l.inner,
          l.inner);
      }
    });
  };
  return k;
}

BoundKernel bind_reference(const ResampleOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [l = Layout(r), t = taps_of(op), dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      constexpr bool low = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
      using A = std::conditional_t<low, float, T>;
      for (int64_t o = 0; o < l.outer; ++o)
        for (int64_t i = 0; i < l.out; ++i)
          for (int64_t j = 0; j < l.inner; ++j) {
            A sum = A(0);
            for (int64_t k = t.starts[i]; k < t.starts[i + 1]; ++k) {
              const A v = static_cast<A>(static_cast<const T*>(in[0])[(o * l.in + t.columns[k]) * l.inner + j]);
              sum = static_cast<A>(sum + static_cast<A>(v * static_cast<A>(t.weights[k])));
            }
            static_cast<T*>(out[0])[(o * l.out + i) * l.inner + j] = static_cast<T>(sum);
          }
    });
  };
  return k;
}

LAMINA_KERNEL(cpu, "Resample", "float_rows", 20, bind_float);
LAMINA_KERNEL(cpu, "Resample", "reference", 100, bind_reference);

}  // namespace
}  // namespace lamina
