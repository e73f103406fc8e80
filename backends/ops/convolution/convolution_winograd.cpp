// 3x3 convolutions with stride 1 over two axes by Winograd's transforms, for processors with AVX2 or AVX-512, where they are faster than
// oneDNN's plain sums (bench/cpp/convolutions.cpp).
#include "backends/core/kernel.h"
#include "backends/cpu/simd_choice.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/tasks.h"
#include "backends/ops/convolution/winograd.h"

namespace lamina {

#if defined(LAMINA_X86)
namespace simd_avx2 { const WinogradLoops& winograd_loops_of_level(); }
namespace simd_avx512 { const WinogradLoops& winograd_loops_of_level(); }
#endif

namespace {

const WinogradLoops* winograd_loops() {
#if defined(LAMINA_X86)
  static const WinogradLoops* chosen = has_avx512() ? &simd_avx512::winograd_loops_of_level() : has_avx2() ? &simd_avx2::winograd_loops_of_level() : nullptr;
  return chosen;
#else
  return nullptr;
#endif
}

constexpr int64_t kTaskWork = 1 << 20;      // multiplications of the plain sum worth a task: some twenty microseconds
constexpr int64_t kBlockBytes = 192 << 10;  // of transformed tiles: they stay in the second-level cache

// The convolution from `from` places with c channels to `to` places with k, in 2x2 tiles of the latter.
struct Tiles {
  int64_t c, k, from[2], to[2], low[2];
  int64_t down, across;  // tiles
  int64_t block;         // tiles transformed at a time

