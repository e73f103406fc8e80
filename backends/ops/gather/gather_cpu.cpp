#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/elementwise/block.h"
#include "backends/ops/gather/filler.h"
#include "backends/ops/gather/gather.h"
#include "backends/ops/gather/indices.h"
#include "backends/ops/gather/scatter_sum.h"

namespace lamina {

namespace {

struct Layout {
  int64_t outer = 1, n = 1, inner = 1, count = 1;
  size_t element = 4;
  bool wide = false;  // int64 indices
};

Layout layout_of(const Shape& x, const TensorSpec& indices, int axis, DType dtype) {
  Layout l;
  for (int i = 0; i < axis; ++i) l.outer *= x[i];
  l.n = x[axis];
  for (int i = axis + 1; i < x.rank(); ++i) l.inner *= x[i];
  l.count = indices.shape.elements();
  l.element = size_of(dtype);
  l.wide = indices.dtype == DType::int64;
  return l;
}

inline int64_t index_at(const void* indices, int64_t k, const Layout& l) {
  return lamina::index_at(indices, k, l.wide, l.n);
}

template <class T>
void gather_elements(const Layout& l, const void* x, const void* indices, const void* fill, void* out, int64_t from,
                     int64_t to) {
  for (int64_t t = from; t < to; ++t) {
    int64_t i = index_at(indices, t % l.count, l);
    static_cast<T*>(out)[t] = i < 0 ? *static_cast<const T*>(fill) : static_cast<const T*>(x)[t / l.count * l.n + i];
  }
}

BoundKernel bind_gather(const GatherOp& op, const KernelRequest& r) {
  Layout l = layout_of(r.inputs[0].shape, r.inputs[1], op.axis, r.inputs[0].dtype);
  Tensor fill = filler(r.inputs[0].dtype, op.fill);
  BoundKernel k;
  k.run = [l, fill](const void* const* in, void* const* out, void*) {
    const int64_t rows = l.outer * l.count, row = l.inner * static_cast<int64_t>(l.element);
    const int64_t rows_a_task = std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, row));
    parallel_for((rows + rows_a_task - 1) / rows_a_task, [&](int64_t task) {
      int64_t from = task * rows_a_task, to = std::min(rows, from + rows_a_task);
      if (l.inner == 1) {
        if (l.element == 1)
          gather_elements<uint8_t>(l, in[0], in[1], fill.raw(), out[0], from, to);
        else if (l.element == 2)
          gather_elements<uint16_t>(l, in[0], in[1], fill.raw(), out[0], from, to);
        else if (l.element == 4)
          gather_elements<uint32_t>(l, in[0], in[1], fill.raw(), out[0], from, to);
        else
          gather_elements<uint64_t>(l, in[0], in[1], fill.raw(), out[0], from, to);
        return;
      }
      constexpr int64_t kAhead = 8;  // rows far apart: the memory is asked for some of them at once
      for (int64_t t = from; t < to; ++t) {
        if (t + kAhead < to)
          if (int64_t i = index_at(in[1], (t + kAhead) % l.count, l); i >= 0)
            __builtin_prefetch(static_cast<const char*>(in[0]) + ((t + kAhead) / l.count * l.n + i) * row);
        int64_t i = index_at(in[1], t % l.count, l);
        char* y = static_cast<char*>(out[0]) + t * row;
        if (i < 0)
          block_table().fill(fill.raw(), l.element, y, l.inner);
        else
          std::memcpy(y, static_cast<const char*>(in[0]) + (t / l.count * l.n + i) * row, row);
      }
    });
  };
  return k;
}

BlockFn combine_of(Scatter kind, DType dtype) {
  Binary op = Binary::add;
  bool truth = dtype == DType::boolean;
  switch (kind) {
    case Scatter::update: return nullptr;
    case Scatter::add: op = truth ? Binary::logical_or : Binary::add; break;
    case Scatter::max: op = Binary::maximum; break;
    case Scatter::min: op = Binary::minimum; break;
    case Scatter::mul: op = truth ? Binary::logical_and : Binary::multiply; break;
  }
  return block_table().binary[static_cast<int>(op)][static_cast<int>(dtype)];
}

// Combines the updates into `out`, index by index, in order; tasks share out the outer and inner positions, so no two
// write one place.
struct Scattering {
  static constexpr int64_t kStrip = 512;
  Layout l;
  BlockFn combine;
  int64_t strips;
  Scattering(const Layout& layout, BlockFn combine)
      : l(layout), combine(combine), strips(std::max<int64_t>(1, layout.inner / kStrip)) {}

  void run(const void* indices, const void* updates, void* out) const {
    parallel_for(l.outer * strips, [&](int64_t task) {
      int64_t o = task / strips, s = task % strips;
      int64_t from = l.inner * s / strips, width = l.inner * (s + 1) / strips - from;
      const int64_t size = static_cast<int64_t>(l.element);
      for (int64_t n = 0; n < l.count; ++n) {
        int64_t i = index_at(indices, n, l);
        if (i < 0) continue;
        const char* u = static_cast<const char*>(updates) + ((o * l.count + n) * l.inner + from) * size;
        char* y = static_cast<char*>(out) + ((o * l.n + i) * l.inner + from) * size;
        if (combine)
          combine(y, u, nullptr, y, width);
        else
          std::memcpy(y, u, width * size);
      }
    });
  }
};

BoundKernel bind_scatter(const ScatterOp& op, const KernelRequest& r) {
  Layout l = layout_of(r.inputs[0].shape, r.inputs[1], op.axis, r.inputs[0].dtype);
  BoundKernel k;
  k.sharing = {{0, 0}};  // not the updates, which are read after x has been copied
  k.run = [s = Scattering(l, combine_of(op.kind, r.inputs[0].dtype)),
           bytes = r.outputs[0].shape.elements() * l.element](const void* const* in, void* const* out, void*) {
    if (out[0] != in[0] && bytes) std::memcpy(out[0], in[0], bytes);
    s.run(in[1], in[2], out[0]);
  };
  return k;
}

BoundKernel bind_scatter_sum(const ScatterSumOp& op, const KernelRequest& r) {
  const TensorSpec& y = r.outputs[0];
  BoundKernel k;
  k.run = [s = Scattering(layout_of(y.shape, r.inputs[0], op.axis, y.dtype), combine_of(Scatter::add, y.dtype)),
           bytes = static_cast<int64_t>(bytes_of(y))](const void* const* in, void* const* out, void*) {
    constexpr int64_t kFill = 1 << 20;  // bytes a task; zero bits are 0 in every dtype
    parallel_for((bytes + kFill - 1) / kFill, [&](int64_t t) {
      std::memset(static_cast<char*>(out[0]) + t * kFill, 0, std::min(kFill, bytes - t * kFill));
    });
    s.run(in[0], in[1], out[0]);
  };
  return k;
}

LAMINA_KERNEL(cpu, "Gather", "reference", 100, bind_gather);
LAMINA_KERNEL(cpu, "Scatter", "reference", 100, bind_scatter);
LAMINA_KERNEL(cpu, "ScatterSum", "reference", 100, bind_scatter_sum);

}  // namespace
}  // namespace lamina
