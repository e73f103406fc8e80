#include <algorithm>
#include <cstdio>

#include "api/drawing/model_drawing.h"
#include "api/drawing/model_layout.h"

namespace lamina {

namespace {

constexpr double kTitleSize = 16, kTextSize = 14, kPad = 10, kGap = 24, kRowGap = 40, kMargin = 12, kLine = 1.2;
constexpr double kPixelsPerInch = 96;  // of a length without a unit in SVG

std::string number(double x) {
  char out[32];
  std::snprintf(out, sizeof out, "%.1f", x);
  return out;
}

// What a text takes in Helvetica, roughly: viewers use what font they have.
double width_of(const std::string& s, double size, bool bold = false) {
  double units = 0;
  for (char c : s) {
    if ((c & 0xC0) == 0x80) continue;  // within a UTF-8 character
    const bool narrow = std::string_view("iljtfr.,:;|!'()[] ").find(c) != std::string_view::npos;
    const bool wide = std::string_view("mwMW@%").find(c) != std::string_view::npos;
    units += narrow ? 0.38 : wide ? 0.95 : c >= 'A' && c <= 'Z' ? 0.72 : 0.62;
  }
  return units * size * (bold ? 1.07 : 1);
}

double row_height(double size) { return size * kLine + 2 * kPad; }

struct Measured {
  double width = 0, height = 0;
  std::vector<double> cells;
};

Measured measured(const Drawing::Box& box) {
  Measured out;
  const std::string rest = box.title.empty() ? "" : text(" (", box.class_name, ")");
  out.width = width_of(box.title.empty() ? box.class_name : box.title, kTitleSize, true) + width_of(rest, kTitleSize) +
              2 * kPad;
  out.height = row_height(kTitleSize);
  if (!box.activation.empty()) {
    out.width =
        std::max(out.width, width_of("Activation: ", kTextSize) + width_of(box.activation, kTextSize, true) + 2 * kPad);
    out.height += row_height(kTextSize);
  }
  double sum = 0;
  for (const Drawing::Cell& c : box.cells) {
    out.cells.push_back(width_of(c.text, kTextSize) + width_of(c.bold, kTextSize, true) + 2 * kPad);
    sum += out.cells.back();
  }
  if (!box.cells.empty()) out.height += row_height(kTextSize);
  out.width = std::max(out.width, sum);
  for (double& w : out.cells) w *= out.width / sum;
  return out;
}

void write_cell(std::string& out, double x, double y, double w, double h, double size, const std::string& background,
                const std::string& color, const std::string& plain, const std::string& bold,
                const std::string& after = "") {
  out += text("<rect x=\"", number(x), "\" y=\"", number(y), "\" width=\"", number(w), "\" height=\"", number(h),
              "\" fill=\"", background, "\" stroke=\"black\"/>\n<text x=\"", number(x + w / 2), "\" y=\"",
              number(y + h / 2 + size * 0.35), "\" font-size=\"", number(size), "\" fill=\"", color,
              "\" text-anchor=\"middle\">", escaped_markup(plain), "<tspan font-weight=\"bold\">", escaped_markup(bold),
              "</tspan>", escaped_markup(after), "</text>\n");
}

void write_box(std::string& out, const Drawing::Box& box, const Measured& m, double left, double top) {
  write_cell(out, left, top, m.width, row_height(kTitleSize), kTitleSize, "black", "white", "",
             box.title.empty() ? box.class_name : box.title, box.title.empty() ? "" : text(" (", box.class_name, ")"));
  double y = top + row_height(kTitleSize);
  if (!box.activation.empty()) {
    write_cell(out, left, y, m.width, row_height(kTextSize), kTextSize, "white", "black",
               "Activation: ", box.activation);
    y += row_height(kTextSize);
  }
  for (size_t i = 0; i < box.cells.size(); ++i) {
    const Drawing::Cell& c = box.cells[i];
    write_cell(out, left, y, m.cells[i], row_height(kTextSize), kTextSize, c.background, c.color, c.text, c.bold);
    left += m.cells[i];
  }
}

class Page {
 public:
  explicit Page(const Drawing& drawing)
      : drawing_(drawing), across_(drawing.options.rankdir == "LR" || drawing.options.rankdir == "RL") {
    for (const Drawing::Box& box : drawing.boxes) {
      sizes_.push_back(measured(box));
      LayoutBox placed{sizes_.back().width, sizes_.back().height, box.group};
      if (across_) std::swap(placed.width, placed.height);
      boxes_.push_back(placed);
    }
    for (const auto& [from, to] : drawing.arrows) arrows_.push_back({from, to, {}});
    lay_out(boxes_, arrows_, kGap, kRowGap);
    for (const LayoutBox& b : boxes_) far_ = std::max(far_, b.y + b.height / 2);
  }

