#pragma once
// Walks over the places of convolutions, for the plain loops.
#include "backends/ops/convolution/dims.h"

namespace lamina {

// Calls f(flat place of the input, flat tap) for each tap of the window at output place p that lies inside the input.
template <class F>
void over_window(const ConvolutionDims& d, const int64_t (&p)[3], F&& f) {
  for (int64_t a = 0; a < d.size[0]; ++a)
    for (int64_t b = 0; b < d.size[1]; ++b)
      for (int64_t c = 0; c < d.size[2]; ++c) {
        const int64_t i = p[0] * d.strides[0] + a * d.dilation[0] - d.low[0],
                      j = p[1] * d.strides[1] + b * d.dilation[1] - d.low[1],
                      k = p[2] * d.strides[2] + c * d.dilation[2] - d.low[2];
        if (i < 0 || i >= d.in[0] || j < 0 || j >= d.in[1] || k < 0 || k >= d.in[2]) continue;
        f((i * d.in[1] + j) * d.in[2] + k, (a * d.size[1] + b) * d.size[2] + c);
      }
}

// Calls f(flat place of the output, flat tap) for each window that covers input place p.
template <class F>
void over_covering(const ConvolutionDims& d, const int64_t (&p)[3], F&& f) {
  for (int64_t tap = 0; tap < d.taps(); ++tap) {
    const int64_t t[3] = {tap / (d.size[1] * d.size[2]), tap / d.size[2] % d.size[1], tap % d.size[2]};
    int64_t place = 0;
    bool covers = true;
    for (size_t a = 0; a < 3; ++a) {
      const int64_t at = p[a] + d.low[a] - t[a] * d.dilation[a];
      covers &= at >= 0 && at % d.strides[a] == 0 && at / d.strides[a] < d.out[a];
      place = place * d.out[a] + (covers ? at / d.strides[a] : 0);
    }
    if (covers) f(place, tap);
  }
}

// Calls f(place along each axis, flat place) for all places of an image of that size.
template <class F>
void over_places(const ConvolutionDims::Triple& size, F&& f) {
  int64_t flat = 0;
  for (int64_t a = 0; a < size[0]; ++a)
    for (int64_t b = 0; b < size[1]; ++b)
      for (int64_t c = 0; c < size[2]; ++c) f({a, b, c}, flat++);
}

}  // namespace lamina
