// oneDNN's convolutions on channels-last tensors. The batch is cut into chunks, and one sample's result into rows, each
// a single-threaded primitive's; kernels are brought into the layout that the primitive wants at every run, unless they
// are steady.
#include <map>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/convolution/calls.h"
#include "backends/ops/convolution/onednn.h"

namespace lamina {

namespace {

using Desc = dnnl::memory::desc;
using dnnl::memory;
using namespace onednn;

constexpr int64_t kTaskWork = 3 << 20;  // multiplications worth a task: some fifty microseconds

// What a convolution of `batch` samples is made from.
struct Setup {
  Desc x, y, w_plain, w_any, bias;
  memory::dims strides, dilation, low, high;

  Setup(const ConvolutionDims& d, int64_t batch) {
    memory::dims x_dims{batch, d.channels}, y_dims{batch, d.filters}, w_dims, w_strides;
    if (d.groups > 1) w_dims.push_back(d.groups), w_strides.push_back(d.group_filters());
    for (int64_t n : {d.group_filters(), d.group_channels()}) w_dims.push_back(n);
    for (int64_t n : {int64_t{1}, d.filters}) w_strides.push_back(n);
    int64_t inner = d.taps() * d.group_channels() * d.filters;
    for (size_t a = static_cast<size_t>(3 - d.rank); a < 3; ++a) {
      x_dims.push_back(d.in[a]), y_dims.push_back(d.out[a]), w_dims.push_back(d.size[a]);
      inner /= d.size[a];
      w_strides.push_back(inner);
      strides.push_back(d.strides[a]), dilation.push_back(d.dilation[a] - 1), low.push_back(d.low[a]),
          high.push_back(d.high[a]);
    }
    using Tag = memory::format_tag;
    const Tag last = d.rank == 1 ? Tag::nwc : d.rank == 2 ? Tag::nhwc : Tag::ndhwc;
    x = Desc(x_dims, memory::data_type::f32, last);
    y = Desc(y_dims, memory::data_type::f32, last);
    w_plain = Desc(w_dims, memory::data_type::f32, w_strides);
    w_any = Desc(w_dims, memory::data_type::f32, Tag::any);
    bias = Desc({d.filters}, memory::data_type::f32, Tag::x);
  }
};

dnnl::primitive_attr user_scratch() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

constexpr auto kDirect = dnnl::algorithm::convolution_direct;

#if DNNL_VERSION_MAJOR >= 3
dnnl::convolution_forward::primitive_desc forward_desc(const Setup& s) {
  return {engine(),      dnnl::prop_kind::forward_training,
          kDirect,       s.x,
          s.w_any,       s.y,
          s.strides,     s.dilation,
          s.low,         s.high,
          user_scratch()};
}
dnnl::convolution_backward_data::primitive_desc input_grad_desc(const Setup& s) {
  return {engine(), kDirect, s.x, s.w_any, s.y, s.strides, s.dilation, s.low, s.high, forward_desc(s), user_scratch()};
}
dnnl::convolution_backward_weights::primitive_desc weight_grad_desc(const Setup& s, bool with_bias) {
  if (with_bias)
    return {engine(),  kDirect,    s.x,   s.w_any, s.bias,          s.y,
            s.strides, s.dilation, s.low, s.high,  forward_desc(s), user_scratch()};
  return {engine(), kDirect, s.x, s.w_any, s.y, s.strides, s.dilation, s.low, s.high, forward_desc(s), user_scratch()};
}
#else
dnnl::convolution_forward::primitive_desc forward_desc(const Setup& s) {
  return {{dnnl::prop_kind::forward_training, kDirect, s.x, s.w_any, s.y, s.strides, s.dilation, s.low, s.high},
          user_scratch(),
          engine()};
}
dnnl::convolution_backward_data::primitive_desc input_grad_desc(const Setup& s) {
  return {
      {kDirect, s.x, s.w_any, s.y, s.strides, s.dilation, s.low, s.high}, user_scratch(), engine(), forward_desc(s)};
}
dnnl::convolution_backward_weights::primitive_desc weight_grad_desc(const Setup& s, bool with_bias) {
  if (with_bias)
    return {{kDirect, s.x, s.w_any, s.bias, s.y, s.strides, s.dilation, s.low, s.high},
            user_scratch(),
            engine(),
            forward_desc(s)};
  return {
      {kDirect, s.x, s.w_any, s.y, s.strides, s.dilation, s.low, s.high}, user_scratch(), engine(), forward_desc(s)};
}
#endif

// oneDNN has plain loops too, slower than ours by the matrix product.
bool plain_loop(const std::string& implementation) { return implementation.starts_with("ref"); }

enum class Which { forward, input_grad, weight_grad };

// The same primitive for full chunks and for the last one, if that is smaller.
template <Which which>
struct Chunked {
  BatchSplit split;
  Step full, rest;
  Desc x, y, w, x_rest, y_rest;  // w: as the primitives want it
  Desc w_plain, bias;
  bool with_bias;  // of weight gradients

