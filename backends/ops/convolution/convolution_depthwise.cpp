// Depthwise convolutions, whose channels each have a filter of their own: no product, but sums over a window's places
// with vectors of channels. The gradient with respect to the input is the same loop over other places.
#include "backends/cpu/simd_choice.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/depthwise_loops.h"
#include "backends/ops/convolution/tasks.h"

namespace lamina {

LAMINA_SIMD_CHOICE(const DepthwiseLoops&, depthwise_loops)

namespace {

constexpr int64_t kLongest = 256;  // taps of a window's row: places near borders have a list of them each

const char* refusal(const KernelRequest& r, const ConvolutionDims& d) {
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  if (d.groups == 1 || d.groups != d.channels) return "needs a group for each channel";
  if (d.size[2] > kLongest) return "the window is too long";
  if (d.empty()) return "empty";
  return nullptr;
}

// With several filters for a channel, samples are read and written with a copy of the channel for each: [places,
// channels, copies].
void widen(const float* x, int64_t places, int64_t channels, int64_t copies, float* wide) {
  for (int64_t i = 0; i < places * channels; ++i)
    for (int64_t j = 0; j < copies; ++j) *wide++ = x[i];
}
void add_copies(const float* wide, int64_t places, int64_t channels, int64_t copies, float* x) {
  for (int64_t i = 0; i < places * channels; ++i) {
    float sum = 0;
    for (int64_t j = 0; j < copies; ++j) sum += *wide++;
    x[i] = sum;
  }
}
float* wide_sample(const ConvolutionDims& d) {
  return static_cast<float*>(task_scratch(static_cast<size_t>(d.inputs() * d.filters) * sizeof(float)));
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

// The convolution of samples with a filter for each channel, or its gradient with respect to the input.
struct Rows {
  std::array<Axis, 3> axes;
  int64_t channels;
  std::vector<Run> pieces;  // of a row

  Rows(const ConvolutionDims& d, bool gradient) : channels(d.filters) {
    for (size_t a = 0; a < 3; ++a)
      axes[a] = {gradient ? d.out[a] : d.in[a],
                 gradient ? d.in[a] : d.out[a],
                 d.strides[a],
                 d.low[a],
                 d.size[a],
                 d.dilation[a],
                 gradient};
    pieces = runs(axes[2]);
  }
  int64_t rows() const { return axes[0].target * axes[1].target; }  // of a sample
  int64_t source_elements() const { return axes[0].source * axes[1].source * axes[2].source * channels; }
  int64_t row_elements() const { return axes[2].target * channels; }

  // Row `row` of a sample, to y.
  void run(const float* x, const float* w, int64_t row, float* y) const {
    thread_local std::vector<DepthwiseTap> outer, taps;  // of the axes before the last, and all
    const int64_t i = row / axes[1].target, j = row % axes[1].target;
    outer.clear();
    for (int64_t s = 0; s < axes[0].size; ++s)
      for (int64_t t = 0; t < axes[1].size; ++t) {
        const int64_t a = axes[0].place(i, s), b = axes[1].place(j, t);
        if (a >= 0 && b >= 0)
          outer.push_back(
              {(a * axes[1].source + b) * axes[2].source * channels, (s * axes[1].size + t) * axes[2].size * channels});
      }
    for (const Run& run : pieces) {
      taps.clear();
      for (const DepthwiseTap& tap : outer)
        for (const auto& [t, from] : run.taps) taps.push_back({tap.x + from * channels, tap.w + t * channels});
      depthwise_loops().row(x, axes[2].source_apart() * channels, w, taps.data(), static_cast<int64_t>(taps.size()),
                            run.places, channels, y + run.first * channels, axes[2].apart() * channels);
    }
  }
};

// Some rows a task, or a sample where it is widened.
BoundKernel over_rows(const ConvolutionDims& d, bool gradient) {
  const Rows of(d, gradient);
  BoundKernel k;
  if (d.filters != d.channels) {
    k.run = [=](const void* const* in, void* const* out, void*) {
      parallel_for(d.batch, [&](int64_t n) {
        float* wide = wide_sample(d);
        const float* x = static_cast<const float*>(in[0]);
        float* y = static_cast<float*>(out[0]);
        if (!gradient) widen(x + n * d.input_elements(), d.inputs(), d.channels, d.group_filters(), wide);
        const float* from = gradient ? x + n * d.output_elements() : wide;
        float* to = gradient ? wide : y + n * d.output_elements();
        for (int64_t row = 0; row < of.rows(); ++row)
          of.run(from, static_cast<const float*>(in[1]), row, to + row * of.row_elements());
        if (gradient) add_copies(wide, d.inputs(), d.channels, d.group_filters(), y + n * d.input_elements());
      });
    };
    return k;
  }
  constexpr int64_t kWork = 1 << 16;  // multiplications a task
  const int64_t all = d.batch * of.rows(),
                some = std::clamp<int64_t>(kWork / std::max<int64_t>(1, of.row_elements() * d.taps()), 1, all);
  k.run = [=](const void* const* in, void* const* out, void*) {
    parallel_for((all + some - 1) / some, [&](int64_t task) {
      for (int64_t row = task * some; row < std::min(all, (task + 1) * some); ++row)
        of.run(static_cast<const float*>(in[0]) + row / of.rows() * of.source_elements(),
               static_cast<const float*>(in[1]), row % of.rows(),
               static_cast<float*>(out[0]) + row * of.row_elements());
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

// The gradient with respect to the weights: each tap's sums over the places of a row, row after row.
struct WeightSums {
  // Of a row, the places that a tap of the last axis has something for, and what the first reads.
  struct Part {
    int64_t first = 0, places = 0, from = 0;
  };
  ConvolutionDims d;
  std::array<Axis, 3> axes;
  std::vector<Part> parts;

  explicit WeightSums(const ConvolutionDims& dims) : d(dims), parts(static_cast<size_t>(d.size[2])) {
    for (size_t a = 0; a < 3; ++a)
      axes[a] = {d.in[a], d.out[a], d.strides[a], d.low[a], d.size[a], d.dilation[a], false};
    for (const Run& run : runs(axes[2]))
      for (const auto& [tap, from] : run.taps) {
        Part& part = parts[static_cast<size_t>(tap)];
        if (!part.places) part = {run.first, 0, from};
        part.places += run.places;
      }
  }

  // Of a sample with a channel for each filter.
  void add(const float* x, const float* g, float* sum) const {
    const int64_t c = d.filters;
    for (int64_t i = 0; i < d.out[0]; ++i)
      for (int64_t j = 0; j < d.out[1]; ++j, g += d.out[2] * c)
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
};

BoundKernel bind_weight_grad(const ConvolutionWeightGradOp&, const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<false>(r);
  if (const char* why = refusal(r, d)) return r.decline(why);
  return sum_over_batch(BatchSplit(d, 1 << 18, 16), d.weight_elements(), d.filters, false,
                        [sums = WeightSums(d)](const void* const* in, int64_t begin, int64_t end, float* sum, float*) {
                          const ConvolutionDims& d = sums.d;
                          float* wide = d.filters == d.channels ? nullptr : wide_sample(d);
                          for (int64_t n = begin; n < end; ++n) {
                            const float* x = static_cast<const float*>(in[0]) + n * d.input_elements();
                            if (wide) widen(x, d.inputs(), d.channels, d.group_filters(), wide);
                            sums.add(wide ? wide : x, static_cast<const float*>(in[1]) + n * d.output_elements(), sum);
                          }
                        });
}

LAMINA_KERNEL(cpu, "Convolution", "depthwise", 11, bind_forward);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "depthwise", 11, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "depthwise", 11, bind_weight_grad);

}  // namespace
}  // namespace lamina