  Tiles(int64_t c, int64_t k, const int64_t* source, const int64_t* target, const int64_t* pad) : c(c), k(k) {
    for (int a = 0; a < 2; ++a) from[a] = source[a], to[a] = target[a], low[a] = pad[a];
    down = (to[0] + 1) / 2;
    across = (to[1] + 1) / 2;
    block = std::clamp<int64_t>(kBlockBytes / (64 * (c + k)) / 6 * 6, 12, 96);
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
  static void places(P* sample, const int64_t* size, int64_t channels, int64_t top, int64_t left, P* outside, P** list) {
    for (int64_t a = 0; a < kSide; ++a)
      for (int64_t b = 0; b < kSide; ++b) {
        const int64_t i = top + a, j = left + b;
        *list++ = i >= 0 && i < size[0] && j >= 0 && j < size[1] ? sample + (i * size[1] + j) * channels : outside;
      }
  }
  void transform_inputs(const WinogradLoops& loops, const float* x, const float* zeros, int64_t first, int64_t count, float* v) const {
    walk(first, count, [&](int64_t t, int64_t n, int64_t i, int64_t j) {
      const float* list[16];
      places<4>(x + n * from[0] * from[1] * c, from, c, 2 * i - low[0], 2 * j - low[1], zeros, list);
      loops.input(list, c, v + t * c, v_plane());
    });
  }
};

// What the transforms can do: 2D, 3x3, strides and dilation 1, one group, channels in eights and enough of them, tiles mostly full.
const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (!winograd_loops()) return "needs AVX2";
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  using T = ConvolutionDims::Triple;
  if (d.rank != 2 || d.size != T{1, 3, 3} || d.strides != T{1, 1, 1} || d.dilation != T{1, 1, 1} || d.groups != 1) return "needs 3x3 windows without strides, dilation and groups";
  if (d.channels % 8 || d.filters % 8 || d.channels < 16 || d.filters < 16) return "needs channels in eights, at least 16";
  if (d.batch * d.multiplications() < (1 << 20)) return "too little work";
  for (size_t a = 1; a < 3; ++a)
    if (d.low[a] > 2 || d.high[a] > 2 || d.out[a] < 4 || d.in[a] < 4) return "needs padding of at most 2 and at least 4 places";
  return nullptr;
}

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

// Forward, or with `flipped` the input's gradient, which is the convolution of g by the kernel turned round.
BoundKernel convolve(const ConvolutionDims& d, bool flipped, Epilogue epilogue = {}) {
  const int64_t low[2] = {flipped ? 2 - d.low[1] : d.low[1], flipped ? 2 - d.low[2] : d.low[2]};
  const Tiles tiles = flipped ? Tiles(d.filters, d.channels, d.out.data() + 1, d.in.data() + 1, low) : Tiles(d.channels, d.filters, d.in.data() + 1, d.out.data() + 1, low);
  // Tasks are even ranges of tiles, over sample after sample, which are transformed in even blocks.
  const int64_t n = d.channels * d.filters, all = d.batch * tiles.tiles();
  const int64_t wanted = std::max<int64_t>(1, d.batch * d.multiplications() / kTaskWork);
  const int64_t range = (all + wanted - 1) / wanted, tasks = (all + range - 1) / range;
  auto transform = [=](const void* w, void* to) {
    const WinogradLoops& loops = *winograd_loops();
    float* u = static_cast<float*>(to);
    constexpr int64_t kStrip = 1 << 12;
    float* made = flipped ? u + 16 * n : u;
    parallel_for((n + kStrip - 1) / kStrip, [&](int64_t s) { loops.kernel(static_cast<const float*>(w), n, flipped, made, s * kStrip, std::min(n, (s + 1) * kStrip)); });
    if (flipped)  // (channels, filters) to (filters, channels)
      parallel_for(16, [&](int64_t i) {
        const float* a = made + i * n;
        float* b = u + i * n;
        for (int64_t row = 0; row < d.channels; row += 8)
          for (int64_t f = 0; f < d.filters; ++f)
            for (int64_t c = row; c < row + 8; ++c) b[f * d.channels + c] = a[c * d.filters + f];
      });
  };
  const int64_t blocks = (range + tiles.block - 1) / tiles.block, block = std::min(tiles.block, ((range + blocks - 1) / blocks + 3) / 4 * 4);
  auto multiply = [=](const void* const* in, void* const* out, const void* transformed) {
    const WinogradLoops& loops = *winograd_loops();
    const float* u = static_cast<const float*>(transformed);
    parallel_for(tasks, [&](int64_t task) {
      const size_t held = aligned(tiles.block_floats() * sizeof(float)) / sizeof(float);
      float* v = static_cast<float*>(task_scratch((held + static_cast<size_t>(tiles.c + tiles.k)) * sizeof(float)));
      float *m = v + 16 * tiles.v_plane(), *zeros = v + held, *nowhere = zeros + tiles.c;
      std::memset(zeros, 0, static_cast<size_t>(tiles.c + tiles.k) * sizeof(float));
      const float* x = static_cast<const float*>(in[0]);
      float* y = static_cast<float*>(out[0]);
      const Epilogue::Operands with = epilogue.of(in);
      const int64_t end = std::min(all, (task + 1) * range);
      for (int64_t first = task * range; first < end; first += block) {
        const int64_t count = std::min(block, end - first);
        tiles.transform_inputs(loops, x, zeros, first, count, v);
        for (int64_t i = 0; i < 16; ++i) loops.product(v + i * tiles.v_plane(), u + i * n, m + i * tiles.m_plane(), count, tiles.c, tiles.k);
        tiles.walk(first, count, [&](int64_t t, int64_t sample, int64_t i, int64_t j) {
          const int64_t at = sample * tiles.to[0] * tiles.to[1] * tiles.k;
          float* list[4];
          const float* added[4];
          Tiles::places<2>(y + at, tiles.to, tiles.k, 2 * i, 2 * j, nowhere, list);
          if (with.residual) Tiles::places<2>(with.residual + at, tiles.to, tiles.k, 2 * i, 2 * j, static_cast<const float*>(nowhere), added);
          loops.output(m + t * tiles.k, tiles.m_plane(), tiles.k, with.bias, with.residual ? added : nullptr, with.relu, list);
        });
      }
    });
  };
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(16 * n) * sizeof(float) * (flipped ? 2 : 1);
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    transform(in[1], scratch);
    multiply(in, out, scratch);
  };
  k.preparation = {.input = 1, .bytes = k.scratch_bytes, .make = transform, .run = [=](const void* const* in, void* const* out, void*) { multiply(in, out, in[1]); },
                   .layout = text("winograd ", d.channels, " ", d.filters, " ", flipped)};
  return k;
}

// Each chunk has sums of its own, sixteen planes and the bias', which are added in order.
BoundKernel weight_grad(const ConvolutionDims& d, bool bias) {
  const int64_t low[2] = {d.low[1], d.low[2]};
  const Tiles tiles(d.channels, d.filters, d.in.data() + 1, d.out.data() + 1, low);
  const BatchSplit split = weight_grad_split(d);
  const int64_t n = d.channels * d.filters, part = (16 * n + d.filters + 15) / 16 * 16;
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(split.tasks * part) * sizeof(float);
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    const WinogradLoops& loops = *winograd_loops();
    float* sums = static_cast<float*>(scratch);
    parallel_for(split.tasks, [&](int64_t task) {
      float* sum = sums + task * part;
      std::memset(sum, 0, static_cast<size_t>(part) * sizeof(float));
      const size_t block = aligned(tiles.block_floats() * sizeof(float)) / sizeof(float);
      const int64_t widest = std::max(tiles.c, tiles.k);
      float* v = static_cast<float*>(task_scratch((block + static_cast<size_t>(widest)) * sizeof(float)));
      float *m = v + 16 * tiles.v_plane(), *zeros = v + block;
      std::memset(zeros, 0, static_cast<size_t>(widest) * sizeof(float));
      const float* x = static_cast<const float*>(in[0]) + split.begin(task) * d.input_elements();
      const float* g = static_cast<const float*>(in[1]) + split.begin(task) * d.output_elements();
      const int64_t all = split.size(task) * tiles.tiles();
      for (int64_t first = 0; first < all; first += tiles.block) {
        const int64_t count = std::min(tiles.block, all - first);
        tiles.transform_inputs(loops, x, zeros, first, count, v);
        tiles.walk(first, count, [&](int64_t t, int64_t sample, int64_t i, int64_t j) {
          const float* list[4];
          Tiles::places<2>(g + sample * d.output_elements(), tiles.to, tiles.k, 2 * i, 2 * j, static_cast<const float*>(zeros), list);
          loops.output_grad(list, tiles.k, m + t * tiles.k, tiles.m_plane(), bias ? sum + 16 * n : nullptr);
        });
        for (int64_t i = 0; i < 16; ++i) loops.outer_product(v + i * tiles.v_plane(), m + i * tiles.m_plane(), sum + i * n, count, tiles.c, tiles.k);
      }
    });
    constexpr int64_t kStrip = 1 << 12;
    parallel_for((16 * n + kStrip - 1) / kStrip, [&](int64_t s) { add_parts(sums, split.tasks, part, sums, s * kStrip, std::min(16 * n, (s + 1) * kStrip)); });
    if (bias) add_parts(sums + 16 * n, split.tasks, part, static_cast<float*>(out[1]), 0, d.filters);
    parallel_for((n + kStrip - 1) / kStrip, [&](int64_t s) { loops.kernel_grad(sums, n, static_cast<float*>(out[0]), s * kStrip, std::min(n, (s + 1) * kStrip)); });
  };
  return k;
}

template <bool kFused>
BoundKernel bind_forward(const KernelRequest& r) {
  const auto [d, epilogue] = convolution_call<kFused>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return convolve(d, false, epilogue);
}
BoundKernel bind_input_grad(const KernelRequest& r) {
  const ConvolutionDims d = input_grad_dims(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return convolve(d, true);
}
template <bool kFused>
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<kFused>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return weight_grad(d, kFused);
}

LAMINA_KERNEL(cpu, "Convolution", "winograd", 5, bind_forward<false>);
LAMINA_KERNEL(cpu, "FusedConvolution", "winograd", 5, bind_forward<true>);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "winograd", 5, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "winograd", 5, bind_weight_grad<false>);
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "winograd", 5, bind_weight_grad<true>);

}  // namespace
}  // namespace lamina
