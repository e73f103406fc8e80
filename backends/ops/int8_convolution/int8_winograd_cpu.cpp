// 3x3 convolutions of int8 by Winograd's transforms, in tasks of some tiles and some panels of filters.
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/task_scratch.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/dims.h"
#include "backends/ops/int8_convolution/int8_convolution.h"
#include "backends/ops/int8_convolution/int8_winograd.h"
#include "backends/ops/matmul/int8_blocks.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const Int8Winograd*, int8_winograd)

namespace {

constexpr int64_t kBlock = 24;       // tiles transformed at a time
constexpr int64_t kChannels = 3640;  // four times the sums of more would not fit into 32 bits
constexpr int64_t kPanel = Int8Winograd::kPanel;

struct Winograd {
  ConvolutionDims d;
  const Int8Winograd* loops;
  int64_t down, across, tiles;  // of a sample
  int64_t panels, blocks, group, groups, plane;
  std::vector<int8_t> zeros;

  explicit Winograd(const ConvolutionDims& dims)
      : d(dims),
        loops(int8_winograd()),
        down((d.out[1] + 1) / 2),
        across((d.out[2] + 1) / 2),
        tiles(down * across),
        panels((d.filters + kPanel - 1) / kPanel),
        blocks((d.batch * tiles + kBlock - 1) / kBlock),
        plane(kBlock * Int8Winograd::padded(d.channels) + 32),  // their lines would share few sets without the 32
        zeros(static_cast<size_t>(d.channels)) {
    // Few blocks share their panels out, though each task then transforms its tiles for itself.
    group = std::max<int64_t>(1, panels * std::min<int64_t>(16, blocks) / 16);
    groups = (panels + group - 1) / group;
  }

  size_t packed_bytes() const {
    return static_cast<size_t>(panels * Int8Winograd::panel_values(d.channels)) * sizeof(int16_t);
  }
  int columns_of(int64_t panel) const {
    return static_cast<int>(std::min<int64_t>(kPanel, d.filters - panel * kPanel));
  }

  void pack(const void* kernel, void* packed) const {
    parallel_for(panels, [&](int64_t p) {
      loops->pack(static_cast<const int8_t*>(kernel) + p * kPanel, d.channels, d.filters, columns_of(p),
                  static_cast<int16_t*>(packed) + p * Int8Winograd::panel_values(d.channels));
    });
  }

  void transform(const int8_t* x, int64_t tile, int16_t* to) const {
    const int8_t* sample = x + tile / tiles * d.input_elements();
    const int64_t top = tile % tiles / across * 2 - d.low[1], left = tile % across * 2 - d.low[2];
    const int8_t* places[16];
    for (int64_t a = 0; a < 4; ++a)
      for (int64_t b = 0; b < 4; ++b) {
        const int64_t i = top + a, j = left + b;
        const bool inside = i >= 0 && i < d.in[1] && j >= 0 && j < d.in[2];
        places[a * 4 + b] = inside ? sample + (i * d.in[2] + j) * d.channels : zeros.data();
      }
    loops->tile(places, d.channels, to, plane);
  }

  // Where the tile's 2x2 places are in the result, from filter `filter` on; null for those that are outside.
  void places_of(int32_t* y, int64_t tile, int64_t filter, int32_t** places) const {
    int32_t* sample = y + tile / tiles * d.output_elements() + filter;
    const int64_t top = tile % tiles / across * 2, left = tile % across * 2;
    for (int64_t a = 0; a < 2; ++a)
      for (int64_t b = 0; b < 2; ++b)
        *places++ = top + a < d.out[1] && left + b < d.out[2] ? sample + ((top + a) * d.out[2] + left + b) * d.filters
                                                              : nullptr;
  }

  void run(const void* input, const void* packed, void* out) const {
    parallel_for(blocks * groups, [&](int64_t task) {
      const int64_t from = task / groups * kBlock, count = std::min(kBlock, d.batch * tiles - from),
                    first = task % groups * group, last = std::min(panels, first + group);
      const size_t products_bytes = static_cast<size_t>(16 * kBlock * kPanel) * sizeof(int32_t);
      char* scratch =
          static_cast<char*>(task_scratch(products_bytes + static_cast<size_t>(16 * plane) * sizeof(int16_t)));
      auto* products = reinterpret_cast<int32_t*>(scratch);
      auto* transformed = reinterpret_cast<int16_t*>(scratch + products_bytes);
      const int64_t depth = Int8Winograd::padded(d.channels);
      for (int64_t t = 0; t < count; ++t)
        transform(static_cast<const int8_t*>(input), from + t, transformed + t * depth);
      for (int64_t p = first; p < last; ++p) {
        loops->multiply(transformed, plane,
                        static_cast<const int16_t*>(packed) + p * Int8Winograd::panel_values(d.channels), count,
                        d.channels, products);
        for (int64_t t = 0; t < count; ++t) {
          int32_t* places[4];
          places_of(static_cast<int32_t*>(out), from + t, p * kPanel, places);
          loops->back(products + t * kPanel, count, columns_of(p), places);
        }
      }
    });
  }
};

// Where the loops of plain products have pairs of 16-bit values themselves: dot products of bytes are as fast without.
BoundKernel bind_winograd(const Int8ConvolutionOp& op, const KernelRequest& r) {
  const ConvolutionDims d(op.convolution.window, op.convolution.groups, r.inputs[0].shape, r.inputs[1].shape,
                          r.outputs[0].shape);
  if (d.empty()) return r.decline("empty");
  if (!int8_winograd()) return r.decline("needs AVX2");
  if (int8_blocks().element == 1) return r.decline("the processor has dot products of bytes");
  if (d.rank != 2 || d.groups != 1 || d.size != ConvolutionDims::Triple{1, 3, 3} ||
      d.strides != ConvolutionDims::Triple{1, 1, 1} || d.dilation != ConvolutionDims::Triple{1, 1, 1})
    return r.decline("needs a 3x3 kernel without steps");
  if (d.channels > kChannels) return r.decline("sums of so many channels do not fit");
  if (d.channels < 16 || d.filters < 16) return r.decline("too few channels");
  const Winograd w(d);
  constexpr int64_t kTiles = 256;  // fewer do not repay the transform of the kernel
  if (!(r.steady & 2) && d.batch * w.tiles < kTiles) return r.decline("few places for a kernel that may change");
  BoundKernel kernel;
  kernel.scratch_bytes = w.packed_bytes();
  kernel.run = [w](const void* const* in, void* const* out, void* scratch) {
    w.pack(in[1], scratch);
    w.run(in[0], scratch, out[0]);
  };
  kernel.preparation = Preparation{
      1, w.packed_bytes(), [w](const void* kernel, void* packed) { w.pack(kernel, packed); },
      [w](const void* const* in, void* const* out, void*) { w.run(in[0], in[1], out[0]); }, "int8 winograd"};
  return kernel;
}

LAMINA_KERNEL(cpu, "Int8Convolution", "winograd", 8, bind_winograd);

}  // namespace
}  // namespace lamina
