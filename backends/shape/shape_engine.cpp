// The engine for shape-only tensors: infers specs and runs nothing. Symbolic models and compute_output_spec live on it.
#include "backends/core/engine.h"
#include "backends/core/variable.h"

namespace lamina {

namespace {

class ShapeEngine final : public Engine {
 public:
  Tensors apply(const Op& op, std::span<const Tensor> inputs) override {
    std::vector<TensorSpec> specs;
    for (const Tensor& t : inputs) specs.push_back(t.spec());
    Tensors out;
    for (const TensorSpec& s : infer_checked(*op, specs)) out.push_back(Tensor::spec_only(s.shape, s.dtype));
    return out;
  }
  Tensor read(VariableState& variable) override { return Tensor::spec_only(variable.shape, variable.dtype); }
  void assign(VariableState&, const Tensor&) override {}
};

}  // namespace

Engine& shape_engine() {
  static ShapeEngine engine;
  return engine;
}

}  // namespace lamina
