#pragma once
// keras.ops, indexing, sorting and searching.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// Indices: integers of any shape; negative ones count from the end, what lies outside gives NaN.
Tensor take(const Operand& x, const Operand& indices, const std::optional<int>& axis = {});
Tensor take_along_axis(const Operand& x, const Operand& indices, const std::optional<int>& axis = {});
Tensor getitem(const Operand& x,
               const Value& key);  // x[key] as NumPy: ints, slices, None, Ellipsis, arrays, and tuples of them
Tensor slice(const Operand& inputs, const Value& start_indices, const Shape& shape);
Tensor slice_update(const Operand& inputs, const Value& start_indices, const Operand& updates);
Tensor scatter(const Operand& indices, const Operand& values, const Shape& shape);
Tensor scatter_update(const Operand& inputs, const Operand& indices, const Operand& updates,
                      const std::optional<std::string>& reduction = {});
Tensor sort(const Operand& x, const std::optional<int>& axis = -1);
Tensor argsort(const Operand& x, const std::optional<int>& axis = -1);
Tensor argpartition(const Operand& x, int64_t kth, const std::optional<int>& axis = -1);
struct TopK {
  Tensor values, indices;
};
// The k largest elements of the last axis in descending order, and their int32 places.
TopK top_k(const Operand& x, int64_t k, bool sorted = true);
// Whether each target class is among the k classes with the highest predictions.
Tensor in_top_k(const Operand& targets, const Operand& predictions, int64_t k);
Tensors nonzero(const Operand& x);  // one int32 vector per axis; needs data
// Where each value would be inserted to keep the sequence sorted, int32.
Tensor searchsorted(const Operand& sorted_sequence, const Operand& values, const std::string& side = "left");
// The number of bin edges that are not above x, int32.
Tensor digitize(const Operand& x, const Operand& bins);
// Whether each element of x1 occurs in x2.
Tensor isin(const Operand& x1, const Operand& x2, bool assume_unique = false, bool invert = false);
// Flat indices as one index an axis of `shape`.
Tensors unravel_index(const Operand& indices, const Shape& shape);
// The sums of the rows of `data` that have the same segment id.
Tensor segment_sum(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                   bool sorted = false);
// The largest of the rows of `data` that have the same segment id.
Tensor segment_max(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                   bool sorted = false);
// The smallest of the rows of `data` that have the same segment id.
Tensor segment_min(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                   bool sorted = false);
// The products of the rows of `data` that have the same segment id.
Tensor segment_prod(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                    bool sorted = false);
// How often each non-negative integer occurs (or the sum of its weights), a row at a time.
Tensor bincount(const Operand& x, const std::optional<Operand>& weights = {}, int64_t minlength = 0,
                bool sparse = false);

}  // namespace lamina::ops
