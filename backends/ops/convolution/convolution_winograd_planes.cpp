// 3x3 convolutions by Winograd's transforms for many channels: all tiles are transformed first, then sixteen matrix
// products of whole planes are made, which pass over the transformed kernel once, where blocks of tiles
// (convolution_winograd.cpp) would stream it again for each.
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/winograd_tiles.h"
#include "backends/ops/matmul/matmul_add.h"

namespace lamina {

namespace {

constexpr int64_t kPlaneBytes = 16 << 20;  // of transformed inputs and outputs at a time
constexpr int64_t kFewestTiles = 32;
constexpr int64_t kTileTask = 1 << 14;  // values transformed in a task

int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16; }

// Tiles in runs that the planes' memory holds, each cut into tasks.
struct Runs {
  WinogradTiles tiles;
  int64_t all, most, per_task;
  Runs(const WinogradTiles& tiles, int64_t batch) : tiles(tiles), all(batch * tiles.tiles()) {
    most = std::max<int64_t>(64, kPlaneBytes / static_cast<int64_t>(16 * sizeof(float)) / (tiles.c + tiles.k));
    const int64_t runs = (all + most - 1) / most;
    most = (all + runs - 1) / runs;
    per_task = std::clamp<int64_t>(kTileTask / (16 * std::max(tiles.c, tiles.k)), 1, most);
  }
  int64_t count() const { return (all + most - 1) / most; }
  int64_t size(int64_t run) const { return std::min(most, all - run * most); }
  int64_t tasks(int64_t run) const { return (size(run) + per_task - 1) / per_task; }
  int64_t v_floats() const { return padded(16 * most * tiles.c); }
  int64_t m_floats() const { return padded(16 * most * tiles.k); }
  // f(first tile of the whole, number in the run, how many) in parallel.
  template <class F>
  void each_task(int64_t run, F&& f) const {
    parallel_for(tasks(run), [&](int64_t task) {
      const int64_t in_run = task * per_task;
      f(run * most + in_run, in_run, std::min(per_task, size(run) - in_run), task);
    });
  }
};

TensorSpec planes(int64_t rows, int64_t columns) { return {{16, rows, columns}, DType::float32}; }

// Our own product: its right operand is packed once for all runs.
BoundKernel product(const KernelRequest& r, bool transposed, int64_t m, int64_t k, int64_t n) {
  const MatMulOp op(transposed, false);
  const std::vector<TensorSpec> in = {transposed ? planes(k, m) : planes(m, k), planes(k, n)}, out = {planes(m, n)};
  const KernelRequest request{op, in, out, {}, 2};
  BoundKernel bound = bind_kernel_named(Device::cpu, "packed_any", request);
  if (!bound.run) r.declined = request.declined;
  return bound;
}

BoundKernel convolve(const KernelRequest& r, const ConvolutionDims& d, bool flipped, Epilogue epilogue = {}) {
  const Runs runs(WinogradTiles::of(d, flipped), d.batch);
  const WinogradTiles& tiles = runs.tiles;
  const int64_t n = d.channels * d.filters;
  // One kernel for full runs, one for the last.
  std::vector<BoundKernel> products;
  for (int64_t size : {runs.size(0), runs.size(runs.count() - 1)}) {
    products.push_back(product(r, false, size, tiles.c, tiles.k));
    if (!products.back().run || !products.back().preparation) return {};
  }
  const size_t packed_bytes = (products[0].preparation->bytes + 63) / 64 * 64;
  const int64_t kernel_floats = 16 * n * (flipped ? 2 : 1);
  auto transform = [=, pack = products[0].preparation->make](const void* w, void* packed, float* u) {
    winograd_kernel(d, flipped, static_cast<const float*>(w), u, u + 16 * n);
    pack(u, packed);
  };
  auto multiply = [=, full = products[0].preparation->run, rest = products[1].preparation->run](
                      const void* const* in, void* const* out, const void* packed, float* v) {
    const WinogradLoops& loops = *winograd_loops();
    float *m = v + runs.v_floats(), *zeros = m + runs.m_floats(), *nowhere = zeros + tiles.c;
    std::memset(zeros, 0, static_cast<size_t>(tiles.c) * sizeof(float));
    const Epilogue::Operands with = epilogue.of(in);
    for (int64_t run = 0; run < runs.count(); ++run) {
      const int64_t size = runs.size(run);
      runs.each_task(run, [&](int64_t first, int64_t at, int64_t count, int64_t) {
        tiles.transform_inputs(loops, static_cast<const float*>(in[0]), zeros, first, count, v + at * tiles.c,
                               size * tiles.c);
      });
      const void* from[] = {v, packed};
      void* to[] = {m};
      (size == runs.most ? full : rest)(from, to, nullptr);
      runs.each_task(run, [&](int64_t first, int64_t at, int64_t count, int64_t task) {
        tiles.transform_outputs(loops, m + at * tiles.k, size * tiles.k, first, count, with, nowhere + task * tiles.k,
                                static_cast<float*>(out[0]));
      });
    }
  };
  const size_t plane_bytes =
      static_cast<size_t>(runs.v_floats() + runs.m_floats() + padded(tiles.c + runs.tasks(0) * tiles.k)) *
      sizeof(float);
  BoundKernel k;
  // The transformed kernel lies where the planes will, before it is packed.
  k.scratch_bytes = packed_bytes + std::max(plane_bytes, static_cast<size_t>(kernel_floats) * sizeof(float));
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    float* rest = reinterpret_cast<float*>(static_cast<char*>(scratch) + packed_bytes);
    transform(in[1], scratch, rest);
    multiply(in, out, scratch, rest);
  };
  k.preparation = {.input = 1,
                   .bytes = packed_bytes,
                   .make =
                       [=](const void* w, void* packed) {
                         const BufferPtr u = allocate(static_cast<size_t>(kernel_floats) * sizeof(float));
                         transform(w, packed, static_cast<float*>(u->data()));
                       },
                   .run =
                       [=](const void* const* in, void* const* out, void* scratch) {
                         multiply(in, out, in[1], reinterpret_cast<float*>(static_cast<char*>(scratch) + packed_bytes));
                       },
                   .layout = text("winograd planes ", d.channels, " ", d.filters, " ", flipped)};
  return k;
}

