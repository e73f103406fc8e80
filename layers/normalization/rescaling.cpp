#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct RescalingArgs {
  Value scale, offset = 0.0;
  void fields(Fields& f) {
    f("scale", scale, "Factor.").required();
    f("offset", offset, "Added afterwards.");
  }
};
class RescalingLayer final : public LayerWith<RescalingArgs> {
 public:
  explicit RescalingLayer(RescalingArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "Rescaling"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override {
    Tensor y = prim::cast(x, compute_dtype());
    y = prim::multiply(y, value_to<Operand>(args.scale).as(compute_dtype()));
    return prim::add(y, value_to<Operand>(args.offset).as(compute_dtype()));
  }
};
LAMINA_LAYER(RescalingLayer, "Rescaling", "x * scale + offset.",
             Doc{.call = about::inputs, .input = "Any.", .output = "That of the input.", .example = R"py(
>>> keras.layers.Rescaling(1 / 255)(keras.ops.array([0.0, 255.0]))
<Tensor shape=(2,), dtype=float32, values=[0. 1.]>)py"});

}  // namespace
}  // namespace lamina
