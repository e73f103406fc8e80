#pragma once
// Results whose gradient is given as a function, in place of the one that follows from how they were computed.
#include <functional>

#include "backends/core/primitive.h"

namespace lamina {

// Inputs: what the gradients are by, then the results. Outputs: the results.
class CustomGradientOp final : public Primitive {
 public:
  // The sources, and the gradients of the results -> those of each source; undefined for none.
  using Rule = std::function<Tensors(std::span<const Tensor> sources, const Tensors& gradients)>;
  CustomGradientOp(size_t sources, Rule rule);
  std::string_view name() const override { return "CustomGradient"; }
  void attributes(Attributes& a) const override { a("sources", sources)("id", id); }
  std::vector<TensorSpec> infer(std::span<const TensorSpec> in) const override {
    return {in.begin() + static_cast<std::ptrdiff_t>(sources), in.end()};
  }
  Tensors vjp(const VjpContext&) const override;
  const size_t sources;
  const uint64_t id;  // functions cannot be compared: no two are the same op
  const Rule rule;
};

namespace prim {
// `results`, whose gradients by `sources` are what `rule` makes of the results' own. ValueError, when they are asked
// for, if the rule gives another number of them or other shapes.
Tensors custom_gradient(const Tensors& sources, const Tensors& results, CustomGradientOp::Rule rule);
}  // namespace prim
}  // namespace lamina
