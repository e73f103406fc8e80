// What layers on images have beside a call: their transformation, and its use on each part of the data; bounding boxes.
// The mel scale of layers on sounds.
#include "layers/preprocessing/image/image_layer.h"

#include <pybind11/stl.h>

#include "bindings/convert.h"
#include "layers/preprocessing/audio/mel_weights.h"

namespace lamina::bindings {

namespace {

boxes::Side side_of(py::handle size) {
  if (size.is_none()) return std::nullopt;
  return value_to<Operand>(to_value(size));
}
Tensor tensor_of(py::handle x) { return value_to<Operand>(to_value(x)).value(); }
ImageLayer& image_layer(Layer& l) {
  if (auto* layer = dynamic_cast<ImageLayer*>(&l)) return *layer;
  throw TypeError("Expected a layer on images. Received: ", l.describe());
}

}  // namespace

void bind_image_layers(py::module_& m) {
  m.def("image_layer_transformation", [](Layer& l, py::handle data, bool training, py::handle seed) {
    return to_python(image_layer(l).get_random_transformation(to_value(data), training, to_value(seed)));
  });
  m.def("image_layer_images", [](Layer& l, py::handle images, py::handle transformation, bool training) {
    return to_python(image_layer(l).transform_images(tensor_of(images), to_value(transformation), training));
  });
  m.def("image_layer_labels", [](Layer& l, py::handle labels, py::handle transformation, bool training) {
    return to_python(image_layer(l).transform_labels(tensor_of(labels), to_value(transformation), training));
  });
  m.def("image_layer_boxes", [](Layer& l, py::handle boxes, py::handle transformation, bool training) {
    ImageLayer& layer = image_layer(l);
    return to_python(
        Value(layer.transform_bounding_boxes(layer.dense_boxes(to_value(boxes)), to_value(transformation), training)));
  });
  m.def("image_layer_masks", [](Layer& l, py::handle masks, py::handle transformation, bool training) {
    return to_python(image_layer(l).transform_segmentation_masks(tensor_of(masks), to_value(transformation), training));
  });
  m.def("convert_boxes", [](py::handle b, const std::string& source, const std::string& target, py::handle height,
                            py::handle width, const std::string& dtype) {
    return to_python(boxes::convert(tensor_of(b), source, target, side_of(height), side_of(width), parse_dtype(dtype)));
  });
  m.def("clip_boxes", [](py::handle b, py::handle height, py::handle width, const std::string& format) {
    return to_python(boxes::clip(tensor_of(b), side_of(height), side_of(width), format));
  });
  m.def("labels_of_visible_boxes", [](py::handle labels, py::handle b) {
    return to_python(boxes::labels_of_visible(tensor_of(labels), tensor_of(b)));
  });
  m.def("mel_weights", [](int64_t mels, int64_t bins, double rate, double low, double high, const std::string& dtype) {
    return to_python(mel_weights(mels, bins, rate, low, high, parse_dtype(dtype)));
  });
  m.def("affine_boxes", [](py::handle b, const std::vector<py::object>& by, py::handle height, py::handle width,
                           double center_x, double center_y) {
    boxes::Affine parts;
    Tensor* members[] = {&parts.angle, &parts.translate_x, &parts.translate_y,
                         &parts.scale, &parts.shear_x,     &parts.shear_y};
    if (by.size() != std::size(members)) throw ValueError("An affine transformation has 6 parts, received ", by.size());
    for (size_t i = 0; i < std::size(members); ++i) *members[i] = tensor_of(by[i]);
    return to_python(boxes::affine(tensor_of(b), parts, value_to<Operand>(to_value(height)),
                                   value_to<Operand>(to_value(width)), center_x, center_y));
  });
}

}  // namespace lamina::bindings
