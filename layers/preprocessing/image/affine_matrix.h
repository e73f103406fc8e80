#pragma once
// Affine transformations as the eight numbers of ops::image::affine_transform, one row for an image.
#include "backends/ops/public/ops.h"

namespace lamina {

struct AffineParts {
  Tensor angle, translate_x, translate_y, scale, shear_x, shear_y;  // (batch,); angles in degrees
  double center_x = 0.5, center_y = 0.5;                            // shares of the image
};
Tensor affine_matrix(const AffineParts& parts, double height, double width);  // (batch, 8)
// (batch, 8) of columns a0, a1, a2, b0, b1, b2, each (batch, 1).
Tensor affine_rows(const Tensors& columns);

}  // namespace lamina
