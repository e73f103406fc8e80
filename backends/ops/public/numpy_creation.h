#pragma once
// keras.ops, new tensors. dtype None means floatx, unless said otherwise.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

// A tensor of zeros.
Tensor zeros(const Shape& shape, const std::optional<DType>& dtype = {});
// A tensor of ones.
Tensor ones(const Shape& shape, const std::optional<DType>& dtype = {});
Tensor empty(const Shape& shape, const std::optional<DType>& dtype = {});  // zeros
// A tensor of one repeated value.
Tensor full(const Shape& shape, const Operand& fill_value, const std::optional<DType>& dtype = {});
Tensor zeros_like(const Operand& x, const std::optional<DType>& dtype = {});  // dtype None: that of x
// Ones in the shape and dtype of x.
Tensor ones_like(const Operand& x, const std::optional<DType>& dtype = {});
// A tensor like x whose values mean nothing (zeros).
Tensor empty_like(const Operand& x, const std::optional<DType>& dtype = {});
// One repeated value in the shape and dtype of x.
Tensor full_like(const Operand& x, const Operand& fill_value, const std::optional<DType>& dtype = {});
// An (N, M) matrix with ones on diagonal k and zeros elsewhere.
Tensor eye(int64_t N, const std::optional<int64_t>& M = {}, int64_t k = 0, const std::optional<DType>& dtype = {});
// The (n, n) identity matrix.
Tensor identity(int64_t n, const std::optional<DType>& dtype = {});
// An (N, M) matrix with ones at and below diagonal k.
Tensor tri(int64_t N, const std::optional<int64_t>& M = {}, int64_t k = 0, const std::optional<DType>& dtype = {});
// start, start + step, ... up to but not including stop.
Tensor arange(const Operand& start, const std::optional<Operand>& stop = {}, const std::optional<Operand>& step = {},
              const std::optional<DType>& dtype = {});
// `num` numbers at equal distances from start to stop; with retstep also that distance.
Value linspace(const Operand& start, const Operand& stop, int64_t num, bool endpoint, bool retstep,
               const std::optional<DType>& dtype = {}, int axis = 0);
// `num` numbers at equal distances from start to stop; with retstep also that distance.
Tensor linspace(const Operand& start, const Operand& stop, int64_t num = 50, bool endpoint = true);
// `base` to the power of `num` numbers at equal distances from start to stop.
Tensor logspace(const Operand& start, const Operand& stop, int64_t num = 50, bool endpoint = true, double base = 10,
                const std::optional<DType>& dtype = {}, int axis = 0);
// `num` numbers from start to stop, each the same multiple of the one before.
Tensor geomspace(const Operand& start, const Operand& stop, int64_t num = 50, bool endpoint = true,
                 const std::optional<DType>& dtype = {}, int axis = 0);
// x as a tensor, of the given dtype.
Tensor array(const Operand& x, const std::optional<DType>& dtype = {});
// The last two axes with zeros above diagonal k.
Tensor tril(const Operand& x, int64_t k = 0);
// The last two axes with zeros below diagonal k.
Tensor triu(const Operand& x, int64_t k = 0);
// The diagonal k of a matrix, or a matrix with the vector on diagonal k.
Tensor diag(const Operand& x, int64_t k = 0);
// A matrix with the flattened elements on diagonal k.
Tensor diagflat(const Operand& x, int64_t k = 0);
// The diagonal of two axes, as the last axis of the result.
Tensor diagonal(const Operand& x, int64_t offset = 0, int axis1 = 0, int axis2 = 1);
// The sum of a diagonal of two axes.
Tensor trace(const Operand& x, int64_t offset = 0, int axis1 = 0, int axis2 = 1);

}  // namespace lamina::ops
