#pragma once
// The building blocks of the float32 matrix product, built once per instruction set: tiles of the result held in
// registers while they run along k (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).
// Only the right operand is packed; the left one is read where it lies, transposed or not.
#include <cstdint>

namespace lamina {

// A strip of the result: rows x (one panel's columns).
struct GemmStrip {
  const float* a;  // element (row, l) at a[row * row_stride + l * k_stride]
  int64_t row_stride, k_stride;
  const float* b;  // a packed panel: kPanel values for each l
  const float* c;  // what is added (may be y itself), or null for zero
  float* y;
  int64_t y_stride;  // of rows of c and y
  int64_t rows, k;
  int columns;  // of the panel that are in use
  float alpha;  // y = c + alpha * a b
};

// The loops of packed products, built once per instruction set.
struct GemmBlocks {
  int panel;  // columns of a packed panel
  // Rows [from, to) of a k x n matrix, element (l, j) at b[l * stride + j], into all of its panels; a panel holds
  // kPanel values for each l, zeros beyond the last column, and stands k * kPanel values behind the one before.
  void (*pack_rows)(const float* b, int64_t stride, int64_t from, int64_t to, int64_t k, int64_t n, float* packed);
  // One panel of a matrix that is given transposed: element (l, j) at b[j * stride + l].
  void (*pack_transposed)(const float* b, int64_t stride, int64_t k, int columns, float* packed);
  void (*strip)(const GemmStrip& s);
};

// Of the best instruction set that the processor has.
const GemmBlocks& gemm_blocks();

}  // namespace lamina
