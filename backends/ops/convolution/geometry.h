#pragma once
// Convolutions as matrix products without copies: with channels last and no dilation along the last axis, the window's
// row at every place of an output's row lies in one piece, a step of strides * channels behind the one before. That is
// a matrix whose rows overlap. Only padding is copied.
#include <cstring>

#include "backends/core/kernel.h"
#include "backends/ops/convolution/dims.h"

namespace lamina {

// A convolution of x' by w' seen as products. For the input's gradient (stride 1) x' is g, and w' the kernel turned
// round.
struct Geometry {
  using Triple = ConvolutionDims::Triple;
  int64_t channels, filters;
  Triple in, out, size, strides, dilation, low, padded;
  int64_t width, depth;  // of a window: of its last axis, and all of it
  bool whole;            // no padding: samples are read where they lie

  explicit Geometry(const ConvolutionDims& d)
      : channels(d.channels),
        filters(d.filters),
        in(d.in),
        out(d.out),
        size(d.size),
        strides(d.strides),
        dilation(d.dilation),
        low(d.low) {
    if (d.pointwise()) in = out = {1, 1, d.outputs()};  // all places are one row
    finish();
  }
  // Of the gradient with respect to the input, where all strides are 1.
  static Geometry turned(const ConvolutionDims& d) {
    Geometry g(d);
    std::swap(g.channels, g.filters);
    std::swap(g.in, g.out);
    for (size_t a = 0; a < 3; ++a) g.low[a] = (g.size[a] - 1) * g.dilation[a] - g.low[a];
    g.finish();
    return g;
  }

  int64_t rows() const { return out[0] * out[1]; }
  int64_t places() const { return rows() * out[2]; }
  int64_t padded_elements() const { return ConvolutionDims::product(padded) * channels; }
  int64_t in_elements() const { return ConvolutionDims::product(in) * channels; }
  int64_t out_elements() const { return places() * filters; }
  int64_t row_taps() const { return size[0] * size[1]; }
  // Where the part `tap` of the window at the start of output row `row` begins in a padded sample.
  int64_t begin(int64_t row, int64_t tap) const {
    const int64_t i = row / out[1] * strides[0] + tap / size[1] * dilation[0],
                  j = row % out[1] * strides[1] + tap % size[1] * dilation[1];
    return (i * padded[1] + j) * padded[2] * channels;
  }
  // Calls f(place of a row of `in` in a padded sample, its place in the sample, values).
  template <class F>
  void each_row(F&& f) const {
    for (int64_t i = 0; i < in[0]; ++i)
      for (int64_t j = 0; j < in[1]; ++j)
        f((((i + low[0]) * padded[1] + j + low[1]) * padded[2] + low[2]) * channels, (i * in[1] + j) * in[2] * channels,
          in[2] * channels);
  }
  void pad(const float* sample, float* to) const {
    std::memset(to, 0, static_cast<size_t>(padded_elements()) * sizeof(float));
    each_row([&](int64_t at, int64_t from, int64_t n) {
      std::memcpy(to + at, sample + from, static_cast<size_t>(n) * sizeof(float));
    });
  }

 private:
  void finish() {
    width = size[2] * channels;
    depth = row_taps() * width;
    for (size_t a = 0; a < 3; ++a)
      padded[a] = std::max(low[a] + in[a], (out[a] - 1) * strides[a] + (size[a] - 1) * dilation[a] + 1);
    whole = low == Triple{0, 0, 0} && padded == in;
  }
};

// Why a convolution is not such a product, or null.
inline const char* refuse_as_product(const KernelRequest& r, const ConvolutionDims& d) {
  if (r.inputs[0].dtype != DType::float32) return "needs float32";
  if (d.groups != 1 || (d.dilation[2] != 1 && d.size[2] != 1))
    return "needs one group and no dilation along the last axis";
  if (d.empty()) return "empty";
  return nullptr;
}

}  // namespace lamina