  std::string svg() {
    std::string body;
    for (size_t g = 0; g < drawing_.groups.size(); ++g) write_group(body, static_cast<int>(g));
    for (const LayoutArrow& a : arrows_) write_arrow(body, a);
    for (size_t i = 0; i < boxes_.size(); ++i) {
      const auto [x, y] = on_page(boxes_[i].x, boxes_[i].y);
      write_box(body, drawing_.boxes[i], sizes_[i], x - sizes_[i].width / 2, y - sizes_[i].height / 2);
      cover(x - sizes_[i].width / 2, y - sizes_[i].height / 2, x + sizes_[i].width / 2, y + sizes_[i].height / 2);
    }
    const double width = right_ - left_ + 2 * kMargin, height = bottom_ - top_ + 2 * kMargin;
    const double scale = kPixelsPerInch / 72 * static_cast<double>(drawing_.options.dpi) / 200;  // points at 200 dpi
    return text("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", number(width * scale), "\" height=\"",
                number(height * scale), "\" viewBox=\"", number(left_ - kMargin), " ", number(top_ - kMargin), " ",
                number(width), " ", number(height),
                "\" font-family=\"Helvetica, Arial, sans-serif\">\n<defs><marker id=\"head\" viewBox=\"0 0 10 10\" "
                "refX=\"9\" "
                "refY=\"5\" markerWidth=\"5\" markerHeight=\"5\" orient=\"auto\"><path d=\"M0 0L10 5L0 "
                "10z\"/></marker></defs>\n",
                body, "</svg>\n");
  }

 private:
  using Point = std::pair<double, double>;
  Point on_page(double x, double y) const {
    const std::string& d = drawing_.options.rankdir;
    if (d == "BT" || d == "RL") y = far_ - y;
    return across_ ? Point{y, x} : Point{x, y};
  }
  void cover(double l, double t, double r, double b) {
    left_ = std::min(left_, l), top_ = std::min(top_, t), right_ = std::max(right_, r), bottom_ = std::max(bottom_, b);
  }
  bool within(int group, int outer) const {
    while (group >= 0 && group != outer) group = drawing_.groups[static_cast<size_t>(group)].parent;
    return group == outer;
  }

  void write_group(std::string& out, int group) {
    double l = 1e30, t = 1e30, r = -1e30, b = -1e30;
    int depth = 1;
    for (size_t i = 0; i < boxes_.size(); ++i) {
      if (!within(drawing_.boxes[i].group, group)) continue;
      int levels = 1;
      for (int g = drawing_.boxes[i].group; g != group; g = drawing_.groups[static_cast<size_t>(g)].parent) ++levels;
      depth = std::max(depth, levels);
      const auto [x, y] = on_page(boxes_[i].x, boxes_[i].y);
      const Measured& m = sizes_[i];
      l = std::min(l, x - m.width / 2), r = std::max(r, x + m.width / 2);
      t = std::min(t, y - m.height / 2), b = std::max(b, y + m.height / 2);
    }
    if (l > r) return;
    const double pad = depth * kPad * 0.8;
    l -= pad, r += pad, t -= pad + kTextSize, b += pad;
    out += text("<rect x=\"", number(l), "\" y=\"", number(t), "\" width=\"", number(r - l), "\" height=\"",
                number(b - t), "\" fill=\"none\" stroke=\"black\" stroke-dasharray=\"5 4\"/>\n<text x=\"",
                number(l + 4), "\" y=\"", number(t + kTextSize), "\" font-size=\"", number(kTextSize), "\">",
                escaped_markup(drawing_.groups[static_cast<size_t>(group)].label), "</text>\n");
    cover(l, t, r, b);
  }

  void write_arrow(std::string& out, const LayoutArrow& a) {
    const LayoutBox &from = boxes_[static_cast<size_t>(a.from)], &to = boxes_[static_cast<size_t>(a.to)];
    const double sign = from.y <= to.y ? 1 : -1;
    std::vector<Point> points{{from.x, from.y + sign * from.height / 2}};
    if (drawing_.options.splines != "line") points.insert(points.end(), a.bends.begin(), a.bends.end());
    points.emplace_back(to.x, to.y - sign * to.height / 2);
    const bool ortho = drawing_.options.splines == "ortho";
    const bool curved = drawing_.options.splines == "spline" || drawing_.options.splines == "curved";
    std::string path = text("M", at(points[0]));
    for (size_t i = 1; i < points.size(); ++i) {
      const auto [x, y] = points[i - 1];
      const auto [u, v] = points[i];
      const double middle = (y + v) / 2;
      if (ortho && std::abs(x - u) > 0.5)
        path += text("L", at({x, middle}), "L", at({u, middle}), "L", at({u, v}));
      else if (curved)
        path += text("C", at({x, middle}), " ", at({u, middle}), " ", at({u, v}));
      else
        path += text("L", at({u, v}));
    }
    for (const Point& p : points) {
      const auto [x, y] = on_page(p.first, p.second);
      cover(x, y, x, y);
    }
    out +=
        text("<path d=\"", path, "\" fill=\"none\" stroke=\"black\" stroke-width=\"2\" marker-end=\"url(#head)\"/>\n");
  }
  std::string at(Point p) const {
    const auto [x, y] = on_page(p.first, p.second);
    return text(number(x), " ", number(y));
  }

  const Drawing& drawing_;
  const bool across_;
  std::vector<Measured> sizes_;
  std::vector<LayoutBox> boxes_;
  std::vector<LayoutArrow> arrows_;
  double far_ = 0, left_ = 0, top_ = 0, right_ = 0, bottom_ = 0;
};

}  // namespace

std::string to_svg(const Drawing& drawing) { return Page(drawing).svg(); }

}  // namespace lamina
