// Convolutions as matrix products without copies (geometry.h), over packed kernels: the blocks of gemm.h read rows that
// overlap as they are.
#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/convolution_loops.h"
#include "backends/ops/convolution/geometry.h"
#include "backends/ops/convolution/tasks.h"
#include "backends/ops/matmul/gemm.h"

namespace lamina {

namespace {

constexpr int64_t kDepth = 256;         // of the sums at a time, as in the product
constexpr int64_t kTaskWork = 1 << 20;  // multiplications worth a task
constexpr int64_t kBandBytes = 256 << 10;

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

int64_t panels(int64_t columns) { return (columns + gemm_blocks().panel - 1) / gemm_blocks().panel; }
int columns_of(int64_t p, int64_t columns) {
  return static_cast<int>(std::min<int64_t>(gemm_blocks().panel, columns - p * gemm_blocks().panel));
}
size_t packed_bytes(int64_t depth, int64_t columns) {
  return aligned(static_cast<size_t>(depth * panels(columns) * gemm_blocks().panel) * sizeof(float));
}

// The kernel (depth, filters) in panels.
void pack_kernel(const Geometry& g, const float* w, float* packed) {
  constexpr int64_t kPiece = 1 << 14;
  const int64_t piece = std::max<int64_t>(1, kPiece / g.filters);
  parallel_for((g.depth + piece - 1) / piece, [&](int64_t t) {
    gemm_blocks().pack_rows(w, g.filters, t * piece, std::min(g.depth, (t + 1) * piece), g.depth, g.filters, packed);
  });
}
// The kernel turned round: for each tap (g.channels, g.filters) from the opposite tap's (g.filters, g.channels).
void pack_turned(const Geometry& g, const float* w, float* packed) {
  const int64_t taps = ConvolutionDims::product(g.size), panel = gemm_blocks().panel;
  parallel_for(panels(g.filters) * taps, [&](int64_t t) {
    const int64_t p = t / taps, tap = t % taps;
    gemm_blocks().pack_transposed(w + ((taps - 1 - tap) * g.filters + p * panel) * g.channels, g.channels, g.channels,
                                  columns_of(p, g.filters), packed + (p * g.depth + tap * g.channels) * panel);
  });
}

// Output rows [from, to), places [left, right) of each, of a padded sample.
void multiply_rows(const Geometry& g, const float* x, const float* packed, float* y, int64_t from, int64_t to,
                   int64_t left, int64_t right) {
  GemmStrip s;
  s.row_stride = g.strides[2] * g.channels;
  s.k_stride = 1;
  s.y_stride = g.filters;
  s.rows = right - left;
  s.alpha = 1;
  for (int64_t p = 0; p < panels(g.filters); ++p) {
    s.columns = columns_of(p, g.filters);
    for (int64_t tap = 0; tap < g.row_taps(); ++tap)
      for (int64_t l = 0; l < g.width; l += kDepth) {
        s.k = std::min(kDepth, g.width - l);
        s.b = packed + (p * g.depth + tap * g.width + l) * gemm_blocks().panel;
        for (int64_t row = from; row < to; ++row) {
          s.a = x + g.begin(row, tap) + left * s.row_stride + l;
          s.y = y + (row * g.out[2] + left) * g.filters + p * gemm_blocks().panel;
          s.c = tap + l ? s.y : nullptr;
          gemm_blocks().strip(s);
        }
      }
  }
}

// y = x convolved with the packed kernel, and the epilogue. Tasks are some samples each; of few samples, pieces of
// them.
struct Forward {
  Geometry g;
  int64_t batch;
  int64_t chunk, cuts;

  Forward(const Geometry& g, int64_t batch) : g(g), batch(batch) {
    const int64_t sample = std::max<int64_t>(1, g.places() * g.depth * g.filters);
    chunk = std::clamp<int64_t>(kTaskWork / sample, 1, batch);
    cuts = batch >= 4 ? 1 : std::clamp<int64_t>(sample / kTaskWork, 1, 8);  // a batch of one must keep two cores busy
  }
  size_t padding_bytes() const {
    return cuts > 1 && !g.whole ? static_cast<size_t>(batch * g.padded_elements()) * sizeof(float) : 0;
  }

