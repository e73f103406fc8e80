// Sizes as Pillow makes them: weights of double precision rounded to 22 bits after the point, one axis after the other.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "backends/core/error.h"
#include "serialization/formats/images/picture.h"

namespace lamina::images {

namespace {

constexpr int kBits = 32 - 8 - 2;

struct Filter {
  const char* name;
  double (*weight)(double);
  double support;
};
double sinc(double x) { return x == 0 ? 1 : std::sin(x * std::numbers::pi) / (x * std::numbers::pi); }
const Filter kFilters[] = {
    {"box", [](double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }, 0.5},
    {"bilinear", [](double x) { return std::max(1 - std::abs(x), 0.0); }, 1},
    {"hamming",
     [](double x) {
       x = std::abs(x);
       if (x == 0) return 1.0;
       if (x >= 1) return 0.0;
       x *= std::numbers::pi;
       return std::sin(x) / x * (0.54 + 0.46 * std::cos(x));
     },
     1},
    {"bicubic",
     [](double x) {
       constexpr double a = -0.5;
       x = std::abs(x);
       if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
       return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0.0;
     },
     2},
    {"lanczos", [](double x) { return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0.0; }, 3},
};

// For each place of the result: the first source and the weights.
struct Weights {
  std::vector<int64_t> first;
  std::vector<std::vector<int32_t>> weights;
};
Weights weights_for(const Filter& filter, int64_t in_size, double from, double to, int64_t out_size) {
  Weights w;
  const double scale = (to - from) / static_cast<double>(out_size), wide = std::max(scale, 1.0);
  const double support = filter.support * wide, inverse = 1 / wide;
  for (int64_t i = 0; i < out_size; ++i) {
    const double centre = from + (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const int64_t last = std::min(static_cast<int64_t>(centre + support + 0.5), in_size);
    std::vector<double> values;
    double sum = 0;
    for (int64_t x = first; x < last; ++x) {
      values.push_back(filter.weight((static_cast<double>(x) - centre + 0.5) * inverse));
      sum += values.back();
    }
    std::vector<int32_t> fixed;
    for (double v : values) {
      if (sum != 0) v /= sum;
      fixed.push_back(static_cast<int32_t>((v < 0 ? -0.5 : 0.5) + v * (1 << kBits)));
    }
    w.first.push_back(first);
    w.weights.push_back(std::move(fixed));
  }
  return w;
}

// Along one axis of (outer, size, inner).
Tensor resampled(const Tensor& x, int axis, const Weights& w) {
  Shape shape = x.shape();
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  const int64_t in_size = shape[axis], out_size = static_cast<int64_t>(w.first.size());
  shape[axis] = out_size;
  Tensor out = Tensor::empty(shape, DType::uint8);
  const uint8_t* from = x.data<uint8_t>();
  uint8_t* to = out.mutable_data<uint8_t>();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < out_size; ++i) {
      const auto& weights = w.weights[static_cast<size_t>(i)];
      const uint8_t* source = from + (o * in_size + w.first[static_cast<size_t>(i)]) * inner;
      for (int64_t c = 0; c < inner; ++c) {
        int32_t sum = 1 << (kBits - 1);
        for (size_t k = 0; k < weights.size(); ++k) sum += source[static_cast<int64_t>(k) * inner + c] * weights[k];
        *to++ = static_cast<uint8_t>(std::clamp(sum >> kBits, 0, 255));
      }
    }
  return out;
}

std::vector<int64_t> nearest_places(int64_t in_size, double from, double to, int64_t out_size) {
  std::vector<int64_t> places;
  const double step = (to - from) / static_cast<double>(out_size);
  double at = from + step * 0.5;
  for (int64_t i = 0; i < out_size; ++i, at += step)
    places.push_back(std::clamp<int64_t>(static_cast<int64_t>(at), 0, in_size - 1));
  return places;
}
template <class T>
void pick(const Picture& p, Picture& out, const std::vector<int64_t>& rows, const std::vector<int64_t>& columns) {
  const T* from = p.pixels.data<T>();
  T* to = out.pixels.mutable_data<T>();
  const int64_t channels = p.channels();
  for (int64_t y : rows)
    for (int64_t x : columns) to = std::copy_n(from + (y * p.width() + x) * channels, channels, to);
}

// Colours multiplied by their opacity, and back.
void premultiply(Tensor& pixels, int64_t channels, bool back) {
  uint8_t* c = pixels.mutable_data<uint8_t>();
  for (int64_t i = 0; i < pixels.size(); i += channels, c += channels) {
    const int alpha = c[channels - 1];
    for (int64_t k = 0; k + 1 < channels; ++k) {
      if (!back) {
        const int t = c[k] * alpha + 128;
        c[k] = static_cast<uint8_t>(((t >> 8) + t) >> 8);
      } else if (alpha != 0 && alpha != 255) {
        c[k] = static_cast<uint8_t>(std::min(255 * c[k] / alpha, 255));
      }
    }
  }
}

}  // namespace

Picture resize(const Picture& p, int64_t height, int64_t width, const std::string& name,
               const std::optional<std::array<int64_t, 4>>& part) {
  check_picture_size(height, width, "resized");
  const std::array<int64_t, 4> box = part.value_or(std::array<int64_t, 4>{0, 0, p.width(), p.height()});
  if (box[0] < 0 || box[1] < 0 || box[2] > p.width() || box[3] > p.height() || box[0] >= box[2] || box[1] >= box[3])
    throw ValueError("The part (", box[0], ", ", box[1], ", ", box[2], ", ", box[3], ") is not within the image of ",
                     p.height(), " x ", p.width(), " pixels.");
  const bool whole = box[0] == 0 && box[1] == 0 && box[2] == p.width() && box[3] == p.height();
  if (whole && height == p.height() && width == p.width()) return p;
  const auto left = static_cast<double>(box[0]), top = static_cast<double>(box[1]), right = static_cast<double>(box[2]),
             bottom = static_cast<double>(box[3]);
  if (name == "nearest") {
    Picture out = empty_picture(p.mode, height, width);
    const auto rows = nearest_places(p.height(), top, bottom, height),
               columns = nearest_places(p.width(), left, right, width);
    if (p.mode == "I;16")
      pick<uint16_t>(p, out, rows, columns);
    else
      pick<uint8_t>(p, out, rows, columns);
    return out;
  }
  const auto* filter =
      std::find_if(std::begin(kFilters), std::end(kFilters), [&](const Filter& f) { return f.name == name; });
  if (filter == std::end(kFilters))
    throw ValueError("Invalid interpolation method ", name,
                     " specified. Supported methods are nearest, bilinear, bicubic, hamming, box, lanczos");
  if (p.mode == "I;16") throw UnsupportedError("Images of 16 bits are resized by 'nearest' alone. Received: ", name);
  Tensor x = p.pixels;
  const bool opacity = p.mode == "RGBA" || p.mode == "LA";
  if (opacity) {
    x = Tensor::from_bytes(x.raw(), x.shape(), x.dtype());
    premultiply(x, p.channels(), false);
  }
  auto across = [&] {
    if (width != p.width() || box[0] != 0 || box[2] != width)
      x = resampled(x, 1, weights_for(*filter, p.width(), left, right, width));
  };
  auto down = [&] {
    if (height != p.height() || box[1] != 0 || box[3] != height)
      x = resampled(x, 0, weights_for(*filter, p.height(), top, bottom, height));
  };
  // Each pass rounds, so that their order shows. Pillow 13 begins with the rows if that leaves far fewer of them.
  if (height < p.height() && p.height() - height > 2 * (p.width() - width))
    down(), across();
  else
    across(), down();
  if (opacity) premultiply(x, p.channels(), true);
  return {p.mode, x};
}

}  // namespace lamina::images
