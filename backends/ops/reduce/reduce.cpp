#include "backends/ops/reduce/reduce.h"

#include "backends/ops/primitives.h"

namespace lamina {

std::string_view name_of(Reduce kind) {
  static constexpr std::string_view names[] = {"sum", "prod", "max", "min", "any", "all"};
  return names[static_cast<int>(kind)];
}

std::vector<TensorSpec> ReduceOp::infer(std::span<const TensorSpec> in) const {
  const Shape& x = in[0].shape;
  if ((kind == Reduce::any || kind == Reduce::all) && in[0].dtype != DType::boolean)
    throw TypeError(name_of(kind), " takes a bool tensor, received ", in[0].dtype, ".");
  Shape out;
  size_t next = 0;
  for (int i = 0; i < x.rank(); ++i) {
    bool reduced = next < axes.size() && axes[next] == i;
    if (reduced) {
      ++next;
      if (x[i] == 0 && (kind == Reduce::max || kind == Reduce::min))
        throw ValueError("cannot take the ", name_of(kind), " over axis ", i, " of size 0.");
      if (keepdims) out.push_back(1);
    } else {
      out.push_back(x[i]);
    }
  }
  if (next != axes.size())
    throw ValueError("axis ", axes.back(), " is out of bounds for a tensor with ", x.rank(), " axes.");
  return {{out, in[0].dtype}};
}

using namespace prim;

Tensors ReduceOp::vjp(const VjpContext& c) const {
  const Tensor& x = c.inputs[0];
  Shape kept = x.shape();
  for (int a : axes) kept[a] = 1;
  Tensor g = reshape(c.grads[0], kept);
  switch (kind) {
    case Reduce::sum: return {broadcast_to(g, x.shape())};
    case Reduce::max:
    case Reduce::min: {  // shared equally among ties
      Tensor hit = cast(binary(Binary::equal, x, reshape(c.outputs[0], kept)), x.dtype());
      Tensor share = divide(g, reduce(Reduce::sum, hit, axes, true));
      return {multiply(hit, share)};
    }
    case Reduce::prod: {
      // product of the others: exact with zeros too, as cumulative products from both sides would be
      Tensor zero = full({}, 0, x.dtype()), one = full({}, 1, x.dtype());
      Tensor is_zero = binary(Binary::equal, x, zero);
      Tensor zeros = reduce(Reduce::sum, cast(is_zero, x.dtype()), axes, true);
      Tensor safe = where(is_zero, one, x);
      Tensor rest = reduce(Reduce::prod, safe, axes, true);  // product of the non-zero ones
      Tensor none = divide(rest, safe);
      Tensor single = where(is_zero, broadcast_to(rest, x.shape()), zero);
      Tensor local =
          where(binary(Binary::equal, zeros, zero), none, where(binary(Binary::equal, zeros, one), single, zero));
      return {multiply(g, local)};
    }
    default: return {};
  }
}

namespace prim {

Tensor reduce(Reduce kind, const Tensor& x, std::vector<int> axes, bool keepdims) {
  for (int& a : axes) a = normalize_axis(a, x.rank());
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    throw ValueError("duplicate value in axis ", axes, ".");
  if (axes.empty()) return x;
  return apply1(make_op<ReduceOp>(kind, std::move(axes), keepdims), {x});
}

Tensor reduce_all(Reduce kind, const Tensor& x) {
  std::vector<int> axes(x.rank());
  for (int i = 0; i < x.rank(); ++i) axes[i] = i;
  return reduce(kind, x, std::move(axes), false);
}

}  // namespace prim
}  // namespace lamina
