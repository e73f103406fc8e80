#include <cmath>

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/primitives.h"
#include "backends/ops/random/random.h"

namespace lamina {

namespace {

// The derivative of log Gamma, for a > 0.
double digamma(double a) {
  double rest = 0;
  for (; a < 8; ++a) rest -= 1 / a;
  const double r = 1 / (a * a);
  return rest + std::log(a) - 0.5 / a - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
}

// P(a, x) = sum over n of e^-x x^(a+n) / Gamma(a+n+1), differentiated term by term and divided by the density.
double slope_by_series(double a, double x) {
  const double log_x = std::log(x);
  double term = 1 / a, psi = digamma(a + 1), sum = term * (log_x - psi);
  for (int64_t n = 1; n < 1000000; ++n) {
    psi += 1 / (a + static_cast<double>(n));
    term *= x / (a + static_cast<double>(n));
    const double added = term * (log_x - psi);
    sum += added;
    if (a + static_cast<double>(n) > x && std::abs(added) < 1e-17 * std::abs(sum)) break;
  }
  return -x * sum;
}

// Where the distribution is nearly that of a normal variable's cube (Wilson and Hilferty, 1931), with the variable
// held.
double slope_by_cube(double a, double x) {
  const double u = std::cbrt(x / a), z = 3 * std::sqrt(a) * (u - 1 + 1 / (9 * a));
  return u * u * u + 3 * a * u * u * (1 / (9 * a * a) - z / (6 * a * std::sqrt(a)));
}

double slope(double a, double x) {
  if (!(a > 0) || std::isnan(x)) return NAN;
  if (x == 0) return 0;
  if (std::isinf(a) || std::isinf(x)) return 1;
  return a > 1e6 ? slope_by_cube(a, x) : slope_by_series(a, x);
}

template <class T>
BoundKernel::Run run_slopes(int64_t n) {
  return [n](const void* const* in, void* const* out, void*) {
    const T *a = static_cast<const T*>(in[0]), *x = static_cast<const T*>(in[1]);
    T* y = static_cast<T*>(out[0]);
    constexpr int64_t kTask = 64;
    parallel_for((n + kTask - 1) / kTask, [&](int64_t task) {
      for (int64_t i = task * kTask; i < std::min(n, (task + 1) * kTask); ++i) y[i] = static_cast<T>(slope(a[i], x[i]));
    });
  };
}

BoundKernel bind_slope(const KernelRequest& r) {
  BoundKernel k;
  const int64_t n = r.outputs[0].shape.elements();
  k.run = r.outputs[0].dtype == DType::float64 ? run_slopes<double>(n) : run_slopes<float>(n);
  return k;
}

LAMINA_KERNEL(cpu, "GammaSlope", "series", 100, bind_slope);

}  // namespace

std::vector<TensorSpec> GammaSlopeOp::infer(std::span<const TensorSpec> in) const {
  if (in[0].dtype != in[1].dtype || (in[0].dtype != DType::float32 && in[0].dtype != DType::float64))
    throw TypeError("expected two tensors of float32 or float64, received ", in[0], " and ", in[1], ".");
  if (!compatible(in[0].shape, in[1].shape))
    throw ValueError("expected two tensors of one shape, received ", in[0], " and ", in[1], ".");
  return {in[0]};
}

Tensors GammaSlopeOp::vjp(const VjpContext&) const {
  throw UnsupportedError("The second derivative of gamma distributed numbers by their parameter is not available.");
}

Tensors RandomDrawOp::vjp(const VjpContext& c) const {
  return {Tensor(), prim::multiply(c.grads[0], prim::gamma_slope(c.inputs[1], c.outputs[0]))};
}

namespace prim {
Tensor gamma_slope(const Tensor& alpha, const Tensor& x) { return apply1(make_op<GammaSlopeOp>(), {alpha, x}); }
}  // namespace prim

}  // namespace lamina
