#pragma once
// What layers on images share: their data is a tensor (height, width, channels) or a batch of them, or a dict with
// "images" and any of "labels", "bounding_boxes" ({"boxes", "labels"}) and "segmentation_masks". One transformation is
// drawn for a call, and applied to each of them.
#include "layers/preprocessing/image/bounding_boxes.h"
#include "layers/seed_source.h"

namespace lamina {

// Texts that the descriptions of layers on images share.
namespace about {
inline constexpr const char* image_call =
    "data: Images, or a dict of \"images\" and any of \"labels\", \"bounding_boxes\" and "
    "\"segmentation_masks\".\ntraining: Whether the layer runs in training mode, as it does by default.";
inline constexpr const char* images =
    "A tensor (batch, rows, columns, channels) or (rows, columns, channels), or the channels in front of the rows with "
    "\"channels_first\".";
inline constexpr const char* image_source = "Keras.";
}  // namespace about

struct ImageArgs {
  Value data_format, bounding_box_format;
  void image_fields(Fields& f) { format_field(f), box_field(f); }
  // The two apart, for layers with another argument between them.
  void format_field(Fields& f) {
    f("data_format", data_format, "channels_last or channels_first; None is the configured one.");
  }
  void box_field(Fields& f) {
    f("bounding_box_format", bounding_box_format, "Format of bounding boxes in the data.").hidden();
  }
};

// The base of layers on images: a call draws a transformation, and applies it to images, labels, boxes and masks alike.
class ImageLayer : public Layer {
 public:
  using Layer::Layer;
  // --- A call is these (public methods of Keras' layers). A transformation is what the layer's own methods agree on.
  virtual Value get_random_transformation(const Value& data, bool training, const Value& seed) { return {}; }
  virtual Tensor transform_images(const Tensor& images, const Value& transformation, bool training);
  virtual Tensor transform_labels(const Tensor& labels, const Value& transformation, bool training) { return labels; }
  virtual Dict transform_bounding_boxes(const Dict& boxes, const Value& transformation, bool training);
  virtual Tensor transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training);
  // The shape of images after the layer; sizes may be unknown.
  virtual Shape transformed_shape(const Shape& images) const { return images; }
  virtual DType transformed_dtype(DType images) const { return compute_dtype(); }

  // --- Layer
  using Layer::call;
  Value call(const List& inputs, const CallContext& context) override;
  std::vector<std::string> call_arguments() const override { return {"data"}; }
  bool call_takes_training() const override { return true; }
  Value get_build_config() const override;  // an "input_shape" of None, as Keras writes it: nothing is built from it
  void build_from_config(const Dict& config) override {}

  // {"boxes", "labels"} with lists as tensors. ValueError for anything else.
  Dict dense_boxes(const Value& bounding_boxes) const;
  static Tensor images_of(const Value& data);
  // Boxes as they are cut to an image: outside of it they lose their label.
  static Dict clipped(Dict boxes, const boxes::Side& height, const boxes::Side& width,
                      const std::string& format = "xyxy");

 protected:
  virtual const ImageArgs& image_args() const = 0;
  // Images (or masks, with "nearest") moved by the transformation; in training alone.
  virtual Tensor moved(const Tensor& images, const Value& transformation, const std::string& interpolation) {
    return images;
  }
  virtual std::string interpolation() const { return "bilinear"; }
  void set_up(ImageArgs& args);  // reads and checks the arguments that all have

  bool channels_last() const { return channels_last_; }
  int height_axis() const { return channels_last_ ? -3 : -2; }
  int width_axis() const { return height_axis() + 1; }
  int channel_axis() const { return channels_last_ ? -1 : -3; }
  int64_t height_of(const Shape& images) const { return images[images.rank() + height_axis()]; }
  int64_t width_of(const Shape& images) const { return images[images.rank() + width_axis()]; }
  Shape with_size(Shape images, int64_t height, int64_t width) const;
  const std::string& format() const;  // data_format
  const std::string& box_format() const;
  Value seed_or_own(const Value& seed) const { return seed.is_none() ? source_ : seed; }
  Value source_;

 private:
  bool channels_last_ = true;
  Value symbolic_result(const Value& data) const;
};

// An image layer with the argument struct A.
template <class A>
class ImageLayerWith : public Configured<ImageLayer, A> {
 public:
  explicit ImageLayerWith(const A& a = {}, LayerArgs base = {}) : Configured<ImageLayer, A>(a, std::move(base)) {
    this->set_up(this->args);
  }
  bool set_argument(const std::string& name, const Value& value) override {
    if (!set_field(this->class_name(), name, value, [this](Fields& f) { this->args.fields(f); })) return false;
    this->note_change();
    return true;
  }
  Dict get_config() const override {
    Dict config = Configured<ImageLayer, A>::get_config();
    if (!this->args.bounding_box_format.is_none()) config.set("bounding_box_format", this->args.bounding_box_format);
    return config;
  }

 protected:
  const ImageArgs& image_args() const override { return this->args; }
};

// A layer that changes colours alone: masks and boxes stay.
template <class A>
class ColourLayerWith : public ImageLayerWith<A> {
 public:
  using ImageLayerWith<A>::ImageLayerWith;
  Tensor transform_segmentation_masks(const Tensor& masks, const Value&, bool) override { return masks; }
};

// Values of one range, a pair of numbers, in another, computed in `dtype`; as they are where both are equal.
Tensor to_range(const Tensor& images, const Value& from, const Value& to, DType dtype);
Tensor cut_to_range(const Tensor& images, const Value& range);
inline Value colour_range() { return Value::tuple({0, 255}); }  // in which layers compute
// (batch,) as (batch, 1, 1, 1).
Tensor over_images(const Tensor& numbers);
// Whether each of `count` images is changed, bool (count,): with a probability that is drawn within `range`.
Tensor draw_chosen(int64_t count, const Value& range, const Value& seed);
// The part of a transformation. ValueError where it is none of the layer's.
Tensor part_of(const Value& transformation, const char* name);

// --- Arguments that several layers have.
// A number f stands for (-f, f) within the bounds, two numbers for themselves, sorted. ValueError beside the bounds.
// overlapping: two numbers need only have some part within the bounds; open_below: the lower bound is not allowed.
enum class FactorBounds : uint8_t { closed, open_below, overlapping };
// The bounds that a factor is drawn between.
struct FactorRange {
  Value lower, upper;
  double low() const { return lower.as_number(); }
  double high() const { return upper.as_number(); }
  Value pair() const { return Value::tuple({lower, upper}); }
};
// The range that a `factor` argument means, a number or a pair. ValueError outside [least, most].
FactorRange factor_range(const Value& factor, const char* name, double least, double most,
                         FactorBounds bounds = FactorBounds::closed);
// ValueError for modes that ops.image does not know.
void check_fill(const std::string& fill_mode, const std::string& interpolation);
// factor_range of the bounds 0 and 1, as most layers take it; a number f stands for (0, f).
inline Value share_range(const Value& factor, const char* name = "factor") {
  return factor_range(factor.is_none() ? 0.0 : factor, name, 0, 1, FactorBounds::overlapping).pair();
}
// Sorted; ValueError unless it is two numbers.
Value sorted_value_range(const Value& range);
// (batch, 1, 1, 1), or (1, 1, 1) for one image. ValueError for other ranks.
Shape one_per_image(const Shape& images);
int64_t count_images(const Shape& images);  // 1 for one image; ValueError for ranks other than 3 and 4

}  // namespace lamina
