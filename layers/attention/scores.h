#pragma once
// What attention layers share.
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

// A layer whose scores users' subclasses may compute otherwise.
class ScoreFunction {
 public:
  virtual ~ScoreFunction() = default;
  virtual Tensor scores_of(const Tensor& query, const Tensor& key) const = 0;
};

// (1, T, S), bool: whether key s is not after query t.
inline Tensor past_of(int64_t queries, int64_t keys) {
  return prim::binary(Binary::greater_equal, prim::reshape(prim::iota(queries, DType::int32), {1, queries, 1}),
                      prim::reshape(prim::iota(keys, DType::int32), {1, 1, keys}));
}
// (1, T, S), bool: whether key s is less than `width` away from query t.
inline Tensor window_of(int64_t queries, int64_t keys, int64_t width) {
  Tensor apart = prim::subtract(prim::reshape(prim::iota(queries, DType::int32), {1, queries, 1}),
                                prim::reshape(prim::iota(keys, DType::int32), {1, 1, keys}));
  return prim::binary(Binary::less, prim::unary(Unary::abs, apart),
                      prim::full({}, static_cast<double>(width), DType::int32));
}

}  // namespace lamina
