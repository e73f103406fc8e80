#pragma once
// The loop of depthwise convolutions of int8, built once per instruction set. Sums are integers, so that every build
// gives the same.
#include <cstdint>

namespace lamina {

struct Int8Depthwise {
  // Two taps' weights of a channel side by side, so that one instruction multiplies and adds both: from w (taps,
  // channels) to (pairs of taps, channels, 2) of int16, the last tap of an odd number with zeros.
  void (*pack)(const int8_t* w, int64_t taps, int64_t channels, int16_t* packed);
  // y[c] = the sum over taps of x[tap][c] * the tap's weight of c. x has an even number of pointers.
  void (*place)(const int8_t* const* x, int64_t pairs, const int16_t* packed, int64_t channels, int32_t* y);
};

// Of the best instruction set that the processor has.
const Int8Depthwise& int8_depthwise();

}  // namespace lamina
