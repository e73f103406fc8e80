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
TopK top_k(const Operand& x, int64_t k, bool sorted = true);
Tensor in_top_k(const Operand& targets, const Operand& predictions, int64_t k);
Tensors nonzero(const Operand& x);  // one int32 vector per axis; needs data
Tensor searchsorted(const Operand& sorted_sequence, const Operand& values, const std::string& side = "left");
Tensor digitize(const Operand& x, const Operand& bins);
Tensor isin(const Operand& x1, const Operand& x2, bool assume_unique = false, bool invert = false);
Tensors unravel_index(const Operand& indices, const Shape& shape);
Tensor segment_sum(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                   bool sorted = false);
Tensor segment_max(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                   bool sorted = false);
Tensor segment_min(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                   bool sorted = false);
Tensor segment_prod(const Operand& data, const Operand& segment_ids, const std::optional<int64_t>& num_segments = {},
                    bool sorted = false);
Tensor bincount(const Operand& x, const std::optional<Operand>& weights = {}, int64_t minlength = 0,
                bool sparse = false);

}  // namespace lamina::ops
