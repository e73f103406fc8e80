// keras.ops: windows for spectra, and the Bessel function of Kaiser's.
#include <cmath>

#include "backends/core/settings.h"
#include "backends/ops/public/math_fourier.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

namespace {

using namespace prim;

#define NUMPY "keras.src.ops.numpy."
#define FUNCTION "keras.src.ops.numpy."  // without an operation class

// exp(-x) I0(x) for x >= 0, to the last bits: the power series, and for large x the asymptotic one (Abramowitz and
// Stegun 9.6.10 and 9.7.1).
double scaled_bessel(double x) {
  double term = 1, sum = 1;
  if (x <= 30) {
    for (int k = 1; k < 200 && term > sum * 1e-18; ++k) sum += term *= (x / 2 / k) * (x / 2 / k);
    return sum * std::exp(-x);
  }
  for (int k = 1; k < 40 && term > 1e-18; ++k) sum += term *= (2 * k - 1.0) * (2 * k - 1.0) / (8 * k * x);
  return sum / std::sqrt(2 * M_PI * x);
}

// A number that is known. TypeError naming the op for others.
double known_number(const Operand& x, const char* name, const char* what) {
  if (x.is_scalar()) return x.number();
  const Tensor& t = x.tensor();
  if (!t.has_data())
    throw TypeError(name, " takes ", what, ", which must be known. Received a symbolic tensor: ", t.spec());
  if (t.size() != 1) throw TypeError(name, " takes ", what, ", one number. Received a tensor of shape ", t.shape());
  return t.item();
}

// How many places a window has. NaN and others that are no counts are a ValueError.
int64_t places_of(const Operand& x, const char* name) {
  const double count = known_number(x, name, "the number of places");
  if (!(count <= 9e15)) throw ValueError(name, " takes a count of places. Received: ", count);
  return count < 1 ? 0 : static_cast<int64_t>(std::ceil(count));
}

// weight(u) for the places u = -1..1 of the window; one place is its middle.
template <class F>
Tensor window(const Operand& x, const char* name, F&& weight) {
  const int64_t n = places_of(x, name);
  bytes_of(Shape{n}, DType::float64);  // counted before any memory is taken
  Tensor out = Tensor::empty({n}, DType::float64);
  double* to = out.mutable_data<double>();
  for (int64_t i = 0; i < n; ++i)
    to[i] = n == 1 ? 1.0 : weight(static_cast<double>(2 * i - (n - 1)) / static_cast<double>(n - 1));
  return cast(out, settings().floatx());
}

Tensor bartlett_impl(const Operand& x) {
  return window(x, "bartlett", [](double u) { return 1 - std::abs(u); });
}
Tensor blackman_impl(const Operand& x) {
  return window(x, "blackman",
                [](double u) { return 0.42 + 0.5 * std::cos(M_PI * u) + 0.08 * std::cos(2 * M_PI * u); });
}
Tensor hamming_impl(const Operand& x) {
  return window(x, "hamming", [](double u) { return 0.54 + 0.46 * std::cos(M_PI * u); });
}
Tensor hanning_impl(const Operand& x) {
  return window(x, "hanning", [](double u) { return 0.5 + 0.5 * std::cos(M_PI * u); });
}
Tensor kaiser_impl(const Operand& x, const Operand& beta) {
  const double size = std::abs(known_number(beta, "kaiser", "`beta`"));
  return window(x, "kaiser", [size](double u) {
    const double part = size * std::sqrt(std::max(0.0, 1 - u * u));
    return scaled_bessel(part) / scaled_bessel(size) * std::exp(part - size);
  });
}

namespace windows_doc {
const char* const places = "The number of places.";
const char* const out = "A vector in floatx.";
const char* const errors = "TypeError: if the number is not known, or not one.";
}  // namespace windows_doc

const auto bartlett_op = public_op("bartlett", FUNCTION, "Bartlett's window, a triangle.", bartlett_impl,
                                   {{"x", required, windows_doc::places}},
                                   {.returns = windows_doc::out, .raises = windows_doc::errors, .example = R"py(
>>> keras.ops.bartlett(5)
<Tensor shape=(5,), dtype=float32, values=[0.  0.5 1.  0.5 0. ]>)py"});
const auto blackman_op = public_op("blackman", FUNCTION, "Blackman's window, of two cosines.", blackman_impl,
                                   {{"x", required, windows_doc::places}},
                                   {.returns = windows_doc::out, .raises = windows_doc::errors, .example = R"py(
>>> keras.ops.blackman(5).shape
(5,))py"});
const auto hamming_op = public_op("hamming", FUNCTION, "Hamming's window, a raised cosine.", hamming_impl,
                                  {{"x", required, windows_doc::places}},
                                  {.returns = windows_doc::out, .raises = windows_doc::errors, .example = R"py(
>>> keras.ops.hamming(5)
<Tensor shape=(5,), dtype=float32, values=[0.08 0.54 1.   0.54 0.08]>)py"});
const auto hanning_op = public_op("hanning", FUNCTION, "Von Hann's window, a cosine from 0 to 0.", hanning_impl,
                                  {{"x", required, windows_doc::places}},
                                  {.returns = windows_doc::out, .raises = windows_doc::errors, .example = R"py(
>>> keras.ops.hanning(5)
<Tensor shape=(5,), dtype=float32, values=[0.  0.5 1.  0.5 0. ]>)py"});
const auto kaiser_op =
    public_op("kaiser", FUNCTION, "Kaiser's window: the larger `beta`, the narrower.", kaiser_impl,
              {{"x", required, windows_doc::places}, {"beta", required, "Its shape: 0 is a rectangle."}},
              {.returns = windows_doc::out, .raises = windows_doc::errors, .source = "Kaiser 1974.", .example = R"py(
>>> keras.ops.kaiser(3, 0.0)
<Tensor shape=(3,), dtype=float32, values=[1. 1. 1.]>)py"});

// --- I0 ---

// Chebyshev polynomials through f on -1..1.
std::vector<double> chebyshev(const std::function<double(double)>& f, int count) {
  constexpr int nodes = 64;
  std::vector<double> out;
  for (int j = 0; j < count; ++j) {
    double sum = 0;
    for (int k = 0; k < nodes; ++k) {
      const double angle = M_PI * (k + 0.5) / nodes;
      sum += f(std::cos(angle)) * std::cos(j * angle);
    }
    out.push_back(sum * (j ? 2.0 : 1.0) / nodes);
  }
  return out;
}
// Their sum at t (Clenshaw 1955).
Tensor series(const std::vector<double>& c, const Tensor& t) {
  Tensor next = full(t.shape(), 0, t.dtype()), after = next;
  const Tensor twice = multiply(t, 2.0);
  for (size_t k = c.size(); k-- > 1;) {
    const Tensor now = add(subtract(multiply(twice, next), after), c[k]);
    after = next, next = now;
  }
  return add(subtract(multiply(t, next), after), c[0]);
}

// exp(-|x|) I0(x) is a polynomial in x up to 8, and beyond in 1 / x over sqrt(x).
Tensor i0_impl(const Operand& x) {
  const DType given = x.dtype();
  const DType dtype = given == DType::int64 || given == DType::float64 ? DType::float64
                      : is_float(given)                                ? given
                                                                       : settings().floatx();
  if (!x.shape().known()) return Tensor::spec_only(x.shape(), dtype);
  static const std::vector<double> near = chebyshev([](double t) { return scaled_bessel(4 * (t + 1)); }, 34);
  static const std::vector<double> far = chebyshev(
      [](double t) {
        const double at = 16 / (t + 1);
        return scaled_bessel(at) * std::sqrt(at);
      },
      30);
  const DType wide = dtype == DType::float64 ? dtype : DType::float32;
  const Tensor size = unary(Unary::abs, x.as(wide)), eight = constant(8, wide);
  const Tensor low = minimum(size, eight), high = maximum(size, eight);
  const Tensor inside = series(near, add(multiply(low, 0.25), -1.0));
  const Tensor outside = multiply(series(far, add(divide(constant(16, wide), high), -1.0)), unary(Unary::rsqrt, high));
  const Tensor out = where(compare(Binary::less_equal, size, 8), inside, outside);
  return cast(multiply(exp(size), out), dtype);
}
const auto i0_op = public_op("i0", NUMPY "I0", "The modified Bessel function of the first kind of order 0.", i0_impl,
                             {{"x", required, about::tensor}},
                             {.returns = "A tensor of the shape of `x`, in floating point.", .example = R"py(
>>> keras.ops.i0(keras.ops.array([0.0]))
<Tensor shape=(1,), dtype=float32, values=[1.]>)py"});

}  // namespace

Tensor bartlett(const Operand& x) { return bartlett_op(x); }
Tensor blackman(const Operand& x) { return blackman_op(x); }
Tensor hamming(const Operand& x) { return hamming_op(x); }
Tensor hanning(const Operand& x) { return hanning_op(x); }
Tensor kaiser(const Operand& x, const Operand& beta) { return kaiser_op(x, beta); }
Tensor i0(const Operand& x) { return i0_op(x); }

}  // namespace lamina::ops