BoundKernel weight_grad(const KernelRequest& r, const ConvolutionDims& d, bool bias) {
  const Runs runs(WinogradTiles::of(d, false), d.batch);
  const WinogradTiles& tiles = runs.tiles;
  const int64_t n = d.channels * d.filters;
  // The first run's product stands alone, the others are added to it.
  const BoundKernel first_product = product(r, true, tiles.c, runs.size(0), tiles.k);
  if (!first_product.run) return {};
  std::vector<BoundKernel> added;
  size_t product_bytes = first_product.scratch_bytes;
  for (int64_t size : {runs.size(0), runs.size(runs.count() - 1)}) {
    const MatMulAddOp op(true, false, 1);
    const std::vector<TensorSpec> in = {planes(tiles.c, tiles.k), planes(size, tiles.c), planes(size, tiles.k)},
                                  out = {planes(tiles.c, tiles.k)};
    const KernelRequest request{op, in, out, {}};
    added.push_back(bind_kernel_named(Device::cpu, "packed_any", request));
    if (!added.back().run) return r.decline(request.declined);
    product_bytes = std::max(product_bytes, added.back().scratch_bytes);
  }
  const int64_t widest = std::max(tiles.c, tiles.k), u_floats = padded(16 * n),
                bias_floats = bias ? padded(runs.count() * runs.tasks(0) * tiles.k) : 0;
  BoundKernel k;
  k.scratch_bytes =
      static_cast<size_t>(u_floats + runs.v_floats() + runs.m_floats() + padded(widest) + bias_floats) * sizeof(float) +
      product_bytes;
  k.run = [=, first = first_product.run, full = added[0].run, rest = added[1].run](const void* const* in,
                                                                                   void* const* out, void* scratch) {
    const WinogradLoops& loops = *winograd_loops();
    float *u = static_cast<float*>(scratch), *v = u + u_floats, *m = v + runs.v_floats(), *zeros = m + runs.m_floats(),
          *sums = zeros + padded(widest);
    void* work = sums + bias_floats;
    std::memset(zeros, 0, static_cast<size_t>(widest) * sizeof(float));
    int64_t parts = 0;  // of the bias' sums
    for (int64_t run = 0; run < runs.count(); ++run) {
      const int64_t size = runs.size(run);
      runs.each_task(run, [&](int64_t tile, int64_t at, int64_t count, int64_t task) {
        tiles.transform_inputs(loops, static_cast<const float*>(in[0]), zeros, tile, count, v + at * tiles.c,
                               size * tiles.c);
        float* sum = bias ? sums + (parts + task) * tiles.k : nullptr;
        if (sum) std::memset(sum, 0, static_cast<size_t>(tiles.k) * sizeof(float));
        tiles.transform_output_grads(loops, static_cast<const float*>(in[1]), zeros, tile, count, m + at * tiles.k,
                                     size * tiles.k, sum);
      });
      parts += runs.tasks(run);
      void* to[] = {u};
      if (run == 0) {
        const void* from[] = {v, m};
        first(from, to, work);
      } else {
        const void* from[] = {u, v, m};
        (size == runs.most ? full : rest)(from, to, work);
      }
    }
    if (bias) add_parts(sums, parts, tiles.k, static_cast<float*>(out[1]), 0, d.filters);
    constexpr int64_t kStrip = 1 << 12;
    parallel_for((n + kStrip - 1) / kStrip, [&](int64_t s) {
      loops.kernel_grad(u, n, static_cast<float*>(out[0]), s * kStrip, std::min(n, (s + 1) * kStrip));
    });
  };
  return k;
}

