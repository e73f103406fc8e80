#include "layers/preprocessing/image/affine_matrix.h"

#include <numbers>

namespace lamina {

Tensor affine_rows(const Tensors& c) {
  const Tensor zeros = ops::zeros_like(c[0]);
  return ops::concatenate({c[0], c[1], c[2], c[3], c[4], c[5], zeros, zeros}, 1);
}

// Scale * shear * rotation, about the centre.
Tensor affine_matrix(const AffineParts& p, double height, double width) {
  const double degree = std::numbers::pi / 180;
  const double cx = p.center_x * (width - 1), cy = p.center_y * (height - 1);
  const Tensor angle = p.angle * degree, cosine = ops::cos(angle), sine = ops::sin(angle);
  const Tensor shear_x = ops::tan(p.shear_x * degree), shear_y = ops::tan(p.shear_y * degree);
  const Tensor a0 = p.scale * (cosine + shear_x * sine), a1 = p.scale * (shear_x * cosine - sine);
  const Tensor b0 = p.scale * (shear_y * cosine + sine), b1 = p.scale * (cosine - shear_y * sine);
  const Tensor a2 = p.translate_x + cx - a0 * cx - a1 * cy, b2 = p.translate_y + cy - b0 * cx - b1 * cy;
  Tensors columns;
  for (const Tensor& t : {a0, a1, a2, b0, b1, b2}) columns.push_back(ops::expand_dims(t, 1));
  return affine_rows(columns);
}

}  // namespace lamina
