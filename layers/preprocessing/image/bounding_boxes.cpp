#include "layers/preprocessing/image/bounding_boxes.h"

#include <numbers>

#include "backends/ops/public/ops.h"

namespace lamina::boxes {

namespace {

const std::vector<std::string> kFormats = {"xyxy",     "yxyx",     "xywh",     "center_xywh",    "center_yxhw",
                                           "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"};

bool relative(const std::string& format) { return format.starts_with("rel_"); }
std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Corners from the four numbers of a format, whose "rel_" is left aside.
Tensors corners(const Tensors& c, const std::string& format) {
  if (format == "yxyx") return {c[1], c[0], c[3], c[2]};
  if (format == "xywh") return {c[0], c[1], c[0] + c[2], c[1] + c[3]};
  if (format == "center_xywh" || format == "center_yxhw") {
    const bool x_first = format == "center_xywh";
    const Tensor x = c[x_first ? 0 : 1], y = c[x_first ? 1 : 0];
    const Tensor half_width = c[x_first ? 2 : 3] / 2.0, half_height = c[x_first ? 3 : 2] / 2.0;
    return {x - half_width, y - half_height, x + half_width, y + half_height};
  }
  return c;
}
Tensors from_corners(const Tensors& c, const std::string& format) {
  if (format == "yxyx") return {c[1], c[0], c[3], c[2]};
  if (format == "xyxy") return c;
  const Tensor width = c[2] - c[0], height = c[3] - c[1];
  if (format == "xywh") return {c[0], c[1], width, height};
  const Tensor x = c[0] + width / 2.0, y = c[1] + height / 2.0;
  if (format == "center_xywh") return {x, y, width, height};
  return {y, x, height, width};
}

}  // namespace

Tensors coordinates(const Tensor& boxes) { return ops::split(boxes, 4, -1); }
Tensor from_coordinates(const std::vector<Operand>& four) { return ops::concatenate(four, -1); }

Tensor convert(const Tensor& boxes, const std::string& source_format, const std::string& target_format,
               const Side& height, const Side& width, DType dtype) {
  if (!boxes.rank() || boxes.shape().back() != 4)
    throw ValueError("`boxes` must be a tensor with the last dimension of 4. Received: boxes.shape=", boxes.shape());
  std::string source = lower(source_format), target = lower(target_format);
  for (const std::string& format : {source, target})
    if (std::find(kFormats.begin(), kFormats.end(), format) == kFormats.end())
      throw ValueError("Invalid source or target format. Supported formats: ", kFormats, ". Received: ", format);
  if ((relative(source) || relative(target)) && !(height && width))
    throw ValueError(
        "To convert boxes between relative and absolute formats, convert_format() must receive `height` and `width` of "
        "the image. "
        "Received: source=",
        source, ", target=", target, ", height=", height ? "given" : "None", ", width=", width ? "given" : "None");
  const Tensor x = ops::cast(boxes, dtype);
  if (source == target) return x;
  const bool shares_in = relative(source), shares_out = relative(target);
  if (shares_in) source.erase(0, 4);
  if (shares_out) target.erase(0, 4);
  Tensors c = corners(coordinates(x), source);
  if (shares_in != shares_out) {
    const Tensor w = ops::cast(*width, dtype), h = ops::cast(*height, dtype);
    for (size_t i = 0; i < 4; ++i) {
      const Tensor& side = i % 2 ? h : w;
      c[i] = shares_in ? c[i] * side : c[i] / side;
    }
  }
  c = from_corners(c, target);
  return from_coordinates({c[0], c[1], c[2], c[3]});
}

Tensor clip(const Tensor& boxes, const Side& height, const Side& width, const std::string& format) {
  if (format != "xyxy" && format != "rel_xyxy")
    throw UnsupportedError("Boxes can be clipped in the formats 'xyxy' and 'rel_xyxy'. Received: ", format,
                           ". Convert them with `convert_format()` first.");
  const bool shares = format == "rel_xyxy";
  if (!shares && !(height && width)) throw ValueError("`height` and `width` must be set if `format='xyxy'`.");
  const Operand w = shares ? Operand(1.0) : Operand(ops::cast(*width, boxes.dtype()));
  const Operand h = shares ? Operand(1.0) : Operand(ops::cast(*height, boxes.dtype()));
  Tensors c = coordinates(boxes);
  for (size_t i = 0; i < 4; ++i) c[i] = ops::clip(c[i], Operand(0), i % 2 ? h : w);
  return from_coordinates({c[0], c[1], c[2], c[3]});
}

Tensor labels_of_visible(const Tensor& labels, const Tensor& boxes) {
  const Tensors c = coordinates(boxes);
  const Tensor area = ops::squeeze((c[2] - c[0]) * (c[3] - c[1]), std::vector<int>{-1});
  return ops::where(ops::greater(area, 0), labels, -1);
}

Tensor affine(const Tensor& boxes, const Affine& by, const Operand& height, const Operand& width, double center_x,
              double center_y) {
  if (boxes.rank() != 3 || boxes.shape().back() != 4)
    throw ValueError("Expected boxes of shape (batch, boxes, 4). Received: boxes.shape=", boxes.shape());
  const double degree = std::numbers::pi / 180;
  const DType dtype = by.angle.dtype();
  const Tensor right = ops::cast(width, dtype) - 1.0, bottom = ops::cast(height, dtype) - 1.0;
  const Tensor cx = right * center_x, cy = bottom * center_y;
  const Tensor rotation = by.angle * -degree, sx = by.shear_x * -degree, sy = by.shear_y * -degree;
  const Tensor from_x = cx - by.translate_x * right, from_y = cy - by.translate_y * bottom;
  const Tensor turned = rotation - sy, cosine = ops::cos(sy), slope = ops::tan(sx);
  const Tensor a = ops::cos(turned) / cosine, b = a * slope + ops::sin(rotation);
  const Tensor c = -(ops::sin(turned) / cosine), d = ops::cos(rotation) - c * slope;
  const Tensor a0 = d * by.scale, a1 = -(b * by.scale), b0 = -(c * by.scale), b1 = a * by.scale;
  auto column = [](const Tensor& t) { return ops::reshape(t, {t.shape()[0], 1, 1}); };
  const Tensor a2 = cx - a0 * from_x - a1 * from_y, b2 = cy - b0 * from_x - b1 * from_y;
  const Tensors p = coordinates(ops::cast(boxes, dtype));
  const Tensor xs = ops::concatenate({p[0], p[2], p[2], p[0]}, -1), ys = ops::concatenate({p[1], p[1], p[3], p[3]}, -1);
  const Tensor x = column(a0) * xs + column(a1) * ys + column(a2), y = column(b0) * xs + column(b1) * ys + column(b2);
  const Axes last = std::vector<int>{-1};
  return from_coordinates(
      {ops::amin(x, last, true), ops::amin(y, last, true), ops::amax(x, last, true), ops::amax(y, last, true)});
}

}  // namespace lamina::boxes
