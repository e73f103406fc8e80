#pragma once
// Layers on images that consist of others.
#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

// Layers by the names under which their owner has them.
class Augmentations {
 public:
  struct Entry {
    std::string name;
    std::shared_ptr<ImageLayer> layer;
  };
  // Makes a layer of the class `class_name` and has the owner track it.
  void add(Layer& owner, const std::string& name, const std::string& class_name, Dict config);
  const std::vector<Entry>& all() const { return entries_; }
  size_t size() const { return entries_.size(); }
  ImageLayer& at(const std::string& name) const;  // ValueError naming those there are
  void build(const BuildShapes& shapes) const;

 private:
  std::vector<Entry> entries_;
};

// What RandAugment and AugMix choose from.
struct AugmentationChoice {
  Value factor, value_range, seed, data_format, bounding_box_format, dtype;
  std::string interpolation;
};
// The ten or seven, in the order of `names`.
void add_augmentations(Augmentations& to, Layer& owner, const AugmentationChoice& choice,
                       const std::vector<std::string>& names);

}  // namespace lamina
