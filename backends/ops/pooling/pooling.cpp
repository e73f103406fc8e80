#include "backends/ops/pooling/pooling.h"

#include "backends/core/autodiff.h"
#include "backends/core/engine.h"

namespace lamina {

std::vector<PoolWindows::Range> PoolWindows::ranges(int axis, int64_t input) const {
  std::vector<Range> out;
  const int64_t n = outputs(axis, input);
  out.reserve(static_cast<size_t>(
      std::max<int64_t>(0, n)));  // at once, so that too many are a MemoryError before memory is used up
  for (int64_t i = 0; i < n; ++i) {
    if (adaptive()) {
      out.push_back({i * input / n, ((i + 1) * input + n - 1) / n});
    } else {
      const int64_t from = i * window.strides[axis] - window.low[axis];
      out.push_back({std::max<int64_t>(0, from), std::min(input, from + sizes[axis])});
    }
  }
  return out;
}

Shape PoolWindows::output_shape(const Shape& input) const {
  Shape out = input;
  for (int i = 0; i < rank(); ++i) {
    out[i + 1] = outputs(i, input[i + 1]);
    if (out[i + 1] == 0 && input[i + 1] != 0)
      throw ValueError("no window of sizes ", sizes, " fits into an input of shape ", input,
                       ". Use padding or smaller windows.");
    if (input[i + 1] < 1 || adaptive()) continue;
    const int64_t last = (out[i + 1] - 1) * window.strides[i] - window.low[i];  // where the last window begins
    if (sizes[i] <= window.low[i] || last >= input[i + 1])
      throw ValueError("a window of sizes ", sizes, " would lie in the padding only; received an input of shape ",
                       input, ".");
  }
  return out;
}

void append_text(std::string& out, const PoolWindows& w) {
  append_text(out, w.sizes);
  if (w.adaptive()) {
    out += " adaptive";
    return;
  }
  out += " strides";
  append_text(out, w.window.strides);
  out += " low";
  append_text(out, w.window.low);
  out += " high";
  append_text(out, w.window.high);
}

namespace {

void check(const PoolWindows& w, const TensorSpec& x, bool floats) {
  if (w.rank() < 1 || w.rank() > 3) throw ValueError("takes 1 to 3 spatial axes, received ", w.rank(), ".");
  if (x.shape.rank() != w.rank() + 2)
    throw ValueError("expected ", w.rank() + 2, " axes for ", w.rank(), " spatial ones, received shape ", x.shape, ".");
  if (floats && !is_float(x.dtype)) throw TypeError("takes floating-point tensors, received ", x.dtype, ".");
  for (int64_t s : w.sizes)
    if (s < 1) throw ValueError("sizes of windows must be at least 1, received ", w.sizes, ".");
  for (int64_t s : w.window.strides)
    if (s < 1) throw ValueError("strides must be at least 1, received ", w.window.strides, ".");
}

DType index_dtype(const PoolWindows& w, const Shape& input) {
  int64_t places = 1;
  for (int i = 0; i < w.rank(); ++i) {
    int64_t most =
        w.adaptive() ? (input[i + 1] < 0 ? 1 : (input[i + 1] + w.sizes[i] - 1) / w.sizes[i] + 1) : w.sizes[i];
    places *= most;
  }
  return places <= 256 ? DType::uint8 : DType::int32;
}

Shape with_spatial(const Shape& s, const std::vector<int64_t>& input) {
  Shape out = s;
  for (size_t i = 0; i < input.size(); ++i) out[static_cast<int>(i) + 1] = input[i];
  return out;
}

void check_places(const PoolWindows& w, const Shape& input, const Shape& output) {
  if (!compatible(w.output_shape(input), output))
    throw ValueError("an input of shape ", input, " has windows of shape ", w.output_shape(input), ", received shape ",
                     output, ".");
}

std::vector<int64_t> spatial(const Shape& s) { return {s.begin() + 1, s.end() - 1}; }

}  // namespace

std::vector<TensorSpec> MaxPoolOp::infer(std::span<const TensorSpec> in) const {
  check(windows, in[0], false);
  TensorSpec y{windows.output_shape(in[0].shape), in[0].dtype};
  if (!indexed) return {y};
  return {y, {y.shape, index_dtype(windows, in[0].shape)}};
}

std::vector<TensorSpec> MaxPoolScatterOp::infer(std::span<const TensorSpec> in) const {
  check(windows, in[0], true);
  const Shape x = with_spatial(in[0].shape, input);
  check_places(windows, x, in[0].shape);
  if (!compatible(in[0].shape, in[1].shape))
    throw ValueError("gradient and index must have one shape, received ", in[0].shape, " and ", in[1].shape, ".");
  return {{x, in[0].dtype}};
}

std::vector<TensorSpec> MaxPoolGatherOp::infer(std::span<const TensorSpec> in) const {
  check(windows, in[0], true);
  check_places(windows, in[0].shape, in[1].shape);
  return {{in[1].shape, in[0].dtype}};
}

std::vector<TensorSpec> AveragePoolOp::infer(std::span<const TensorSpec> in) const {
  check(windows, in[0], true);
  return {{windows.output_shape(in[0].shape), in[0].dtype}};
}

std::vector<TensorSpec> AveragePoolGradOp::infer(std::span<const TensorSpec> in) const {
  check(windows, in[0], true);
  const Shape x = with_spatial(in[0].shape, input);
  check_places(windows, x, in[0].shape);
  return {{x, in[0].dtype}};
}

Tensors MaxPoolOp::vjp(const VjpContext& c) const {
  if (!c.grads[0].defined()) return {Tensor()};
  const Tensor& x = c.inputs[0];
  Tensor index = indexed ? c.outputs[1] : apply(make_op<MaxPoolOp>(windows, true), {x})[1];
  return {apply1(make_op<MaxPoolScatterOp>(windows, spatial(x.shape())), {c.grads[0], index})};
}

Tensors MaxPoolScatterOp::vjp(const VjpContext& c) const {
  return {apply1(make_op<MaxPoolGatherOp>(windows), {c.grads[0], c.inputs[1]}), Tensor()};
}

Tensors MaxPoolGatherOp::vjp(const VjpContext& c) const {
  return {apply1(make_op<MaxPoolScatterOp>(windows, spatial(c.inputs[0].shape())), {c.grads[0], c.inputs[1]}),
          Tensor()};
}

Tensors AveragePoolOp::vjp(const VjpContext& c) const {
  return {apply1(make_op<AveragePoolGradOp>(windows, spatial(c.inputs[0].shape())), {c.grads[0]})};
}

Tensors AveragePoolGradOp::vjp(const VjpContext& c) const {
  return {apply1(make_op<AveragePoolOp>(windows), {c.grads[0]})};
}

namespace prim {
// The index is for gradients: made where one may be asked for.
Tensor max_pool(const Tensor& x, const PoolWindows& windows) {
  const bool indexed = is_float(x.dtype()) && (recording() || !executing_eagerly());
  return apply(make_op<MaxPoolOp>(windows, indexed), {x})[0];
}
Tensor average_pool(const Tensor& x, const PoolWindows& windows) {
  return apply1(make_op<AveragePoolOp>(windows), {x});
}
}  // namespace prim
}  // namespace lamina
