#pragma once
#include "backends/core/primitive.h"

namespace lamina {

// A tensor of one repeated value. No inputs; inside a trace it is a node that folding and fusion see through.
class FullOp final : public Primitive {
 public:
  FullOp(const Shape& shape, double value, DType dtype) : shape(shape), value(value), dtype(dtype) {}
  std::string_view name() const override { return "Full"; }
  void attributes(Attributes& a) const override { a("value", value)("shape", shape)("dtype", dtype); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec>) const override { return {{shape, dtype}}; }
  bool differentiable() const override { return false; }
  const Shape shape;
  const double value;
  const DType dtype;
};

// start, start+step, ... (count values).
class IotaOp final : public Primitive {
 public:
  IotaOp(int64_t count, double start, double step, DType dtype)
      : count(count), start(start), step(step), dtype(dtype) {}
  std::string_view name() const override { return "Iota"; }
  void attributes(Attributes& a) const override { a("count", count)("start", start)("step", step)("dtype", dtype); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec>) const override { return {{Shape{count}, dtype}}; }
  bool differentiable() const override { return false; }
  const int64_t count;
  const double start, step;
  const DType dtype;
};

namespace prim {
// `shape` of one value, converted to `dtype`.
Tensor full(const Shape& shape, double value, DType dtype);
// (count,): start, start + step, ...
Tensor iota(int64_t count, DType dtype, double start = 0, double step = 1);
}  // namespace prim
}  // namespace lamina