  Chunked(const ConvolutionDims& d, BatchSplit s, bool with_bias = false) : split(s), with_bias(with_bias) {
    const OneOnednnThread alone;
    make(d, split.chunk, full, x, y);
    const int64_t last = split.size(split.tasks - 1);
    if (last != split.chunk) {
      const Desc first = w;
      make(d, last, rest, x_rest, y_rest);
      if (w != first)
        throw dnnl::error(dnnl_unimplemented, "its kernel layout differs between the chunks of the batch");
    }
  }

  const Step& step(int64_t t) const { return split.size(t) == split.chunk ? full : rest; }
  const Desc& x_of(int64_t t) const { return split.size(t) == split.chunk ? x : x_rest; }
  const Desc& y_of(int64_t t) const { return split.size(t) == split.chunk ? y : y_rest; }

 private:
  void make(const ConvolutionDims& d, int64_t batch, Step& step, Desc& px, Desc& py) {
    const Setup setup(d, batch);
    w_plain = setup.w_plain;
    bias = setup.bias;
    px = setup.x;
    py = setup.y;
    if constexpr (which == Which::forward) {
      auto pd = forward_desc(setup);
      step = {dnnl::convolution_forward(pd), pd.scratchpad_desc(), pd.impl_info_str()};
      w = pd.weights_desc();
    } else if constexpr (which == Which::input_grad) {
      auto pd = input_grad_desc(setup);
      step = {dnnl::convolution_backward_data(pd), pd.scratchpad_desc(), pd.impl_info_str()};
      w = pd.weights_desc();
    } else {
      auto pd = weight_grad_desc(setup, with_bias);
      step = {dnnl::convolution_backward_weights(pd), pd.scratchpad_desc(), pd.impl_info_str()};
      w = pd.diff_weights_desc();
    }
  }
};

// One sample's result in pieces along the first axis, each from the rows of the input that it reads.
struct Pieces {
  struct Piece {
    std::shared_ptr<const Step> step;
    Desc x, y;
    int64_t from, to, places;  // elements where input and output begin; places of the output
  };
  std::vector<Piece> all;

  // How many serve: a group's channels take longer than their products tell.
  static int64_t wanted(const ConvolutionDims& d) {
    if (d.batch != 1 || d.rank < 1) return 1;
    const int64_t work = d.multiplications() * (d.groups > 1 ? 2 : 1);
    return std::min(d.out[axis(d)] / 2, std::clamp<int64_t>((work + kPieceWork - 1) / kPieceWork, 1, 8));
  }
  // Empty if that many cannot be made, or want different layouts of the kernel.
  Pieces(const ConvolutionDims& d, int64_t count, const Desc& layout) {
    if (count >= 2 && !make(d, count, layout)) all.clear();
  }

