#pragma once
// What transposes, broadcasts, slices, reversals and paddings have in common: for each index, copy the element at
// from_base + sum(index * from) to to_base + sum(index * to).
#include <cstdint>
#include <vector>

#include "backends/core/kernel.h"

namespace lamina {

struct StridedCopy {
  std::vector<int64_t> size, from, to;  // an axis: count, strides in elements
  int64_t from_base = 0, to_base = 0;
  size_t element = 4;  // bytes

  int64_t total() const;
  // Drops axes of size 1 and merges neighbours that both sides walk alike; leaves at least one axis.
  void simplify();
};

// Simplified. Of a padding, the copy of the input into the filled output.
StridedCopy transpose_copy(const KernelRequest& r);
StridedCopy broadcast_copy(const KernelRequest& r);
StridedCopy slice_copy(const KernelRequest& r);
StridedCopy reverse_copy(const KernelRequest& r);
StridedCopy pad_copy(const KernelRequest& r);

// A concatenation: `outer` times a row of `row` bytes, made of a piece of widths[p] bytes from each part.
struct RowCopy {
  int64_t outer = 1, row = 0;
  std::vector<int64_t> widths;
};
// What a concatenation copies.
RowCopy concat_copy(const KernelRequest& r);

}  // namespace lamina
