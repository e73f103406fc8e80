#include "backends/cuda/radix_sort.h"
#include "backends/ops/pieces.cuh"
#include "backends/ops/sort/sort.h"

namespace lamina::gpu {

namespace {

// A candidate for the largest or smallest of a line; the earlier of equals, and a NaN before everything.
template <class W>
struct Best {
  W value;
  int place;
};

template <class W>
__device__ bool before(const Best<W>& a, const Best<W>& b, bool largest) {
  const bool nan_a = a.value != a.value, nan_b = b.value != b.value;
  if (a.place < 0 || b.place < 0) return b.place < 0;
  if (nan_a || nan_b) return nan_a && (!nan_b || a.place < b.place);
  return a.value == b.value ? a.place < b.place : (a.value > b.value) == largest;
}

// A block a line: first the best value, then its first place.
template <class T>
__global__ void arg_reduce(const T* x, int32_t* y, int64_t lines, int64_t n, int64_t inner, bool largest) {
  using W = Wide<T>;
  for (int64_t line = blockIdx.x; line < lines; line += gridDim.x) {
    const T* from = x + line / inner * n * inner + line % inner;
    Best<W> best{W(0), -1};
    for (int64_t j = threadIdx.x; j < n; j += blockDim.x) {
      const Best<W> other{widen(from[j * inner]), static_cast<int>(j)};
      if (before(other, best, largest)) best = other;
    }
    // Threads compare what they found: a NaN's place, else the value, else the place.
    const bool nan = best.place >= 0 && best.value != best.value;
    const int first_nan = block_reduce(nan ? best.place : 0x7fffffff, [](int a, int b) { return a < b ? a : b; });
    if (first_nan != 0x7fffffff) {
      if (threadIdx.x == 0) y[line] = first_nan;
      continue;
    }
    const W most = block_reduce(best.place >= 0 ? best.value : widen(from[0]),
                                [largest](W a, W b) { return (a > b) == largest ? a : b; });
    const int place = block_reduce(best.place >= 0 && best.value == most ? best.place : 0x7fffffff,
                                   [](int a, int b) { return a < b ? a : b; });
    if (threadIdx.x == 0) y[line] = place;
  }
}

BoundKernel bind_arg(const ArgReduceOp& op, const KernelRequest& r) {
  const Shape& x = r.inputs[0].shape;
  if (size_of(r.inputs[0].dtype) < 4 && !is_float(r.inputs[0].dtype))
    return r.decline("small integers");  // which threads cannot exchange
  int64_t inner = 1;
  for (int i = op.axis + 1; i < x.rank(); ++i) inner *= x[i];
  const int64_t n = x[op.axis], lines = n ? x.elements() / n : 0;
  BoundKernel k;
  k.run = [n, lines, inner, largest = op.largest, dtype = r.inputs[0].dtype, queue = Queue(r.device)](
              const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (sizeof(Wide<T>) >= 4)
        queue.rows(arg_reduce<T>, lines, n, static_cast<const T*>(in[0]), static_cast<int32_t*>(out[0]), lines, n,
                   inner, largest);
    });
  };
  return k;
}

// A strict order in which NaN is the largest.
template <class W>
__device__ bool below(W a, W b) {
  return a < b || (b != b && a == a);
}

// Every element counts those that stand before it in the order, which is its place: as many comparisons as pairs, and
// no step waits for another. For lines of some thousands.
template <class T>
__global__ void sort_lines(const T* x, T* values, int32_t* places, int64_t total, int64_t n, int64_t k,
                           bool descending) {
  for (int64_t i = first(); i < total; i += step()) {
    const T* line = x + i / n * n;
    const int64_t me = i % n;
    const auto mine = widen(line[me]);
    int64_t place = 0;
    for (int64_t j = 0; j < n; ++j) {
      const auto other = widen(line[j]);
      const bool less = descending ? below(mine, other) : below(other, mine),
                 more = descending ? below(other, mine) : below(mine, other);
      place += less || (!more && j < me);
    }
    if (place < k) values[i / n * k + place] = line[me], places[i / n * k + place] = static_cast<int32_t>(me);
  }
}
constexpr int64_t kLongestLine = 2048;

