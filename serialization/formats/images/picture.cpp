#include "serialization/formats/images/picture.h"

#include <algorithm>
#include <cstring>

#include "backends/core/error.h"

namespace lamina::images {

namespace {

constexpr int64_t kMostPixels = 178'956'970;

int channels_of(const std::string& mode) {
  if (mode == "L" || mode == "I;16") return 1;
  if (mode == "LA") return 2;
  return mode == "RGB" ? 3 : 4;
}
uint8_t product(int a, int b) {  // a * b / 255, rounded
  const int t = a * b + 128;
  return static_cast<uint8_t>(((t >> 8) + t) >> 8);
}
uint8_t luma(int r, int g, int b) { return static_cast<uint8_t>((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16); }

struct Colour {
  uint8_t r, g, b, a;
};
Colour colour_at(const Picture& p, int64_t i) {
  if (p.mode == "I;16") {
    const auto v = static_cast<uint8_t>(std::min<uint16_t>(p.pixels.data<uint16_t>()[i], 255));
    return {v, v, v, 255};
  }
  const uint8_t* c = p.pixels.data<uint8_t>() + i * p.channels();
  if (p.mode == "L") return {c[0], c[0], c[0], 255};
  if (p.mode == "LA") return {c[0], c[0], c[0], c[1]};
  if (p.mode == "CMYK") {
    const int light = 255 - c[3];
    auto part = [&](int ink) { return static_cast<uint8_t>(std::max(light - product(ink, light), 0)); };
    return {part(c[0]), part(c[1]), part(c[2]), 255};
  }
  return {c[0], c[1], c[2], p.mode == "RGBA" ? c[3] : uint8_t{255}};
}

}  // namespace

void check_picture_size(int64_t height, int64_t width, const char* format) {
  if (height <= 0 || width <= 0)
    throw ValueError("The ", format, " image has no pixels: its height is ", height, ", its width ", width, ".");
  if (width > kMostPixels / height)
    throw ValueError("The ", format, " image of ", height, " x ", width, " pixels has more than ", kMostPixels,
                     ", the most that are read.");
}

Picture empty_picture(const std::string& mode, int64_t height, int64_t width) {
  return {mode, Tensor::empty({height, width, channels_of(mode)}, mode == "I;16" ? DType::uint16 : DType::uint8)};
}

std::string format_of(std::string_view b) {
  if (b.starts_with("\xff\xd8\xff")) return "jpeg";
  if (b.starts_with("\x89PNG\r\n\x1a\n")) return "png";
  if (b.size() >= 12 && b.starts_with("RIFF") && b.substr(8, 4) == "WEBP") return "webp";
  if (b.starts_with("BM")) return "bmp";
  if (b.starts_with("GIF87a") || b.starts_with("GIF89a")) return "gif";
  return "";
}

Picture decode(std::string_view bytes) {
  const std::string format = format_of(bytes);
  if (format == "jpeg") return decode_jpeg(bytes);
  if (format == "png") return decode_png(bytes);
  if (format == "webp") return decode_webp(bytes);
  if (format == "bmp") return decode_bmp(bytes);
  if (format == "gif") return decode_gif(bytes);
  throw ValueError("The file is no image of a format that is known: JPEG, PNG, WebP, BMP or GIF. It has ", bytes.size(),
                   " bytes.");
}

std::string encode(const Picture& picture, const std::string& format, int quality) {
  if (format == "png") return encode_png(picture);
  if (format == "jpeg" || format == "jpg") return encode_jpeg(picture, quality);
  throw UnsupportedError("Images are written as png or jpeg. Received: ", format,
                         ". Others are written by Pillow (`pip install pillow`).");
}

Picture convert(const Picture& p, const std::string& mode) {
  if (p.mode == mode) return p;
  if (mode != "L" && mode != "RGB" && mode != "RGBA")
    throw ValueError("Images are converted to L, RGB or RGBA. Received: ", mode);
  Picture out = empty_picture(mode, p.height(), p.width());
  uint8_t* to = out.pixels.mutable_data<uint8_t>();
  const int64_t count = p.height() * p.width();
  const bool gray = p.mode == "L" || p.mode == "LA" || p.mode == "I;16";
  for (int64_t i = 0; i < count; ++i) {
    const Colour c = colour_at(p, i);
    if (mode == "L") {
      *to++ = gray ? c.r : luma(c.r, c.g, c.b);
      continue;
    }
    *to++ = c.r, *to++ = c.g, *to++ = c.b;
    if (mode == "RGBA") *to++ = c.a;
  }
  return out;
}

}  // namespace lamina::images
