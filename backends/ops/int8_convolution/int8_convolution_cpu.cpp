// Convolutions of int8 as packed products: windows of some places are copied side by side into the form that the
// product's loops take (int8_blocks.h), a strip of them at a time that a cache holds.
#include "backends/core/kernel.h"
#include "backends/cpu/task_scratch.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/dims.h"
#include "backends/ops/int8_convolution/int8_convolution.h"
#include "backends/ops/matmul/int8_blocks.h"

namespace lamina {

namespace {

// Rows of windows by a packed kernel, in tasks of some rows and some panels.
struct StripCut {
  int64_t rows, strips, group, groups;  // rows of a strip, panels of a group

  StripCut(int64_t all_rows, int64_t samples, int64_t panels, int64_t row_bytes) {
    constexpr int64_t kStripBytes = 96 << 10;
    rows = std::min(all_rows, std::clamp<int64_t>(kStripBytes / row_bytes / 24 * 24, 24, 240));
    strips = (all_rows + rows - 1) / rows;
    rows = (all_rows + strips - 1) / strips;  // even
    strips = (all_rows + rows - 1) / rows;
    // Few strips share their panels out, though each task then copies its windows for itself.
    group = std::max<int64_t>(1, panels * std::min<int64_t>(16, samples * strips) / 16);
    groups = (panels + group - 1) / group;
  }
};

struct Int8Windows {
  ConvolutionDims d;
  const Int8Blocks* blocks;
  int64_t depth, panels, panel_bytes, row_bytes, piece;
  bool whole_rows;  // a window's row along the last axis lies in one piece
  StripCut cut;
  std::vector<int8_t> zeros;

  explicit Int8Windows(const ConvolutionDims& dims)
      : d(dims),
        blocks(&int8_blocks()),
        depth(d.taps() * d.group_channels()),
        panels((d.group_filters() + blocks->panel - 1) / blocks->panel),
        panel_bytes(blocks->panel_bytes(depth)),
        row_bytes(int8_padded(depth) * blocks->element),
        piece(d.groups == 1 && d.dilation[2] == 1 ? d.size[2] * d.channels : d.group_channels()),
        whole_rows(d.groups == 1 && d.dilation[2] == 1),
        cut(d.outputs(), d.batch * d.groups, panels, row_bytes),
        zeros(static_cast<size_t>(piece)) {}

  size_t packed_bytes() const { return static_cast<size_t>(d.groups * panels * panel_bytes); }
  int columns_of(int64_t panel) const {
    return static_cast<int>(std::min<int64_t>(blocks->panel, d.group_filters() - panel * blocks->panel));
  }

  void pack(const void* kernel, void* packed) const {
    const int8_t* w = static_cast<const int8_t*>(kernel);
    parallel_for(d.groups * panels, [&](int64_t t) {
      const int64_t column = t / panels * d.group_filters() + t % panels * blocks->panel;
      blocks->pack(w + column, d.filters, 1, depth, columns_of(t % panels),
                   static_cast<char*>(packed) + t * panel_bytes);
    });
  }

  // `count` values in the loops' form. Up to three more than these are written behind them.
  char* put(char* to, const int8_t* values, int64_t count) const {
    if (count > 0) blocks->prepare(values, count, 1, 1, count, to);
    return to + count * blocks->element;
  }

  // The window of a place, of one group's channels.
  void window(const int8_t* x, int64_t place, int64_t group, char* to) const {
    const int64_t p[3] = {place / (d.out[1] * d.out[2]), place / d.out[2] % d.out[1], place % d.out[2]};
    const int64_t cg = d.group_channels(), left = p[2] * d.strides[2] - d.low[2];
    for (int64_t a = 0; a < d.size[0]; ++a)
      for (int64_t b = 0; b < d.size[1]; ++b) {
        const int64_t i = p[0] * d.strides[0] + a * d.dilation[0] - d.low[0],
                      j = p[1] * d.strides[1] + b * d.dilation[1] - d.low[1];
        const bool inside = i >= 0 && i < d.in[0] && j >= 0 && j < d.in[1];
        const int8_t* row = x + (inside ? (i * d.in[1] + j) * d.in[2] * d.channels : 0) + group * cg;
        if (whole_rows) {
          const int64_t from = inside ? std::clamp<int64_t>(-left, 0, d.size[2]) : d.size[2],
                        to_tap = inside ? std::clamp<int64_t>(d.in[2] - left, from, d.size[2]) : d.size[2];
          to = put(to, zeros.data(), from * cg);
          if (to_tap > from) to = put(to, row + (left + from) * cg, (to_tap - from) * cg);
          to = put(to, zeros.data(), (d.size[2] - to_tap) * cg);
        } else {
          for (int64_t c = 0; c < d.size[2]; ++c) {
            const int64_t k = left + c * d.dilation[2];
            to = put(to, inside && k >= 0 && k < d.in[2] ? row + k * d.channels : zeros.data(), cg);
          }
        }
      }
  }

