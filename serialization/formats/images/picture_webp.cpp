#include "serialization/formats/images/picture.h"

#include "backends/core/error.h"

#ifdef LAMINA_WEBP
#include <webp/decode.h>
#endif

namespace lamina::images {

#ifdef LAMINA_WEBP

Picture decode_webp(std::string_view bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK)
    throw ValueError("The WebP image cannot be read: its header is damaged or cut off.");
  if (features.has_animation)
    throw UnsupportedError("Animated WebP images are read by Pillow alone. Install it (`pip install pillow`).");
  check_picture_size(features.height, features.width, "WebP");
  Picture out = empty_picture(features.has_alpha ? "RGBA" : "RGB", features.height, features.width);
  const auto stride = static_cast<int>(out.width() * out.channels());
  auto* to = out.pixels.mutable_data<uint8_t>();
  const auto* read = features.has_alpha ? WebPDecodeRGBAInto(data, bytes.size(), to, out.pixels.bytes(), stride)
                                        : WebPDecodeRGBInto(data, bytes.size(), to, out.pixels.bytes(), stride);
  if (!read) throw ValueError("The WebP image cannot be read: its data is damaged or cut off.");
  return out;
}

#else

Picture decode_webp(std::string_view) {
  throw UnsupportedError(
      "This build of Lamina is without libwebp and cannot read WebP. Install libwebp's headers and build again.");
}

#endif

}  // namespace lamina::images
