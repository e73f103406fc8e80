#include "backends/ops/image/resample.h"

#include <cmath>

namespace lamina {

std::string_view name_of(Interpolation kind) {
  static constexpr std::string_view names[] = {"nearest",  "linear", "cubic",    "lanczos3",
                                               "lanczos5", "area",   "gaussian", "mitchell"};
  return names[static_cast<int>(kind)];
}

std::vector<TensorSpec> ResampleOp::infer(std::span<const TensorSpec> in) const {
  const int64_t given = transposed ? to : from, wanted = transposed ? from : to;
  if (axis < 0 || axis >= in[0].shape.rank())
    throw ValueError("axis ", axis, " is out of range for shape ", in[0].shape, ".");
  if (from < 1 || to < 1) throw ValueError("sizes must be at least 1, received ", from, " and ", to, ".");
  if (in[0].shape[axis] != given && in[0].shape[axis] >= 0)
    throw ValueError("expected size ", given, " along axis ", axis, ", received shape ", in[0].shape, ".");
  if (kind != Interpolation::nearest && !is_float(in[0].dtype))
    throw TypeError("takes floating point for the interpolation ", name_of(kind), ", received ", in[0].dtype, ".");
  Shape out = in[0].shape;
  out[axis] = wanted;
  return {{out, in[0].dtype}};
}

Tensors ResampleOp::vjp(const VjpContext& c) const {
  return {apply1(make_op<ResampleOp>(kind, axis, from, to, antialias, !transposed), {c.grads[0]})};
}

namespace {

double radius_of(Interpolation kind) {
  switch (kind) {
    case Interpolation::linear: return 1;
    case Interpolation::cubic:
    case Interpolation::mitchell: return 2;
    case Interpolation::gaussian: return 1.5;
    case Interpolation::lanczos3: return 3;
    default: return 5;
  }
}

double weight_at(Interpolation kind, double x) {  // x >= 0
  if (kind == Interpolation::linear) return std::max(0.0, 1 - x);
  if (kind == Interpolation::cubic) {
    if (x >= 2) return 0;
    return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
  }
  if (kind == Interpolation::mitchell) {
    if (x >= 2) return 0;
    return x >= 1 ? ((-7.0 / 18 * x + 2) * x - 10.0 / 3) * x + 16.0 / 9 : (7.0 / 6 * x - 2) * x * x + 8.0 / 9;
  }
  const double radius = radius_of(kind);
  if (kind == Interpolation::gaussian) return x < radius ? std::exp(-2 * x * x) : 0;
  if (x > radius) return 0;
  if (x <= 1e-3) return 1;
  return radius * std::sin(M_PI * x) * std::sin(M_PI * x / radius) / (M_PI * M_PI * x * x);
}

Taps transpose(const Taps& t, int64_t columns) {
  Taps out;
  out.starts.assign(static_cast<size_t>(columns) + 1, 0);
  for (int64_t c : t.columns) ++out.starts[static_cast<size_t>(c) + 1];
  for (size_t i = 0; i < static_cast<size_t>(columns); ++i) out.starts[i + 1] += out.starts[i];
  out.columns.resize(t.columns.size());
  out.weights.resize(t.columns.size());
  std::vector<int64_t> next(out.starts.begin(), out.starts.end() - 1);
  for (size_t row = 0; row + 1 < t.starts.size(); ++row)
    for (int64_t i = t.starts[row]; i < t.starts[row + 1]; ++i) {
      const auto at = static_cast<size_t>(next[static_cast<size_t>(t.columns[static_cast<size_t>(i)])]++);
      out.columns[at] = static_cast<int64_t>(row);
      out.weights[at] = t.weights[static_cast<size_t>(i)];
    }
  return out;
}

}  // namespace

Taps taps_of(const ResampleOp& op) {
  Taps t;
  t.starts.push_back(0);
  const double step = static_cast<double>(op.from) / static_cast<double>(op.to);
  for (int64_t i = 0; i < op.to; ++i) {
    if (op.kind == Interpolation::nearest) {
      t.columns.push_back((2 * i + 1) * op.from / (2 * op.to));
      t.weights.push_back(1);
    } else if (op.kind == Interpolation::area) {
      const double low = static_cast<double>(i) * step, high = static_cast<double>(i + 1) * step;
      for (auto j = static_cast<int64_t>(low); j < op.from && static_cast<double>(j) < high; ++j) {
        const auto at = static_cast<double>(j);
        const double covered = std::min(high, at + 1) - std::max(low, at);
        if (covered <= 0) continue;
        t.columns.push_back(j);
        t.weights.push_back(covered / step);
      }
    } else {
      const double centre = (static_cast<double>(i) + 0.5) * step - 0.5,
                   widen = op.antialias ? std::max(step, 1.0) : 1.0, reach = radius_of(op.kind) * widen;
      const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(centre - reach)));
      const auto last = std::min<int64_t>(op.from - 1, static_cast<int64_t>(std::floor(centre + reach)));
      const size_t begin = t.weights.size();
      double total = 0;
      for (int64_t j = first; j <= last; ++j) {
        const double w = weight_at(op.kind, std::abs(centre - static_cast<double>(j)) / widen);
        if (w == 0) continue;
        t.columns.push_back(j);
        t.weights.push_back(w);
        total += w;
      }
      for (size_t k = begin; k < t.weights.size(); ++k)
        t.weights[k] = std::abs(total) > 1.2e-4 ? t.weights[k] / total : 0;
    }
    t.starts.push_back(static_cast<int64_t>(t.columns.size()));
  }
  return op.transposed ? transpose(t, op.from) : t;
}

namespace prim {
Tensor resample(const Tensor& x, int axis, int64_t size, Interpolation kind, bool antialias) {
  const int a = normalize_axis(axis, x.rank());
  const int64_t from = x.shape()[a];
  if (from == size) return x;
  if (from < 0) {
    Shape out = x.shape();
    out[a] = size;
    return Tensor::spec_only(out, x.dtype());
  }
  return apply1(make_op<ResampleOp>(kind, a, from, size, antialias, false), {x});
}
}  // namespace prim
}  // namespace lamina
