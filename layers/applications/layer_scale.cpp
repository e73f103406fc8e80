#include "backends/ops/public/ops.h"
#include "layers/applications/application_layer.h"

namespace lamina {

namespace {

struct LayerScaleArgs {
  double init_values = 0;
  PositiveInt projection_dim;
  void fields(Fields& f) {
    f("init_values", init_values, "What the scales begin with.").required();
    f("projection_dim", projection_dim, "Number of scales: the size of the input's last axis.").required();
  }
};

// ConvNeXt's layer: the input times a learned scale per channel.
class LayerScale final : public ApplicationLayer<LayerScaleArgs> {
 public:
  static constexpr const char* kModule = "keras.src.applications.convnext";
  explicit LayerScale(LayerScaleArgs a = {}, LayerArgs base = {}) : ApplicationLayer(std::move(a), std::move(base)) {}
  std::string class_name() const override { return "LayerScale"; }
  std::string module() const override { return kModule; }
  using Layer::build;
  using Layer::call;
  void build(const Shape&) override {
    // Keras leaves the weight without a name.
    auto initial = std::dynamic_pointer_cast<Initializer>(get_object(
        Dict{{"class_name", "Constant"}, {"config", Dict{{"value", args.init_values}}}}, "keras.initializers"));
    gamma_ = add_weight(auto_name("variable"), {args.projection_dim}, {.initializer = initial});
  }
  Tensor call(const Tensor& x, const CallContext&) override { return ops::multiply(x, gamma_); }

 private:
  Variable gamma_;
};
const ApplicationLayerRegistration<LayerScale> layer_scale(
    "LayerScale", "ConvNeXt's layer: the input times a learned scale per channel.",
    Doc{.call = about::inputs,
        .input = "Any whose last axis has the size `projection_dim`.",
        .output = "That of the input.",
        .source = "Touvron et al., \"Going Deeper with Image Transformers\" (2021)."});

}  // namespace
}  // namespace lamina
