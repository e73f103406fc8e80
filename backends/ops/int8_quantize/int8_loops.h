#pragma once
// Floats as integers and sums of integers as floats, built once per instruction set; the same bits from each.
#include <cstdint>

namespace lamina {

struct Int8Loops {
  // The greatest |x|; NaN if there is one.
  float (*greatest)(const float* x, int64_t n);
  // q = x * scale, rounded to the nearest integer (to the even one of two) between low and high.
  void (*quantize)(const float* x, int64_t n, float scale, float low, float high, int8_t* q);
  // y = sums / (scale * factor).
  void (*dequantize)(const int32_t* sums, const float* scale, float factor, int64_t n, float* y);
};

// Of the best instruction set that the processor has.
const Int8Loops& int8_loops();

}  // namespace lamina
