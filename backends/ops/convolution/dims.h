#pragma once
// A convolution's sizes as kernels read them: always three spatial axes, missing ones in front with size 1.
#include <array>

#include "backends/ops/convolution/convolution.h"

namespace lamina {

struct ConvolutionDims {
  using Triple = std::array<int64_t, 3>;
  int rank = 0;  // spatial axes that the tensors have
  int64_t batch = 0, channels = 0, filters = 0, groups = 1;
  Triple in{1, 1, 1}, out{1, 1, 1}, size{1, 1, 1}, strides{1, 1, 1}, low{0, 0, 0}, high{0, 0, 0}, dilation{1, 1, 1};

  // Of shapes x (N, i..., C), w (k..., C / groups, O), y (N, o..., O).
  ConvolutionDims(const Window& window, int64_t groups, const Shape& x, const Shape& w, const Shape& y)
      : rank(window.rank()), batch(x[0]), channels(x.back()), filters(y.back()), groups(groups) {
    for (int i = 0; i < rank; ++i) {
      const size_t a = static_cast<size_t>(3 - rank + i), f = static_cast<size_t>(i);
      in[a] = x[i + 1], out[a] = y[i + 1], size[a] = w[i];
      strides[a] = window.strides[f], low[a] = window.low[f], high[a] = window.high[f],
      dilation[a] = window.dilation[f];
    }
  }

  static int64_t product(const Triple& t) { return t[0] * t[1] * t[2]; }
  int64_t inputs() const { return product(in); }  // places of a sample
  int64_t outputs() const { return product(out); }
  int64_t taps() const { return product(size); }  // places of a window
  int64_t group_channels() const { return channels / groups; }
  int64_t group_filters() const { return filters / groups; }
  int64_t input_elements() const { return inputs() * channels; }  // of a sample
  int64_t output_elements() const { return outputs() * filters; }
  int64_t weight_elements() const { return taps() * group_channels() * filters; }
  int64_t multiplications() const { return outputs() * taps() * group_channels() * filters; }  // of a sample
  bool empty() const { return batch * input_elements() * output_elements() * weight_elements() == 0; }
  bool pointwise() const { return taps() == 1 && product(strides) == 1 && in == out && low == Triple{0, 0, 0}; }
};

}  // namespace lamina
