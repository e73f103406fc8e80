#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/elementwise/block.h"
#include "backends/ops/reduce/layout.h"

namespace lamina {

namespace {

template <class T>
inline constexpr bool kLow = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
using Acc = std::conditional_t<kLow<T>, float, T>;

// Plain loops: for each kept index, over each reduced index. Pairwise in the innermost run, so that long sums keep
// digits.
BoundKernel bind_reference(const ReduceOp& op, const KernelRequest& r) {
  ReduceLayout l = reduce_layout(r.inputs[0].shape, op.axes);
  BoundKernel k;
  k.run = [l, kind = op.kind, dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      const T* x = static_cast<const T*>(in[0]);
      T* y = static_cast<T*>(out[0]);
      for (int64_t o = 0; o < l.kept; ++o) {
        int64_t base = 0, rest = o;
        for (size_t i = l.runs.size(); i-- > 0;)
          if (!l.runs[i].reduced) base += rest % l.runs[i].size * l.runs[i].stride, rest /= l.runs[i].size;
        auto at = [&](int64_t index) {
          int64_t place = base;
          for (size_t i = l.runs.size(); i-- > 0;)
            if (l.runs[i].reduced) place += index % l.runs[i].size * l.runs[i].stride, index /= l.runs[i].size;
          return static_cast<Acc<T>>(x[place]);
        };
        auto pairwise = [&](auto&& self, int64_t begin, int64_t end) -> Acc<T> {
          if (end - begin <= 64) {
            Acc<T> acc = reduce_start<Acc<T>>(kind);
            for (int64_t i = begin; i < end; ++i) reduce_fold(kind, acc, at(i));
            return acc;
          }
          int64_t middle = begin + (end - begin) / 2;
          Acc<T> left = self(self, begin, middle);
          reduce_fold(kind, left, self(self, middle, end));
          return left;
        };
        y[o] = static_cast<T>(pairwise(pairwise, 0, l.reduced));
      }
    });
  };
  return k;
}

// float32 sum/max/min/prod: the innermost run reduced (rows), or kept (columns added row by row, in blocks).
BoundKernel bind_float(const ReduceOp& op, const KernelRequest& r) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  if (op.kind != Reduce::sum && op.kind != Reduce::max) return r.decline("only sum and max");
  ReduceLayout l = reduce_layout(r.inputs[0].shape, op.axes);
  if (l.reduced == 0 || l.kept == 0) return r.decline("empty");
  bool rows =
      l.runs.size() <= 2 && (l.runs.empty() || l.runs.back().reduced) && (l.runs.size() < 2 || !l.runs[0].reduced);
  bool columns = (l.runs.size() == 2 && l.runs[0].reduced) || (l.runs.size() == 3 && !l.runs[0].reduced);
  BoundKernel k;
  const bool sum = op.kind == Reduce::sum;
  if (rows || (l.runs.size() == 1 && !l.runs[0].reduced)) {
    int64_t n = l.reduced, m = l.kept;
    auto run = sum ? block_table().sum_f32 : block_table().max_f32;
    constexpr int64_t kChunk = 1 << 15;
    if (m == 1 && n > 2 * kChunk) {  // one long run: fixed chunks, then their results
      k.scratch_bytes = (n + kChunk - 1) / kChunk * 4;
      k.run = [=](const void* const* in, void* const* out, void* scratch) {
        const float* x = static_cast<const float*>(in[0]);
        float* part = static_cast<float*>(scratch);
        int64_t parts = (n + kChunk - 1) / kChunk;
        parallel_for(parts, [&](int64_t p) { part[p] = run(x + p * kChunk, std::min(kChunk, n - p * kChunk)); });
        *static_cast<float*>(out[0]) = run(part, parts);
      };
      return k;
    }
    int64_t rows_a_task = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, n));
    k.run = [=](const void* const* in, void* const* out, void*) {
      const float* x = static_cast<const float*>(in[0]);
      float* y = static_cast<float*>(out[0]);
      parallel_for((m + rows_a_task - 1) / rows_a_task, [&](int64_t t) {
        for (int64_t i = t * rows_a_task; i < std::min(m, (t + 1) * rows_a_task); ++i) y[i] = run(x + i * n, n);
      });
    };
    return k;
  }
  if (columns) {
    bool batched = l.runs.size() == 3;
    int64_t batch = batched ? l.runs[0].size : 1, n = l.runs[batched ? 1 : 0].size, m = l.runs.back().size;
    constexpr int64_t kWidth = 1024;
    int64_t strips = (m + kWidth - 1) / kWidth;
    auto fold_block =
        block_table().binary[static_cast<int>(sum ? Binary::add : Binary::maximum)][static_cast<int>(DType::float32)];
    k.run = [=](const void* const* in, void* const* out, void*) {
      const float* x = static_cast<const float*>(in[0]);
      float* y = static_cast<float*>(out[0]);
      parallel_for(batch * strips, [&](int64_t t) {
        int64_t b = t / strips, from = t % strips * kWidth, width = std::min(kWidth, m - from);
        const float* source = x + b * n * m + from;
        float* to = y + b * m + from;
        std::memcpy(to, source, width * 4);
        for (int64_t i = 1; i < n; ++i) fold_block(to, source + i * m, nullptr, to, width);
      });
    };
    return k;
  }
  return r.decline("kept and reduced axes alternate");
}

LAMINA_KERNEL(cpu, "Reduce", "float_runs", 20, bind_float);
LAMINA_KERNEL(cpu, "Reduce", "reference", 100, bind_reference);

}  // namespace
}  // namespace lamina