  void run(const float* x, const float* packed, float* y, const Epilogue::Operands& epilogue, float* padding) const {
    if (cuts > 1) {
      if (!g.whole)
        parallel_for(batch, [&](int64_t n) { g.pad(x + n * g.in_elements(), padding + n * g.padded_elements()); });
      const bool by_rows = g.rows() >= cuts;
      const int64_t length = by_rows ? g.rows() : g.out[2], part = (length + cuts - 1) / cuts;
      parallel_for(batch * cuts, [&](int64_t t) {
        const int64_t n = t / cuts, first = std::min(length, t % cuts * part), last = std::min(length, first + part);
        const float* from = g.whole ? x + n * g.in_elements() : padding + n * g.padded_elements();
        if (by_rows)
          piece(from, packed, y, n, epilogue, first, last, 0, g.out[2]);
        else
          piece(from, packed, y, n, epilogue, 0, g.rows(), first, last);
      });
      return;
    }
    parallel_for((batch + chunk - 1) / chunk, [&](int64_t t) {
      for (int64_t n = t * chunk; n < std::min(batch, (t + 1) * chunk); ++n) {
        const float* from = x + n * g.in_elements();
        if (!g.whole) {
          float* copy = static_cast<float*>(task_scratch(static_cast<size_t>(g.padded_elements()) * sizeof(float)));
          g.pad(from, copy);
          from = copy;
        }
        piece(from, packed, y, n, epilogue, 0, g.rows(), 0, g.out[2]);
      }
    });
  }

 private:
  // Of sample n.
  void piece(const float* x, const float* packed, float* y, int64_t n, const Epilogue::Operands& epilogue, int64_t from,
             int64_t to, int64_t left, int64_t right) const {
    const int64_t sample = n * g.out_elements();
    multiply_rows(g, x, packed, y + sample, from, to, left, right);
    for (int64_t row = from; row < to; ++row)
      epilogue.finish(y, sample + (row * g.out[2] + left) * g.filters, right - left, g.filters);
  }
};

// Where it is faster than oneDNN (bench/cpp/convolutions.cpp): with AVX2, over one axis, kernel gradients of any batch,
// the rest of few samples.
const char* preference(const ConvolutionDims& d, bool weight_grad) {
  if (gemm_blocks().panel != 16 || d.rank != 1 || d.taps() == 1) return "oneDNN does these well";
  if (!weight_grad && d.batch >= 4) return "oneDNN does batches well";
  if (d.filters < 8 || d.channels * d.size[2] < 8) return "too thin";
  return nullptr;
}

BoundKernel forward(const ConvolutionDims& d, Epilogue epilogue = {}) {
  const Forward f(Geometry(d), d.batch);
  const size_t bytes = packed_bytes(f.g.depth, f.g.filters);
  auto at = [](void* p, size_t bytes) { return reinterpret_cast<float*>(static_cast<char*>(p) + bytes); };
  auto floats = [](const void* p) { return static_cast<const float*>(p); };
  BoundKernel k;
  k.scratch_bytes = bytes + f.padding_bytes();
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    pack_kernel(f.g, floats(in[1]), at(scratch, 0));
    f.run(floats(in[0]), floats(scratch), at(out[0], 0), epilogue.of(in), at(scratch, bytes));
  };
  k.preparation = {.input = 1,
                   .bytes = bytes,
                   .make = [=](const void* w, void* to) { pack_kernel(f.g, floats(w), at(to, 0)); },
                   .run =
                       [=](const void* const* in, void* const* out, void* scratch) {
                         f.run(floats(in[0]), floats(in[1]), at(out[0], 0), epilogue.of(in), at(scratch, bytes));
                       }};
  return k;
}

// With strides: for some output rows at a time the gradient of every window, which are then added where they overlap.
struct Scattered {
  Geometry g;
  int64_t batch, band;

