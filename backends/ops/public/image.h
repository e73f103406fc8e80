#pragma once
// keras.ops.image. Images are (batch, height, width, channels) or one of them; data_format None is the configured one.
#include "backends/ops/public/operand.h"

namespace lamina::ops::image {

// To `size` = (height, width). interpolation: nearest, bilinear, bicubic, lanczos3, lanczos5; all but nearest compute
// integers in float32 and round. crop_to_aspect_ratio takes the largest centred part of the target's proportions first,
// pad_to_aspect_ratio surrounds the image with fill_value. ValueError for other ranks, names and sizes.
Tensor resize(const Operand& images, const std::vector<int64_t>& size, const std::string& interpolation = "bilinear",
              bool antialias = false, bool crop_to_aspect_ratio = false, bool pad_to_aspect_ratio = false,
              const std::string& fill_mode = "constant", double fill_value = 0,
              const std::optional<std::string>& data_format = {});

}  // namespace lamina::ops::image
