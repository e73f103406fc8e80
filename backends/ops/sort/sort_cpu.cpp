#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/sort/sort.h"

namespace lamina {

namespace {

template <class T>
inline auto plain(T v) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
    return static_cast<float>(v);
  else
    return v;
}

// A strict order in which NaN is the largest.
template <class V>
inline bool below(V a, V b) {
  if constexpr (std::is_floating_point_v<V>)
    return a < b || (b != b && a == a);
  else
    return a < b;
}

template <class T>
void sort_row(const T* x, T* values, int32_t* places, int32_t* order, int64_t n, int64_t k, bool descending) {
  for (int64_t i = 0; i < n; ++i) order[i] = static_cast<int32_t>(i);
  auto first = [&](int32_t a, int32_t b) {
    auto u = plain(x[a]), v = plain(x[b]);
    if (descending ? below(v, u) : below(u, v)) return true;
    if (descending ? below(u, v) : below(v, u)) return false;
    return a < b;
  };
  if (k < n / 4)
    std::partial_sort(order, order + k, order + n, first);
  else
    std::sort(order, order + n, first);
  for (int64_t i = 0; i < k; ++i) values[i] = x[order[i]], places[i] = order[i];
}

BoundKernel bind_sort(const SortOp& op, const KernelRequest& r) {
  int64_t n = r.inputs[0].shape.back(), k = r.outputs[0].shape.back();
  int64_t rows = 1;
  for (int i = 0; i + 1 < r.inputs[0].shape.rank(); ++i) rows *= r.inputs[0].shape[i];
  const int64_t rows_a_task = std::max<int64_t>(1, (1 << 12) / std::max<int64_t>(1, n));
  BoundKernel kernel;
  kernel.run = [=, descending = op.descending, dtype = r.inputs[0].dtype](const void* const* in, void* const* out,
                                                                          void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      parallel_for((rows + rows_a_task - 1) / rows_a_task, [&](int64_t task) {
        std::vector<int32_t> order(n);
        for (int64_t i = task * rows_a_task; i < std::min(rows, (task + 1) * rows_a_task); ++i)
          sort_row(static_cast<const T*>(in[0]) + i * n, static_cast<T*>(out[0]) + i * k,
                   static_cast<int32_t*>(out[1]) + i * k, order.data(), n, k, descending);
      });
    });
  };
  return kernel;
}

BoundKernel bind_arg(const ArgReduceOp& op, const KernelRequest& r) {
  const Shape& x = r.inputs[0].shape;
  int64_t outer = 1, n = x[op.axis], inner = 1;
  for (int i = 0; i < op.axis; ++i) outer *= x[i];
  for (int i = op.axis + 1; i < x.rank(); ++i) inner *= x[i];
  const int64_t outer_a_task = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, n * inner));
  BoundKernel kernel;
  kernel.run = [=, largest = op.largest, dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      parallel_for((outer + outer_a_task - 1) / outer_a_task, [&](int64_t task) {
        for (int64_t o = task * outer_a_task; o < std::min(outer, (task + 1) * outer_a_task); ++o)
          for (int64_t i = 0; i < inner; ++i) {
            const T* from = static_cast<const T*>(in[0]) + o * n * inner + i;
            int32_t best = 0;
            auto value = plain(from[0]);
            for (int64_t j = 1; j < n && value == value; ++j) {
              auto v = plain(from[j * inner]);
              if ((largest ? v > value : v < value) || v != v) value = v, best = static_cast<int32_t>(j);
            }
            static_cast<int32_t*>(out[0])[o * inner + i] = best;
          }
      });
    });
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "Sort", "reference", 100, bind_sort);
LAMINA_KERNEL(cpu, "ArgReduce", "reference", 100, bind_arg);

}  // namespace
}  // namespace lamina