  Scattered(const ConvolutionDims& d) : g(d), batch(d.batch) {
    const int64_t row = g.out[2] * g.depth * static_cast<int64_t>(sizeof(float));
    band = std::clamp<int64_t>(kBandBytes / std::max<int64_t>(1, row), 1, g.rows());
  }
  void pack(const float* w, float* packed) const {  // (filters, depth)
    const int64_t panel = gemm_blocks().panel;
    parallel_for(panels(g.depth), [&](int64_t p) {
      gemm_blocks().pack_transposed(w + p * panel * g.filters, g.filters, g.filters, columns_of(p, g.depth),
                                    packed + p * g.filters * panel);
    });
  }
  void run(const float* grad, const float* packed, float* x) const {
    parallel_for(batch, [&](int64_t n) {
      const size_t windows = aligned(static_cast<size_t>(band * g.out[2] * g.depth) * sizeof(float)) / sizeof(float);
      float* made = static_cast<float*>(
          task_scratch((windows + (g.whole ? 0 : static_cast<size_t>(g.padded_elements()))) * sizeof(float)));
      float *sample = x + n * g.in_elements(), *sum = g.whole ? sample : made + windows;
      std::memset(sum, 0, static_cast<size_t>(g.padded_elements()) * sizeof(float));
      for (int64_t row = 0; row < g.rows(); row += band)
        add_band(grad + n * g.out_elements(), packed, made, sum, row, std::min(g.rows(), row + band));
      if (!g.whole)
        g.each_row([&](int64_t at, int64_t to, int64_t count) {
          std::memcpy(sample + to, sum + at, static_cast<size_t>(count) * sizeof(float));
        });
    });
  }