BoundKernel bind_sort(const SortOp& op, const KernelRequest& r) {
  const int64_t n = r.inputs[0].shape.back(), k = r.outputs[0].shape.back(), total = r.inputs[0].shape.elements();
  if (n > kLongestLine) return r.decline("lines of more than 2048 elements");
  BoundKernel kernel;
  kernel.run = [n, k, total, descending = op.descending, dtype = r.inputs[0].dtype, queue = Queue(r.device)](
                   const void* const* in, void* const* out, void*) {
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      queue.elements(sort_lines<T>, total, static_cast<const T*>(in[0]), static_cast<T*>(out[0]),
                     static_cast<int32_t*>(out[1]), total, n, k, descending);
    });
  };
  return kernel;
}

// ---- longer lines ----
// An element as an unsigned key: -0 is 0, NaN the largest of all; descending, all bits turned.
template <class T, class K>
__device__ K key_of(T x, bool descending) {
  K key;
  if constexpr (std::is_same_v<T, bool>) {
    key = x;
  } else if constexpr (is_short<T> || std::is_floating_point_v<T>) {
    using W = Wide<T>;
    const W v = widen(x) + W(0);
    constexpr K sign = K(1) << (8 * sizeof(K) - 1);
    memcpy(&key, &v, sizeof key);
    key = v != v ? ~K(0) : key & sign ? ~key : key | sign;
  } else {
    key = static_cast<K>(x);
    if constexpr (std::is_signed_v<T>) key ^= K(1) << (8 * sizeof(K) - 1);
  }
  return descending ? ~key : key;
}

template <class T, class K>
__global__ void sort_keys(const T* x, K* keys, int32_t* places, int64_t total, int64_t n, bool descending) {
  for (int64_t i = first(); i < total; i += step())
    keys[i] = key_of<T, K>(x[i], descending), places[i] = static_cast<int32_t>(i % n);
}
template <class T>
__global__ void take_sorted(const T* x, const int32_t* order, T* values, int32_t* places, int64_t total, int64_t n,
                            int64_t k) {
  for (int64_t i = first(); i < total; i += step()) {
    const int64_t line = i / k, place = order[line * n + i % k];
    values[i] = x[line * n + place], places[i] = static_cast<int32_t>(place);
  }
}

BoundKernel bind_radix(const SortOp& op, const KernelRequest& r) {
  const TensorSpec& x = r.inputs[0];
  const int64_t n = x.shape.back(), k = r.outputs[0].shape.back(), total = x.shape.elements();
  if (total >= int64_t{1} << 31) return r.decline("2^31 elements or more");
  if (total == 0) return r.decline("empty");
  const size_t key_bytes = size_of(x.dtype) == 8 ? 8 : 4;
  const RadixSort sort(r.device, total / n, n, key_bytes, static_cast<int>(8 * key_bytes));
  Layout l;
  const DType key = key_bytes == 8 ? DType::uint64 : DType::uint32;
  const size_t keys = l.take(total, key), sorted_keys = l.take(total, key), places = l.take(total, DType::int32),
               sorted_places = l.take(total, DType::int32), more = l.size();
  BoundKernel kernel;
  kernel.scratch_bytes = more + sort.scratch_bytes();
  kernel.run = [=, descending = op.descending, dtype = x.dtype, queue = Queue(r.device)](
                   const void* const* in, void* const* out, void* memory) {
    char* scratch = static_cast<char*>(memory);
    auto numbers = [&](size_t at) { return reinterpret_cast<int32_t*>(scratch + at); };
    with_stored(dtype, [&](auto zero) {
      using T = decltype(zero);
      using K = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
      queue.elements(sort_keys<T, K>, total, static_cast<const T*>(in[0]), reinterpret_cast<K*>(scratch + keys),
                     numbers(places), total, n, descending);
      sort(scratch + keys, scratch + sorted_keys, numbers(places), numbers(sorted_places), scratch + more);
      const int64_t taken = total / n * k;
      queue.elements(take_sorted<T>, taken, static_cast<const T*>(in[0]),
                     static_cast<const int32_t*>(numbers(sorted_places)), static_cast<T*>(out[0]),
                     static_cast<int32_t*>(out[1]), taken, n, k);
    });
  };
  return kernel;
}

LAMINA_GPU_KERNEL("Sort", "pairs", 20, bind_sort);
LAMINA_GPU_KERNEL("Sort", "radix", 21, bind_radix);
LAMINA_GPU_KERNEL("ArgReduce", "blocks", 20, bind_arg);

}  // namespace
}  // namespace lamina::gpu
