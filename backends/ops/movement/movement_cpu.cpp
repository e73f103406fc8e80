// Strided copies: every movement op is "for each output index, copy from base + sum(index * stride)".
#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/elementwise/block.h"
#include "backends/ops/movement/movement.h"

namespace lamina {

namespace {

struct Copy {
  std::vector<int64_t> size, from, to;  // an axis: count, strides in elements
  int64_t from_base = 0, to_base = 0;
  size_t element = 4;

  // Drops axes of size 1 and merges neighbours that both sides walk alike.
  void simplify() {
    std::vector<int64_t> s, f, t;
    for (size_t i = 0; i < size.size(); ++i) {
      if (size[i] == 1) continue;
      if (!s.empty() && f.back() == from[i] * size[i] && t.back() == to[i] * size[i]) {
        s.back() *= size[i], f.back() = from[i], t.back() = to[i];
      } else {
        s.push_back(size[i]), f.push_back(from[i]), t.push_back(to[i]);
      }
    }
    if (s.empty()) s.push_back(1), f.push_back(1), t.push_back(1);
    size = s, from = f, to = t;
  }
};

template <class T>
void copy_run(const T* x, T* y, int64_t n, int64_t fs, int64_t ts) {
  if (fs == 1 && ts == 1) std::memcpy(y, x, n * sizeof(T));
  else if (fs == 0 && ts == 1) block_table().fill(x, sizeof(T), y, n);
  else
    for (int64_t i = 0; i < n; ++i) y[i * ts] = x[i * fs];
}

template <class T>
void run_copy(const Copy& c, const void* in, void* out) {
  const int rank = static_cast<int>(c.size.size());
  const T* x = static_cast<const T*>(in) + c.from_base;
  T* y = static_cast<T*>(out) + c.to_base;
  int64_t total = 1;
  for (int64_t s : c.size) total *= s;
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
    int64_t rows = c.size[rank - 2], columns = c.size[rank - 1], fc = c.from[rank - 1], tr = c.to[rank - 2], tc = c.to[rank - 1];
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

void run_copy(const Copy& c, const void* in, void* out) {
  if (c.element == 1) run_copy<uint8_t>(c, in, out);
  else if (c.element == 2) run_copy<uint16_t>(c, in, out);
  else if (c.element == 4) run_copy<uint32_t>(c, in, out);
  else run_copy<uint64_t>(c, in, out);
}

std::vector<int64_t> row_major(const Shape& s) {
  std::vector<int64_t> strides(s.rank(), 1);
  for (int i = s.rank() - 1; i-- > 0;) strides[i] = strides[i + 1] * s[i + 1];
  return strides;
}

BoundKernel kernel_of(Copy c) {
  c.simplify();
  BoundKernel k;
  k.run = [c](const void* const* in, void* const* out, void*) { run_copy(c, in[0], out[0]); };
  return k;
}

BoundKernel bind_transpose(const KernelRequest& r) {
  const auto& op = static_cast<const TransposeOp&>(r.op);
  auto strides = row_major(r.inputs[0].shape);
  Copy c{r.outputs[0].shape.vec(), {}, row_major(r.outputs[0].shape), 0, 0, size_of(r.inputs[0].dtype)};
  for (int a : op.axes) c.from.push_back(strides[a]);
  return kernel_of(std::move(c));
}

BoundKernel bind_broadcast(const KernelRequest& r) {
  const Shape &x = r.inputs[0].shape, &y = r.outputs[0].shape;
  auto strides = row_major(x);
  Copy c{y.vec(), std::vector<int64_t>(y.rank(), 0), row_major(y), 0, 0, size_of(r.inputs[0].dtype)};
  for (int i = 0; i < x.rank(); ++i)
    if (x[i] != 1) c.from[i + y.rank() - x.rank()] = strides[i];
  return kernel_of(std::move(c));
}

BoundKernel bind_slice(const KernelRequest& r) {
  const auto& op = static_cast<const SliceOp&>(r.op);
  auto strides = row_major(r.inputs[0].shape);
  Copy c{r.outputs[0].shape.vec(), {}, row_major(r.outputs[0].shape), 0, 0, size_of(r.inputs[0].dtype)};
  for (size_t i = 0; i < strides.size(); ++i) {
    c.from_base += op.starts[i] * strides[i];
    c.from.push_back(strides[i] * op.strides[i]);
  }
  return kernel_of(std::move(c));
}

BoundKernel bind_reverse(const KernelRequest& r) {
  const auto& op = static_cast<const ReverseOp&>(r.op);
  const Shape& x = r.inputs[0].shape;
  Copy c{x.vec(), row_major(x), row_major(x), 0, 0, size_of(r.inputs[0].dtype)};
  for (int a : op.axes)
    if (x[a] > 0) {
      c.from_base += (x[a] - 1) * c.from[a];
      c.from[a] = -c.from[a];
    }
  return kernel_of(std::move(c));
}

BoundKernel bind_pad(const KernelRequest& r) {
  const auto& op = static_cast<const PadOp&>(r.op);
  auto strides = row_major(r.outputs[0].shape);
  Copy c{r.inputs[0].shape.vec(), row_major(r.inputs[0].shape), {}, 0, 0, size_of(r.inputs[0].dtype)};
  for (size_t i = 0; i < strides.size(); ++i) {
    c.to_base += op.low[i] * strides[i];
    c.to.push_back(strides[i] * (op.interior[i] + 1));
  }
  c.simplify();
  Tensor value = Tensor::scalar_of(op.value, r.inputs[0].dtype);
  BoundKernel k;
  k.run = [c, value, total = r.outputs[0].shape.elements()](const void* const* in, void* const* out, void*) {
    block_table().fill(value.raw(), c.element, out[0], total);
    run_copy(c, in[0], out[0]);
  };
  return k;
}

BoundKernel bind_concat(const KernelRequest& r) {
  const auto& op = static_cast<const ConcatOp&>(r.op);
  const Shape& y = r.outputs[0].shape;
  int64_t outer = 1, inner = size_of(r.outputs[0].dtype);
  for (int i = 0; i < op.axis; ++i) outer *= y[i];
  for (int i = op.axis + 1; i < y.rank(); ++i) inner *= y[i];
  std::vector<int64_t> widths;
  for (const auto& in : r.inputs) widths.push_back(in.shape[op.axis] * inner);
  BoundKernel k;
  k.run = [outer, widths, row = y[op.axis] * inner](const void* const* in, void* const* out, void*) {
    int64_t at = 0;
    for (size_t p = 0; p < widths.size(); ++p) {
      for (int64_t o = 0; o < outer; ++o)
        std::memcpy(static_cast<char*>(out[0]) + o * row + at, static_cast<const char*>(in[p]) + o * widths[p], widths[p]);
      at += widths[p];
    }
  };
  return k;
}

LAMINA_KERNEL(cpu, "Transpose", "strided_copy", 20, bind_transpose);
LAMINA_KERNEL(cpu, "Broadcast", "strided_copy", 20, bind_broadcast);
LAMINA_KERNEL(cpu, "Slice", "strided_copy", 20, bind_slice);
LAMINA_KERNEL(cpu, "Reverse", "strided_copy", 20, bind_reverse);
LAMINA_KERNEL(cpu, "Pad", "strided_copy", 20, bind_pad);
LAMINA_KERNEL(cpu, "Concat", "row_copy", 20, bind_concat);

}  // namespace
}  // namespace lamina
