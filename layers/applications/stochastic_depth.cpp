#include "backends/ops/public/ops.h"
#include "backends/ops/public/random.h"
#include "layers/applications/application_layer.h"

namespace lamina {

namespace {

struct StochasticDepthArgs {
  double drop_path_rate = 0;
  void fields(Fields& f) {
    f("drop_path_rate", drop_path_rate, "Share of the samples whose path is dropped in training, in [0, 1).")
        .required();
  }
};

// ConvNeXt's layer: in training a whole sample is 0 with probability drop_path_rate, else scaled by 1 / (1 -
// drop_path_rate).
class StochasticDepth final : public ApplicationLayer<StochasticDepthArgs> {
 public:
  static constexpr const char* kModule = "keras.src.applications.convnext";
  explicit StochasticDepth(StochasticDepthArgs a = {}, LayerArgs base = {})
      : ApplicationLayer(std::move(a), std::move(base)) {
    set_built(true);
  }
  std::string class_name() const override { return "StochasticDepth"; }
  std::string module() const override { return kModule; }
  bool call_takes_training() const override { return true; }
  using Layer::call;
  Tensor call(const Tensor& x, const CallContext& c) override {
    if (!c.training) return x;
    double keep = 1 - args.drop_path_rate;
    Shape shape = x.shape();
    for (int i = 1; i < shape.rank(); ++i) shape[i] = 1;
    if (!shape.known()) return x;
    return ops::multiply(ops::divide(x, keep), ops::floor(ops::add(random::uniform(shape, 0.0, 1.0), keep)));
  }
};
const ApplicationLayerRegistration<StochasticDepth> stochastic_depth(
    "StochasticDepth", "ConvNeXt's layer: drops the path of whole samples at random in training.",
    Doc{.call = "inputs: A tensor.\ntraining: Whether the layer runs in training mode.",
        .input = "A tensor (batch, ...).",
        .output = "That of the input.",
        .source = "Huang et al., \"Deep Networks with Stochastic Depth\" (2016)."});

}  // namespace
}  // namespace lamina
