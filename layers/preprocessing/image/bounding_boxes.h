#pragma once
// Bounding boxes (..., 4) in Keras' formats: xyxy, yxyx, xywh, center_xywh, center_yxhw, and rel_xyxy, rel_yxyx,
// rel_xywh, rel_center_xywh, which are shares of the image's size.
#include "backends/ops/public/operand.h"

namespace lamina::boxes {

// A size of the image that a format may need: a number or a tensor that broadcasts against one coordinate of the boxes.
using Side = std::optional<Operand>;

// ValueError for unknown formats, for boxes that have not 4 numbers, and if a size is missing.
Tensor convert(const Tensor& boxes, const std::string& source, const std::string& target, const Side& height = {},
               const Side& width = {}, DType dtype = DType::float32);
// The part inside of the image. `format` is xyxy or rel_xyxy.
Tensor clip(const Tensor& boxes, const Side& height, const Side& width, const std::string& format = "xyxy");
// -1 for the labels of boxes (xyxy) without area.
Tensor labels_of_visible(const Tensor& labels, const Tensor& boxes);

// One number a sample, each (batch,): degrees, shares of the image's sides, and a factor.
struct Affine {
  Tensor angle, translate_x, translate_y, scale, shear_x, shear_y;
};
// xyxy boxes (batch, boxes, 4) around their corners after the inverse of a transformation about (center_x, center_y).
Tensor affine(const Tensor& boxes, const Affine& by, const Operand& height, const Operand& width, double center_x = 0.5,
              double center_y = 0.5);

// The four coordinates, each (..., 1), and back.
Tensors coordinates(const Tensor& boxes);
Tensor from_coordinates(const std::vector<Operand>& four);

}  // namespace lamina::boxes