template <bool kPreferred>
const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (const char* why = winograd_refusal(r, d)) return why;
  if (!kPreferred) return nullptr;
  if (!winograd_by_planes(d)) return "blocks of tiles do few channels well";
  // The plain sum reads nine planes of the kernel where this reads sixteen.
  return d.batch * WinogradTiles::of(d, false).tiles() < kFewestTiles
             ? "too few tiles for the transformed kernel's size"
             : nullptr;
}

template <bool kFused, bool kPreferred>
BoundKernel bind_forward(const KernelRequest& r) {
  const auto [d, epilogue] = convolution_call<kFused>(r);
  if (const char* why = refusal<kPreferred>(r, d)) return r.decline(why);
  return convolve(r, d, false, epilogue);
}
template <bool kPreferred>
BoundKernel bind_input_grad(const KernelRequest& r) {
  const ConvolutionDims d = input_grad_dims(r);
  if (const char* why = refusal<kPreferred>(r, d)) return r.decline(why);
  return convolve(r, d, true);
}
template <bool kFused, bool kPreferred>
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<kFused>(r);
  if (const char* why = refusal<kPreferred>(r, d)) return r.decline(why);
  return weight_grad(r, d, kFused);
}

LAMINA_KERNEL(cpu, "Convolution", "winograd_planes", 6, (bind_forward<false, true>));
LAMINA_KERNEL(cpu, "FusedConvolution", "winograd_planes", 6, (bind_forward<true, true>));
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "winograd_planes", 6, bind_input_grad<true>);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "winograd_planes", 6, (bind_weight_grad<false, true>));
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "winograd_planes", 6, (bind_weight_grad<true, true>));
// For tests and benchmarks, of any number of channels.
LAMINA_KERNEL(cpu, "Convolution", "winograd_planes_any", 60, (bind_forward<false, false>));
LAMINA_KERNEL(cpu, "FusedConvolution", "winograd_planes_any", 60, (bind_forward<true, false>));
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "winograd_planes_any", 60, bind_input_grad<false>);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "winograd_planes_any", 60, (bind_weight_grad<false, false>));
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "winograd_planes_any", 60, (bind_weight_grad<true, false>));

}  // namespace
}  // namespace lamina
