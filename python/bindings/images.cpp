// Images in files.
#include "backends/core/fields.h"
#include "bindings/convert.h"
#include "serialization/formats/images/picture.h"

namespace lamina::bindings {

namespace {

using images::Picture;

py::tuple to_tuple(const Picture& p) { return py::make_tuple(p.mode, array_from_tensor(p.pixels)); }
// Copied: the array may be changed later.
Picture from_array(const std::string& mode, py::handle array) {
  Tensor pixels = tensor_from_array(array, false);
  const Picture like = images::empty_picture(mode, 1, 1);
  if (pixels.rank() != 3 || pixels.dtype() != like.pixels.dtype() || pixels.shape()[2] != like.channels())
    throw ValueError("The pixels of an image of the mode ", mode, " are ", like.pixels.dtype(),
                     " of the shape (height, width, ", like.channels(), "). Received: ", pixels.dtype(),
                     " of the shape ", pixels.shape());
  images::check_picture_size(pixels.shape()[0], pixels.shape()[1], "given");
  return {mode, pixels};
}

}  // namespace

void bind_images(py::module_& m) {
  m.def("decode_picture", [](const py::bytes& bytes) {
    const auto view = static_cast<std::string_view>(bytes);
    Picture picture;
    {
      py::gil_scoped_release release;
      picture = images::decode(view);
    }
    return to_tuple(picture);
  });
  m.def("encode_picture", [](const std::string& mode, py::handle pixels, const std::string& format, int quality) {
    return py::bytes(images::encode(from_array(mode, pixels), format, quality));
  });
  m.def("convert_picture", [](const std::string& mode, py::handle pixels, const std::string& to) {
    return to_tuple(images::convert(from_array(mode, pixels), to));
  });
  m.def("resize_picture", [](const std::string& mode, py::handle pixels, int64_t height, int64_t width,
                             const std::string& filter, py::handle part) {
    std::optional<std::array<int64_t, 4>> box;
    if (!part.is_none()) {
      const auto four = value_to<std::vector<int64_t>>(to_value(part));
      if (four.size() != 4) throw ValueError("A part is (left, top, right, bottom). Received: ", to_value(part).repr());
      box = std::array<int64_t, 4>{four[0], four[1], four[2], four[3]};
    }
    return to_tuple(images::resize(from_array(mode, pixels), height, width, filter, box));
  });
}

}  // namespace lamina::bindings
