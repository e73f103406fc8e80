#pragma once
#include <cmath>

#include "backends/ops/random/random.h"

namespace lamina {

// seed (2,) -> shape, bool: where RandomOp's float32 uniform of the same seed, shape and stream is at least `rate`. The
// words are compared as they come, so that no numbers are written.
class RandomMaskOp final : public Primitive {
 public:
  RandomMaskOp(double rate, const Shape& shape, uint32_t stream) : rate(rate), shape(shape), stream(stream) {}
  std::string_view name() const override { return "RandomMask"; }
  void attributes(Attributes& a) const override { a("rate", rate)("shape", shape)("stream", stream); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override;
  bool differentiable() const override { return false; }
  const double rate;
  const Shape shape;
  const uint32_t stream;
};

// A uniform number is a whole number of 2^-24ths, so that comparing it with the rate is comparing integers: with this
// one.
inline uint32_t random_mask_least(double rate) {
  const double scaled = std::ceil(static_cast<double>(static_cast<float>(rate)) * 0x1p24);
  return scaled <= 0 ? 0 : scaled >= 0x1p24 ? 1u << 24 : static_cast<uint32_t>(scaled);
}

namespace prim {
// Booleans, true with probability 1 - rate: what dropout keeps.
Tensor random_mask(const Tensor& seed, const Shape& shape, double rate, uint32_t stream = 0);
}  // namespace prim
}  // namespace lamina
