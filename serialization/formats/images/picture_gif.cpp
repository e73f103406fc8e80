// The first image of a GIF, by giflib.
#include "serialization/formats/images/picture.h"

#include "backends/core/error.h"

#ifdef LAMINA_GIF
#include <gif_lib.h>
#include <algorithm>
#include <cstring>
#include <memory>
#endif

namespace lamina::images {

#ifdef LAMINA_GIF

namespace {

struct Input {
  std::string_view bytes;
  size_t at = 0;
};
int take(GifFileType* file, GifByteType* to, int count) {
  auto* input = static_cast<Input*>(file->UserData);
  const size_t taken = std::min(static_cast<size_t>(std::max(count, 0)), input->bytes.size() - input->at);
  std::memcpy(to, input->bytes.data() + input->at, taken);
  input->at += taken;
  return static_cast<int>(taken);
}
[[noreturn]] void fail(int error) {
  const char* why = GifErrorString(error);
  throw ValueError("The GIF image cannot be read: ", why ? why : "its data is damaged or cut off", ".");
}
void expect(bool done, const GifFileType& file) {
  if (!done) fail(file.Error);
}
struct Close {
  void operator()(GifFileType* file) const { DGifCloseFile(file, nullptr); }
};

// The number of the transparent colour that an extension names, or none.
void read_extension(GifFileType& file, int& transparent) {
  int code = 0;
  GifByteType* block = nullptr;
  expect(DGifGetExtension(&file, &code, &block) == GIF_OK, file);
  while (block) {
    GraphicsControlBlock control;
    if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
      transparent = control.TransparentColor;
    expect(DGifGetExtensionNext(&file, &block) == GIF_OK, file);
  }
}

// The rows of an interlaced image come in four passes.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> rows;
  static constexpr int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
  for (int pass = 0; pass < (interlaced ? 4 : 1); ++pass)
    for (int y = interlaced ? starts[pass] : 0; y < height; y += interlaced ? steps[pass] : 1) rows.push_back(y);
  return rows;
}

Picture first_image(GifFileType& file, int transparent) {
  expect(DGifGetImageDesc(&file) == GIF_OK, file);
  const GifImageDesc& image = file.Image;
  const ColorMapObject* colours = image.ColorMap ? image.ColorMap : file.SColorMap;
  if (!colours) throw ValueError("The GIF image cannot be read: it has no table of colours.");
  check_picture_size(image.Height, image.Width, "GIF");
  if (image.Left < 0 || image.Top < 0 || image.Left + image.Width > file.SWidth ||
      image.Top + image.Height > file.SHeight)
    throw ValueError("The GIF image cannot be read: its first image is not within its ", file.SHeight, " x ",
                     file.SWidth, " pixels.");
  const bool whole = image.Width == file.SWidth && image.Height == file.SHeight;
  Picture out = empty_picture(transparent >= 0 || !whole ? "RGBA" : "RGB", file.SHeight, file.SWidth);
  uint8_t* pixels = out.pixels.mutable_data<uint8_t>();
  std::fill_n(pixels, out.pixels.size(), uint8_t{0});
  std::vector<GifPixelType> row(static_cast<size_t>(image.Width));
  for (int y : row_order(image.Height, image.Interlace)) {
    expect(DGifGetLine(&file, row.data(), image.Width) == GIF_OK, file);
    uint8_t* to = pixels + (static_cast<int64_t>(image.Top + y) * file.SWidth + image.Left) * out.channels();
    for (const GifPixelType index : row) {
      const GifColorType colour = index < colours->ColorCount ? colours->Colors[index] : GifColorType{0, 0, 0};
      *to++ = colour.Red, *to++ = colour.Green, *to++ = colour.Blue;
      if (out.channels() == 4) *to++ = static_cast<int>(index) == transparent ? 0 : 255;
    }
  }
  return out;
}

}  // namespace

Picture decode_gif(std::string_view bytes) {
  Input input{bytes};
  int error = 0, transparent = NO_TRANSPARENT_COLOR;
  const std::unique_ptr<GifFileType, Close> file(DGifOpen(&input, take, &error));
  if (!file) fail(error);
  check_picture_size(file->SHeight, file->SWidth, "GIF");
  while (true) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    expect(DGifGetRecordType(file.get(), &record) == GIF_OK, *file);
    if (record == EXTENSION_RECORD_TYPE)
      read_extension(*file, transparent);
    else if (record == IMAGE_DESC_RECORD_TYPE)
      return first_image(*file, transparent);
    else
      throw ValueError("The GIF image has no pixels: its file ends before the first image.");
  }
}

#else

Picture decode_gif(std::string_view) {
  throw UnsupportedError(
      "This build of Lamina is without giflib and cannot read GIF. Install Pillow (`pip install pillow`), or giflib's "
      "headers and build again.");
}

#endif

}  // namespace lamina::images
