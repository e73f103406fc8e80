#include "backends/ops/fft/fft.h"

#include "backends/ops/primitives.h"

namespace lamina {

namespace {

constexpr int64_t kLongest = int64_t{1} << 30;  // of a transform: plans count by int

void expect_axis(const TensorSpec& x, int64_t n) {
  if (x.dtype != DType::float32 && x.dtype != DType::float64)
    throw TypeError("takes float32 or float64, received ", x.dtype, ".");
  if (x.shape.rank() < 1) throw ValueError("Input should have rank >= 1. Received: input.shape = ", x.shape);
  if (n == 0 || n > kLongest)
    throw ValueError("takes from 1 to ", kLongest, " numbers along the last axis, received ", n, ".");
}
void expect_alike(std::span<const TensorSpec> in) {
  if (in[0].dtype != in[1].dtype || !compatible(in[0].shape, in[1].shape))
    throw ValueError("takes real and imaginary parts of one shape and dtype, received ", in[0], " and ", in[1], ".");
}
Shape with_last(Shape shape, int64_t n) {
  shape[shape.rank() - 1] = n;
  return shape;
}

// (n / 2 + 1,): how often each number of a half stands in the whole.
Tensor counts(int64_t n, DType dtype) {
  std::vector<double> out(static_cast<size_t>(n / 2 + 1), 2.0);
  out[0] = 1;
  if (n % 2 == 0) out.back() = 1;
  return prim::cast(Tensor::of(out), dtype);
}
Tensor or_zeros(const Tensor& gradient, const Tensor& like) {
  return gradient.defined() ? gradient : prim::full(like.shape(), 0, like.dtype());
}

}  // namespace

std::vector<TensorSpec> FftOp::infer(std::span<const TensorSpec> in) const {
  expect_alike(in);
  expect_axis(in[0], in[0].shape.rank() ? in[0].shape.back() : 1);
  return {in[0], in[0]};
}
Tensors FftOp::vjp(const VjpContext& c) const {
  return prim::fft(or_zeros(c.grads[0], c.inputs[0]), or_zeros(c.grads[1], c.inputs[0]), !inverse);
}

std::vector<TensorSpec> RealFftOp::infer(std::span<const TensorSpec> in) const {
  const int64_t n = in[0].shape.rank() ? in[0].shape.back() : 1;
  expect_axis(in[0], n);
  const TensorSpec out{with_last(in[0].shape, n < 0 ? n : n / 2 + 1), in[0].dtype};
  return {out, out};
}
Tensors RealFftOp::vjp(const VjpContext& c) const {
  const int64_t n = c.inputs[0].shape().back();
  const Tensor& like = c.outputs[0];
  const Tensor share = prim::divide(prim::full({}, 1, like.dtype()), counts(n, like.dtype()));
  return {prim::half_to_real(prim::multiply(or_zeros(c.grads[0], like), share),
                             prim::multiply(or_zeros(c.grads[1], like), share), n)};
}

std::vector<TensorSpec> HalfToRealOp::infer(std::span<const TensorSpec> in) const {
  expect_alike(in);
  expect_axis(in[0], n);
  const int64_t half = in[0].shape.back();
  if (half >= 0 && half != n / 2 + 1)
    throw ValueError("takes ", n / 2 + 1, " numbers along the last axis for ", n, " of the result, received shape ",
                     in[0].shape, ".");
  return {{with_last(in[0].shape, n), in[0].dtype}};
}
Tensors HalfToRealOp::vjp(const VjpContext& c) const {
  const Tensors half = prim::real_fft(c.grads[0]);
  const Tensor times = counts(n, half[0].dtype());
  return {prim::multiply(half[0], times), prim::multiply(half[1], times)};
}

namespace prim {
Tensors fft(const Tensor& real, const Tensor& imaginary, bool inverse) {
  return apply(make_op<FftOp>(inverse), {real, imaginary});
}
Tensors real_fft(const Tensor& x) { return apply(make_op<RealFftOp>(), {x}); }
Tensor half_to_real(const Tensor& real, const Tensor& imaginary, int64_t n) {
  return apply1(make_op<HalfToRealOp>(n), {real, imaginary});
}
}  // namespace prim
}  // namespace lamina
