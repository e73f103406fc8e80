#include "layers/preprocessing/image/augmentations.h"

namespace lamina {

void Augmentations::add(Layer& owner, const std::string& name, const std::string& class_name, Dict config) {
  config.set("name", name);
  auto layer = std::dynamic_pointer_cast<ImageLayer>(find_class(class_name, "keras.layers")->make(config));
  owner.add_layer(name, layer);
  entries_.push_back({name, std::move(layer)});
}

ImageLayer& Augmentations::at(const std::string& name) const {
  std::string known;
  for (const Entry& e : entries_) {
    if (e.name == name) return *e.layer;
    known += (known.empty() ? "" : ", ") + e.name;
  }
  throw ValueError("A transformation names the layer '", name, "'. There are: ", known, ".");
}

void Augmentations::build(const BuildShapes& shapes) const {
  for (const Entry& e : entries_) e.layer->build_from(shapes);
}

void add_augmentations(Augmentations& to, Layer& owner, const AugmentationChoice& c,
                       const std::vector<std::string>& names) {
  const Value range = c.value_range, seed = c.seed;
  const auto bits = static_cast<int64_t>(8 * c.factor.as_list()[1].as_number());
  struct Kind {
    std::string name, class_name;
    Dict config;
  };
  const Dict moving = {{"interpolation", c.interpolation}, {"seed", seed}},
             colours = {{"value_range", range}, {"seed", seed}}, factor = {{"factor", c.factor}};
  auto with = [](Dict a, const Dict& b) {
    for (const auto& [key, value] : b) a.set(key, value);
    return a;
  };
  const Kind kinds[] = {
      {"random_shear", "RandomShear", with(moving, {{"x_factor", c.factor}, {"y_factor", c.factor}})},
      {"random_translation", "RandomTranslation",
       with(moving, {{"height_factor", c.factor}, {"width_factor", c.factor}})},
      {"random_rotation", "RandomRotation", with(moving, factor)},
      {"random_brightness", "RandomBrightness", with(colours, factor)},
      {"random_color_degeneration", "RandomColorDegeneration", with(colours, factor)},
      {"random_contrast", "RandomContrast", with(colours, factor)},
      {"random_sharpness", "RandomSharpness", with(colours, factor)},
      {"random_posterization", "RandomPosterization", with(colours, {{"factor", std::max<int64_t>(1, bits)}})},
      {"solarization", "Solarization", with(colours, {{"addition_factor", c.factor}, {"threshold_factor", c.factor}})},
      {"auto_contrast", "AutoContrast", {{"value_range", range}}},
      {"equalization", "Equalization", {{"value_range", range}}},
  };
  for (const std::string& name : names)
    for (const Kind& kind : kinds) {
      if (kind.name != name) continue;
      Dict config = with(kind.config, {{"data_format", c.data_format}});
      if (!c.bounding_box_format.is_none()) config.set("bounding_box_format", c.bounding_box_format);
      if (!c.dtype.is_none()) config.set("dtype", c.dtype);
      to.add(owner, name, kind.class_name, std::move(config));
    }
}

}  // namespace lamina
