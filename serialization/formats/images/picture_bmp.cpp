// BMP without compression: 1, 4 and 8 bits with a palette, 24 and 32 bits.
#include <algorithm>

#include "backends/core/error.h"
#include "serialization/formats/images/picture.h"

namespace lamina::images {

namespace {

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  uint8_t byte(size_t at) const {
    if (at >= bytes_.size()) throw ValueError("The BMP image ends early: after ", bytes_.size(), " bytes.");
    return static_cast<uint8_t>(bytes_[at]);
  }
  uint32_t number(size_t at, int count) const {
    uint32_t v = 0;
    for (int i = 0; i < count; ++i) v |= uint32_t{byte(at + static_cast<size_t>(i))} << (8 * i);
    return v;
  }
  size_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

}  // namespace

Picture decode_bmp(std::string_view file) {
  const Bytes in(file);
  const size_t start = in.number(10, 4), header = in.number(14, 4);
  if (header < 40) throw UnsupportedError("BMP images with a header of ", header, " bytes are not read.");
  const auto width = static_cast<int64_t>(static_cast<int32_t>(in.number(18, 4)));
  const auto signed_height = static_cast<int64_t>(static_cast<int32_t>(in.number(22, 4)));
  const bool upwards = signed_height > 0;
  const int64_t height = upwards ? signed_height : -signed_height;
  const uint32_t bits = in.number(28, 2), compression = in.number(30, 4);
  check_picture_size(height, width, "BMP");
  if (compression != 0 || (bits != 1 && bits != 4 && bits != 8 && bits != 24 && bits != 32))
    throw UnsupportedError("BMP images are read without compression, with 1, 4, 8, 24 or 32 bits a pixel. Received: ",
                           bits, " bits, compression ", compression, ".");
  const size_t stride = (static_cast<size_t>(width) * bits + 31) / 32 * 4;
  if (start > in.size() || (in.size() - start) / stride < static_cast<size_t>(height))
    throw ValueError("The BMP image ends early: its ", height, " rows of ", stride, " bytes do not fit in its ",
                     in.size(), " bytes.");
  const size_t palette = 14 + header;
  uint32_t colours = in.number(46, 4);
  if (bits <= 8 && (colours == 0 || colours > (1u << bits))) colours = 1u << bits;
  Picture out = empty_picture("RGB", height, width);
  uint8_t* to = out.pixels.mutable_data<uint8_t>();
  for (int64_t y = 0; y < height; ++y) {
    const size_t row = start + static_cast<size_t>(upwards ? height - 1 - y : y) * stride;
    for (int64_t x = 0; x < width; ++x) {
      const auto column = static_cast<size_t>(x);
      size_t at;
      if (bits <= 8) {
        const size_t first = column * bits;
        const uint32_t index = (in.byte(row + first / 8) >> (8 - bits - first % 8)) & ((1u << bits) - 1);
        at = palette + size_t{4} * std::min(index, colours - 1);
      } else {
        at = row + column * (bits / 8);
      }
      for (size_t c = 0; c < 3; ++c) *to++ = in.byte(at + 2 - c);
    }
  }
  return out;
}

}  // namespace lamina::images
