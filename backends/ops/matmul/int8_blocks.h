#pragma once
// Pieces of int8 matrix products, built once per instruction set. Sums are integers, so that every build gives the
// same.
//
// The right matrix is packed in panels of some columns. Within one, `group` consecutive values of each column lie side
// by side: what one instruction multiplies and adds up. The left matrix is brought into the form that the instruction
// takes beside them. Both are padded with zeros to a multiple of kInt8Padding values.
#include <cstdint>

namespace lamina {

inline constexpr int64_t kInt8Padding = 4;
// Rows are filled with zeros to a whole number of instructions.
inline int64_t int8_padded(int64_t k) { return (k + kInt8Padding - 1) / kInt8Padding * kInt8Padding; }

struct Int8Blocks {
  const char* layout;  // of packed matrices: what one build packs, only builds with the same layout can read
  int panel;           // columns of a panel
  int element;         // bytes of a value of the left matrix in the form it is brought into
  // The bytes of a panel: the values and an int32 a column.
  int64_t panel_bytes(int64_t k) const { return int8_padded(k) * panel + panel * 4; }

  // Columns 0 ... columns-1 of b, whose element (l, j) is b[l * k_stride + j * n_stride], as a panel.
  void (*pack)(const int8_t* b, int64_t k_stride, int64_t n_stride, int64_t k, int columns, void* packed);
  // Rows of a, whose element (i, l) is a[i * row_stride + l * k_stride].
  void (*prepare)(const int8_t* a, int64_t row_stride, int64_t k_stride, int64_t rows, int64_t k, void* prepared);
  // y (rows, columns) = prepared rows times one packed panel.
  void (*multiply)(const void* prepared, const void* packed, int64_t rows, int64_t k, int columns, int32_t* y,
                   int64_t y_stride);
};

// Of the best instruction set that the processor has.
const Int8Blocks& int8_blocks();

}  // namespace lamina
