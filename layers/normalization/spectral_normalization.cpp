#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"
#include "serialization/objects/object_config.h"

namespace lamina {

namespace {

struct SpectralNormalizationArgs {
  Value layer;
  int64_t power_iterations = 1;
  void fields(Fields& f) {
    f("layer", layer, "The layer whose kernel (or embeddings) is normalised.").required();
    f("power_iterations", power_iterations, "Steps of the power iteration a call.");
  }
};

// In training the wrapped layer's kernel W, as a matrix (-1, n), is divided by an estimate of its largest singular
// value, from power iterations that start at the last call's vector u (Miyato et al., 2018).
class SpectralNormalizationLayer final : public LayerWith<SpectralNormalizationArgs> {
 public:
  explicit SpectralNormalizationLayer(SpectralNormalizationArgs a = {}, LayerArgs base = {})
      : LayerWith(std::move(a), std::move(base)) {
    layer_ = args.layer.is_object() || is_serialized_object(args.layer)
                 ? std::dynamic_pointer_cast<Layer>(get_object(args.layer, "keras.layers"))
                 : nullptr;
    if (!layer_)
      throw ValueError(
          "Layer ", args.layer.repr(),
          " supplied to Wrapper isn't a supported layer type. Please ensure wrapped layer is a valid Keras layer.");
    if (args.power_iterations <= 0)
      throw ValueError(
          "`power_iterations` should be greater than zero. Received: `power_iterations=", args.power_iterations, "`");
    args.layer = Value(layer_);
    add_layer("layer", layer_);
  }
  std::string class_name() const override { return "SpectralNormalization"; }
  bool call_takes_training() const override { return true; }
  Dict get_config() const override {
    Dict config = LayerWith::get_config();
    config.set("layer", serialize_object(layer_));
    return config;
  }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    if (!layer_->built())
      layer_->build_from(BuildShapes(
          Dict{{layer_->call_arguments().empty() ? "inputs" : layer_->call_arguments()[0], shapes.first()}}));
    InputSpec spec;
    spec.min_ndim = 1;
    const Shape input = shapes.shape();
    if (input.rank()) spec.axes[-1] = input.back();
    input_spec_ = {spec};
    for (const Variable& v : layer_->weights())
      if (v.name() == "kernel" || v.name() == "embeddings") {
        kernel_ = v;
        break;
      }
    if (!kernel_.defined())
      throw ValueError(layer_->public_class_name(), " object has no attribute 'kernel' nor 'embeddings'");
    track_variable(kernel_);  // Keras' wrapper counts it among its own weights, and so do files
    u_ = add_weight("vector_u", {1, kernel_.shape().back()},
                    {.initializer = InitializerRef::make("TruncatedNormal", {{"stddev", 0.02}}),
                     .dtype = kernel_.dtype(),
                     .trainable = false});
  }
  Tensor call(const Tensor& x, const CallContext& c) override {
    if (c.training && !x.shape_only()) normalize_kernel();
    return prim::cast((*layer_)(x), x.dtype());
  }
  Value compute_output_shape(const BuildShapes& shapes) override { return layer_->compute_output_shape(shapes); }

 private:
  void normalize_kernel() {
    using namespace prim;
    Tensor w = kernel_.value(), u = cast(u_.value(), w.dtype()), v;
    Tensor matrix = reshape(w, {w.size() / w.shape().back(), w.shape().back()});
    for (int64_t i = 0; i < args.power_iterations; ++i) {
      v = unit(matmul(u, matrix, false, true));
      u = unit(matmul(v, matrix));
    }
    u = stop_gradient(u), v = stop_gradient(v);
    Tensor sigma = reshape(matmul(matmul(v, matrix), u, false, true), {});
    // A kernel of zeros stays one.
    Tensor zeros = logical_not(reduce_all(Reduce::any, binary(Binary::not_equal, w, full({}, 0, w.dtype()))));
    Tensor divisor = where(zeros, full({}, 1, w.dtype()), sigma);
    u_.assign(where(zeros, cast(u_.value(), w.dtype()), u));
    kernel_.assign(divide(w, divisor));
  }
  static Tensor logical_not(const Tensor& x) { return prim::unary(Unary::logical_not, x); }
  static Tensor unit(const Tensor& x) {  // a norm of 0 counts as 1
    using namespace prim;
    Tensor norm = prim::sqrt(reduce_all(Reduce::sum, square(x)));
    return divide(x, where(binary(Binary::equal, norm, full({}, 0, x.dtype())), full({}, 1, x.dtype()), norm));
  }
  LayerPtr layer_;
  Variable kernel_, u_;
};
LAMINA_LAYER(SpectralNormalizationLayer, "SpectralNormalization",
             "Keeps the largest singular value of a layer's kernel at 1.",
             Doc{.call = "inputs: A tensor.\ntraining: Whether the vectors of the power iteration move on.",
                 .input = "That of the layer inside.",
                 .output = "That of the layer inside.",
                 .raises = "ValueError: if `power_iterations` is not positive or the layer has no kernel.",
                 .source = "Miyato et al., \"Spectral Normalization for Generative Adversarial Networks\" (2018).",
                 .example = R"py(
>>> layer = keras.layers.SpectralNormalization(keras.layers.Dense(4))
>>> layer(keras.ops.ones((2, 3))).shape
(2, 4))py"});

}  // namespace
}  // namespace lamina
