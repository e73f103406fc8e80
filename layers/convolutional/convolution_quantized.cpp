// Convolutions with quantized kernels: how inputs meet them, and their entries in the table of a layer.
#include "backends/ops/int8_convolution/int8_convolution.h"
#include "backends/ops/primitives.h"
#include "layers/convolutional/convolution.h"

namespace lamina {

namespace {

std::vector<int> axes_from(int first, int last) {
  std::vector<int> out;
  for (int axis = first; axis < last; ++axis) out.push_back(axis);
  return out;
}

// Integers meet integers; anything else is computed in the floating-point one of the two dtypes.
template <class Integers, class Floats>
Tensor by_dtype(const Tensor& x, const Tensor& w, Integers&& integers, Floats&& floats) {
  if (x.dtype() == DType::int8 && w.dtype() == DType::int8) return integers(x, w);
  const DType dtype = is_float(x.dtype()) ? x.dtype() : is_float(w.dtype()) ? w.dtype() : DType::float32;
  return floats(prim::cast(x, dtype), prim::cast(w, dtype));
}

std::vector<int64_t> rests(const Window& window, const Shape& x, const Shape& w) {
  std::vector<int64_t> out;
  for (int a = 0; a < window.rank(); ++a) out.push_back(window.rest(a, x[a + 1], w[a]));
  return out;
}

Tensor convolved(const Tensor& x, const Tensor& w, const Window& window, int64_t groups) {
  return by_dtype(
      x, w, [&](const Tensor& a, const Tensor& b) { return prim::convolution_int8(a, b, window, groups); },
      [&](const Tensor& a, const Tensor& b) { return prim::convolution(a, b, window, groups); });
}

}  // namespace

QuantizedProduct convolution_product(const Window& window, int64_t groups) {
  QuantizedProduct how;
  how.times = [=](const Tensor& x, const Tensor& w) { return convolved(x, w, window, groups); };
  how.back = [=](const Tensor& g, const Tensor& w, const Tensor& x) {
    return prim::convolution_input_grad(g, w, window, groups, rests(window, x.shape(), w.shape()));
  };
  how.summed = axes_from(1, window.rank() + 2);
  how.adapts_apart = groups == 1;
  return how;
}

QuantizedProduct depthwise_product(const Window& window, const Shape& kernel) {
  const int64_t channels = kernel[window.rank()];
  Shape flat = kernel, beside = Shape::of_rank(window.rank() + 2, 1);
  flat[window.rank()] = 1;
  flat[window.rank() + 1] = beside[window.rank() + 1] = channels * kernel.back();
  QuantizedProduct how = convolution_product(window, channels);
  how.times = [=](const Tensor& x, const Tensor& w) { return convolved(x, prim::reshape(w, flat), window, channels); };
  how.back = [=](const Tensor& g, const Tensor& w, const Tensor& x) {
    return prim::convolution_input_grad(g, prim::reshape(w, flat), window, channels,
                                        rests(window, x.shape(), w.shape()));
  };
  how.scale_shape = beside;
  return how;
}

QuantizedProduct transposed_product(const ops::TransposedWindow& t) {
  QuantizedProduct how;
  how.times = [t](const Tensor& x, const Tensor& w) {
    const Tensor y = by_dtype(
        x, w,
        [&](const Tensor& a, const Tensor& b) { return prim::convolution_transpose_int8(a, b, t.window, 1, t.rest); },
        [&](const Tensor& a, const Tensor& b) { return prim::convolution_input_grad(a, b, t.window, 1, t.rest); });
    return ops::with_places_behind(y, t);
  };
  how.back = [t](const Tensor& g, const Tensor& w, const Tensor&) {
    Tensor reached = g;
    for (int a = 0; a < t.window.rank(); ++a)
      if (const int64_t behind = t.behind[static_cast<size_t>(a)])
        reached = prim::slice_axis(reached, a + 1, 0, reached.shape()[a + 1] - behind);
    return prim::convolution(reached, w, t.window);
  };
  how.summed = axes_from(1, t.window.rank() + 2);
  return how;
}

QuantizedWeight quantized_kernel(const std::string& name, Variable& variable, const Shape& shape) {
  const int last = shape.rank() - 1;
  return {.name = name, .variable = &variable, .shape = shape, .shared = axes_from(0, last), .layout = {last}};
}

QuantizedWeight quantized_depthwise_kernel(const std::string& name, Variable& variable, const Shape& shape) {
  const int channels = shape.rank() - 2;
  return {.name = name,
          .variable = &variable,
          .shape = shape,
          .shared = axes_from(0, channels),
          .layout = {channels, channels + 1}};
}

QuantizedWeight quantized_transposed_kernel(const std::string& name, Variable& variable, const Shape& shape) {
  const int filters = shape.rank() - 2;
  std::vector<int> shared = axes_from(0, filters);
  shared.push_back(filters + 1);
  return {.name = name, .variable = &variable, .shape = shape, .shared = std::move(shared), .layout = {filters}};
}

}  // namespace lamina
