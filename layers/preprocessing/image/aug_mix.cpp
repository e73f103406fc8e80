#include "backends/ops/public/ops.h"
#include "layers/preprocessing/image/augmentations.h"

namespace lamina {

namespace {

struct AugMixArgs : ImageArgs {
  Value value_range = Value::tuple({0, 255});
  PositiveInt num_chains = 3, chain_depth = 3;
  Value factor = 0.3;
  double alpha = 1.0;
  bool all_ops = true;
  std::string interpolation = "bilinear";
  Value seed;
  void fields(Fields& f) {
    f("value_range", value_range, "The smallest and largest value of images.");
    f("num_chains", num_chains, "How many changed images are mixed.");
    f("chain_depth", chain_depth, "How many changes are made to each at most.");
    f("factor", factor, "How strong they are, in 0..1: f for (0, f), or two numbers.");
    f("alpha", alpha, "Of the distributions of weights: large ones mix evenly.");
    f("all_ops", all_ops, "Whether changes of brightness, colour, contrast and sharpness are among them.");
    f("interpolation", interpolation, "bilinear or nearest.");
    f("seed", seed, "An int or a SeedGenerator.");
    image_fields(f);
  }
};

class AugMixLayer final : public ImageLayerWith<AugMixArgs> {
 public:
  explicit AugMixLayer(AugMixArgs a = {}, LayerArgs base = {}) : ImageLayerWith(std::move(a), std::move(base)) {
    args.factor = share_range(args.factor);
    sorted_value_range(args.value_range);
    check_fill("constant", args.interpolation);
    if (!(args.alpha > 0)) throw ValueError("`alpha` must be above 0. Received: alpha=", args.alpha);
    if (args.num_chains > kMostSteps / args.chain_depth)
      throw ValueError("`num_chains` chains of `chain_depth` changes must be at most ", kMostSteps,
                       " changes. Received: num_chains=", int64_t{args.num_chains},
                       ", chain_depth=", int64_t{args.chain_depth});
    source_ = make_seed_source(*this, args.seed);
    std::vector<std::string> names = {"random_shear", "random_translation", "random_rotation", "random_posterization",
                                      "solarization", "auto_contrast",      "equalization"};
    if (args.all_ops)
      names.insert(names.end(),
                   {"random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness"});
    add_augmentations(layers_, *this,
                      {.factor = args.factor,
                       .value_range = args.value_range,
                       .seed = args.seed,
                       .data_format = args.data_format,
                       .bounding_box_format = args.bounding_box_format,
                       .dtype = layer_args().dtype,
                       .interpolation = args.interpolation},
                      names);
  }
  std::string class_name() const override { return "AugMix"; }
  void build(const BuildShapes& shapes) override { layers_.build(shapes); }

  // Which layers act is drawn as a number; where it is known, a step has its layer's name as in Keras. Inside of a
  // compiled function, where it is not, a step has what each of them would do.
  Value get_random_transformation(const Value& data, bool training, const Value& seed) override {
    if (!training) return {};
    const Value source = seed_or_own(seed);
    const Tensor shares = random::gamma({args.num_chains}, args.alpha, {}, source);
    const Tensor weight = random::beta({}, args.alpha, args.alpha, {}, source);
    List chains;
    for (int64_t c = 0; c < args.num_chains; ++c) {
      List steps;
      for (int64_t d = 0; d < args.chain_depth; ++d)
        if (Value step = draw_step(data, source); !step.is_none()) steps.push_back(std::move(step));
      chains.push_back(std::move(steps));
    }
    return Dict{{"chain_mixing_weights", shares / ops::sum(shares, std::vector<int>{-1}, true)},
                {"weight_sample", weight},
                {"chain_transforms", chains}};
  }
  Tensor transform_images(const Tensor& images, const Value& transformation, bool training) override {
    const Tensor x = ops::cast(images, compute_dtype());
    if (!training) return x;
    const Tensor out = mixed(x, transformation, [](ImageLayer& layer, const Tensor& t, const Value& by) {
      return layer.transform_images(t, by, true);
    });
    return ops::cast(cut_to_range(out, args.value_range), compute_dtype());
  }
  Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training) override {
    if (!training) return masks;
    return mixed(masks, transformation, [](ImageLayer& layer, const Tensor& t, const Value& by) {
      return layer.transform_segmentation_masks(t, by, true);
    });
  }

 private:
  static constexpr int64_t kMostSteps = 1000;

  Value draw_step(const Value& data, const Value& source) const {
    const Tensor chosen = random::randint({}, 0, static_cast<long>(layers_.size() + 1), DType::int32, source);
    Dict each;
    for (const auto& [name, layer] : layers_.all())
      each.set(name, layer->get_random_transformation(data, true, source));
    if (!chosen.has_data()) return Dict{{"layer_index", chosen}, {"transformations", each}};
    const auto at = static_cast<size_t>(chosen.item());
    if (at >= layers_.size()) return {};  // nothing is done
    const std::string& name = layers_.all()[at].name;
    return Dict{{"layer_name", name}, {"transformation", each.at(name)}};
  }

  template <class F>
  Tensor step_applied(const Tensor& x, const Dict& step, F&& f) const {
    if (const Value* name = step.find("layer_name"))
      return ops::cast(f(layers_.at(name->as_string()), x, step.at("transformation")), x.dtype());
    const Dict& each = step.at("transformations").as_dict();
    std::vector<std::function<Value(const List&)>> branches;
    for (const auto& entry : layers_.all())
      branches.push_back([&f, &x, layer = entry.layer.get(), by = each.at(entry.name)](const List& operands) -> Value {
        return ops::cast(f(*layer, operands[0].as_tensor(), by), x.dtype());
      });
    branches.emplace_back([](const List& operands) { return operands[0]; });
    return ops::switch_case(step.at("layer_index").as_tensor(), branches, {x}).as_tensor();
  }
  template <class F>
  Tensor mixed(const Tensor& x, const Value& transformation, F&& f) const {
    const Tensor shares = ops::cast(part_of(transformation, "chain_mixing_weights"), compute_dtype()),
                 weight = ops::cast(part_of(transformation, "weight_sample"), compute_dtype());
    Tensor sum = ops::zeros_like(x);
    const List& chains = transformation.as_dict().at("chain_transforms").as_list();
    for (size_t i = 0; i < chains.size(); ++i) {
      Tensor changed = x;
      for (const Value& step : chains[i].as_list()) changed = step_applied(changed, step.as_dict(), f);
      sum = sum + changed * ops::getitem(shares, static_cast<int64_t>(i));
    }
    return weight * x + (1.0 - weight) * sum;
  }

  Augmentations layers_;
};
LAMINA_LAYER(AugMixLayer, "AugMix", "Mixes images with differently changed copies of themselves.",
             Doc{.call = about::image_call,
                 .input = about::images,
                 .output = "That of the input.",
                 .raises = "ValueError: if `factor` is not within 0 and 1, or a count or `alpha` is not positive.",
                 .source = "Hendrycks, Mu, Cubuk, Zoph, Gilmer and Lakshminarayanan 2019, AugMix.",
                 .example = R"py(
>>> keras.layers.AugMix()(keras.ops.ones((1, 4, 4, 3))).shape
(1, 4, 4, 3))py"});

}  // namespace
}  // namespace lamina
