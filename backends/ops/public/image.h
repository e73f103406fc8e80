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

// --- Geometry (image_geometry.cpp). interpolation: nearest or bilinear. fill_mode, for places outside: constant
// (fill_value), nearest, wrap, mirror or reflect, as in SciPy.
// `transform` (8) or (batch, 8): the pixel at (x, y) is the input's at (a0 x + a1 y + a2, b0 x + b1 y + b2).
Tensor affine_transform(const Operand& images, const Operand& transform, const std::string& interpolation = "bilinear",
                        const std::string& fill_mode = "constant", double fill_value = 0,
                        const std::optional<std::string>& data_format = {});
// The projection that takes the four `end_points` to the `start_points`, (4, 2) or (batch, 4, 2) as (x, y).
Tensor perspective_transform(const Operand& images, const Operand& start_points, const Operand& end_points,
                             const std::string& interpolation = "bilinear", double fill_value = 0,
                             const std::optional<std::string>& data_format = {});
// The values at coordinates (rank of inputs, K...): shape K. order: 0 nearest, 1 linear.
Tensor map_coordinates(const Operand& inputs, const Operand& coordinates, int order,
                       const std::string& fill_mode = "constant", double fill_value = 0);
Tensor elastic_transform(const Operand& images, double alpha = 20, double sigma = 5,
                         const std::string& interpolation = "bilinear", const std::string& fill_mode = "reflect",
                         double fill_value = 0, const Value& seed = {},
                         const std::optional<std::string>& data_format = {});
// Along spatial_dims, output x is input (x + 1/2 - translation) / scale - 1/2. method: linear, cubic, lanczos3, ...
Tensor scale_and_translate(const Operand& images, const Shape& output_shape, const Operand& scale,
                           const Operand& translation, const std::vector<int>& spatial_dims, const std::string& method,
                           bool antialias = true);

// --- Colours (image_color.cpp) of images with 3 channels; hsv in 0..1, floating point.
Tensor rgb_to_grayscale(const Operand& images, const std::optional<std::string>& data_format = {});
Tensor rgb_to_hsv(const Operand& images, const std::optional<std::string>& data_format = {});
Tensor hsv_to_rgb(const Operand& images, const std::optional<std::string>& data_format = {});

// --- Frames (image_frames.cpp). Two of top, bottom and height are given, and two of left, right and width; ValueError
// otherwise, and where one comes out below 0.
struct CropOptions {
  std::optional<int64_t> top, left, bottom, right, height, width;
  std::optional<std::string> data_format;
};
// A part of images: two of top, bottom and height, and two of left, right and width.
Tensor crop_images(const Operand& images, const CropOptions& options);
Tensor pad_images(const Operand& images, const CropOptions& options);  // with zeros
// Windows (batch, places..., size * channels) over 2 axes, or over 3 where `size` has three numbers.
Tensor extract_patches(const Operand& images, const std::vector<int64_t>& size,
                       const std::optional<std::vector<int64_t>>& strides = {},
                       const std::vector<int64_t>& dilation_rate = {1}, const std::string& padding = "valid",
                       const std::optional<std::string>& data_format = {});

// --- Filters (image_filters.cpp)
Tensor gaussian_blur(const Operand& images, const std::vector<int64_t>& kernel_size = {3, 3},
                     const std::vector<double>& sigma = {1, 1}, const std::optional<std::string>& data_format = {});
// sigma as a tensor of one number or two.
Tensor gaussian_blur(const Operand& images, const std::vector<int64_t>& kernel_size, const Operand& sigma,
                     const std::optional<std::string>& data_format);
Tensor sobel_edges(const Operand& images, const std::optional<std::string>& data_format = {});

}  // namespace lamina::ops::image
