// Convolutions of int8 where every channel is convolved alone.
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/windows.h"
#include "backends/ops/int8_convolution/int8_convolution.h"
#include "backends/ops/int8_convolution/int8_depthwise.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const Int8Depthwise&, int8_depthwise)

namespace {

struct Depthwise {
  ConvolutionDims d;
  const Int8Depthwise* loops;
  int64_t pairs;              // of taps
  std::vector<int8_t> zeros;  // what windows see outside

  explicit Depthwise(const ConvolutionDims& dims)
      : d(dims), loops(&int8_depthwise()), pairs((d.taps() + 1) / 2), zeros(static_cast<size_t>(d.channels)) {}
  size_t packed_bytes() const { return static_cast<size_t>(pairs * d.channels) * 2 * sizeof(int16_t); }

  // Where the taps of a line's windows begin, as if each window stood at place 0 of the input's last axis; null for
  // those outside.
  void lines_of_taps(const int8_t* x, int64_t line, const int8_t** lines) const {
    for (int64_t a = 0; a < d.size[0]; ++a)
      for (int64_t b = 0; b < d.size[1]; ++b) {
        const int64_t i = line / d.out[1] * d.strides[0] + a * d.dilation[0] - d.low[0],
                      j = line % d.out[1] * d.strides[1] + b * d.dilation[1] - d.low[1];
        const bool inside = i >= 0 && i < d.in[0] && j >= 0 && j < d.in[1];
        *lines++ = inside ? x + (i * d.in[1] + j) * d.in[2] * d.channels : nullptr;
      }
  }

  void run(const void* input, const void* packed, void* out) const {
    const int64_t lines = d.out[0] * d.out[1], across = d.size[0] * d.size[1];
    parallel_for(d.batch * lines, [&](int64_t task) {
      const int64_t n = task / lines, line = task % lines;
      const int8_t* x = static_cast<const int8_t*>(input) + n * d.input_elements();
      int32_t* y = static_cast<int32_t*>(out) + n * d.output_elements() + line * d.out[2] * d.filters;
      // A tap more of an odd number meets weights of zero.
      std::vector<const int8_t*> begins(static_cast<size_t>(across)),
          taps(static_cast<size_t>(2 * pairs), zeros.data());
      lines_of_taps(x, line, begins.data());
      for (int64_t k = 0; k < d.out[2]; ++k, y += d.filters) {
        const int8_t** tap = taps.data();
        for (int64_t r = 0; r < across; ++r)
          for (int64_t c = 0, at = k * d.strides[2] - d.low[2]; c < d.size[2]; ++c, at += d.dilation[2])
            *tap++ = begins[r] && at >= 0 && at < d.in[2] ? begins[r] + at * d.channels : zeros.data();
        loops->place(taps.data(), pairs, static_cast<const int16_t*>(packed), d.channels, y);
      }
    });
  }
};

BoundKernel bind_depthwise(const Int8ConvolutionOp& op, const KernelRequest& r) {
  const ConvolutionDims d(op.convolution.window, op.convolution.groups, r.inputs[0].shape, r.inputs[1].shape,
                          r.outputs[0].shape);
  if (d.empty()) return r.decline("empty");
  if (d.group_channels() != 1 || d.group_filters() != 1) return r.decline("needs channels that are convolved alone");
  const Depthwise depthwise(d);
  const auto pack = [depthwise](const void* w, void* packed) {
    depthwise.loops->pack(static_cast<const int8_t*>(w), depthwise.d.taps(), depthwise.d.channels,
                          static_cast<int16_t*>(packed));
  };
  BoundKernel kernel;
  kernel.scratch_bytes = depthwise.packed_bytes();
  kernel.run = [depthwise, pack](const void* const* in, void* const* out, void* scratch) {
    pack(in[1], scratch);
    depthwise.run(in[0], scratch, out[0]);
  };
  kernel.preparation =
      Preparation{1, depthwise.packed_bytes(), pack,
                  [depthwise](const void* const* in, void* const* out, void*) { depthwise.run(in[0], in[1], out[0]); },
                  "int8 depthwise"};
  return kernel;
}

// The plain sums, of any groups. They wrap around as the other kernels' sums do.
BoundKernel bind_reference(const Int8ConvolutionOp& op, const KernelRequest& r) {
  BoundKernel kernel;
  kernel.run = [d = ConvolutionDims(op.convolution.window, op.convolution.groups, r.inputs[0].shape, r.inputs[1].shape,
                                    r.outputs[0].shape)](const void* const* in, void* const* out, void*) {
    const int64_t cg = d.group_channels(), og = d.group_filters();
    const int8_t* w = static_cast<const int8_t*>(in[1]);
    for (int64_t n = 0; n < d.batch; ++n) {
      const int8_t* x = static_cast<const int8_t*>(in[0]) + n * d.input_elements();
      int32_t* y = static_cast<int32_t*>(out[0]) + n * d.output_elements();
      over_places(d.out, [&](const int64_t(&p)[3], int64_t flat) {
        for (int64_t o = 0; o < d.filters; ++o) {
          uint32_t sum = 0;
          over_window(d, p, [&](int64_t place, int64_t tap) {
            const int8_t* at = x + place * d.channels + o / og * cg;
            for (int64_t c = 0; c < cg; ++c) sum += static_cast<uint32_t>(at[c] * w[(tap * cg + c) * d.filters + o]);
          });
          y[flat * d.filters + o] = static_cast<int32_t>(sum);
        }
      });
    }
  };
  return kernel;
}

BoundKernel bind_transpose_reference(const Int8ConvolutionTransposeOp& op, const KernelRequest& r) {
  BoundKernel kernel;
  kernel.run = [d = ConvolutionDims(op.convolution.window, op.convolution.groups, r.outputs[0].shape, r.inputs[1].shape,
                                    r.inputs[0].shape)](const void* const* in, void* const* out, void*) {
    const int64_t cg = d.group_channels(), og = d.group_filters();
    const int8_t* w = static_cast<const int8_t*>(in[1]);
    for (int64_t n = 0; n < d.batch; ++n) {
      const int8_t* g = static_cast<const int8_t*>(in[0]) + n * d.output_elements();
      int32_t* y = static_cast<int32_t*>(out[0]) + n * d.input_elements();
      over_places(d.in, [&](const int64_t(&p)[3], int64_t flat) {
        for (int64_t c = 0; c < d.channels; ++c) {
          uint32_t sum = 0;
          over_covering(d, p, [&](int64_t place, int64_t tap) {
            for (int64_t o = c / cg * og; o < (c / cg + 1) * og; ++o)
              sum += static_cast<uint32_t>(g[place * d.filters + o] * w[(tap * cg + c % cg) * d.filters + o]);
          });
          y[flat * d.channels + c] = static_cast<int32_t>(sum);
        }
      });
    }
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "Int8Convolution", "depthwise", 5, bind_depthwise);
LAMINA_KERNEL(cpu, "Int8Convolution", "reference", 100, bind_reference);
LAMINA_KERNEL(cpu, "Int8ConvolutionTranspose", "reference", 100, bind_transpose_reference);

}  // namespace
}  // namespace lamina
