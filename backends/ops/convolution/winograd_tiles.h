#pragma once
// How the 3x3 convolutions by Winograd's transforms (winograd.h) see their tensors: what the kernel of tile blocks
// (convolution_winograd.cpp) and that of whole planes (convolution_winograd_planes.cpp) share.
#include "backends/core/kernel.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/tasks.h"
#include "backends/ops/convolution/winograd.h"

namespace lamina {

// Null on processors without AVX2.
const WinogradLoops* winograd_loops();

// The convolution from `from` places with c channels to `to` places with k, in 2x2 tiles of the latter, sample after
// sample.
struct WinogradTiles {
  int64_t c, k, from[2], to[2], low[2];
  int64_t down, across;  // tiles
  int64_t block;         // tiles transformed at a time

  WinogradTiles(int64_t c, int64_t k, const int64_t* source, const int64_t* target, const int64_t* pad) : c(c), k(k) {
    for (int a = 0; a < 2; ++a) from[a] = source[a], to[a] = target[a], low[a] = pad[a];
    down = (to[0] + 1) / 2;
    across = (to[1] + 1) / 2;
    constexpr int64_t kBlockBytes = 192 << 10;  // of transformed tiles: they stay in the second-level cache
    block = std::clamp<int64_t>(kBlockBytes / (64 * (c + k)) / 6 * 6, 12, 96);
  }
  // Of the forward direction, or `flipped` of the input's gradient, which is the convolution of g by the kernel turned
  // round.
  static WinogradTiles of(const ConvolutionDims& d, bool flipped) {
    const int64_t low[2] = {flipped ? 2 - d.low[1] : d.low[1], flipped ? 2 - d.low[2] : d.low[2]};
    return flipped ? WinogradTiles(d.filters, d.channels, d.out.data() + 1, d.in.data() + 1, low)
                   : WinogradTiles(d.channels, d.filters, d.in.data() + 1, d.out.data() + 1, low);
  }
  int64_t tiles() const { return down * across; }  // of a sample
  // From one of the sixteen planes to the next: a cache line more than it holds, or their lines would share few sets.
  int64_t v_plane() const { return block * c + 16; }
  int64_t m_plane() const { return block * k + 16; }
  size_t block_floats() const { return static_cast<size_t>(16 * (v_plane() + m_plane())); }

  // Calls f(number in the block, sample, tile row, tile column) for `count` tiles from number `first` of a chunk on.
  template <class F>
  void walk(int64_t first, int64_t count, F&& f) const {
    int64_t n = first / tiles(), i = first % tiles() / across, j = first % across;
    for (int64_t t = 0; t < count; ++t) {
      f(t, n, i, j);
      if (++j == across) {
        j = 0;
        if (++i == down) i = 0, ++n;
      }
    }
  }
  // Where the tile's kSide x kSide places are in a sample of the given sizes; `outside` for those that are not.
  template <int kSide, class P>
  static void places(P* sample, const int64_t* size, int64_t channels, int64_t top, int64_t left, P* outside,
                     P** list) {
    for (int64_t a = 0; a < kSide; ++a)
      for (int64_t b = 0; b < kSide; ++b) {
        const int64_t i = top + a, j = left + b;
        *list++ = i >= 0 && i < size[0] && j >= 0 && j < size[1] ? sample + (i * size[1] + j) * channels : outside;
      }
  }
  // Tiles first ... of inputs -> sixteen planes of v, `plane` values apart. zeros: c of them.
  void transform_inputs(const WinogradLoops& loops, const float* x, const float* zeros, int64_t first, int64_t count,
                        float* v, int64_t plane) const {
    walk(first, count, [&](int64_t t, int64_t n, int64_t i, int64_t j) {
      const float* list[16];
      places<4>(x + n * from[0] * from[1] * c, from, c, 2 * i - low[0], 2 * j - low[1], zeros, list);
      loops.input(list, c, v + t * c, plane);
    });
  }
  // Sixteen planes of products -> the places of y, with the epilogue. nowhere: k values that places outside are written
  // to.
  void transform_outputs(const WinogradLoops& loops, const float* m, int64_t plane, int64_t first, int64_t count,
                         const Epilogue::Operands& with, float* nowhere, float* y) const {
    walk(first, count, [&](int64_t t, int64_t sample, int64_t i, int64_t j) {
      const int64_t at = sample * to[0] * to[1] * k;
      float* list[4];
      const float* added[4];
      places<2>(y + at, to, k, 2 * i, 2 * j, nowhere, list);
      if (with.residual) places<2>(with.residual + at, to, k, 2 * i, 2 * j, static_cast<const float*>(nowhere), added);
      loops.output(m + t * k, plane, k, with.bias, with.residual ? added : nullptr, with.relu, list);
    });
  }
  // The gradient of transform_outputs: places of g -> sixteen planes of m; sums are added to bias (or null). zeros: k
  // of them.
  void transform_output_grads(const WinogradLoops& loops, const float* g, const float* zeros, int64_t first,
                              int64_t count, float* m, int64_t plane, float* bias) const {
    walk(first, count, [&](int64_t t, int64_t sample, int64_t i, int64_t j) {
      const float* list[4];
      places<2>(g + sample * to[0] * to[1] * k, to, k, 2 * i, 2 * j, zeros, list);
      loops.output_grad(list, k, m + t * k, plane, bias);
    });
  }
};

// Why the transforms do not take the convolution, or null: 2D, 3x3, strides and dilation 1, one group, channels in
// eights and enough of them, tiles mostly full.
const char* winograd_refusal(const KernelRequest& r, const ConvolutionDims& d);

// The kernel w (3, 3, channels, filters), transformed: sixteen planes of (channels, filters), or `flipped` of (filters,
// channels); then `turned` must hold as many values.
void winograd_kernel(const ConvolutionDims& d, bool flipped, const float* w, float* u, float* turned);

// Whether products of whole planes serve better than blocks of tiles: with many channels the transformed kernel
// (sixteen planes) falls out of the caches from block to block.
bool winograd_by_planes(const ConvolutionDims& d);

}  // namespace lamina
