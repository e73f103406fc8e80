#include "backends/ops/public/ops.h"
#include "layers/applications/application_layer.h"

namespace lamina {

namespace {

struct CustomScaleArgs {
  double scale = 1;
  void fields(Fields& f) { f("scale", scale, "Factor of the second input.").required(); }
};

// InceptionResNetV2's layer: the first of two inputs plus the second times a constant.
class CustomScaleLayer final : public ApplicationLayer<CustomScaleArgs> {
 public:
  static constexpr const char* kModule = "keras.src.applications.inception_resnet_v2";
  explicit CustomScaleLayer(CustomScaleArgs a = {}, LayerArgs base = {})
      : ApplicationLayer(std::move(a), std::move(base)) {
    set_built(true);
  }
  std::string class_name() const override { return "CustomScaleLayer"; }
  std::string module() const override { return kModule; }
  using Layer::call;
  Tensor call(const Tensors& xs, const CallContext&) override {
    if (xs.size() != 2)
      throw ValueError("A `CustomScaleLayer` should be called on exactly 2 inputs. Received ", xs.size(), " in ",
                       describe(), ".");
    return ops::add(xs[0], ops::multiply(xs[1], args.scale));
  }
};
const ApplicationLayerRegistration<CustomScaleLayer> custom_scale_layer(
    "CustomScaleLayer", "InceptionResNetV2's layer: the first input plus the second times `scale`.",
    Doc{.call = "inputs: A list of two tensors: what is kept, and what is scaled and added.",
        .input = "Two tensors of one shape.",
        .output = "That of the inputs.",
        .source = "Keras' InceptionResNetV2."});

}  // namespace
}  // namespace lamina
