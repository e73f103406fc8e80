#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// Running sums or products along `axis`. `exclusive` leaves the element itself out; `reverse` runs from the end.
// The dtype is kept; float16 and bfloat16 accumulate in float32.
class CumulativeOp final : public Primitive {
 public:
  enum class Kind : uint8_t { sum, prod };
  CumulativeOp(Kind kind, int axis, bool reverse, bool exclusive)
      : kind(kind), axis(axis), reverse(reverse), exclusive(exclusive) {}
  std::string_view name() const override { return "Cumulative"; }
  void attributes(Attributes& a) const override {
    a("kind", kind == Kind::sum ? "sum" : "prod")("axis", axis)("reverse", reverse)("exclusive", exclusive);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
  const Kind kind;
  const int axis;
  const bool reverse, exclusive;
};

namespace prim {
// Sums or products of the elements up to each one along `axis`, without itself where `exclusive`, from the end
// where `reverse`.
Tensor cumulative(CumulativeOp::Kind kind, const Tensor& x, int axis, bool reverse = false, bool exclusive = false);
}  // namespace prim
}  // namespace lamina
