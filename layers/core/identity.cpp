#include "layers/layer.h"

namespace lamina {

namespace {

struct NoArgs {
  void fields(Fields&) {}
};

class IdentityLayer final : public LayerWith<NoArgs> {
 public:
  explicit IdentityLayer(NoArgs a = {}, LayerArgs base = {}) : LayerWith(a, std::move(base)) {
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "Identity"; }
  using Layer::call;
  Value call(const List& inputs, const CallContext&) override { return inputs[0]; }
};
LAMINA_LAYER(IdentityLayer, "Identity", "Gives its input unchanged.",
             Doc{.call = about::inputs, .input = "Any.", .output = "That of the input.", .example = R"py(
>>> keras.layers.Identity()(keras.ops.array([1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[1. 2.]>)py"});

}  // namespace
}  // namespace lamina
