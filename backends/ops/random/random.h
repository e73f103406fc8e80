#pragma once
// Random numbers from a counter: Philox-4x32-10 (Salmon et al., 2011) keyed by a seed tensor, uint32 (2,). Element i of
// a draw depends only on the seed, the stream and i, so every engine, device and thread count gives the same bits.
#include "backends/core/primitive.h"

namespace lamina {

// seed (2,) -> shape. bits: uint32; uniform: float32/float64 in [0, 1); normal: float32/float64, mean 0, deviation 1
// (Box-Muller). `stream` tells several draws from one seed apart.
class RandomOp final : public Primitive {
 public:
  enum class Kind : uint8_t { bits, uniform, normal };
  RandomOp(Kind kind, const Shape& shape, DType dtype, uint32_t stream)
      : kind(kind), shape(shape), dtype(dtype), stream(stream) {}
  std::string_view name() const override { return "Random"; }
  void attributes(Attributes& a) const override {
    a("kind", static_cast<int>(kind))("shape", shape)("dtype", dtype)("stream", stream);
  }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const Kind kind;
  const Shape shape;
  const DType dtype;
  const uint32_t stream;
};

// Draws that take a varying number of bits. gamma: seed, shape parameter alpha (float32) -> scale 1 (Marsaglia-Tsang).
// binomial: seed, counts, probabilities (float32, one shape) -> float32.
class RandomDrawOp final : public Primitive {
 public:
  enum class Kind : uint8_t { gamma, binomial };
  RandomDrawOp(Kind kind, uint32_t stream) : kind(kind), stream(stream) {}
  std::string_view name() const override { return "RandomDraw"; }
  void attributes(Attributes& a) const override { a("kind", static_cast<int>(kind))("stream", stream); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  // Of gamma by alpha: each number moves with the distribution that it was drawn from (GammaSlopeOp). Counts do not
  // move.
  bool differentiable() const override { return kind == Kind::gamma; }
  Tensors vjp(const VjpContext&) const override;
  const Kind kind;
  const uint32_t stream;
};

// dx / dalpha of numbers x drawn from the gamma distribution with shape parameter alpha, its distribution function's
// value held:
// -(dP(alpha, x) / dalpha) / (dP(alpha, x) / dx) (implicit reparametrisation: Figurnov, Mohamed and Mnih, 2018). Inputs
// alpha, x of one shape, float32 or float64. Its own gradient is an UnsupportedError.
class GammaSlopeOp final : public Primitive {
 public:
  std::string_view name() const override { return "GammaSlope"; }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  Tensors vjp(const VjpContext&) const override;
};

namespace prim {
// The derivative of a draw x of a gamma distribution by its shape parameter alpha, elementwise.
Tensor gamma_slope(const Tensor& alpha, const Tensor& x);
// Draws of one Philox stream of the seed, two uint32: the same for every thread count, device and instruction set.
Tensor random_bits(const Tensor& seed, const Shape& shape, uint32_t stream = 0);
Tensor random_uniform(const Tensor& seed, const Shape& shape, DType dtype, uint32_t stream = 0);  // any float dtype
Tensor random_normal(const Tensor& seed, const Shape& shape, DType dtype, uint32_t stream = 0);
Tensor random_gamma(const Tensor& seed, const Tensor& alpha, uint32_t stream = 0);
Tensor random_binomial(const Tensor& seed, const Tensor& counts, const Tensor& probabilities, uint32_t stream = 0);
}  // namespace prim
}  // namespace lamina
