#pragma once
// A pooling's sizes as kernels read them: always three spatial axes, missing ones in front with size 1.
#include "backends/ops/pooling/pooling.h"

namespace lamina {

struct PoolDims {
  using Range = PoolWindows::Range;
  int64_t batch, channels, in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  std::vector<Range> ranges[3];
  bool disjoint = true;  // no place lies in two windows
  bool covering = true;  // every place lies in one

  PoolDims(const PoolWindows& w, const Shape& x) : batch(x[0]), channels(x.back()) {
    const int rank = w.rank();
    for (int a = 0; a < 3; ++a) {
      const int axis = a - (3 - rank);
      if (axis < 0) {
        ranges[a] = {{0, 1}};
        continue;
      }
      in[a] = x[axis + 1];
      ranges[a] = w.ranges(axis, in[a]);
      out[a] = static_cast<int64_t>(ranges[a].size());
      int64_t reached = 0;
      for (const Range& r : ranges[a]) {
        disjoint &= r.begin >= reached;
        covering &= r.begin <= reached;
        reached = r.end;
      }
      covering &= reached == in[a];
    }
  }
  int64_t input_elements() const { return in[0] * in[1] * in[2] * channels; }  // of a sample
  int64_t output_elements() const { return out[0] * out[1] * out[2] * channels; }
  int64_t most_places() const {
    int64_t n = 1;
    for (const auto& axis : ranges) {
      int64_t most = 0;
      for (const Range& r : axis) most = std::max(most, r.size());
      n *= most;
    }
    return n;
  }

  // Calls f(place of the input) for every place of the window of output (a, b, c), in the index's order.
  template <class F>
  void over_window(int64_t a, int64_t b, int64_t c, F&& f) const {
    const Range &ra = ranges[0][static_cast<size_t>(a)], &rb = ranges[1][static_cast<size_t>(b)],
                &rc = ranges[2][static_cast<size_t>(c)];
    for (int64_t i = ra.begin; i < ra.end; ++i)
      for (int64_t j = rb.begin; j < rb.end; ++j)
        for (int64_t k = rc.begin; k < rc.end; ++k) f((i * in[1] + j) * in[2] + k);
  }
  // The input place number `index` of that window.
  int64_t place(int64_t a, int64_t b, int64_t c, int64_t index) const {
    const Range &ra = ranges[0][static_cast<size_t>(a)], &rb = ranges[1][static_cast<size_t>(b)],
                &rc = ranges[2][static_cast<size_t>(c)];
    const int64_t k = index % rc.size(), j = index / rc.size() % rb.size(), i = index / (rc.size() * rb.size());
    return ((ra.begin + i) * in[1] + rb.begin + j) * in[2] + rc.begin + k;
  }
  // Calls f(a, b, c, flat place) for every output place.
  template <class F>
  void over_outputs(F&& f) const {
    int64_t flat = 0;
    for (int64_t a = 0; a < out[0]; ++a)
      for (int64_t b = 0; b < out[1]; ++b)
        for (int64_t c = 0; c < out[2]; ++c) f(a, b, c, flat++);
  }
};

}  // namespace lamina
