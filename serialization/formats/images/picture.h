#pragma once
// Pictures as files hold them, and what Pillow's Image does with them, bit for bit: conversions and sizes. The readers
// take files for hostile: sizes are checked before memory is taken, and a file that ends early is a ValueError.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/core/tensor.h"

namespace lamina::images {

// Pixels are (height, width, channels), uint8; of "I;16" uint16. Palettes and transparent colours have been applied.
struct Picture {
  std::string mode;  // L, LA, RGB, RGBA, CMYK or I;16
  Tensor pixels;
  int64_t height() const { return pixels.shape()[0]; }
  int64_t width() const { return pixels.shape()[1]; }
  int64_t channels() const { return pixels.shape()[2]; }
};

// By the first bytes: jpeg, png, webp, bmp, gif, or "" for others.
std::string format_of(std::string_view bytes);
// ValueError for what is none of the formats, is damaged, or has more pixels than 178,956,970 (Pillow's limit).
// UnsupportedError for what this build or this library does not read.
Picture decode(std::string_view bytes);
// format: png or jpeg. quality is JPEG's, 1 to 100; a "jpeg" has no transparency: UnsupportedError for RGBA and LA.
std::string encode(const Picture& picture, const std::string& format, int quality = 75);

// To L, RGB or RGBA.
Picture convert(const Picture& picture, const std::string& mode);

// filter: nearest, box, bilinear, hamming, bicubic, lanczos. `part` is the (left, top, right, bottom) to be resized.
Picture resize(const Picture& picture, int64_t height, int64_t width, const std::string& filter,
               const std::optional<std::array<int64_t, 4>>& part = {});

// --- One file each.
Picture decode_jpeg(std::string_view bytes);
Picture decode_png(std::string_view bytes);
Picture decode_webp(std::string_view bytes);
Picture decode_bmp(std::string_view bytes);
Picture decode_gif(std::string_view bytes);  // the first of its images
std::string encode_jpeg(const Picture& picture, int quality);
std::string encode_png(const Picture& picture);

// ValueError unless both are above 0 and their product is within the limit.
void check_picture_size(int64_t height, int64_t width, const char* format);
Picture empty_picture(const std::string& mode, int64_t height, int64_t width);

}  // namespace lamina::images
