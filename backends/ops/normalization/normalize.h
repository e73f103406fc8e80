#pragma once
// Normalisation, scale and offset in one pass over memory, and its gradient in one more: what layer, RMS and batch
// normalisation are made of. float32 or float64. The composition in elementwise ops and reductions is in the tests.
#include "backends/core/primitive.h"

namespace lamina {

// Which elements share a mean and a variance, and along which axis scale and offset run.
enum class Norm : uint8_t {
  rows,   // each row of the last axis; scale and offset along it (layer normalisation)
  rms,    // as rows, with mean 0: the variance is the mean square
  batch,  // each index of one axis, over all others; scale and offset along it (batch normalisation)
};
// For labels and errors.
std::string_view name_of(Norm kind);

// y = (x - mean) / sqrt(variance + epsilon) * scale + offset. Inputs x, then scale (n) and offset (n) if the op has
// them; n is the size of `axis` (the last one but for batch). Outputs y (as x), mean and variance (biased; the shape of
// x without its last axis, or (n) for batch; rms gives mean 0).
class NormalizeOp final : public Primitive {
 public:
  NormalizeOp(Norm kind, int axis, double epsilon, bool scaled, bool shifted)
      : kind(kind), axis(axis), epsilon(epsilon), scaled(scaled), shifted(shifted) {}
  std::string_view name() const override { return kind == Norm::batch ? "NormalizeBatch" : "NormalizeRows"; }
  void attributes(Attributes& a) const override {
    a("kind", name_of(kind))("axis", axis)("epsilon", epsilon)("scaled", scaled)("shifted", shifted);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Norm kind;
  const int axis;
  const double epsilon;
  const bool scaled, shifted;
};

// The gradients for x, scale and offset from x, scale (if scaled), mean, variance and the gradient g of y. mean and
// variance only save their computation: they count as functions of x.
class NormalizeGradOp final : public Primitive {
 public:
  NormalizeGradOp(Norm kind, int axis, double epsilon, bool scaled, bool shifted)
      : kind(kind), axis(axis), epsilon(epsilon), scaled(scaled), shifted(shifted) {}
  std::string_view name() const override { return kind == Norm::batch ? "NormalizeBatchGrad" : "NormalizeRowsGrad"; }
  void attributes(Attributes& a) const override {
    a("kind", name_of(kind))("axis", axis)("epsilon", epsilon)("scaled", scaled)("shifted", shifted);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Norm kind;
  const int axis;
  const double epsilon;
  const bool scaled, shifted;
};

namespace prim {
// y has the shape of x; mean and variance that of the statistics (normalize.h's head).
struct Normalized {
  Tensor y, mean, variance;
};
// scale and offset may be undefined.
Normalized normalize(Norm kind, const Tensor& x, int axis, const Tensor& scale, const Tensor& offset, double epsilon);
}  // namespace prim
}  // namespace lamina
