#include "backends/ops/convolution/convolution.h"

namespace lamina {

namespace {

void list_attributes(Attributes& a, const Window& w, int64_t groups) {
  a("strides", w.strides)("low", w.low)("high", w.high)("dilation", w.dilation)("groups", groups);
}

void check_window(const Window& w, int64_t groups) {
  for (int64_t s : w.strides)
    if (s < 1) throw ValueError("strides must be at least 1, received ", s, ".");
  for (int64_t d : w.dilation)
    if (d < 1) throw ValueError("dilations must be at least 1, received ", d, ".");
  if (groups < 1) throw ValueError("expected at least 1 group, received ", groups, ".");
}

// Both operands have the rank of the window, and one float dtype.
void check_operands(const Window& w, const TensorSpec& a, const TensorSpec& b, const char* first, const char* second) {
  const int rank = w.rank() + 2;
  if (w.rank() < 1 || w.rank() > 3) throw ValueError("takes 1 to 3 spatial axes, received ", w.rank(), ".");
  if (a.shape.rank() != rank || b.shape.rank() != rank)
    throw ValueError("expected two tensors of ", rank, " axes for ", w.rank(), " spatial ones; received ", first,
                     " of shape ", a.shape, " and ", second, " of shape ", b.shape, ".");
  if (a.dtype != b.dtype)
    throw TypeError("operands must have the same dtype, received ", a.dtype, " and ", b.dtype, ".");
  if (!is_float(a.dtype)) throw TypeError("takes floating-point tensors, received ", a.dtype, ".");
}

void check_batches(int64_t a, int64_t b, const TensorSpec& x, const TensorSpec& g) {
  if (a >= 0 && b >= 0 && a != b)
    throw ValueError("batches must match, received shapes ", x.shape, " and ", g.shape, ".");
}

void check_filters(int64_t filters, int64_t groups) {
  if (filters >= 0 && filters % groups)
    throw ValueError("the number of filters must be a multiple of the groups, received ", filters, " filters and ",
                     groups, " groups.");
}

}  // namespace

void ConvolutionOp::attributes(Attributes& a) const { list_attributes(a, window, groups); }
void ConvolutionInputGradOp::attributes(Attributes& a) const {
  list_attributes(a, window, groups);
  a("rest", rest);
}
void ConvolutionWeightGradOp::attributes(Attributes& a) const {
  list_attributes(a, window, groups);
  a("sizes", sizes);
}

std::vector<TensorSpec> ConvolutionOp::infer(std::span<const TensorSpec> in) const {
  check_window(window, groups);
  check_operands(window, in[0], in[1], "an input", "a kernel");
  const Shape &x = in[0].shape, &w = in[1].shape;
  const int r = window.rank();
  const int64_t channels = x[r + 1], wanted = w[r] < 0 ? Shape::kUnknown : w[r] * groups;
  if (channels >= 0 && wanted >= 0 && channels != wanted)
    throw ValueError("the input's channels must be the kernel's times the groups; received ", channels,
                     " channels of an input of shape ", x, ", a kernel of shape ", w, " and ", groups, " groups.");
  check_filters(w[r + 1], groups);
  Shape out = x;
  for (int i = 0; i < r; ++i) {
    out[i + 1] = w[i] < 0 ? Shape::kUnknown : window.outputs(i, x[i + 1], w[i]);
    if (out[i + 1] == 0 && x[i + 1] != 0)
      throw ValueError("the kernel does not fit into the input: the output would be empty. Received an input of shape ",
                       x, " and a kernel of shape ", w, ". Use padding, or a smaller kernel or dilation.");
  }
  out[r + 1] = w[r + 1];
  return {{out, in[0].dtype}};
}

std::vector<TensorSpec> ConvolutionInputGradOp::infer(std::span<const TensorSpec> in) const {
  check_window(window, groups);
  check_operands(window, in[0], in[1], "an output's gradient", "a kernel");
  const Shape &g = in[0].shape, &w = in[1].shape;
  const int r = window.rank();
  if (g[r + 1] >= 0 && w[r + 1] >= 0 && g[r + 1] != w[r + 1])
    throw ValueError("the number of channels must be the kernel's last size; received shape ", g,
                     " and a kernel of shape ", w, ".");
  check_filters(w[r + 1], groups);
  Shape out = g;
  for (int i = 0; i < r; ++i) {
    if (rest[i] < 0 || rest[i] >= window.strides[i])
      throw ValueError("rest must be below the strides, received ", rest[i], " for a stride of ", window.strides[i],
                       ".");
    out[i + 1] = w[i] < 0 ? Shape::kUnknown : window.inputs(i, g[i + 1], w[i], rest[i]);
    if (g[i + 1] > 0 && out[i + 1] < 0 && w[i] >= 0)
      throw ValueError("the padding leaves nothing; received shape ", g, " and a kernel of shape ", w, ".");
  }
  out[r + 1] = w[r] < 0 ? Shape::kUnknown : w[r] * groups;
  return {{out, in[0].dtype}};
}

std::vector<TensorSpec> ConvolutionWeightGradOp::infer(std::span<const TensorSpec> in) const {
  check_window(window, groups);
  check_operands(window, in[0], in[1], "an input", "an output's gradient");
  const Shape &x = in[0].shape, &g = in[1].shape;
  const int r = window.rank();
  check_batches(x[0], g[0], in[0], in[1]);
  check_filters(g[r + 1], groups);
  if (x[r + 1] >= 0 && x[r + 1] % groups)
    throw ValueError("the channels must be a multiple of the groups, received ", x[r + 1], " channels and ", groups,
                     " groups.");
  Shape out = Shape::of_rank(r + 2);
  for (int i = 0; i < r; ++i) {
    out[i] = sizes[i];
    const int64_t windows = window.outputs(i, x[i + 1], sizes[i]);
    if (windows >= 0 && g[i + 1] >= 0 && windows != g[i + 1])
      throw ValueError("an input of shape ", x, " has ", windows, " windows of size ", sizes[i],
                       ", but the gradient's shape is ", g, ".");
  }
  out[r] = x[r + 1] < 0 ? Shape::kUnknown : x[r + 1] / groups;
  out[r + 1] = g[r + 1];
  return {{out, in[0].dtype}};
}

namespace {

std::vector<int64_t> kernel_sizes(const Window& w, const Shape& kernel) {
  return {kernel.begin(), kernel.begin() + w.rank()};
}

// Of an input x (N, i..., C): what the windows leave over. Unknown sizes leave nothing.
std::vector<int64_t> rests(const Window& w, const Shape& x, std::span<const int64_t> sizes) {
  std::vector<int64_t> out;
  for (int i = 0; i < w.rank(); ++i)
    out.push_back(x[i + 1] < 0 ? 0 : w.rest(i, x[i + 1], sizes[static_cast<size_t>(i)]));
  return out;
}

}  // namespace

Tensors ConvolutionOp::vjp(const VjpContext& c) const {
  const Tensor &x = c.inputs[0], &w = c.inputs[1], &g = c.grads[0];
  const auto sizes = kernel_sizes(window, w.shape());
  Tensor gx, gw;
  if (c.needed[0]) gx = prim::convolution_input_grad(g, w, window, groups, rests(window, x.shape(), sizes));
  if (c.needed[1]) gw = prim::convolution_weight_grad(x, g, window, groups, sizes);
  return {gx, gw};
}

Tensors ConvolutionInputGradOp::vjp(const VjpContext& c) const {
  const Tensor &g = c.inputs[0], &w = c.inputs[1], &h = c.grads[0];  // h stands where the convolution has its input
  Tensor gg, gw;
  if (c.needed[0]) gg = prim::convolution(h, w, window, groups);
  if (c.needed[1]) gw = prim::convolution_weight_grad(h, g, window, groups, kernel_sizes(window, w.shape()));
  return {gg, gw};
}

Tensors ConvolutionWeightGradOp::vjp(const VjpContext& c) const {
  const Tensor &x = c.inputs[0], &g = c.inputs[1], &h = c.grads[0];  // h stands where the convolution has its kernel
  Tensor gx, gg;
  if (c.needed[0]) gx = prim::convolution_input_grad(g, h, window, groups, rests(window, x.shape(), sizes));
  if (c.needed[1]) gg = prim::convolution(x, h, window, groups);
  return {gx, gg};
}

namespace prim {
Tensor convolution(const Tensor& x, const Tensor& w, const Window& window, int64_t groups) {
  return apply1(make_op<ConvolutionOp>(window, groups), {x, w});
}
Tensor convolution_input_grad(const Tensor& g, const Tensor& w, const Window& window, int64_t groups,
                              const std::vector<int64_t>& rest) {
  return apply1(make_op<ConvolutionInputGradOp>(window, groups, rest), {g, w});
}
Tensor convolution_weight_grad(const Tensor& x, const Tensor& g, const Window& window, int64_t groups,
                               const std::vector<int64_t>& sizes) {
  return apply1(make_op<ConvolutionWeightGradOp>(window, groups, sizes), {x, g});
}
}  // namespace prim
}  // namespace lamina
