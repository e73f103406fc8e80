// PNG by libpng, which reports errors by leaving through setjmp: nothing with a destructor is made in between.
#include "serialization/formats/images/picture.h"

#include "backends/core/error.h"

#ifdef LAMINA_PNG
#include <png.h>
#include <csetjmp>
#include <cstring>
#endif

namespace lamina::images {

#ifdef LAMINA_PNG

namespace {

struct Reading {
  std::string_view bytes;
  size_t at = 0;
  char message[256] = {};
};
[[noreturn]] void leave(png_structp png, png_const_charp message) {
  auto* reading = static_cast<Reading*>(png_get_error_ptr(png));
  std::strncpy(reading->message, message, sizeof(reading->message) - 1);
  png_longjmp(png, 1);
}
void ignore(png_structp, png_const_charp) {}
void take(png_structp png, png_bytep to, size_t count) {
  auto* reading = static_cast<Reading*>(png_get_io_ptr(png));
  if (count > reading->bytes.size() - reading->at) png_error(png, "it ends early");
  std::memcpy(to, reading->bytes.data() + reading->at, count);
  reading->at += count;
}
struct Writing {
  std::string bytes;
  Reading errors;
  bool full = false;
};
void put(png_structp png, png_bytep from, size_t count) {
  auto* writing = static_cast<Writing*>(png_get_io_ptr(png));
  try {
    writing->bytes.append(reinterpret_cast<const char*>(from), count);
  } catch (...) { writing->full = true; }
  if (writing->full) png_error(png, "there is no memory for it");
}
void flush(png_structp) {}

struct Reader {
  Reading reading;
  png_structp png = nullptr;
  png_infop info = nullptr;
  explicit Reader(std::string_view bytes) : reading{bytes} {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, leave, ignore);
    if (png) info = png_create_info_struct(png);
    if (!info) {
      png_destroy_read_struct(&png, &info, nullptr);
      throw MemoryError("There is no memory to read a PNG image.");
    }
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
};
// Reads the header, and has libpng give 8 bits a channel, or 16 of one alone, without palettes.
bool start(Reader& r) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_set_read_fn(r.png, &r.reading, take);
  png_read_info(r.png, r.info);
  const int depth = png_get_bit_depth(r.png, r.info), colour = png_get_color_type(r.png, r.info);
  if (depth == 16 && colour == PNG_COLOR_TYPE_GRAY) {
    png_set_swap(r.png);
  } else {
    png_set_expand(r.png);
    png_set_strip_16(r.png);
  }
  png_set_interlace_handling(r.png);
  return true;
}
bool update(Reader& r) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_read_update_info(r.png, r.info);
  return true;
}
bool read_rows(Reader& r, png_bytepp rows) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_read_image(r.png, rows);
  png_read_end(r.png, nullptr);
  return true;
}
bool write_all(png_structp png, png_infop info, Writing& w, png_bytepp rows, const Picture& p, int colour) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_write_fn(png, &w, put, flush);
  png_set_IHDR(png, info, static_cast<png_uint_32>(p.width()), static_cast<png_uint_32>(p.height()),
               p.mode == "I;16" ? 16 : 8, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (p.mode == "I;16") png_set_swap(png);
  png_write_image(png, rows);
  png_write_end(png, nullptr);
  return true;
}
std::vector<png_bytep> rows_of(const Picture& p, void* pixels) {
  const size_t stride = p.pixels.bytes() / static_cast<size_t>(p.height());
  std::vector<png_bytep> rows(static_cast<size_t>(p.height()));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<png_bytep>(pixels) + i * stride;
  return rows;
}

}  // namespace

Picture decode_png(std::string_view bytes) {
  Reader r(bytes);
  auto fail = [&] { throw ValueError("The PNG image cannot be read: ", r.reading.message, "."); };
  if (!start(r)) fail();
  const auto height = static_cast<int64_t>(png_get_image_height(r.png, r.info)),
             width = static_cast<int64_t>(png_get_image_width(r.png, r.info));
  check_picture_size(height, width, "PNG");
  if (!update(r)) fail();
  const int channels = png_get_channels(r.png, r.info);
  const bool wide = png_get_bit_depth(r.png, r.info) == 16;
  Picture out = empty_picture(wide            ? "I;16"
                              : channels == 1 ? "L"
                              : channels == 2 ? "LA"
                              : channels == 3 ? "RGB"
                                              : "RGBA",
                              height, width);
  if (png_get_rowbytes(r.png, r.info) * static_cast<size_t>(height) != out.pixels.bytes())
    throw ValueError("The PNG image cannot be read: its rows have another length than its header says.");
  auto rows = rows_of(out, out.pixels.mutable_raw());
  if (!read_rows(r, rows.data())) fail();
  return out;
}

std::string encode_png(const Picture& p) {
  const int colour = p.mode == "L" || p.mode == "I;16" ? PNG_COLOR_TYPE_GRAY
                     : p.mode == "LA"                  ? PNG_COLOR_TYPE_GRAY_ALPHA
                     : p.mode == "RGB"                 ? PNG_COLOR_TYPE_RGB
                                                       : PNG_COLOR_TYPE_RGBA;
  if (p.mode == "CMYK") throw UnsupportedError("PNG holds no images of the mode CMYK. Convert it to RGB first.");
  Writing w;
  auto rows = rows_of(p, const_cast<void*>(p.pixels.raw()));
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w.errors, leave, ignore);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  const bool written = info && write_all(png, info, w, rows.data(), p, colour);
  png_destroy_write_struct(&png, &info);
  if (!written) throw ValueError("The PNG image cannot be written: ", w.errors.message, ".");
  return std::move(w.bytes);
}

#else

namespace {
[[noreturn]] void absent() {
  throw UnsupportedError(
      "This build of Lamina is without libpng and cannot read or write PNG. Install libpng's headers and build again.");
}
}  // namespace
Picture decode_png(std::string_view) { absent(); }
std::string encode_png(const Picture&) { absent(); }

#endif

}  // namespace lamina::images