 private:
  void add_band(const float* grad, const float* packed, float* made, float* sum, int64_t from, int64_t to) const {
    GemmStrip s;
    s.row_stride = g.filters;
    s.k_stride = 1;
    s.y_stride = g.depth;
    s.rows = (to - from) * g.out[2];
    s.alpha = 1;
    for (int64_t l = 0; l < g.filters; l += kDepth)
      for (int64_t p = 0; p < panels(g.depth); ++p) {
        s.a = grad + from * g.out[2] * g.filters + l;
        s.k = std::min(kDepth, g.filters - l);
        s.b = packed + (p * g.filters + l) * gemm_blocks().panel;
        s.y = made + p * gemm_blocks().panel;
        s.c = l ? s.y : nullptr;
        s.columns = columns_of(p, g.depth);
        gemm_blocks().strip(s);
      }
    for (int64_t row = from; row < to; ++row)
      for (int64_t j = 0; j < g.out[2]; ++j, made += g.depth)
        for (int64_t tap = 0; tap < g.row_taps(); ++tap)
          convolution_rows().accumulate(sum + g.begin(row, tap) + j * g.strides[2] * g.channels, made + tap * g.width,
                                        g.width);
  }
};

BoundKernel input_grad(const ConvolutionDims& d) {
  auto floats = [](const void* p) { return static_cast<const float*>(p); };
  BoundKernel k;
  if (ConvolutionDims::product(d.strides) == 1) {
    const Forward f(Geometry::turned(d), d.batch);
    const size_t bytes = packed_bytes(f.g.depth, f.g.filters);
    k.scratch_bytes = bytes + f.padding_bytes();
    k.run = [=](const void* const* in, void* const* out, void* scratch) {
      pack_turned(f.g, floats(in[1]), static_cast<float*>(scratch));
      f.run(floats(in[0]), floats(scratch), static_cast<float*>(out[0]), {},
            reinterpret_cast<float*>(static_cast<char*>(scratch) + bytes));
    };
    k.preparation = {.input = 1,
                     .bytes = bytes,
                     .make = [=](const void* w, void* to) { pack_turned(f.g, floats(w), static_cast<float*>(to)); },
                     .run =
                         [=](const void* const* in, void* const* out, void* scratch) {
                           f.run(floats(in[0]), floats(in[1]), static_cast<float*>(out[0]), {},
                                 reinterpret_cast<float*>(static_cast<char*>(scratch) + bytes));
                         }};
    return k;
  }
  const Scattered s(d);
  k.scratch_bytes = packed_bytes(s.g.filters, s.g.depth);
  k.run = [=](const void* const* in, void* const* out, void* scratch) {
    s.pack(floats(in[1]), static_cast<float*>(scratch));
    s.run(floats(in[0]), floats(scratch), static_cast<float*>(out[0]));
  };
  k.preparation = {.input = 1,
                   .bytes = k.scratch_bytes,
                   .make = [=](const void* w, void* to) { s.pack(floats(w), static_cast<float*>(to)); },
                   .run = [=](const void* const* in, void* const* out,
                              void*) { s.run(floats(in[0]), floats(in[1]), static_cast<float*>(out[0])); }};
  return k;
}

BoundKernel weight_grad(const ConvolutionDims& d, bool bias) {
  const Geometry g(d);
  return sum_over_batch(weight_grad_split(d), d.weight_elements(), g.filters, bias,
                        [g](const void* const* in, int64_t first, int64_t end, float* sum, float* bias_sum) {
                          const size_t bytes = packed_bytes(g.places(), g.filters);
                          float* packed = static_cast<float*>(task_scratch(
                              bytes + (g.whole ? 0 : static_cast<size_t>(g.padded_elements()) * sizeof(float))));
                          GemmStrip s;
                          s.row_stride = 1;
                          s.k_stride = g.strides[2] * g.channels;
                          s.y_stride = g.filters;
                          s.rows = g.width;
                          s.alpha = 1;
                          for (int64_t n = first; n < end; ++n) {
                            const float *x = static_cast<const float*>(in[0]) + n * g.in_elements(),
                                        *grad = static_cast<const float*>(in[1]) + n * g.out_elements();
                            if (!g.whole) {
                              float* copy = packed + bytes / sizeof(float);
                              g.pad(x, copy);
                              x = copy;
                            }
                            gemm_blocks().pack_rows(grad, g.filters, 0, g.places(), g.places(), g.filters, packed);
                            for (int64_t p = 0; p < panels(g.filters); ++p) {
                              s.columns = columns_of(p, g.filters);
                              for (int64_t tap = 0; tap < g.row_taps(); ++tap) {
                                s.y = sum + tap * g.width * g.filters + p * gemm_blocks().panel;
                                s.c = s.y;
                                for (int64_t row = 0; row < g.rows(); ++row)
                                  for (int64_t l = 0; l < g.out[2]; l += kDepth) {
                                    s.a = x + g.begin(row, tap) + l * s.k_stride;
                                    s.k = std::min(kDepth, g.out[2] - l);
                                    s.b = packed + (p * g.places() + row * g.out[2] + l) * gemm_blocks().panel;
                                    gemm_blocks().strip(s);
                                  }
                              }
                            }
                            if (bias_sum)
                              for (int64_t place = 0; place < g.places(); ++place)
                                convolution_rows().accumulate(bias_sum, grad + place * g.filters, g.filters);
                          }
                        });
}

// kPreferred: only where it is the fastest; else behind oneDNN, for builds without it.
template <bool kPreferred>
const char* refuse(const KernelRequest& r, const ConvolutionDims& d, bool weight_grad = false) {
  if (const char* why = refuse_as_product(r, d)) return why;
  return kPreferred ? preference(d, weight_grad) : nullptr;
}

template <bool kFused, bool kPreferred>
BoundKernel bind_forward(const KernelRequest& r) {
  const auto [d, epilogue] = convolution_call<kFused>(r);
  if (const char* why = refuse<kPreferred>(r, d)) return r.decline(why);
  return forward(d, epilogue);
}
template <bool kPreferred>
BoundKernel bind_input_grad(const KernelRequest& r) {
  const ConvolutionDims d = input_grad_dims(r);
  if (const char* why = refuse<kPreferred>(r, d)) return r.decline(why);
  for (size_t a = 0; a < 3; ++a)
    if (d.low[a] > (d.size[a] - 1) * d.dilation[a]) return r.decline("windows may not lie in the padding alone");
  return input_grad(d);
}
template <bool kFused, bool kPreferred>
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<kFused>(r);
  if (const char* why = refuse<kPreferred>(r, d, true)) return r.decline(why);
  return weight_grad(d, kFused);
}

LAMINA_KERNEL(cpu, "Convolution", "gemm", 8, (bind_forward<false, true>));
LAMINA_KERNEL(cpu, "FusedConvolution", "gemm", 8, (bind_forward<true, true>));
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "gemm", 8, bind_input_grad<true>);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "gemm", 8, (bind_weight_grad<false, true>));
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "gemm", 8, (bind_weight_grad<true, true>));
LAMINA_KERNEL(cpu, "Convolution", "gemm_any", 14, (bind_forward<false, false>));
LAMINA_KERNEL(cpu, "FusedConvolution", "gemm_any", 14, (bind_forward<true, false>));
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "gemm_any", 14, bind_input_grad<false>);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "gemm_any", 14, (bind_weight_grad<false, false>));
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "gemm_any", 14, (bind_weight_grad<true, false>));

}  // namespace
}  // namespace lamina
