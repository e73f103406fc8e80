#pragma once
// What the layers that cut images have in common.
#include <algorithm>

#include "layers/preprocessing/image/image_layer.h"

namespace lamina {

// The largest centred part of an image that has the proportions of (height, width).
struct CentredPart {
  int64_t top, left, height, width;
  CentredPart(int64_t image_height, int64_t image_width, int64_t want_height, int64_t want_width) {
    auto share = [](int64_t side, int64_t want, int64_t other) {
      return static_cast<int64_t>(static_cast<double>(side) * static_cast<double>(want) / static_cast<double>(other));
    };
    height = std::max<int64_t>(std::min(image_height, share(image_width, want_height, want_width)), 1);
    width = std::max<int64_t>(std::min(image_width, share(image_height, want_width, want_height)), 1);
    top = (image_height - height) / 2, left = (image_width - width) / 2;
  }
};

// A side's length as ops take it.
inline Operand side(int64_t size) { return {static_cast<long>(size)}; }

}  // namespace lamina
