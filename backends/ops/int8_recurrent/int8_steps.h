#pragma once
// The loops of a recurrence with int8 products beside the products themselves, built once per instruction set.
#include <cstdint>

namespace lamina {

struct Int8Steps {
  // q = h * scale, rounded to the nearest integer (to the even one of two) between low and high. Returns the scale,
  // high / (the greatest |h| + epsilon).
  float (*quantize)(const float* h, int64_t n, float low, float high, float epsilon, int8_t* q);
  // p = sums / (scale * state_scale).
  void (*dequantize)(const int32_t* sums, const float* scale, float state_scale, int64_t n, float* p);
};

// Of the best instruction set that the processor has.
const Int8Steps& int8_steps();

}  // namespace lamina
