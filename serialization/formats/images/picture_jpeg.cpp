// JPEG by libjpeg, which reports errors by leaving through setjmp: nothing with a destructor is made in between.
#include "serialization/formats/images/picture.h"

#include "backends/core/error.h"

#ifdef LAMINA_JPEG
#include <jerror.h>
#include <jpeglib.h>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#endif

namespace lamina::images {

#ifdef LAMINA_JPEG

namespace {

struct Errors {
  jpeg_error_mgr base;
  std::jmp_buf place;
  char message[JMSG_LENGTH_MAX];
};
[[noreturn]] void leave(j_common_ptr info) {
  auto* errors = reinterpret_cast<Errors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->place, 1);
}
void ignore(j_common_ptr, int) {}
void set_up(jpeg_error_mgr*& err, Errors& errors) {
  err = jpeg_std_error(&errors.base);
  errors.base.error_exit = leave;
  errors.base.emit_message = ignore;
  errors.message[0] = 0;
}
// Where the bytes end before the image does; libjpeg itself would invent an end.
boolean no_more_bytes(j_decompress_ptr info) {
  ERREXIT(info, JERR_INPUT_EOF);
  return FALSE;
}

// Reads the header; false on an error.
bool start(jpeg_decompress_struct& info, Errors& errors, std::string_view bytes) {
  if (setjmp(errors.place)) return false;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  info.src->fill_input_buffer = no_more_bytes;
  jpeg_read_header(&info, TRUE);
  if (info.jpeg_color_space == JCS_GRAYSCALE)
    info.out_color_space = JCS_GRAYSCALE;
  else if (info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK)
    info.out_color_space = JCS_CMYK;
  else
    info.out_color_space = JCS_RGB;
  return true;
}
bool read_rows(jpeg_decompress_struct& info, Errors& errors, uint8_t* to, size_t stride) {
  if (setjmp(errors.place)) return false;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = to + info.output_scanline * stride;
    jpeg_read_scanlines(&info, &row, 1);
  }
  return true;
}

struct Decompression {
  jpeg_decompress_struct info{};
  Errors errors{};
  Decompression() {
    set_up(info.err, errors);
    jpeg_create_decompress(&info);
  }
  ~Decompression() { jpeg_destroy_decompress(&info); }
  Decompression(const Decompression&) = delete;
};

struct Compression {
  jpeg_compress_struct info{};
  Errors errors{};
  unsigned char* bytes = nullptr;
  unsigned long count = 0;
  Compression() {
    set_up(info.err, errors);
    jpeg_create_compress(&info);
  }
  ~Compression() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
  Compression(const Compression&) = delete;
};
bool write_rows(Compression& c, const uint8_t* from, JDIMENSION height, JDIMENSION width, int channels, int quality) {
  if (setjmp(c.errors.place)) return false;
  jpeg_mem_dest(&c.info, &c.bytes, &c.count);
  c.info.image_height = height, c.info.image_width = width;
  c.info.input_components = channels;
  c.info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&c.info);
  jpeg_set_quality(&c.info, quality, TRUE);
  jpeg_start_compress(&c.info, TRUE);
  while (c.info.next_scanline < height) {
    auto* row =
        const_cast<JSAMPROW>(from + static_cast<size_t>(c.info.next_scanline) * width * static_cast<size_t>(channels));
    jpeg_write_scanlines(&c.info, &row, 1);
  }
  jpeg_finish_compress(&c.info);
  return true;
}

}  // namespace

Picture decode_jpeg(std::string_view bytes) {
  Decompression d;
  auto fail = [&] { throw ValueError("The JPEG image cannot be read: ", d.errors.message, "."); };
  if (!start(d.info, d.errors, bytes)) fail();
  check_picture_size(d.info.image_height, d.info.image_width, "JPEG");
  const bool inks = d.info.out_color_space == JCS_CMYK;
  Picture out = empty_picture(inks                                      ? "CMYK"
                              : d.info.out_color_space == JCS_GRAYSCALE ? "L"
                                                                        : "RGB",
                              d.info.image_height, d.info.image_width);
  uint8_t* to = out.pixels.mutable_data<uint8_t>();
  const auto stride = static_cast<size_t>(out.width() * out.channels());
  if (!read_rows(d.info, d.errors, to, stride)) fail();
  if (inks && d.info.saw_Adobe_marker)  // which holds inks inverted
    for (size_t i = 0; i < stride * static_cast<size_t>(out.height()); ++i) to[i] = static_cast<uint8_t>(255 - to[i]);
  return out;
}

std::string encode_jpeg(const Picture& p, int quality) {
  if (p.mode != "L" && p.mode != "RGB")
    throw UnsupportedError("JPEG holds images of the modes L and RGB. Received: ", p.mode, ". Convert it first.");
  if (p.height() > JPEG_MAX_DIMENSION || p.width() > JPEG_MAX_DIMENSION)
    throw ValueError("A JPEG image has at most ", JPEG_MAX_DIMENSION, " rows and columns. Received: ", p.height(),
                     " x ", p.width());
  Compression c;
  if (!write_rows(c, p.pixels.data<uint8_t>(), static_cast<JDIMENSION>(p.height()), static_cast<JDIMENSION>(p.width()),
                  static_cast<int>(p.channels()), quality))
    throw ValueError("The JPEG image cannot be written: ", c.errors.message, ".");
  return {reinterpret_cast<const char*>(c.bytes), c.count};
}

#else

namespace {
[[noreturn]] void absent() {
  throw UnsupportedError(
      "This build of Lamina is without libjpeg and cannot read or write JPEG. Install libjpeg's headers and build "
      "again.");
}
}  // namespace
Picture decode_jpeg(std::string_view) { absent(); }
std::string encode_jpeg(const Picture&, int) { absent(); }

#endif

}  // namespace lamina::images
