#pragma once
// Random rectangles of images, one for each: what RandomErasing fills and CutMix exchanges.
#include "backends/ops/public/ops.h"

namespace lamina {

struct RandomBoxes {
  Tensor left, right, top, bottom;  // (batch,)
};
// Their sides are shares of the image's, each (batch,); their places are drawn.
inline RandomBoxes draw_boxes(const Tensor& wide, const Tensor& high, int64_t width, int64_t height, DType dtype,
                              const Value& seed) {
  auto draw = [&](const Tensor& share, int64_t size) {
    const auto whole = static_cast<double>(size);
    const Tensor length = ops::cast(share * whole, dtype);
    const Tensor start = random::uniform(length.shape(), 0.0, 1.0, dtype, seed) * (whole - length);
    return std::pair(start, start + length);
  };
  RandomBoxes out;
  std::tie(out.left, out.right) = draw(wide, width);
  std::tie(out.top, out.bottom) = draw(high, height);
  return out;
}

// Which elements of `images`, of that shape, lie within, for each channel alike.
inline Tensor within(const RandomBoxes& boxes, const Shape& images, bool channels_last, DType dtype) {
  const int rank = images.rank(), h = channels_last ? rank - 3 : rank - 2, c = channels_last ? rank - 1 : rank - 3;
  const int64_t height = images[h], width = images[h + 1], count = boxes.left.shape()[0];
  auto axis = [&](int64_t n, bool vertical) {
    const int64_t v = vertical ? n : 1, w = vertical ? 1 : n;
    return ops::reshape(ops::arange(Operand(static_cast<long>(n)), {}, {}, dtype),
                        channels_last ? Shape{1, v, w, 1} : Shape{1, 1, v, w});
  };
  const Tensor y = axis(height, true), x = axis(width, false);
  auto bound = [](const Tensor& t) { return ops::reshape(t, {-1, 1, 1, 1}); };
  const Tensor inside =
      ops::logical_and(ops::logical_and(ops::greater_equal(x, bound(boxes.left)), ops::less(x, bound(boxes.right))),
                       ops::logical_and(ops::greater_equal(y, bound(boxes.top)), ops::less(y, bound(boxes.bottom))));
  return ops::broadcast_to(
      inside, channels_last ? Shape{count, height, width, images[c]} : Shape{count, images[c], height, width});
}

}  // namespace lamina
