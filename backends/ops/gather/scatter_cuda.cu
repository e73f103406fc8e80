// Updates of one row are combined in the order of their indices, so that the result is the same in every run. Few
// indices are compared with each other; many are sorted, and cut into pieces of which each combines the runs of equal
// rows within it.
#include "backends/cuda/radix_sort.h"
#include "backends/ops/gather/gather.h"
#include "backends/ops/gather/indexed.cuh"
#include "backends/ops/gather/scatter_sum.h"
#include "backends/ops/pieces.cuh"

namespace lamina::gpu {

namespace {

template <class T>
__device__ Wide<T> combine_wide(Scatter kind, Wide<T> a, Wide<T> b) {
  if constexpr (std::is_same_v<T, bool>)
    return kind == Scatter::update ? b : kind == Scatter::mul || kind == Scatter::min ? a && b : a || b;
  else {
    switch (kind) {
      case Scatter::update: return b;
      case Scatter::add: return static_cast<Wide<T>>(a + b);
      case Scatter::mul: return static_cast<Wide<T>>(a * b);
      case Scatter::max: return a > b || a != a ? a : b;
      default: return a < b || a != a ? a : b;
    }
  }
}
template <class T>
__device__ T combine(Scatter kind, T a, T b) {
  return narrow<T>(combine_wide<T>(kind, widen(a), widen(b)));
}

// ---- few indices ----
// A block an index: that which is the first to name its row combines all updates of the row. Looks at every pair of
// indices.
template <class T, class I>
__global__ void scatter(const I* indices, const T* updates, T* y, Indexed l, Scatter kind) {
  for (int64_t block = blockIdx.x; block < l.outer * l.count; block += gridDim.x) {
    const int64_t o = block / l.count, k = block % l.count, row = index_at(indices, k, l.n);
    int earlier = row < 0;
    for (int64_t j = threadIdx.x; j < k; j += blockDim.x) earlier |= index_at(indices, j, l.n) == row;
    if (block_max(earlier)) continue;
    for (int64_t e = threadIdx.x; e < l.inner; e += blockDim.x) {
      T& to = y[(o * l.n + row) * l.inner + e];
      T value = to;
      for (int64_t j = k; j < l.count; ++j)
        if (index_at(indices, j, l.n) == row) value = combine(kind, value, updates[(o * l.count + j) * l.inner + e]);
      to = value;
    }
  }
}
constexpr int64_t kFew = 512;

void scatter_few(const Queue& queue, const Indexed& l, Scatter kind, DType dtype, DType index, const void* indices,
                 const void* updates, void* out) {
  with_stored(dtype, [&](auto zero) {
    using T = decltype(zero);
    with_index(index, indices, [&](auto* places) {
      queue.rows(scatter<T, std::remove_cvref_t<decltype(*places)>>, l.outer * l.count, std::max(l.inner, l.count / 4),
                 places, static_cast<const T*>(updates), static_cast<T*>(out), l, kind);
    });
  });
}

// ---- many indices ----
struct Sorted {
  Indexed l;
  int64_t piece, pieces;  // of the sorted indices
  Scatter kind;
  __device__ int64_t end(int64_t p) const { return p + 1 == pieces ? l.count : (p + 1) * piece; }
};

template <class I>
__global__ void scatter_keys(const I* indices, uint32_t* keys, int32_t* places, Indexed l) {
  for (int64_t k = first(); k < l.count; k += step()) {
    const int64_t row = index_at(indices, k, l.n);
    keys[k] = static_cast<uint32_t>(row < 0 ? l.n : row), places[k] = static_cast<int32_t>(k);
  }
}

// A block a piece (of one outer). A run that lies within its piece goes to y; what a piece has of a longer run goes to
// `parts`, as the piece's first run (0) or, where the run begins in the piece, its last (1).
template <class T>
__global__ void scatter_pieces(const uint32_t* rows, const int32_t* places, const T* updates, T* y, Wide<T>* parts,
                               Sorted s) {
  const Indexed& l = s.l;
  for (int64_t block = blockIdx.x; block < l.outer * s.pieces; block += gridDim.x) {
    const int64_t o = block / s.pieces, p = block % s.pieces, from = p * s.piece, to = s.end(p);
    for (int64_t e = threadIdx.x; e < l.inner; e += blockDim.x)
      for (int64_t i = from; i < to;) {
        const uint32_t row = rows[i];
        const int64_t begin = i;
        Wide<T> value = widen(updates[(o * l.count + places[i]) * l.inner + e]);
        for (++i; i < to && rows[i] == row; ++i)
          value = combine_wide<T>(s.kind, value, widen(updates[(o * l.count + places[i]) * l.inner + e]));
        if (row >= l.n) break;  // indices outside are the last ones
        const bool goes_back = begin == from && from > 0 && rows[from - 1] == row,
                   goes_on = i == to && to < l.count && rows[to] == row;
        if (goes_back || goes_on) {
          parts[((o * s.pieces + p) * 2 + !goes_back) * l.inner + e] = value;
        } else {
          T& at = y[(o * l.n + row) * l.inner + e];
          at = narrow<T>(combine_wide<T>(s.kind, widen(at), value));
        }
      }
  }
}

// A block a piece: where its last run began in it and goes on, that piece combines all parts of the run.
template <class T>
__global__ void scatter_runs(const uint32_t* rows, const Wide<T>* parts, T* y, Sorted s) {
  const Indexed& l = s.l;
  for (int64_t block = blockIdx.x; block < l.outer * s.pieces; block += gridDim.x) {
    const int64_t o = block / s.pieces, p = block % s.pieces, from = p * s.piece, to = s.end(p);
    if (to == l.count || rows[to] != rows[to - 1] || rows[to] >= l.n) continue;  // it ends here, or counts for nothing
    const uint32_t row = rows[to];
    if (rows[from] == row && from > 0 && rows[from - 1] == row) continue;  // it began in a piece before
    for (int64_t e = threadIdx.x; e < l.inner; e += blockDim.x) {
      Wide<T> value = parts[((o * s.pieces + p) * 2 + 1) * l.inner + e];
      for (int64_t q = p + 1; q < s.pieces && rows[q * s.piece] == row; ++q)
        value = combine_wide<T>(s.kind, value, parts[(o * s.pieces + q) * 2 * l.inner + e]);
      T& at = y[(o * l.n + row) * l.inner + e];
      at = narrow<T>(combine_wide<T>(s.kind, widen(at), value));
    }
  }
}

// Sorts the indices and combines the updates into y.
class ScatterMany {
 public:
  ScatterMany(Device device, const Indexed& l, Scatter kind, DType dtype, DType index)
      : s_{l, 0, 0, kind}, dtype_(dtype), index_(index), sort_(device, 1, l.count, 4, bits_for(l.n)), queue_(device) {
    // Pieces as long as there are many: both a piece and the pieces of a run are gone through one by one.
    s_.piece = std::max<int64_t>(32, static_cast<int64_t>(std::sqrt(static_cast<double>(l.count))));
    s_.pieces = (l.count + s_.piece - 1) / s_.piece;
    for (size_t* at : {&keys_, &sorted_keys_}) *at = layout_.take(l.count, DType::uint32);
    for (size_t* at : {&places_, &sorted_places_}) *at = layout_.take(l.count, DType::int32);
    parts_ = layout_.take(l.outer * s_.pieces * 2 * l.inner, size_of(dtype) == 8 ? DType::float64 : DType::float32);
    more_ = layout_.size();
  }
  size_t scratch_bytes() const { return more_ + sort_.scratch_bytes(); }
  void operator()(const void* indices, const void* updates, void* y, void* memory) const {
    char* scratch = static_cast<char*>(memory);
    auto rows = [&](size_t at) { return reinterpret_cast<uint32_t*>(scratch + at); };
    auto numbers = [&](size_t at) { return reinterpret_cast<int32_t*>(scratch + at); };
    with_index(index_, indices, [&](auto* given) {
      queue_.elements(scatter_keys<std::remove_cvref_t<decltype(*given)>>, s_.l.count, given, rows(keys_),
                      numbers(places_), s_.l);
    });
    sort_(rows(keys_), rows(sorted_keys_), numbers(places_), numbers(sorted_places_), scratch + more_);
    with_stored(dtype_, [&](auto zero) {
      using T = decltype(zero);
      const uint32_t* sorted = rows(sorted_keys_);
      Wide<T>* parts = reinterpret_cast<Wide<T>*>(scratch + parts_);
      queue_.rows(scatter_pieces<T>, s_.l.outer * s_.pieces, s_.l.inner, sorted,
                  static_cast<const int32_t*>(numbers(sorted_places_)), static_cast<const T*>(updates),
                  static_cast<T*>(y), parts, s_);
      queue_.rows(scatter_runs<T>, s_.l.outer * s_.pieces, s_.l.inner, sorted, static_cast<const Wide<T>*>(parts),
                  static_cast<T*>(y), s_);
    });
  }