 private:
  static constexpr int64_t kPieceWork = 1 << 18;
  static size_t axis(const ConvolutionDims& d) { return static_cast<size_t>(3 - d.rank); }
  bool make(const ConvolutionDims& d, int64_t count, const Desc& layout) {
    const OneOnednnThread alone;
    const size_t a = axis(d);
    const int64_t in_row = d.input_elements() / d.in[a], out_row = d.output_elements() / d.out[a],
                  span = (d.size[a] - 1) * d.dilation[a] + 1;
    std::map<std::array<int64_t, 4>, std::shared_ptr<const Step>> made;
    for (int64_t p = 0; p < count; ++p) {
      const int64_t begin = d.out[a] * p / count, end = d.out[a] * (p + 1) / count;
      const int64_t top = begin * d.strides[a] - d.low[a],
                    bottom = (end - 1) * d.strides[a] - d.low[a] + span;  // of the padded input
      ConvolutionDims part = d;
      const int64_t first = std::max<int64_t>(0, top), last = std::min(d.in[a], bottom);
      if (first >= last) return false;
      part.in[a] = last - first, part.out[a] = end - begin, part.low[a] = first - top, part.high[a] = bottom - last;
      const Setup setup(part, 1);
      auto& step = made[{part.in[a], part.out[a], part.low[a], part.high[a]}];
      if (!step) {
        auto pd = forward_desc(setup);
        if (pd.weights_desc() != layout) return false;
        step =
            std::make_shared<const Step>(Step{dnnl::convolution_forward(pd), pd.scratchpad_desc(), pd.impl_info_str()});
      }
      all.push_back({step, setup.x, setup.y, first * in_row, begin * out_row, (end - begin) * out_row / d.filters});
    }
    return true;
  }
};

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

// make(), or a refusal with oneDNN's reason.
template <class F>
BoundKernel attempt(const KernelRequest& r, const ConvolutionDims& d, F&& make) {
  if (r.inputs[0].dtype != DType::float32) return r.decline("needs float32");
  if (d.empty()) return r.decline("empty");
  try {
    prepare_onednn_products();  // some convolutions are such
    require_onednn_room();
    return make();
  } catch (const dnnl::error& e) {
    if (e.status == dnnl_out_of_memory)
      throw MemoryError("Out of memory while oneDNN prepared a convolution. Use a smaller batch or model.");
    return r.decline(text("oneDNN has none: ", e.what()));
  }
}

// Kernel and one tensor in, the other out: forward, and the input's gradient.
// A chunk's result meets the epilogue while it is in the cache.
template <Which which>
BoundKernel with_kernel(const KernelRequest& r, const ConvolutionDims& d, Epilogue epilogue = {}) {
  constexpr bool forward = which == Which::forward;
  auto c = std::make_shared<const Chunked<which>>(d, BatchSplit(d, kTaskWork, 1 << 20));
  if (plain_loop(c->full.implementation)) return r.decline("oneDNN has only a plain loop");
  auto pieces = std::make_shared<const Pieces>(d, forward ? Pieces::wanted(d) : 1, c->w);
  auto multiply = [c, pieces, epilogue, channels = d.filters, x = d.input_elements(), y = d.output_elements()](
                      const void* const* in, void* const* out, const void* w) {
    if (!pieces->all.empty())
      return parallel_for(static_cast<int64_t>(pieces->all.size()), [&](int64_t t) {
        const Pieces::Piece& p = pieces->all[static_cast<size_t>(t)];
        p.step->run({{DNNL_ARG_SRC, &p.x, static_cast<const float*>(in[0]) + p.from},
                     {DNNL_ARG_WEIGHTS, &c->w, w},
                     {DNNL_ARG_DST, &p.y, static_cast<float*>(out[0]) + p.to}});
        epilogue.of(in).finish(static_cast<float*>(out[0]), p.to, p.places, channels);
      });
    parallel_for(c->split.tasks, [&](int64_t t) {
      const int64_t n = c->split.begin(t);
      const float* from = static_cast<const float*>(in[0]) + n * (forward ? x : y);
      float* to = static_cast<float*>(out[0]) + n * (forward ? y : x);
      if constexpr (forward)
        c->step(t).run(
            {{DNNL_ARG_SRC, &c->x_of(t), from}, {DNNL_ARG_WEIGHTS, &c->w, w}, {DNNL_ARG_DST, &c->y_of(t), to}});
      if constexpr (forward)
        epilogue.of(in).finish(static_cast<float*>(out[0]), n * y, c->split.size(t) * y / channels, channels);
      if constexpr (!forward)
        c->step(t).run({{DNNL_ARG_DIFF_DST, &c->y_of(t), from},
                        {DNNL_ARG_WEIGHTS, &c->w, w},
                        {DNNL_ARG_DIFF_SRC, &c->x_of(t), to}});
    });
  };
  BoundKernel k;
  auto reorder = std::make_shared<Reorder>(c->w_plain, c->w);
  if (!reorder->needed()) {
    k.run = [multiply](const void* const* in, void* const* out, void*) { multiply(in, out, in[1]); };
    return k;
  }
  k.scratch_bytes = c->w.get_size();
  k.run = [multiply, reorder](const void* const* in, void* const* out, void* scratch) {
    reorder->run(in[1], scratch);
    multiply(in, out, scratch);
  };
  k.preparation = {.input = 1,
                   .bytes = k.scratch_bytes,
                   .make = [reorder](const void* w, void* to) { reorder->run(w, to); },
                   .run = [multiply](const void* const* in, void* const* out, void*) { multiply(in, out, in[1]); },
                   .layout = reorder->layout()};
  return k;
}

template <bool kFused>
BoundKernel bind_forward(const KernelRequest& r) {
  const auto call = convolution_call<kFused>(r);
  return attempt(r, call.d, [&] { return with_kernel<Which::forward>(r, call.d, call.epilogue); });
}

BoundKernel bind_input_grad(const KernelRequest& r) {
  const ConvolutionDims d = input_grad_dims(r);
  return attempt(r, d, [&] { return with_kernel<Which::input_grad>(r, d); });
}

// Every chunk has sums of its own, kernel and then bias, which are added in order.
BoundKernel weight_grad(const KernelRequest& r, const ConvolutionDims& d, bool with_bias) {
  auto c = std::make_shared<const Chunked<Which::weight_grad>>(d, weight_grad_split(d), with_bias);
  if (plain_loop(c->full.implementation)) return r.decline("oneDNN has only a plain loop");
  auto reorder = std::make_shared<Reorder>(c->w, c->w_plain);
  const size_t kernel = aligned(c->w.get_size()), part = kernel + (with_bias ? aligned(c->bias.get_size()) : 0);
  BoundKernel k;
  k.scratch_bytes = part * static_cast<size_t>(c->split.tasks);
  k.run = [c, reorder, part, kernel, filters = d.filters, x = d.input_elements(), y = d.output_elements()](
              const void* const* in, void* const* out, void* scratch) {
    char* sums = static_cast<char*>(scratch);
    parallel_for(c->split.tasks, [&](int64_t t) {
      const int64_t n = c->split.begin(t);
      char* sum = sums + static_cast<size_t>(t) * part;
      c->step(t).run({{DNNL_ARG_SRC, &c->x_of(t), static_cast<const float*>(in[0]) + n * x},
                      {DNNL_ARG_DIFF_DST, &c->y_of(t), static_cast<const float*>(in[1]) + n * y},
                      {DNNL_ARG_DIFF_WEIGHTS, &c->w, sum},
                      {DNNL_ARG_DIFF_BIAS, &c->bias, c->with_bias ? sum + kernel : nullptr}});
    });
    const int64_t size = static_cast<int64_t>(c->w.get_size() / sizeof(float)),
                  stride = static_cast<int64_t>(part / sizeof(float));
    float* to = reorder->needed() ? reinterpret_cast<float*>(sums) : static_cast<float*>(out[0]);
    constexpr int64_t kStrip = 1 << 14;
    if (c->with_bias)
      add_parts(reinterpret_cast<const float*>(sums + kernel), c->split.tasks, stride, static_cast<float*>(out[1]), 0,
                filters);
    parallel_for((size + kStrip - 1) / kStrip, [&](int64_t s) {
      add_parts(reinterpret_cast<const float*>(sums), c->split.tasks, stride, to, s * kStrip,
                std::min(size, (s + 1) * kStrip));
    });
    if (reorder->needed()) reorder->run(sums, out[0]);
  };
  return k;
}

template <bool kFused>
BoundKernel bind_weight_grad(const KernelRequest& r) {
  const ConvolutionDims d = weight_grad_dims<kFused>(r);
  return attempt(r, d, [&] { return weight_grad(r, d, kFused); });
}

LAMINA_KERNEL(cpu, "Convolution", "onednn", 10, bind_forward<false>);
LAMINA_KERNEL(cpu, "ConvolutionInputGrad", "onednn", 10, bind_input_grad);
LAMINA_KERNEL(cpu, "ConvolutionWeightGrad", "onednn", 10, bind_weight_grad<false>);
LAMINA_KERNEL(cpu, "FusedConvolution", "onednn", 10, bind_forward<true>);
LAMINA_KERNEL(cpu, "FusedConvolutionWeightGrad", "onednn", 10, bind_weight_grad<true>);

}  // namespace
}  // namespace lamina
