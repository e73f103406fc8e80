#include "backends/core/stack.h"
#include "backends/ops/control/unstack.h"
#include "backends/ops/primitives.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct TimeDistributedArgs {
  Value layer;
  void fields(Fields& f) { f("layer", layer, "The layer for every step.").required(); }
};

// A layer on every step of a sequence: (B, T, ...) -> (B, T, ...).
class TimeDistributedLayer final : public LayerWith<TimeDistributedArgs> {
 public:
  explicit TimeDistributedLayer(TimeDistributedArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    layer_ = (is_serialized_object(args.layer) ? Value(get_object(args.layer, "")) : args.layer).object_as<Layer>();
    if (!layer_)
      throw ValueError("Please initialize `TimeDistributed` layer with a `keras.layers.Layer` instance. Received: ",
                       args.layer.repr());
    supports_masking_ = true;
    track("layer", Value(layer_));
  }
  std::string class_name() const override { return "TimeDistributed"; }
  bool call_takes_mask() const override { return true; }
  bool call_takes_training() const override { return true; }
  Dict get_config() const override {
    Dict config = Layer::get_config();
    config.set("layer", serialize_object(layer_));
    return config;
  }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    layer_->build_from(BuildShapes(
        Dict{{layer_->user_class || layer_->call_arguments().empty() ? "inputs" : layer_->call_arguments()[0],
              Value(step_shape(shapes.first()))}}));
  }
  Value compute_output_shape(const BuildShapes& shapes) override {
    const Shape whole = shapes.first().as_shape();
    Shape out =
        layer_->compute_output_shape(BuildShapes(Dict{{"inputs", Value(step_shape(shapes.first()))}})).as_shape();
    out.insert(1, whole[1]);
    return Value(out);
  }
  Tensor call(const Tensor& x, const CallContext& c) override {
    step_shape(Value(x.shape()));
    const Tensor mask = c.mask_tensor();
    if (mask.defined()) check_mask(mask, x);
    const bool pass_mask = mask.defined() && accepts_mask();
    if (x.shape_only()) {  // sizes may be unknown: one step tells the others
      Tensor one =
          on_step(Tensor::spec_only(step_shape(Value(x.shape())), x.dtype()),
                  pass_mask ? Tensor::spec_only(without_time(mask.shape()), mask.dtype()) : Tensor(), c.training);
      Shape out = one.shape();
      out.insert(1, x.shape()[1]);
      return Tensor::spec_only(out, one.dtype());
    }
    if (rows_alone(*layer_)) {  // steps count as further rows
      Tensor y = on_step(fold(x), pass_mask ? fold(mask) : Tensor(), c.training);
      Shape out = y.shape();
      out[0] = x.shape()[0];
      out.insert(1, x.shape()[1]);
      return prim::reshape(y, out);
    }
    Tensors steps = prim::unstack(swapped(x)), masks = pass_mask ? prim::unstack(swapped(mask)) : Tensors(), out;
    for (size_t t = 0; t < steps.size(); ++t)
      out.push_back(on_step(steps[t], pass_mask ? masks[t] : Tensor(), c.training));
    return swapped(prim::stack(out));
  }

 private:
  static Shape without_time(Shape s) {
    s.erase(1);
    return s;
  }
  static Shape step_shape(const Value& given) {
    if (!is_shape(given) || given.as_list().size() < 3)
      throw ValueError(
          "`TimeDistributed` Layer should be passed an `input_shape` with at least 3 dimensions, received: ",
          given.repr());
    return without_time(given.as_shape());
  }
  static Tensor fold(const Tensor& t) {
    Shape s = t.shape();
    const int64_t rows = s[0] * s[1];
    s.erase(1);
    s[0] = rows;
    return prim::reshape(t, s);
  }
  static Tensor swapped(const Tensor& t) {
    std::vector<int> axes{1, 0};
    for (int i = 2; i < t.rank(); ++i) axes.push_back(i);
    return prim::transpose(t, axes);
  }
  static void check_mask(const Tensor& mask, const Tensor& x) {
    if (mask.rank() < 2)
      throw ValueError(
          "The `mask` passed to the `TimeDistributed` layer must be at least 2D (e.g., `(batch_size, timesteps)`), but "
          "it has ",
          mask.rank(), " dimension(s) with shape ", mask.shape(), ".");
    for (int i = 0; i < 2; ++i)
      if (mask.shape()[i] >= 0 && x.shape()[i] >= 0 && mask.shape()[i] != x.shape()[i])
        throw ValueError("The `mask` passed to the `TimeDistributed` layer has a shape ", mask.shape(),
                         " that is incompatible with the input shape ", x.shape(),
                         ". The first two dimensions of the mask (batch size and timesteps) must match the input's "
                         "first two dimensions. Expected mask shape prefix: (",
                         x.shape()[0], ", ", x.shape()[1], ").");
  }
  bool accepts_mask() const {
    if (!layer_->overrides(Method::call)) return layer_->call_takes_mask();
    auto names = layer_->user_class->arguments(Method::call);
    return std::find(names.begin(), names.end(), "mask") != names.end();
  }
  // Whether a layer treats every row of a batch by itself and changes no state: then steps may be rows of one call.
  static bool rows_alone(const Layer& layer) {
    check_stack("A layer in layers");
    if (layer.user_class || !layer.seed_generators().empty() || !layer.own_non_trainable().empty()) return false;
    for (const LayerPtr& sub : layer.sublayers())
      if (!rows_alone(*sub)) return false;
    return true;
  }
  // The layer's call itself, as Keras does it: no activity penalty, the mask where it is taken.
  Tensor on_step(const Tensor& x, const Tensor& mask, bool training) {
    if (layer_->overrides(Method::call)) {
      Dict kwargs;
      if (layer_->accepts_training()) kwargs.set("training", training);
      if (mask.defined()) kwargs.set("mask", mask);
      return layer_->user_class->call(Method::call, {x}, std::move(kwargs)).as_tensor();
    }
    CallContext context;
    context.training = training;
    context.mask = mask;
    Value out = layer_->call(List{x}, context);
    if (!out.is_tensor())
      throw ValueError("TimeDistributed needs a layer with one output; ", layer_->describe(), " gave ", out.repr(),
                       ".");
    return out.as_tensor();
  }
  LayerPtr layer_;
};
LAMINA_LAYER(
    TimeDistributedLayer, "TimeDistributed", "A layer on every step of a sequence.",
    Doc{.call =
            "inputs: A tensor.\ntraining: Whether the layer runs in training mode.\nmask: A bool tensor (batch, time).",
        .input = "A tensor (batch, time, ...), whose slices along time suit the layer inside.",
        .output = "A tensor (batch, time, ...) of the layer's outputs.",
        .raises = "ValueError: if the layer inside is none, or the input has fewer than three axes.",
        .example = R"py(
>>> keras.layers.TimeDistributed(keras.layers.Dense(4))(keras.ops.ones((1, 5, 3))).shape
(1, 5, 4))py"});

}  // namespace
}  // namespace lamina
