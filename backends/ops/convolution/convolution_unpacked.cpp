// Kernel gradients of convolutions over one axis, with the widest registers: a matrix product whose left operand's rows
// overlap (geometry.h).
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/convolution_loops.h"
#include "backends/ops/convolution/geometry.h"
#include "backends/ops/convolution/tasks.h"
#include "backends/ops/matmul/unpacked.h"

namespace lamina {

namespace {

constexpr size_t kMostCopied = 64 << 20;

// By pieces of the result, each summed over the whole batch with operands where they lie (unpacked.h). The bias's sums:
// one per sample, then all in order.
struct WeightGrad {
  Geometry g;
  int64_t batch, piece, cuts;  // rows of the result a task, tasks a tap

  WeightGrad(const ConvolutionDims& d) : g(d), batch(d.batch) {
    cuts = 1;
    while (cuts < 8 && g.width >= 2 * cuts * kPiece) cuts *= 2;  // a power of two, so that threads get as much
    piece = (g.width + cuts - 1) / cuts;
    cuts = (g.width + piece - 1) / piece;
  }
  size_t padding_floats() const {
    return g.whole ? 0 : static_cast<size_t>(batch * g.padded_elements() + 15) / 16 * 16;
  }
  size_t scratch_bytes() const { return (padding_floats() + static_cast<size_t>(batch * g.filters)) * sizeof(float); }

  void run(const float* x, const float* grad, float* sum, float* bias, float* scratch) const {
    float* bias_sums = scratch + padding_floats();
    if (bias || !g.whole)
      parallel_for(batch, [&](int64_t n) {
        if (!g.whole) g.pad(x + n * g.in_elements(), scratch + n * g.padded_elements());
        if (!bias) return;
        float* to = bias_sums + n * g.filters;
        std::memset(to, 0, static_cast<size_t>(g.filters) * sizeof(float));
        for (int64_t place = 0; place < g.places(); ++place)
          convolution_rows().accumulate(to, grad + n * g.out_elements() + place * g.filters, g.filters);
      });
    if (bias) add_parts(bias_sums, batch, g.filters, bias, 0, g.filters);
    const float* samples = g.whole ? x : scratch;
    const int64_t sample = g.whole ? g.in_elements() : g.padded_elements();
    parallel_for(g.row_taps() * cuts, [&](int64_t t) {
      const int64_t tap = t / cuts, first = t % cuts * piece;
      UnpackedPiece p;
      p.row_stride = 1;
      p.k_stride = g.strides[2] * g.channels;
      p.b_stride = p.y_stride = p.columns = g.filters;
      p.y = sum + (tap * g.width + first) * g.filters;
      p.c = nullptr;
      p.rows = std::min(piece, g.width - first);
      p.alpha = 1;
      for (int64_t n = 0; n < batch; ++n)
        for (int64_t row = 0; row < g.rows(); ++row)
          for (int64_t l = 0; l < g.out[2]; l += kPlaces, p.c = p.y) {
            p.k = std::min(kPlaces, g.out[2] - l);
            p.a = samples + n * sample + g.begin(row, tap) + first + l * p.k_stride;
            p.b = grad + n * g.out_elements() + (row * g.out[2] + l) * g.filters;
            unpacked_products().combine(p);
          }
    });
  }

 private:
  static constexpr int64_t kPiece = 36,
                           kPlaces =
                               64;  // rows of the result worth a task; places whose gradients fit the first-level cache
};

const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (const char* why = refuse_as_product(r, d)) return why;
  if (d.filters < 16) return "needs sixteen filters";
  if (unpacked_products().width < 16 || d.rank != 1 || d.taps() == 1 || d.out[2] < 32 || d.size[2] * d.channels < 72)
    return "others do these well";
  if (WeightGrad(d).scratch_bytes() > kMostCopied) return "too much padding to copy at once";
  return nullptr;
}

BoundKernel weight_grad(const ConvolutionDims& d, bool bias) {
  const WeightGrad grad(d);
  BoundKernel k;
  k.scratch_bytes = grad.scratch_bytes();
  k.run = [grad, bias](const void* const* in, void* const* out, void* scratch) {
    grad.run(static_cast<const float*>(in[0]), static_cast<const float*>(in[1]), static_cast<float*>(out[0]),
             bias ? static_cast<float*>(out[1]) : nullptr, static_cast<float*>(scratch));
  };
  return k;
}

template <bool kFused>
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<kFused>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return weight_grad(d, kFused);
}

LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "unpacked", 8, bind_weight_grad<false>);
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "unpacked", 8, bind_weight_grad<true>);

}  // namespace
}  // namespace lamina
