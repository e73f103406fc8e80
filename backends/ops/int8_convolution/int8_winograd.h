#pragma once
// The loops of 3x3 convolutions of int8 by Winograd's transforms for 2x2 places (Lavin and Gray, 2016), in integers and
// exact. A tile of 4x4 places of the input becomes 16 numbers below 2^10, the kernel of a channel 16 numbers below
// 2^11: the transform's halves are left out, so that what comes back is four times the convolution. 16 products of
// matrices of int16 take the place of 36.
#include <cstdint>

namespace lamina {

struct Int8Winograd {
  static constexpr int kPanel = 16;  // filters of a panel
  static int64_t padded(int64_t channels) { return (channels + 1) / 2 * 2; }
  static int64_t panel_values(int64_t channels) { return 16 * padded(channels) * kPanel; }

  // Filters [0, columns) of w (3, 3, channels, filters) as a panel: for each of the 16 planes pairs of channels, in
  // each the filters, each with both channels side by side.
  void (*pack)(const int8_t* w, int64_t channels, int64_t filters, int columns, int16_t* packed);
  // A tile of the input, given by its 16 places in order, into row `to` of 16 planes that are `plane` values apart.
  void (*tile)(const int8_t* const* places, int64_t channels, int16_t* to, int64_t plane);
  // products (16 planes of `rows` rows of kPanel) = rows of the 16 planes times a panel.
  void (*multiply)(const int16_t* tiles, int64_t plane, const int16_t* packed, int64_t rows, int64_t channels,
                   int32_t* products);
  // A row of these as 2x2 places: `columns` filters to each of the four pointers, unless it is null.
  void (*back)(const int32_t* products, int64_t rows, int columns, int32_t* const* places);
};

// Null on processors without AVX2.
const Int8Winograd* int8_winograd();

}  // namespace lamina