 private:
  static int bits_for(int64_t n) {  // of keys 0..n
    int bits = 1;
    while (bits < 32 && n >> bits) ++bits;
    return bits;
  }
  Sorted s_;
  DType dtype_, index_;
  RadixSort sort_;
  Queue queue_;
  Layout layout_;
  size_t keys_ = 0, sorted_keys_ = 0, places_ = 0, sorted_places_ = 0, parts_ = 0, more_ = 0;
};

// Calls scatter(indices, updates, y, scratch) over what `start` leaves in the output.
template <class Start>
BoundKernel bind(const KernelRequest& r, const Indexed& l, Scatter kind, const TensorSpec& y, size_t indices,
                 Start start) {
  const DType index = r.inputs[indices].dtype;
  BoundKernel k;
  if (l.count <= kFew) {
    k.run = [=, dtype = y.dtype, queue = Queue(r.device)](const void* const* in, void* const* out, void*) {
      start(queue, in, out);
      scatter_few(queue, l, kind, dtype, index, in[indices], in[indices + 1], out[0]);
    };
    return k;
  }
  if (std::max(l.n, l.count) >= int64_t{1} << 31) return r.decline("2^31 rows or indices, or more");
  const ScatterMany scatter(r.device, l, kind, y.dtype, index);
  k.scratch_bytes = scatter.scratch_bytes();
  k.run = [=, queue = Queue(r.device)](const void* const* in, void* const* out, void* scratch) {
    start(queue, in, out);
    scatter(in[indices], in[indices + 1], out[0], scratch);
  };
  return k;
}

BoundKernel bind_scatter(const ScatterOp& op, const KernelRequest& r) {
  const TensorSpec& y = r.outputs[0];
  BoundKernel k = bind(r, indexed(y.shape, r.inputs[1], op.axis), op.kind, y, 1,
                       [bytes = bytes_of(y)](const Queue& queue, const void* const* in, void* const* out) {
                         queue.copy(out[0], in[0], bytes);
                       });
  if (k.run) k.sharing = {{0, 0}};
  return k;
}

BoundKernel bind_scatter_sum(const ScatterSumOp& op, const KernelRequest& r) {
  const TensorSpec& y = r.outputs[0];
  return bind(r, indexed(y.shape, r.inputs[0], op.axis), Scatter::add, y, 0,
              [bytes = bytes_of(y)](const Queue& queue, const void* const*, void* const* out) {
                queue.fill_zero(out[0], bytes);
              });
}

LAMINA_GPU_KERNEL("Scatter", "indices", 20, bind_scatter);
LAMINA_GPU_KERNEL("ScatterSum", "indices", 20, bind_scatter_sum);

}  // namespace
}  // namespace lamina::gpu
