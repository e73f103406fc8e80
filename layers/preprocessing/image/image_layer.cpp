#include <cmath>

#include "layers/preprocessing/image/image_layer.h"

#include "backends/ops/public/ops.h"
#include "layers/reshaping/spatial.h"

namespace lamina {

namespace {

bool batched(const Tensor& images) {
  if (images.rank() == 3) return false;
  if (images.rank() == 4) return true;
  throw ValueError("Expected image tensor to have rank 3 (single image) or 4 (batch of images). Received: data.shape=",
                   images.shape());
}
Tensor tensor_of(const Value& v, std::optional<DType> dtype = {}) {
  const Tensor t = value_to<Operand>(v).value();
  return dtype ? ops::cast(t, *dtype) : t;
}
// f applied to a batch of one.
template <class F>
Tensor single(const Tensor& x, F&& f) {
  return ops::squeeze(f(ops::expand_dims(x, 0)), std::vector<int>{0});
}
Dict map_boxes(const Dict& boxes, const std::function<Tensor(const Tensor&)>& f) {
  Dict out = boxes;
  for (const char* key : {"boxes", "labels"}) out.set(key, f(out.at(key).as_tensor()));
  return out;
}

}  // namespace

void ImageLayer::set_up(ImageArgs& args) {
  channels_last_ = spatial::channels_last(args.data_format);
  if (!args.bounding_box_format.is_none() && !args.bounding_box_format.is_string())
    throw TypeError("Argument `bounding_box_format` must be a string or None. Received: ",
                    args.bounding_box_format.repr());
}
const std::string& ImageLayer::format() const { return image_args().data_format.as_string(); }
const std::string& ImageLayer::box_format() const {
  if (image_args().bounding_box_format.is_none() || image_args().bounding_box_format.as_string().empty())
    throw ValueError(
        "The data has 'bounding_boxes', whose format is not known. Pass `bounding_box_format` to the layer ",
        public_class_name(), ", for example `bounding_box_format='xyxy'`.");
  return image_args().bounding_box_format.as_string();
}
Shape ImageLayer::with_size(Shape images, int64_t height, int64_t width) const {
  images[images.rank() + height_axis()] = height;
  images[images.rank() + width_axis()] = width;
  return images;
}

Value ImageLayer::get_build_config() const { return built() ? Value(Dict{{"input_shape", Value()}}) : Value(); }

Tensor ImageLayer::images_of(const Value& data) {
  if (!data.is_dict()) return tensor_of(data);
  const Value* images = data.as_dict().find("images");
  if (!images) throw KeyError("The data is a dict without the key 'images'. Received: ", data.repr());
  return tensor_of(*images);
}

Dict ImageLayer::dense_boxes(const Value& v) const {
  const Value* boxes = v.is_dict() ? v.as_dict().find("boxes") : nullptr;
  const Value* labels = v.is_dict() ? v.as_dict().find("labels") : nullptr;
  if (!boxes || !labels)
    throw ValueError("Expected `bounding_boxes` to be a dict with the keys 'boxes' and 'labels'. Received: ", v.repr());
  if (boxes->is_list() && !labels->is_list())
    throw ValueError("If 'boxes' of `bounding_boxes` is a list, 'labels' must be one as well. Received: labels=",
                     labels->repr());
  Dict out = v.as_dict();
  const Tensor b = tensor_of(*boxes, DType::float32), l = tensor_of(*labels);
  if (b.rank() != 2 && b.rank() != 3)
    throw ValueError(
        "Expected 'boxes' of shape (boxes, 4) or (batch, boxes, 4). Received: bounding_boxes['boxes'].shape=",
        b.shape());
  // (boxes,) for the boxes of every image, (batch, boxes), or either with a vector for each box.
  if (l.rank() < 1 || l.rank() > b.rank())
    throw ValueError("Expected 'labels' of rank 1 to ", b.rank(), " for boxes of shape ", b.shape(),
                     ". Received: bounding_boxes['labels'].shape=", l.shape());
  out.set("boxes", b);
  out.set("labels", l);
  return out;
}

Dict ImageLayer::clipped(Dict d, const boxes::Side& height, const boxes::Side& width, const std::string& format) {
  const Tensor inside = boxes::clip(d.at("boxes").as_tensor(), height, width, format);
  d.set("boxes", inside);
  if (const Value* labels = d.find("labels"); labels && !labels->is_none())
    d.set("labels", boxes::labels_of_visible(tensor_of(*labels), inside));
  return d;
}

Tensor ImageLayer::transform_images(const Tensor& images, const Value& transformation, bool training) {
  const Tensor x = ops::cast(images, compute_dtype());
  return training ? moved(x, transformation, interpolation()) : x;
}
Dict ImageLayer::transform_bounding_boxes(const Dict& boxes, const Value&, bool) { return boxes; }
Tensor ImageLayer::transform_segmentation_masks(const Tensor& masks, const Value& transformation, bool training) {
  return training ? moved(masks, transformation, "nearest") : masks;
}

// Shapes and dtypes alone: nothing is drawn, so that the generator of random numbers stands where it stood.
Value ImageLayer::symbolic_result(const Value& data) const {
  auto transformed = [&](const Value& v) {
    const Tensor t = tensor_of(v);
    return Tensor::spec_only(transformed_shape(t.shape()), transformed_dtype(t.dtype()));
  };
  if (!data.is_dict()) return transformed(data);
  Dict out = data.as_dict();
  for (const char* key : {"images", "segmentation_masks"})
    if (const Value* v = out.find(key)) out.set(key, transformed(*v));
  if (const Value* v = out.find("bounding_boxes")) box_format(), out.set("bounding_boxes", dense_boxes(*v));
  return out;
}

Value ImageLayer::call(const List& inputs, const CallContext& context) {
  const Value& data = inputs[0];
  const Tensor images = images_of(data);
  const bool many = batched(images);
  if (images.shape_only() || !images.shape().known()) return symbolic_result(data);
  // Unlike other layers, these act unless they are told that it is not training.
  const bool training = context.training || inherited_training().value_or(true);
  const Value t = get_random_transformation(data, training, {});
  auto each = [&](const Tensor& x, auto&& f) { return many ? f(x) : single(x, f); };
  auto of_images = [&](const Tensor& x) { return transform_images(x, t, training); };
  if (!data.is_dict()) return each(images, of_images);
  Dict out = data.as_dict();
  out.set("images", each(images, of_images));
  if (const Value* v = out.find("bounding_boxes")) {
    box_format();
    const Dict dense = dense_boxes(*v);
    if (many)
      out.set("bounding_boxes", transform_bounding_boxes(dense, t, training));
    else
      out.set("bounding_boxes",
              map_boxes(transform_bounding_boxes(
                            map_boxes(dense, [](const Tensor& x) { return ops::expand_dims(x, 0); }), t, training),
                        [](const Tensor& x) { return ops::squeeze(x, std::vector<int>{0}); }));
  }
  if (const Value* v = out.find("labels"))
    out.set("labels", each(tensor_of(*v), [&](const Tensor& x) { return transform_labels(x, t, training); }));
  if (const Value* v = out.find("segmentation_masks"))
    out.set("segmentation_masks",
            each(tensor_of(*v), [&](const Tensor& x) { return transform_segmentation_masks(x, t, training); }));
  return out;
}

FactorRange factor_range(const Value& factor, const char* name, double least, double most, FactorBounds bounds) {
  const bool open_below = bounds == FactorBounds::open_below;
  auto fail = [&] {
    throw ValueError("The `", name, "` argument should be a number (or a list of two numbers) in the range ",
                     open_below ? "(" : "[", least, ", ", most, "]. Received: ", name, "=", factor.repr());
  };
  auto check = [&](const Value& v) {
    if (!v.is_number()) fail();
    const double f = v.as_number();
    if (!(f >= least && f <= most) || (open_below && f == least)) fail();
  };
  if (factor.is_sequence()) {
    const List& two = factor.as_list();
    if (two.size() != 2) fail();
    if (bounds != FactorBounds::overlapping)
      check(two[0]), check(two[1]);
    else if (!two[0].is_number() || !two[1].is_number() || two[0].as_number() > most || two[1].as_number() < least)
      fail();
    return two[0].as_number() <= two[1].as_number() ? FactorRange{two[0], two[1]} : FactorRange{two[1], two[0]};
  }
  check(factor);
  const bool whole = factor.is_int();
  const double size = std::abs(factor.as_number()), low = std::max(-size, least);
  auto number = [](double v, bool as_int) { return as_int ? Value(static_cast<int64_t>(v)) : Value(v); };
  return {number(low, whole || low == std::trunc(low)), number(size, whole)};
}

void check_fill(const std::string& fill_mode, const std::string& interpolation) {
  for (const char* known : {"reflect", "wrap", "constant", "nearest"})
    if (fill_mode == known) {
      if (interpolation == "nearest" || interpolation == "bilinear") return;
      throw UnsupportedError("Unknown `interpolation` ", interpolation, ". Expected of one (nearest, bilinear).");
    }
  throw UnsupportedError("Unknown `fill_mode` ", fill_mode, ". Expected of one (reflect, wrap, constant, nearest).");
}

Value sorted_value_range(const Value& range) {
  if (!range.is_sequence() || range.as_list().size() != 2 || !range.as_list()[0].is_number() ||
      !range.as_list()[1].is_number())
    throw ValueError("The `value_range` argument should be a list of two numbers. Received: value_range=",
                     range.repr());
  const List& two = range.as_list();
  return two[0].as_number() <= two[1].as_number() ? List{two[0], two[1]} : List{two[1], two[0]};
}

Shape one_per_image(const Shape& images) {
  if (images.rank() == 3) return {1, 1, 1};
  if (images.rank() == 4) return {images[0], 1, 1, 1};
  throw ValueError("Expected the input image to be rank 3 or 4. Received inputs.shape=", images);
}
int64_t count_images(const Shape& images) { return one_per_image(images)[0]; }

Tensor to_range(const Tensor& images, const Value& from, const Value& to, DType dtype) {
  const List &f = from.as_list(), &t = to.as_list();
  if (f[0].as_number() == t[0].as_number() && f[1].as_number() == t[1].as_number()) return images;
  auto number = [dtype](const Value& v) { return ops::cast(Operand(v.as_number()), dtype); };
  const Tensor low = number(f[0]), target = number(t[0]);
  const Tensor share = (ops::cast(images, dtype) - low) / (number(f[1]) - low);
  return share * (number(t[1]) - target) + target;
}
Tensor cut_to_range(const Tensor& images, const Value& range) {
  return ops::clip(images, value_to<Operand>(range.as_list()[0]), value_to<Operand>(range.as_list()[1]));
}
Tensor over_images(const Tensor& numbers) { return ops::reshape(numbers, {-1, 1, 1, 1}); }
Tensor draw_chosen(int64_t count, const Value& range, const Value& seed) {
  const List& two = range.as_list();
  const Tensor probability = random::uniform({count}, two[0].as_number(), two[1].as_number(), {}, seed);
  return ops::less(random::uniform({count}, 0.0, 1.0, {}, seed), probability);
}
Tensor part_of(const Value& transformation, const char* name) {
  const Value* part = transformation.is_dict() ? transformation.as_dict().find(name) : nullptr;
  if (!part)
    throw ValueError("Expected a transformation of this layer, a dict with '", name,
                     "', as get_random_transformation() gives it. Received: ", transformation.repr());
  return value_to<Operand>(*part).value();
}

}  // namespace lamina
