// 3x3 convolutions with stride 1 over two axes by Winograd's transforms, block of tiles by block of tiles, for
// processors with AVX2 or AVX-512 and kernels that stay in the caches; there they are faster than oneDNN's plain sums
// (bench/cpp/convolutions.cpp).
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/winograd_tiles.h"

namespace lamina {

namespace {

constexpr int64_t kTaskWork = 1 << 20;  // multiplications of the plain sum worth a task: some twenty microseconds

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

// Forward, or with `flipped` the input's gradient.
BoundKernel convolve(const ConvolutionDims& d, bool flipped, Epilogue epilogue = {}) {
  const WinogradTiles tiles = WinogradTiles::of(d, flipped);
  // Tasks are even ranges of tiles, over sample after sample, which are transformed in even blocks.
  const int64_t n = d.channels * d.filters, all = d.batch * tiles.tiles();
  const int64_t wanted = std::max<int64_t>(1, d.batch * d.multiplications() / kTaskWork);
  const int64_t range = (all + wanted - 1) / wanted, tasks = (all + range - 1) / range;
  auto transform = [=](const void* w, void* to) {
    float* u = static_cast<float*>(to);
    winograd_kernel(d, flipped, static_cast<const float*>(w), u, u + 16 * n);
  };
  const int64_t blocks = (range + tiles.block - 1) / tiles.block,
                block = std::min(tiles.block, ((range + blocks - 1) / blocks + 3) / 4 * 4);
  auto multiply = [=](const void* const* in, void* const* out, const void* transformed) {
    const WinogradLoops& loops = *winograd_loops();
    const float* u = static_cast<const float*>(transformed);
    parallel_for(tasks, [&](int64_t task) {
      const size_t held = aligned(tiles.block_floats() * sizeof(float)) / sizeof(float);
      float* v = static_cast<float*>(task_scratch((held + static_cast<size_t>(tiles.c + tiles.k)) * sizeof(float)));
      float *m = v + 16 * tiles.v_plane(), *zeros = v + held, *nowhere = zeros + tiles.c;
      std::memset(zeros, 0, static_cast<size_t>(tiles.c + tiles.k) * sizeof(float));
      const int64_t end = std::min(all, (task + 1) * range);
      for (int64_t first = task * range; first < end; first += block) {
        const int64_t count = std::min(block, end - first);
        tiles.transform_inputs(loops, static_cast<const float*>(in[0]), zeros, first, count, v, tiles.v_plane());
        for (int64_t i = 0; i < 16; ++i)
          loops.product(v + i * tiles.v_plane(), u + i * n, m + i * tiles.m_plane(), count, tiles.c, tiles.k);
        tiles.transform_outputs(loops, m, tiles.m_plane(), first, count, epilogue.of(in), nowhere,
                                static_cast<float*>(out[0]));
      }
    });
  };
  BoundKernel k;
  k.scratch_bytes = static_cast<size_t>(16 * n) * sizeof(float) * (flipped ? 2 : 1);
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    transform(in[1], scratch);
    multiply(in, out, scratch);
  };
  k.preparation = {.input = 1,
                   .bytes = k.scratch_bytes,
                   .make = transform,
                   .run = [=](const void* const* in, void* const* out, void*) { multiply(in, out, in[1]); },
                   .layout = text("winograd ", d.channels, " ", d.filters, " ", flipped)};
  return k;
}

// Each chunk has sums of its own, sixteen planes and the bias', which are added in order.
BoundKernel weight_grad(const ConvolutionDims& d, bool bias) {
  const WinogradTiles tiles = WinogradTiles::of(d, false);
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
        tiles.transform_inputs(loops, x, zeros, first, count, v, tiles.v_plane());
        tiles.transform_output_grads(loops, g, zeros, first, count, m, tiles.m_plane(), bias ? sum + 16 * n : nullptr);
        for (int64_t i = 0; i < 16; ++i)
          loops.outer_product(v + i * tiles.v_plane(), m + i * tiles.m_plane(), sum + i * n, count, tiles.c, tiles.k);
      }
    });
    constexpr int64_t kStrip = 1 << 12;
    parallel_for((16 * n + kStrip - 1) / kStrip, [&](int64_t s) {
      add_parts(sums, split.tasks, part, sums, s * kStrip, std::min(16 * n, (s + 1) * kStrip));
    });
    if (bias) add_parts(sums + 16 * n, split.tasks, part, static_cast<float*>(out[1]), 0, d.filters);
    parallel_for((n + kStrip - 1) / kStrip, [&](int64_t s) {
      loops.kernel_grad(sums, n, static_cast<float*>(out[0]), s * kStrip, std::min(n, (s + 1) * kStrip));
    });
  };
  return k;
}

template <bool kPreferred>
const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (const char* why = winograd_refusal(r, d)) return why;
  return kPreferred && winograd_by_planes(d) ? "its transformed kernel does not stay in the caches" : nullptr;
}

template <bool kFused, bool kPreferred>
BoundKernel bind_forward(const KernelRequest& r) {
  const auto [d, epilogue] = convolution_call<kFused>(r);
  if (const char* why = refusal<kPreferred>(r, d)) return r.decline(why);
  return convolve(d, false, epilogue);
}
template <bool kPreferred>
BoundKernel bind_input_grad(const KernelRequest& r) {
  const ConvolutionDims d = input_grad_dims(r);
  if (const char* why = refusal<kPreferred>(r, d)) return r.decline(why);
  return convolve(d, true);
}
template <bool kFused, bool kPreferred>
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<kFused>(r);
  if (const char* why = refusal<kPreferred>(r, d)) return r.decline(why);
  return weight_grad(d, kFused);
}

LAMINA_KERNEL(cpu, "Convolution", "winograd", 5, (bind_forward<false, true>));
LAMINA_KERNEL(cpu, "FusedConvolution", "winograd", 5, (bind_forward<true, true>));
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "winograd", 5, bind_input_grad<true>);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "winograd", 5, (bind_weight_grad<false, true>));
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "winograd", 5, (bind_weight_grad<true, true>));
// For tests and benchmarks, of any number of channels.
LAMINA_KERNEL(cpu, "Convolution", "winograd_any", 61, (bind_forward<false, false>));
LAMINA_KERNEL(cpu, "FusedConvolution", "winograd_any", 61, (bind_forward<true, false>));
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "winograd_any", 61, bind_input_grad<false>);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "winograd_any", 61, (bind_weight_grad<false, false>));
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "winograd_any", 61, (bind_weight_grad<true, false>));

}  // namespace
}  // namespace lamina