  void run(const void* input, const char* packed, void* out) const {
    const int64_t tasks = d.batch * d.groups * cut.strips * cut.groups;
    parallel_for(tasks, [&](int64_t t) {
      const int64_t first = t % cut.groups * cut.group, strip = t / cut.groups % cut.strips,
                    g = t / (cut.groups * cut.strips) % d.groups, n = t / (cut.groups * cut.strips * d.groups);
      const int64_t from = strip * cut.rows, count = std::min(cut.rows, d.outputs() - from),
                    last = std::min(panels, first + cut.group);
      const int8_t* x = static_cast<const int8_t*>(input) + n * d.input_elements();
      int32_t* y = static_cast<int32_t*>(out) + n * d.output_elements() + from * d.filters + g * d.group_filters();
      char* rows = static_cast<char*>(task_scratch(static_cast<size_t>(count * row_bytes) + 64));
      if (d.pointwise() && d.groups == 1)
        blocks->prepare(x + from * d.channels, d.channels, 1, count, depth, rows);
      else
        for (int64_t r = 0; r < count; ++r) window(x, from + r, g, rows + r * row_bytes);
      for (int64_t p = first; p < last; ++p)
        blocks->multiply(rows, packed + (g * panels + p) * panel_bytes, count, depth, columns_of(p),
                         y + p * blocks->panel, d.filters);
    });
  }
};

BoundKernel bind_blocks(const Int8ConvolutionOp& op, const KernelRequest& r) {
  const ConvolutionDims d(op.convolution.window, op.convolution.groups, r.inputs[0].shape, r.inputs[1].shape,
                          r.outputs[0].shape);
  if (d.empty()) return r.decline("empty");
  const Int8Windows windows(d);
  BoundKernel kernel;
  kernel.scratch_bytes = windows.packed_bytes();
  kernel.run = [windows](const void* const* in, void* const* out, void* scratch) {
    windows.pack(in[1], scratch);
    windows.run(in[0], static_cast<const char*>(scratch), out[0]);
  };
  kernel.preparation =
      Preparation{1, windows.packed_bytes(), [windows](const void* w, void* prepared) { windows.pack(w, prepared); },
                  [windows](const void* const* in, void* const* out, void*) {
                    windows.run(in[0], static_cast<const char*>(in[1]), out[0]);
                  },
                  text(windows.blocks->layout, " convolution of ", d.groups)};
  return kernel;
}

// The transposed convolution of one sample after the other: the product of all its places with all taps of the kernel,
// and then for every place of the result the sum of what reaches it.
struct Int8Scattered {
  ConvolutionDims d;  // of the convolution whose gradient it is: the input is its output
  const Int8Blocks* blocks;
  int64_t columns, panels, panel_bytes, row_bytes;
  StripCut cut;

  explicit Int8Scattered(const ConvolutionDims& dims)
      : d(dims),
        blocks(&int8_blocks()),
        columns(d.taps() * d.channels),
        panels((columns + blocks->panel - 1) / blocks->panel),
        panel_bytes(blocks->panel_bytes(d.filters)),
        row_bytes(int8_padded(d.filters) * blocks->element),
        cut(d.outputs(), 1, panels, row_bytes) {}

  size_t packed_bytes() const { return static_cast<size_t>(panels * panel_bytes + 63) / 64 * 64; }
  size_t products_bytes() const { return static_cast<size_t>(d.outputs() * columns) * sizeof(int32_t); }
  int columns_of(int64_t panel) const {
    return static_cast<int>(std::min<int64_t>(blocks->panel, columns - panel * blocks->panel));
  }

