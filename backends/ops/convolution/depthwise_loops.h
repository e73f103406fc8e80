#pragma once
// The loops over channels of depthwise convolutions in float32, built once per instruction set.
#include <cstdint>

namespace lamina {

// Where a tap of a window lies: elements from the first place's, and from the kernel's start.
struct DepthwiseTap {
  int64_t x, w;
};

// What a level of instructions has.
struct DepthwiseLoops {
  // For p < places: y[p * y_step + c] = sum over the taps of x[p * x_step + tap.x + c] * w[tap.w + c].
  void (*row)(const float* x, int64_t x_step, const float* w, const DepthwiseTap* taps, int64_t count, int64_t places,
              int64_t channels, float* y, int64_t y_step);
  // sum[c] += sum over p < places of x[p * x_step + c] * g[p * g_step + c].
  void (*products)(const float* x, int64_t x_step, const float* g, int64_t g_step, int64_t places, int64_t channels,
                   float* sum);
};

// The loops for the processor's instruction set.
const DepthwiseLoops& depthwise_loops();

}  // namespace lamina
