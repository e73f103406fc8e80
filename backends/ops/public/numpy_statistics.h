#pragma once
// keras.ops, statistics and sequences.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// For each element the choice of the first condition that holds, else the default.
Tensor select(const std::vector<Operand>& condlist, const std::vector<Operand>& choicelist,
              const Operand& default_ = 0);
Tensor corrcoef(const Operand& x);  // rows are variables
Tensor correlate(const Operand& x1, const Operand& x2,
                 const std::string& mode = "valid");  // vectors; modes valid, same, full
Tensors histogram(const Operand& x, int64_t bins = 10,
                  const std::optional<std::vector<double>>& range = {});  // counts, edges
// Windows of the last axis, `sequence_stride` apart, as a new axis before their elements.
Tensor extract_sequences(const Operand& x, int64_t sequence_length, int64_t sequence_stride);
// Running sums that count NaN as 0.
Tensor nancumsum(const Operand& x, const std::optional<int>& axis = {}, const std::optional<DType>& dtype = {});
// Running products that count NaN as 1.
Tensor nancumprod(const Operand& x, const std::optional<int>& axis = {}, const std::optional<DType>& dtype = {});
Tensor nanargmax(const Operand& x, const std::optional<int>& axis = {}, bool keepdims = false);  // -1 where all are NaN
// The place of the smallest element that is not NaN, -1 if all are.
Tensor nanargmin(const Operand& x, const std::optional<int>& axis = {}, bool keepdims = false);
// The integral along `axis` by the trapezoidal rule, at the places x or dx apart.
Tensor trapezoid(const Operand& y, const std::optional<Operand>& x = {}, double dx = 1, int axis = -1);
// Powers of the elements as columns, the highest first unless `increasing`.
Tensor vander(const Operand& x, const std::optional<int64_t>& N = {}, bool increasing = false);

}  // namespace lamina::ops