  // w (taps, channels, filters) as the matrix (filters, taps * channels).
  void pack(const void* kernel, void* packed) const {
    const int8_t* w = static_cast<const int8_t*>(kernel);
    parallel_for(panels, [&](int64_t p) {
      blocks->pack(w + p * blocks->panel * d.filters, 1, d.filters, d.filters, columns_of(p),
                   static_cast<char*>(packed) + p * panel_bytes);
    });
  }

  void multiply(const int8_t* g, const char* packed, int32_t* products) const {
    parallel_for(cut.strips * cut.groups, [&](int64_t t) {
      const int64_t first = t % cut.groups * cut.group, from = t / cut.groups * cut.rows,
                    count = std::min(cut.rows, d.outputs() - from), last = std::min(panels, first + cut.group);
      void* rows = task_scratch(static_cast<size_t>(count * row_bytes));
      blocks->prepare(g + from * d.filters, d.filters, 1, count, d.filters, rows);
      for (int64_t p = first; p < last; ++p)
        blocks->multiply(rows, packed + p * panel_bytes, count, d.filters, columns_of(p),
                         products + from * columns + p * blocks->panel, columns);
    });
  }

  // The window along `axis` whose tap t stands at place i; -1 for none.
  int64_t window_at(size_t axis, int64_t i, int64_t t) const {
    const int64_t at = i + d.low[axis] - t * d.dilation[axis];
    return at < 0 || at % d.strides[axis] || at / d.strides[axis] >= d.out[axis] ? -1 : at / d.strides[axis];
  }

  void gather(const int32_t* products, int32_t* y) const {
    parallel_for(d.in[0] * d.in[1], [&](int64_t line) {
      int32_t* to = y + line * d.in[2] * d.channels;
      for (int64_t k = 0; k < d.in[2]; ++k, to += d.channels) {
        std::fill_n(to, d.channels, 0);
        for (int64_t tap = 0; tap < d.taps(); ++tap) {
          const int64_t i = window_at(0, line / d.in[1], tap / (d.size[1] * d.size[2])),
                        j = window_at(1, line % d.in[1], tap / d.size[2] % d.size[1]),
                        l = window_at(2, k, tap % d.size[2]);
          if (i < 0 || j < 0 || l < 0) continue;
          const int32_t* from = products + ((i * d.out[1] + j) * d.out[2] + l) * columns + tap * d.channels;
#pragma GCC ivdep
          for (int64_t c = 0; c < d.channels; ++c) to[c] += from[c];
        }
      }
    });
  }

  void run(const void* input, const char* packed, void* out, void* products) const {
    for (int64_t n = 0; n < d.batch; ++n) {
      multiply(static_cast<const int8_t*>(input) + n * d.output_elements(), packed, static_cast<int32_t*>(products));
      gather(static_cast<const int32_t*>(products), static_cast<int32_t*>(out) + n * d.input_elements());
    }
  }
};

BoundKernel bind_transpose(const Int8ConvolutionTransposeOp& op, const KernelRequest& r) {
  const ConvolutionDims d(op.convolution.window, op.convolution.groups, r.outputs[0].shape, r.inputs[1].shape,
                          r.inputs[0].shape);
  if (d.empty()) return r.decline("empty");
  if (d.groups != 1) return r.decline("needs one group");
  const Int8Scattered scattered(d);
  BoundKernel kernel;
  kernel.scratch_bytes = scattered.packed_bytes() + scattered.products_bytes();
  kernel.run = [scattered](const void* const* in, void* const* out, void* scratch) {
    char* packed = static_cast<char*>(scratch) + scattered.products_bytes();
    scattered.pack(in[1], packed);
    scattered.run(in[0], packed, out[0], scratch);
  };
  kernel.preparation = Preparation{1, scattered.packed_bytes(),
                                   [scattered](const void* w, void* prepared) { scattered.pack(w, prepared); },
                                   [scattered](const void* const* in, void* const* out, void* scratch) {
                                     scattered.run(in[0], static_cast<const char*>(in[1]), out[0], scratch);
                                   },
                                   text(scattered.blocks->layout, " transposed convolution")};
  return kernel;
}

LAMINA_KERNEL(cpu, "Int8Convolution", "blocks", 20, bind_blocks);
LAMINA_KERNEL(cpu, "Int8ConvolutionTranspose", "blocks", 20, bind_transpose);

}  // namespace
}  // namespace lamina
