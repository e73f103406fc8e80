#include "backends/ops/cumulative/cumulative.h"

#include "backends/core/kernel.h"
#include "backends/core/wrapping.h"
#include "backends/cpu/thread_pool.h"
#include "backends/ops/primitives.h"

namespace lamina {

std::vector<TensorSpec> CumulativeOp::infer(std::span<const TensorSpec> in) const {
  if (axis < 0 || axis >= in[0].shape.rank())
    throw ValueError("axis ", axis, " is out of bounds for shape ", in[0].shape, ".");
  if (in[0].dtype == DType::boolean) throw TypeError("takes numbers, received bool.");
  return {in[0]};
}

using namespace prim;

Tensors CumulativeOp::vjp(const VjpContext& c) const {
  const Tensor& g = c.grads[0];
  if (kind == Kind::sum) return {cumulative(Kind::sum, g, axis, !reverse, exclusive)};
  // y_j is the product of x over the places before j (and j itself unless exclusive). So dy_j/dx_i = before_i *
  // between_ij, with between_ij the product from i+1 up to j: exact where x holds zeros, at the price of an n by n
  // table.
  if (reverse) {
    Tensor flipped = prim::reverse(c.inputs[0], {axis});
    CumulativeOp forward(kind, axis, false, exclusive);
    Tensor in[] = {flipped}, out[] = {prim::reverse(c.outputs[0], {axis})}, grad[] = {prim::reverse(g, {axis})};
    return {prim::reverse(forward.vjp({in, out, grad, c.needed})[0], {axis})};
  }
  const Tensor& x = c.inputs[0];
  const int64_t n = x.shape()[axis];
  Tensor before = cumulative(Kind::prod, x, axis, false, true);
  Shape row = Shape::of_rank(x.rank() + 1), column = row, table = x.shape();
  row[axis] = n, column[axis + 1] = n;
  table.insert(axis, n);
  Tensor i = reshape(iota(n, DType::int32), row), j = reshape(iota(n, DType::int32), column);
  Tensor one = full({}, 1, x.dtype()), zero = full({}, 0, x.dtype());
  Tensor wide = broadcast_to(prim::expand_dims(x, axis), table);
  Tensor between = cumulative(Kind::prod, where(binary(Binary::greater, j, i), wide, one), axis + 1, false, exclusive);
  Tensor counts = binary(exclusive ? Binary::greater : Binary::greater_equal, j, i);
  Tensor terms = where(counts, multiply(prim::expand_dims(g, axis), between), zero);
  return {multiply(before, reduce(Reduce::sum, terms, {axis + 1}, false))};
}

namespace {

BoundKernel bind_cumulative(const CumulativeOp& op, const KernelRequest& r) {
  const Shape& x = r.inputs[0].shape;
  int64_t outer = 1, n = x[op.axis], inner = 1;
  for (int i = 0; i < op.axis; ++i) outer *= x[i];
  for (int i = op.axis + 1; i < x.rank(); ++i) inner *= x[i];
  BoundKernel kernel;
  kernel.run = [=, product = op.kind == CumulativeOp::Kind::prod, reverse = op.reverse, exclusive = op.exclusive,
                dtype = r.inputs[0].dtype](const void* const* in, void* const* out, void*) {
    with_dtype(dtype, [&](auto zero) {
      using T = decltype(zero);
      constexpr bool low = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
      using A = std::conditional_t<low, float, T>;
      parallel_for(outer, [&](int64_t o) {
        for (int64_t i = 0; i < inner; ++i) {
          A acc = product ? A(1) : A(0);
          for (int64_t step = 0; step < n; ++step) {
            int64_t at = (o * n + (reverse ? n - 1 - step : step)) * inner + i;
            A before = acc, value = static_cast<A>(static_cast<const T*>(in[0])[at]);
            acc = product ? wrapping_multiply(acc, value) : wrapping_add(acc, value);
            static_cast<T*>(out[0])[at] = static_cast<T>(exclusive ? before : acc);
          }
        }
      });
    });
  };
  return kernel;
}

LAMINA_KERNEL(cpu, "Cumulative", "reference", 100, bind_cumulative);

}  // namespace

namespace prim {
Tensor cumulative(CumulativeOp::Kind kind, const Tensor& x, int axis, bool reverse, bool exclusive) {
  return apply1(make_op<CumulativeOp>(kind, axis, reverse, exclusive), {x});
}
}  // namespace prim
}  // namespace lamina
