#include "layers/activation_argument.h"

namespace lamina {

namespace {

struct ActivationArgs {
  Activation activation;
  void fields(Fields& f) { f("activation", activation, "Function to apply.").required(); }
};
class ActivationLayer final : public LayerWith<ActivationArgs> {
 public:
  explicit ActivationLayer(ActivationArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    supports_masking_ = true;
    set_built(true);
  }
  std::string class_name() const override { return "Activation"; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext&) override { return args.activation(x); }
};
LAMINA_LAYER(ActivationLayer, "Activation", "Applies an activation function.",
             Doc{.call = about::inputs, .input = "Any.", .output = "That of the input.", .example = R"py(
>>> keras.layers.Activation("relu")(keras.ops.array([-1.0, 2.0]))
<Tensor shape=(2,), dtype=float32, values=[0. 2.]>)py"});

}  // namespace
}  // namespace lamina
