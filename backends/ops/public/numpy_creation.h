#pragma once
// keras.ops, new tensors. dtype None means floatx, unless said otherwise.
#include "backends/ops/public/operand.h"

namespace lamina::ops {

Tensor zeros(const Shape& shape, const std::optional<DType>& dtype = {});
Tensor ones(const Shape& shape, const std::optional<DType>& dtype = {});
Tensor empty(const Shape& shape, const std::optional<DType>& dtype = {});  // zeros
Tensor full(const Shape& shape, const Operand& fill_value, const std::optional<DType>& dtype = {});
Tensor zeros_like(const Operand& x, const std::optional<DType>& dtype = {});  // dtype None: that of x
Tensor ones_like(const Operand& x, const std::optional<DType>& dtype = {});
Tensor empty_like(const Operand& x, const std::optional<DType>& dtype = {});
Tensor full_like(const Operand& x, const Operand& fill_value, const std::optional<DType>& dtype = {});
Tensor eye(int64_t N, const std::optional<int64_t>& M = {}, int64_t k = 0, const std::optional<DType>& dtype = {});
Tensor identity(int64_t n, const std::optional<DType>& dtype = {});
Tensor tri(int64_t N, const std::optional<int64_t>& M = {}, int64_t k = 0, const std::optional<DType>& dtype = {});
Tensor arange(const Operand& start, const std::optional<Operand>& stop = {}, const std::optional<Operand>& step = {},
              const std::optional<DType>& dtype = {});
Value linspace(const Operand& start, const Operand& stop, int64_t num, bool endpoint, bool retstep,
               const std::optional<DType>& dtype = {}, int axis = 0);
Tensor linspace(const Operand& start, const Operand& stop, int64_t num = 50, bool endpoint = true);
Tensor logspace(const Operand& start, const Operand& stop, int64_t num = 50, bool endpoint = true, double base = 10,
                const std::optional<DType>& dtype = {}, int axis = 0);
Tensor geomspace(const Operand& start, const Operand& stop, int64_t num = 50, bool endpoint = true,
                 const std::optional<DType>& dtype = {}, int axis = 0);
Tensor array(const Operand& x, const std::optional<DType>& dtype = {});
Tensor tril(const Operand& x, int64_t k = 0);
Tensor triu(const Operand& x, int64_t k = 0);
Tensor diag(const Operand& x, int64_t k = 0);
Tensor diagflat(const Operand& x, int64_t k = 0);
Tensor diagonal(const Operand& x, int64_t offset = 0, int axis1 = 0, int axis2 = 1);
Tensor trace(const Operand& x, int64_t offset = 0, int axis1 = 0, int axis2 = 1);

}  // namespace lamina::ops
