#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/elementwise/block.h"
#include "backends/ops/movement/movement.h"
#include "backends/ops/movement/strided_copy.h"

namespace lamina {

namespace {

template <class T>
void copy_run(const T* x, T* y, int64_t n, int64_t fs, int64_t ts) {
  if (fs == 1 && ts == 1)
    std::memcpy(y, x, n * sizeof(T));
  else if (fs == 0 && ts == 1)
    block_table().fill(x, sizeof(T), y, n);
  else
    for (int64_t i = 0; i < n; ++i) y[i * ts] = x[i * fs];
}

template <class T>
void run_copy(const StridedCopy& c, const void* in, void* out) {
  const int rank = static_cast<int>(c.size.size());
  const T* x = static_cast<const T*>(in) + c.from_base;
  T* y = static_cast<T*>(out) + c.to_base;
  const int64_t total = c.total();
  if (!total) return;
  const int64_t outer = total / c.size.back();
  // A transposed pair of inner axes goes in 16x16 tiles.
  const bool tiled = rank >= 2 && c.from.back() != 1 && c.from.back() != 0 && c.from[rank - 2] == 1;
  const int inner_axes = tiled ? 2 : 1;
  const int64_t groups = tiled ? outer / c.size[rank - 2] : outer;
  const int64_t inner = total / groups;
  auto body = [&](int64_t g) {
    int64_t f = 0, t = 0, rest = g;
    for (int i = rank - inner_axes; i-- > 0;) {
      int64_t index = rest % c.size[i];
      rest /= c.size[i];
      f += index * c.from[i];
      t += index * c.to[i];
    }
    if (!tiled) {
      copy_run(x + f, y + t, c.size[rank - 1], c.from[rank - 1], c.to[rank - 1]);
      return;
    }
    constexpr int64_t kTile = 16;
    int64_t rows = c.size[rank - 2], columns = c.size[rank - 1], fc = c.from[rank - 1], tr = c.to[rank - 2],
            tc = c.to[rank - 1];
    for (int64_t i = 0; i < rows; i += kTile)
      for (int64_t j = 0; j < columns; j += kTile)
        for (int64_t ii = i; ii < std::min(rows, i + kTile); ++ii)
          for (int64_t jj = j; jj < std::min(columns, j + kTile); ++jj) y[t + ii * tr + jj * tc] = x[f + ii + jj * fc];
  };
  const int64_t groups_a_task = std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, inner));
  parallel_for((groups + groups_a_task - 1) / groups_a_task, [&](int64_t task) {
    for (int64_t g = task * groups_a_task; g < std::min(groups, (task + 1) * groups_a_task); ++g) body(g);
  });
}

void run_copy(const StridedCopy& c, const void* in, void* out) {
  if (c.element == 1)
    run_copy<uint8_t>(c, in, out);
  else if (c.element == 2)
    run_copy<uint16_t>(c, in, out);
  else if (c.element == 4)
    run_copy<uint32_t>(c, in, out);
  else
    run_copy<uint64_t>(c, in, out);
}

template <StridedCopy (*kCopyOf)(const KernelRequest&)>
BoundKernel bind_copy(const KernelRequest& r) {
  BoundKernel k;
  k.run = [c = kCopyOf(r)](const void* const* in, void* const* out, void*) { run_copy(c, in[0], out[0]); };
  return k;
}

BoundKernel bind_pad(const PadOp& op, const KernelRequest& r) {
  Tensor value = Tensor::scalar_of(op.value, r.inputs[0].dtype);
  BoundKernel k;
  k.run = [c = pad_copy(r), value, total = r.outputs[0].shape.elements()](const void* const* in, void* const* out,
                                                                          void*) {
    block_table().fill(value.raw(), c.element, out[0], total);
    run_copy(c, in[0], out[0]);
  };
  return k;
}

BoundKernel bind_concat(const KernelRequest& r) {
  BoundKernel k;
  k.run = [c = concat_copy(r)](const void* const* in, void* const* out, void*) {
    int64_t at = 0;
    for (size_t p = 0; p < c.widths.size(); ++p) {
      for (int64_t o = 0; o < c.outer; ++o)
        std::memcpy(static_cast<char*>(out[0]) + o * c.row + at, static_cast<const char*>(in[p]) + o * c.widths[p],
                    c.widths[p]);
      at += c.widths[p];
    }
  };
  return k;
}

LAMINA_KERNEL(cpu, "Transpose", "strided_copy", 20, bind_copy<transpose_copy>);
LAMINA_KERNEL(cpu, "Broadcast", "strided_copy", 20, bind_copy<broadcast_copy>);
LAMINA_KERNEL(cpu, "Slice", "strided_copy", 20, bind_copy<slice_copy>);
LAMINA_KERNEL(cpu, "Reverse", "strided_copy", 20, bind_copy<reverse_copy>);
LAMINA_KERNEL(cpu, "Pad", "strided_copy", 20, bind_pad);
LAMINA_KERNEL(cpu, "Concat", "row_copy", 20, bind_concat);

}  // namespace
}  // namespace lamina
