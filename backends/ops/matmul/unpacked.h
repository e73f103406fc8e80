#pragma once
// The building blocks of small float32 matrix products, built once per instruction set: nothing is packed, because an
// operand that a second-level cache holds is read from there as fast as it could be copied.
#include <cstdint>

namespace lamina {

// A piece of the result, rows x columns: y = c + alpha * a b over k terms.
struct UnpackedPiece {
  const float* a;  // element (row, l) at a[row * row_stride + l * k_stride]
  int64_t row_stride, k_stride;
  const float* b;  // combine: element (l, j) at b[l * b_stride + j]; dot: at b[j * b_stride + l]
  int64_t b_stride;
  const float* c;  // of rows y_stride apart, may be y itself; null for zero
  float* y;
  int64_t y_stride;
  int64_t rows, columns, k;
  float alpha;
};

// The loops of products without packing, built once per instruction set.
struct UnpackedProducts {
  int width;  // floats of a register
  // Rows of b times single values of a; needs 16 columns.
  void (*combine)(const UnpackedPiece& p);
  // Rows of a by rows of b; k_stride must be 1.
  void (*dot)(const UnpackedPiece& p);
  // to[j * stride + i] = from[i * columns + j].
  void (*transpose)(const float* from, int64_t rows, int64_t columns, float* to, int64_t stride);
};

// Of the best instruction set that the processor has.
const UnpackedProducts& unpacked_products();

}  // namespace lamina
