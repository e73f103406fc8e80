// keras.ops: Fourier transforms.
#include "backends/ops/public/math_fourier.h"

#include <cmath>

#include "backends/ops/fft/fft.h"
#include "backends/ops/public/numpy_index.h"
#include "backends/ops/public/numpy_statistics.h"
#include "backends/ops/public/support.h"
#include "backends/ops/public/tensor_tuple.h"

namespace lamina::ops {

namespace {

using namespace prim;

#define MATH "keras.src.ops.math."
namespace fourier {
const char* const pair = "Two tensors of one shape: the real parts and the imaginary parts.";
const char* const pair_out = "A tuple of the real parts and the imaginary parts.";
const char* const pair_errors =
    "ValueError: if `x` is not two floating point tensors of one shape, or has too few axes.";
}  // namespace fourier

// The two parts, in a dtype that transforms have, and results in theirs.
struct Parts {
  Tensor real, imaginary;
  DType dtype;
  Parts(const std::vector<Operand>& x, int least_rank) {
    if (x.size() != 2)
      throw ValueError("Input `x` should be a tuple of two tensors - real and imaginary. Received: ", x.size(),
                       " of them.");
    const Tensor a = x[0].value(), b = x[1].value();
    if (a.shape() != b.shape())
      throw ValueError(
          "Input `x` should be a tuple of two tensors - real and imaginary. Both the real and imaginary parts should "
          "have the same shape. Received: x[0].shape = ",
          a.shape(), ", x[1].shape = ", b.shape());
    if (a.rank() < least_rank)
      throw ValueError("Input should have rank >= ", least_rank, ". Received: input.shape = ", a.shape());
    if (!is_float(a.dtype()) || !is_float(b.dtype()))
      throw ValueError("At least one tensor in input `x` is not of type float. Received: ", a.dtype(), " and ",
                       b.dtype(), ".");
    for (int axis = a.rank() - least_rank; axis < a.rank(); ++axis)
      if (least_rank <= 2 && axis >= 0 && a.shape()[axis] == 0)
        throw ValueError("A transform needs at least one number. Received: input.shape = ", a.shape());
    dtype = result_type({&x[0], &x[1]});
    const DType wide = dtype == DType::float64 ? DType::float64 : DType::float32;
    real = cast(a, wide), imaginary = cast(b, wide);
  }
  Tensors narrow(Tensors out) const {
    for (Tensor& t : out) t = cast(t, dtype);
    return out;
  }
};

void expect_known(const Tensor& x, int axes) {
  for (int axis = x.rank() - axes; axis < x.rank(); ++axis)
    if (x.shape()[axis] < 0)
      throw ValueError("Input should have its last ", axes == 1 ? "dimension" : "two axes",
                       " fully-defined. Received: input.shape = ", x.shape());
}

Tensors transformed(const Tensor& real, const Tensor& imaginary, int axis, bool inverse) {
  Tensors out = prim::fft(to_last(real, axis), to_last(imaginary, axis), inverse);
  return {from_last(out[0], axis), from_last(out[1], axis)};
}
Tensors transformed_twice(const Parts& p, bool inverse) {
  expect_known(p.real, 2);
  const int last = p.real.rank() - 1;
  const Tensors rows = transformed(p.real, p.imaginary, last, inverse);
  return transformed(rows[0], rows[1], last - 1, inverse);
}

TensorTuple fft_impl(const std::vector<Operand>& x) {
  const Parts p(x, 1);
  expect_known(p.real, 1);
  return p.narrow(prim::fft(p.real, p.imaginary, false));
}
const auto fft_op = public_op("fft", MATH "FFT", "The discrete Fourier transform along the last axis.", fft_impl,
                              {{"x", required, fourier::pair}},
                              {.returns = fourier::pair_out, .raises = fourier::pair_errors, .example = R"py(
>>> real, imaginary = keras.ops.fft((keras.ops.array([1.0, 0.0]), keras.ops.array([0.0, 0.0])))
>>> real
<Tensor shape=(2,), dtype=float32, values=[1. 1.]>)py"});

TensorTuple fft2_impl(const std::vector<Operand>& x) {
  const Parts p(x, 2);
  return p.narrow(transformed_twice(p, false));
}
const auto fft2_op = public_op("fft2", MATH "FFT2", "The discrete Fourier transform along the last two axes.",
                               fft2_impl, {{"x", required, fourier::pair}},
                               {.returns = fourier::pair_out, .raises = fourier::pair_errors, .example = R"py(
>>> x = (keras.ops.array([[1.0, 0.0], [0.0, 0.0]]), keras.ops.zeros((2, 2)))
>>> keras.ops.fft2(x)[0]
<Tensor shape=(2, 2), dtype=float32, values=[[1. 1.]
 [1. 1.]]>)py"});

TensorTuple ifft2_impl(const std::vector<Operand>& x) {
  const Parts p(x, 2);
  Tensors out = transformed_twice(p, true);
  const int last = p.real.rank() - 1;
  const auto count = static_cast<double>(p.real.shape()[last] * p.real.shape()[last - 1]);
  for (Tensor& t : out) t = multiply(t, 1 / count);
  return p.narrow(out);
}
const auto ifft2_op =
    public_op("ifft2", MATH "IFFT2", "The inverse of fft2.", ifft2_impl, {{"x", required, fourier::pair}},
              {.returns = fourier::pair_out, .raises = fourier::pair_errors, .example = R"py(
>>> x = (keras.ops.ones((2, 2)), keras.ops.zeros((2, 2)))
>>> keras.ops.ifft2(x)[0]
<Tensor shape=(2, 2), dtype=float32, values=[[1. 0.]
 [0. 0.]]>)py"});

void expect_length(const std::optional<int64_t>& length) {
  if (length && *length < 1) throw ValueError("`fft_length` must be at least 1. Received: fft_length=", *length);
}
// The last axis cut or filled up with zeros to n.
Tensor fitted(const Tensor& x, int64_t n) {
  const int last = x.rank() - 1;
  const int64_t size = x.shape()[last];
  if (size >= n) return size == n ? x : slice_axis(x, last, 0, n);
  std::vector<int64_t> low(static_cast<size_t>(x.rank()), 0), high = low;
  high.back() = n - size;
  return pad(x, low, high);
}

TensorTuple rfft_impl(const Operand& x, const std::optional<int64_t>& fft_length) {
  expect_length(fft_length);
  const DType dtype = float_type({&x});
  Tensor t = x.as(dtype == DType::float64 ? dtype : DType::float32);
  if (t.rank() < 1) throw ValueError("Input should have rank >= 1. Received: input.shape = ", t.shape());
  if (t.shape().back() < 0) {
    Shape out = t.shape();
    out[out.rank() - 1] = fft_length ? *fft_length / 2 + 1 : Shape::kUnknown;
    return {Tensor::spec_only(out, dtype), Tensor::spec_only(out, dtype)};
  }
  if (fft_length) t = fitted(t, *fft_length);
  Tensors out = real_fft(t);
  for (Tensor& part : out) part = cast(part, dtype);
  return out;
}
const auto rfft_op = public_op(
    "rfft", MATH "RFFT",
    "The discrete Fourier transform of real numbers along the last axis: the first half, which tells the other.",
    rfft_impl,
    {{"x", required, about::tensor},
     {"fft_length", Value(), "To how many numbers the axis is cut or filled up with zeros; None leaves it."}},
    {.returns = "A tuple of the real parts and the imaginary parts, fft_length // 2 + 1 along the last axis.",
     .raises = "ValueError: for a scalar, and for a length below 1.",
     .example = R"py(
>>> real, imaginary = keras.ops.rfft(keras.ops.array([1.0, 0.0, 1.0, 0.0]))
>>> real
<Tensor shape=(3,), dtype=float32, values=[2. 0. 2.]>)py"});

Tensor irfft_impl(const std::vector<Operand>& x, const std::optional<int64_t>& fft_length) {
  expect_length(fft_length);
  const Parts p(x, 1);
  const int64_t half = p.real.shape().back();
  if (half < 0) {
    Shape out = p.real.shape();
    out[out.rank() - 1] = fft_length ? *fft_length : Shape::kUnknown;
    return Tensor::spec_only(out, p.dtype);
  }
  const int64_t n = fft_length ? *fft_length : 2 * (half - 1);
  if (n < 1)
    throw ValueError("One number along the last axis leaves nothing without `fft_length`. Received: input.shape = ",
                     p.real.shape());
  const Tensor out = half_to_real(fitted(p.real, n / 2 + 1), fitted(p.imaginary, n / 2 + 1), n);
  return cast(multiply(out, 1 / static_cast<double>(n)), p.dtype);
}
const auto irfft_op = public_op(
    "irfft", MATH "IRFFT", "The inverse of rfft.", irfft_impl,
    {{"x", required, fourier::pair},
     {"fft_length", Value(), "How many numbers there were; None takes twice the axis without its first and last."}},
    {.returns = "A tensor of real numbers, `fft_length` along the last axis.",
     .raises = "ValueError: if `x` is not two floating point tensors of one shape, and for a length below 1.",
     .example = R"py(
>>> keras.ops.irfft((keras.ops.array([2.0, 0.0, 2.0]), keras.ops.zeros((3,))))
<Tensor shape=(4,), dtype=float32, values=[1. 0. 1. 0.]>)py"});

// --- Short times ---

struct Frames {
  int64_t length, stride, fft;
  Frames(int64_t sequence_length, const Value& sequence_stride, int64_t fft_length)
      : length(sequence_length), fft(fft_length) {
    if (!sequence_stride.is_int() || sequence_stride.as_int() < 1)
      throw ValueError("`sequence_stride` must be a positive integer. Received: sequence_stride=",
                       sequence_stride.repr());
    stride = sequence_stride.as_int();
    if (length < 1) throw ValueError("`sequence_length` must be at least 1. Received: sequence_length=", length);
    if (fft < length)
      throw ValueError("`fft_length` must equal or larger than `sequence_length`. Received: sequence_length=", length,
                       ", fft_length=", fft);
  }
};

// The window in the middle of `fft` places: ones for None, else hann or hamming as one period (SciPy's get_window), or
// the numbers given.
Tensor window_of(const Value& window, const Frames& f, DType dtype) {
  if (window.is_none()) return full({f.fft}, 1, dtype);
  Tensor out;
  if (window.is_string()) {
    const std::string& name = window.as_string();
    if (name != "hann" && name != "hamming")
      throw ValueError(
          "If a string is passed to `window`, it must be one of `\"hann\"`, `\"hamming\"`. Received: window=", name);
    const double constant_part = name == "hann" ? 0.5 : 0.54;
    std::vector<double> values(static_cast<size_t>(f.length), 1.0);
    for (size_t i = 0; i < values.size() && f.length > 1; ++i)
      values[i] = constant_part -
                  (1 - constant_part) * std::cos(2 * M_PI * static_cast<double>(i) / static_cast<double>(f.length));
    out = cast(Tensor::of(values), dtype);
  } else {
    out = value_to<Operand>(window).as(dtype);
    if (out.rank() != 1 || out.shape()[0] != f.length)
      throw ValueError("The shape of `window` must be equal to [sequence_length]. Received: window shape=",
                       out.shape());
  }
  const int64_t before = (f.fft - f.length) / 2;
  return pad(out, {before}, {f.fft - f.length - before});
}

// `count` more on either side of the last axis, mirrored about the first and the last number.
Tensor mirrored(const Tensor& x, int64_t count) {
  const int64_t n = x.shape().back(), period = std::max<int64_t>(1, 2 * (n - 1));
  std::vector<int32_t> places;
  for (int64_t i = -count; i < n + count; ++i) {
    const int64_t at = ((i % period) + period) % period;
    places.push_back(static_cast<int32_t>(std::min(at, period - at)));
  }
  if (n == 1) std::fill(places.begin(), places.end(), 0);
  return gather(x, Tensor::of(places), x.rank() - 1);
}

TensorTuple stft_impl(const Operand& x, int64_t sequence_length, const Value& sequence_stride, int64_t fft_length,
                      const Value& window, bool center) {
  Tensor t = x.value();
  if (t.dtype() != DType::float32 && t.dtype() != DType::float64)
    throw TypeError("Invalid input type. Expected `float32` or `float64`. Received: input type=", t.dtype());
  const Frames f(sequence_length, sequence_stride, fft_length);
  if (t.rank() < 1) throw ValueError("Input should have rank >= 1. Received: input.shape = ", t.shape());
  const int64_t around = center ? f.fft / 2 : 0, n = t.shape().back();
  const Tensor shape_of_window = window_of(window, f, t.dtype());
  if (n >= 0 && n + 2 * around < f.fft)
    throw ValueError("The last axis must have at least ", f.fft - 2 * around,
                     " numbers for one window of `fft_length`. Received: input.shape = ", t.shape(),
                     ", fft_length=", f.fft);
  if (n >= 0 && n + 2 * around > (int64_t{1} << 31) - 1)
    throw ValueError("The last axis has more numbers than 32 bits can count. Received: input.shape = ", t.shape());
  if (!t.shape().known()) {
    Shape out = t.shape();
    out[out.rank() - 1] = n < 0 ? n : 1 + (n + 2 * around - f.fft) / f.stride;
    out.push_back(f.fft / 2 + 1);
    return {Tensor::spec_only(out, t.dtype()), Tensor::spec_only(out, t.dtype())};
  }
  if (around) t = mirrored(t, around);
  return real_fft(multiply(extract_sequences(t, f.fft, f.stride), shape_of_window));
}
const auto stft_op = public_op(
    "stft", MATH "STFT", "The Fourier transforms of windows along the last axis.", stft_impl,
    {{"x", required, "A tensor of float32 or float64."},
     {"sequence_length", required, "The length of a window."},
     {"sequence_stride", required, "The distance between the starts of windows."},
     {"fft_length", required, "The length of a transform, with zeros around the window."},
     {"window", "hann", "What windows are multiplied by: \"hann\", \"hamming\", a vector, or None for ones."},
     {"center", true, "Whether the ends are mirrored so that windows are centred at multiples of the stride."}},
    {.returns = "A tuple of the real parts and the imaginary parts, (..., windows, fft_length // 2 + 1).",
     .raises = "TypeError: for other dtypes.\nValueError: for lengths and windows that do not fit.",
     .example = R"py(
>>> keras.ops.stft(keras.ops.ones((10,)), 4, 2, 4)[0].shape
(6, 3))py"});

// Frames (rows, count, length) one `stride` after the other, added where they overlap.
Tensor overlapped(const Tensor& frames, int64_t stride) {
  const int64_t rows = frames.shape()[0], count = frames.shape()[1], length = frames.shape()[2];
  const int64_t total = length + stride * (count - 1), parts = (length + stride - 1) / stride;
  if (parts <= 64) {  // each frame cut into pieces of a stride, whose places are a frame's and those behind it
    Tensor cut = reshape(pad(frames, {0, 0, 0}, {0, 0, parts * stride - length}), {rows, count, parts, stride});
    Tensor sum;
    for (int64_t j = 0; j < parts; ++j) {
      const Tensor part = reshape(slice_axis(cut, 2, j, j + 1), {rows, count, stride});
      const Tensor placed = pad(part, {0, j, 0}, {0, parts - 1 - j, 0});
      sum = sum.defined() ? add(sum, placed) : placed;
    }
    return slice_axis(reshape(sum, {rows, (count + parts - 1) * stride}), 1, 0, total);
  }
  std::vector<int32_t> places;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < length; ++j) places.push_back(static_cast<int32_t>(i * stride + j));
  const Tensor by_place = transpose(reshape(frames, {rows, count * length}), {1, 0});
  return transpose(segment_sum(by_place, Tensor::of(places), total), {1, 0});
}

Tensor istft_impl(const std::vector<Operand>& x, int64_t sequence_length, const Value& sequence_stride,
                  int64_t fft_length, const std::optional<int64_t>& length, const Value& window, bool center) {
  const Parts p(x, 2);
  const Frames f(sequence_length, sequence_stride, fft_length);
  if (length && *length < 0) throw ValueError("`length` must be 0 or more. Received: length=", *length);
  const Tensor shape_of_window = window_of(window, f, p.real.dtype());
  const Shape& shape = p.real.shape();
  const int64_t count = shape[shape.rank() - 2];
  const int64_t total = count < 0 ? count : f.fft + f.stride * (count - 1);
  if (total > (int64_t{1} << 31) - 1)
    throw ValueError("The result would have more numbers than 32 bits can count. Received: input.shape = ", shape);
  // Keras' slice: negative ends count from the end, and 0 leaves nothing.
  const int64_t start = center ? f.fft / 2 : 0;
  int64_t end = length ? start + *length : center ? (f.fft / 2 ? total - f.fft / 2 : 0) : total;
  if (count >= 0) end = std::clamp<int64_t>(end, std::min(start, total), total);
  Shape out = shape;
  out.erase(out.rank() - 1);
  out[out.rank() - 1] = count < 0 ? (length ? *length : count) : std::max<int64_t>(0, end - start);
  if (!shape.known()) return Tensor::spec_only(out, p.dtype);
  const int64_t rows = out.elements() && count ? shape.elements() / (count * shape.back()) : 0;
  if (!rows) return full(out, 0, p.dtype);
  const Tensor half_real = fitted(p.real, f.fft / 2 + 1), half_imaginary = fitted(p.imaginary, f.fft / 2 + 1);
  Tensor frames = multiply(half_to_real(half_real, half_imaginary, f.fft), 1 / static_cast<double>(f.fft));
  frames = reshape(multiply(frames, shape_of_window), {rows, count, f.fft});
  const Tensor weight = broadcast_to(reshape(square(shape_of_window), {1, 1, f.fft}), {1, count, f.fft});
  const Tensor norm = overlapped(weight, f.stride);
  const Tensor safe = where(compare(Binary::greater, norm, 1e-10), norm, constant(1, norm.dtype()));
  Tensor y = divide(overlapped(frames, f.stride), safe);
  // Without a window, Keras' result is that of adding frames without weights.
  if (window.is_none()) y = multiply(y, static_cast<double>(f.fft) / static_cast<double>(f.stride));
  return cast(reshape(slice_axis(y, 1, start, std::max(start, end)), out), p.dtype);
}
const auto istft_op = public_op(
    "istft", MATH "ISTFT", "The inverse of stft: frames added where they overlap.", istft_impl,
    {{"x", required, "Two tensors (..., windows, fft_length // 2 + 1): the real parts and the imaginary parts."},
     {"sequence_length", required, "The length of a window."},
     {"sequence_stride", required, "The distance between the starts of windows."},
     {"fft_length", required, "The length of a transform."},
     {"length", Value(), "How many numbers of the result are kept; None keeps all."},
     {"window", "hann", "What windows were multiplied by: \"hann\", \"hamming\", a vector, or None for ones."},
     {"center", true, "Whether the ends were mirrored; they are cut off."}},
    {.returns = "A tensor of real numbers.",
     .raises = "ValueError: if `x` is not two floating point tensors of one shape, and for lengths and windows that do "
               "not fit.",
     .example = R"py(
>>> x = keras.ops.ones((10,))
>>> keras.ops.istft(keras.ops.stft(x, 4, 2, 4), 4, 2, 4).shape
(10,))py"});

Tensor view_as_real_impl(const Operand& x) {
  const Tensor t = x.value();
  return concat({expand_dims(t, t.rank()), expand_dims(full(t.shape(), 0, t.dtype()), t.rank())}, t.rank());
}
const auto view_as_real_op =
    public_op("view_as_real", MATH "ViewAsReal",
              "The real and the imaginary parts along a new last axis. All tensors are real here: these are zeros.",
              view_as_real_impl, {{"x", required, about::tensor}},
              {.returns = "A tensor (..., 2) in the dtype of `x`.", .example = R"py(
>>> keras.ops.view_as_real([1.0, 2.0])
<Tensor shape=(2, 2), dtype=float32, values=[[1. 0.]
 [2. 0.]]>)py"});

}  // namespace

Tensors fft(const std::vector<Operand>& x) { return fft_op(x); }
Tensors fft2(const std::vector<Operand>& x) { return fft2_op(x); }
Tensors ifft2(const std::vector<Operand>& x) { return ifft2_op(x); }
Tensors rfft(const Operand& x, const std::optional<int64_t>& fft_length) { return rfft_op(x, fft_length); }
Tensor irfft(const std::vector<Operand>& x, const std::optional<int64_t>& fft_length) {
  return irfft_op(x, fft_length);
}
Tensors stft(const Operand& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length,
             const Value& window, bool center) {
  return stft_op(x, sequence_length, sequence_stride, fft_length, window, center);
}
Tensor istft(const std::vector<Operand>& x, int64_t sequence_length, int64_t sequence_stride, int64_t fft_length,
             const std::optional<int64_t>& length, const Value& window, bool center) {
  return istft_op(x, sequence_length, sequence_stride, fft_length, length, window, center);
}
Tensor view_as_real(const Operand& x) { return view_as_real_op(x); }

}  // namespace lamina::ops
