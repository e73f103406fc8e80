// Depthwise convolutions, whose channels each have a filter of their own: no product, but sums over a window's places
// with vectors of channels. The gradient with respect to the input is the same loop over other places.
#include "backends/cpu/simd_choice.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/depthwise_loops.h"
#include "backends/ops/convolution/tasks.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const DepthwiseLoops&, depthwise_loops)

namespace {

const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  if (d.groups == 1 || d.groups != d.channels || d.groups != d.filters) return "needs a filter for each channel";
  if (d.empty()) return "empty";
  return nullptr;
}

// Along one axis: from which place of the source a tap brings something to a place of the target.
struct Axis {
  int64_t source, target, stride, low, size, dilation;
  bool gradient;
  // Places of the target that have the same taps lie this far apart, and their places in the source that far.
  int64_t apart() const { return gradient ? stride : 1; }
  int64_t source_apart() const { return gradient ? 1 : stride; }
  // -1 for none.
  int64_t place(int64_t to, int64_t tap) const {
    const int64_t at = gradient ? to + low - tap * dilation : to * stride + tap * dilation - low;
    if (at < 0 || (gradient && at % stride)) return -1;
    const int64_t from = gradient ? at / stride : at;
    return from < source ? from : -1;
  }
};

// Places first, first + apart ... of a row with the same taps, each with its place in the source for the first.
struct Run {
  int64_t first, places;
  std::vector<std::pair<int64_t, int64_t>> taps;  // tap, source place
};

std::vector<Run> runs(const Axis& axis) {
  std::vector<Run> out;
  for (int64_t phase = 0; phase < std::min(axis.apart(), axis.target); ++phase) {
    bool begin = true;
    for (int64_t to = phase; to < axis.target; to += axis.apart()) {
      Run run{to, 1, {}};
      for (int64_t tap = 0; tap < axis.size; ++tap)
        if (const int64_t from = axis.place(to, tap); from >= 0) run.taps.emplace_back(tap, from);
      const bool same = !begin && std::equal(run.taps.begin(), run.taps.end(), out.back().taps.begin(),
                                             out.back().taps.end(), [](auto a, auto b) { return a.first == b.first; });
      if (same)
        ++out.back().places;
      else
        out.push_back(std::move(run));
      begin = false;
    }
  }
  return out;
}

// The convolution, or its gradient with respect to the input: rows of the target, some a task.
BoundKernel over_rows(const ConvolutionDims& d, bool gradient) {
  std::array<Axis, 3> axes;
  for (size_t a = 0; a < 3; ++a)
    axes[a] = {gradient ? d.out[a] : d.in[a],
               gradient ? d.in[a] : d.out[a],
               d.strides[a],
               d.low[a],
               d.size[a],
               d.dilation[a],
               gradient};
  constexpr int64_t kWork = 1 << 16;  // multiplications a task
  const int64_t rows = axes[0].target * axes[1].target, all = d.batch * rows,
                some =
                    std::clamp<int64_t>(kWork / std::max<int64_t>(1, axes[2].target * d.taps() * d.channels), 1, all);
  BoundKernel k;
  k.run = [axes, rows, all, some, channels = d.channels, pieces = runs(axes[2])](const void* const* in,
                                                                                 void* const* out, void*) {
    const int64_t from_row = axes[2].source * channels, from_sample = axes[0].source * axes[1].source * from_row;
    parallel_for((all + some - 1) / some, [&](int64_t task) {
      std::vector<DepthwiseTap> outer, taps;  // of the axes before the last, and all
      for (int64_t row = task * some; row < std::min(all, (task + 1) * some); ++row) {
        const float* x = static_cast<const float*>(in[0]) + row / rows * from_sample;
        float* y = static_cast<float*>(out[0]) + row * axes[2].target * channels;
        const int64_t i = row % rows / axes[1].target, j = row % axes[1].target;
        outer.clear();
        for (int64_t s = 0; s < axes[0].size; ++s)
          for (int64_t t = 0; t < axes[1].size; ++t) {
            const int64_t a = axes[0].place(i, s), b = axes[1].place(j, t);
            if (a >= 0 && b >= 0)
              outer.push_back({(a * axes[1].source + b) * from_row, (s * axes[1].size + t) * axes[2].size * channels});
          }
        for (const Run& run : pieces) {
          taps.clear();
          for (const DepthwiseTap& tap : outer)
            for (const auto& [t, from] : run.taps) taps.push_back({tap.x + from * channels, tap.w + t * channels});
          depthwise_loops().row(x, axes[2].source_apart() * channels, static_cast<const float*>(in[1]), taps.data(),
                                static_cast<int64_t>(taps.size()), run.places, channels, y + run.first * channels,
                                axes[2].apart() * channels);
        }
      }
    });
  };
  return k;
}

BoundKernel bind_forward(const ConvolutionOp&, const KernelRequest& r) {
  const ConvolutionDims d = convolution_call<false>(r).d;
  if (const char* why = refusal(r, d)) return r.decline(why);
  return over_rows(d, false);
}

BoundKernel bind_input_grad(const ConvolutionInputGradOp&, const KernelRequest& r) {
  const ConvolutionDims d = input_grad_dims(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return over_rows(d, true);
}

// Each tap's sums over the places of a row, row after row.
BoundKernel bind_weight_grad(const ConvolutionWeightGradOp&, const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<false>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  std::array<Axis, 3> axes;
  for (size_t a = 0; a < 3; ++a) axes[a] = {d.in[a], d.out[a], d.strides[a], d.low[a], d.size[a], d.dilation[a], false};
  struct Part {
    int64_t first = 0, places = 0, from = 0;  // of a row, what a tap of the last axis reads
  };
  std::vector<Part> parts(static_cast<size_t>(d.size[2]));
  for (const Run& run : runs(axes[2]))
    for (const auto& [tap, from] : run.taps) {
      Part& part = parts[static_cast<size_t>(tap)];
      if (!part.places) part = {run.first, 0, from};
      part.places += run.places;
    }
  return sum_over_batch(
      BatchSplit(d, 1 << 18, 16), d.weight_elements(), d.filters, false,
      [d, axes, parts](const void* const* in, int64_t begin, int64_t end, float* sum, float*) {
        const int64_t c = d.channels;
        for (int64_t n = begin; n < end; ++n)
          for (int64_t i = 0; i < d.out[0]; ++i)
            for (int64_t j = 0; j < d.out[1]; ++j) {
              const float* x = static_cast<const float*>(in[0]) + n * d.input_elements();
              const float* g =
                  static_cast<const float*>(in[1]) + n * d.output_elements() + (i * d.out[1] + j) * d.out[2] * c;
              for (int64_t s = 0; s < d.size[0]; ++s)
                for (int64_t t = 0; t < d.size[1]; ++t) {
                  const int64_t a = axes[0].place(i, s), b = axes[1].place(j, t);
                  if (a < 0 || b < 0) continue;
                  for (size_t u = 0; u < parts.size(); ++u)
                    depthwise_loops().products(x + ((a * d.in[1] + b) * d.in[2] + parts[u].from) * c, d.strides[2] * c,
                                               g + parts[u].first * c, c, parts[u].places, c,
                                               sum + ((s * d.size[1] + t) * d.size[2] + static_cast<int64_t>(u)) * c);
                }
            }
      });
}

LAMINA_KERNEL(cpu, "Convolution", "depthwise", 11, bind_forward);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "depthwise", 11, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "depthwise", 11, bind_weight_grad);

}  // namespace
}  // namespace lamina
