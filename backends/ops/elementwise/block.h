#pragma once
// Block functions: one elementwise op over n contiguous elements. Every op is a table of them by dtype, built once an
// instruction set; elementwise kernels (single and fused) are loops over blocks that call these.
#include <cstdint>

#include "backends/core/dtype.h"
#include "backends/ops/elementwise/kinds.h"

namespace lamina {

// out may be the same pointer as an operand of the same element size.
using BlockFn = void (*)(const void* a, const void* b, const void* c, void* out, int64_t n);

struct BlockTable {
  BlockFn unary[kUnaryCount][kDTypeCount];
  BlockFn binary[kBinaryCount][kDTypeCount];
  BlockFn where[kDTypeCount];  // a: bool condition, b: if true, c: if false
  // With one operand a single value, that its pointer points to: the left or the right one. Null for kinds and dtypes
  // that are rare; a filled block serves those. Same results as the plain entries.
  BlockFn binary_left[kBinaryCount][kDTypeCount], binary_right[kBinaryCount][kDTypeCount];
  BlockFn where_left[kDTypeCount], where_right[kDTypeCount];
  BlockFn cast[kDTypeCount][kDTypeCount];  // [from][to]
  void (*fill)(const void* value, int64_t element_size, void* out, int64_t n);
  // Reductions of a contiguous run to one value (float accumulates in 8+ lanes, in a fixed order).
  float (*sum_f32)(const float* x, int64_t n);
  float (*max_f32)(const float* x, int64_t n);
};

const BlockTable& block_table();  // for this processor; entries for unsupported dtypes are null

}  // namespace lamina
