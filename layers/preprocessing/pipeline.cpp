#include "layers/layer.h"

namespace lamina {

namespace {

struct PipelineArgs {
  Value layers;
  void fields(Fields& f) {
    f("layers", layers, "The layers, as a list or tuple; each takes the output of the one before.").required();
  }
};

class PipelineLayer final : public LayerWith<PipelineArgs> {
 public:
  explicit PipelineLayer(PipelineArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.layers.is_sequence())
      throw ValueError("`layers` must be a list or tuple of layers. Received: layers=", args.layers.repr());
    List kept;
    for (const Value& v : args.layers.as_list()) {
      const Value given = is_serialized_object(v) ? Value(get_object(v, "")) : v;
      auto layer = given.object_as<Layer>();
      if (!layer) throw ValueError("`layers` must be a list of layers. Received: ", v.repr());
      layers_.push_back(layer);
      kept.push_back(Value(layer));
    }
    args.layers = args.layers.is_tuple() ? Value::tuple(kept) : Value(kept);
    track("_pipeline_layers", Value(kept));
    set_autocast(false);
  }
  std::string class_name() const override { return "Pipeline"; }
  bool call_takes_training() const override { return true; }
  bool call_takes_mask() const override { return true; }

  using Layer::call;
  // Unlike other layers, this acts unless it is told that it is not training.
  Value call(const List& inputs, const CallContext& context) override {
    const bool training = context.training || inherited_training().value_or(true);
    Value x = inputs[0];
    for (size_t i = 0; i < layers_.size(); ++i) {
      Dict kwargs;
      if (layers_[i]->accepts_training()) kwargs.set("training", training);
      if (i == 0 && layers_[i]->call_takes_mask() && !context.mask.is_none()) kwargs.set("mask", context.mask);
      x = layers_[i]->invoke({x}, std::move(kwargs));
    }
    return x;
  }
  // Masks stand on what the layers gave.
  Value compute_mask(const Value&, const Value&) override { return {}; }
  Value get_build_config() const override { return {}; }

  Dict get_config() const override {
    List layers;
    for (const LayerPtr& layer : layers_) layers.push_back(serialize_object(layer));
    return {{"layers", layers}, {"name", name()}};
  }

 protected:
  bool loses_masks() const override { return false; }

 private:
  std::vector<LayerPtr> layers_;
};
LAMINA_LAYER(PipelineLayer, "Pipeline", "Layers one after the other, as one; for what prepares data.",
             Doc{.call = "inputs: What the first layer takes.\ntraining: Whether the layers run in training mode, as "
                         "they do by default.\nmask: Of the inputs.",
                 .input = "What the first layer takes.",
                 .output = "What the last layer gives.",
                 .raises = "ValueError: if `layers` is no list of layers.",
                 .source = "Keras.",
                 .example = R"py(
>>> pipeline = keras.layers.Pipeline([keras.layers.RandomFlip(), keras.layers.Rescaling(1 / 255)])
>>> pipeline(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
