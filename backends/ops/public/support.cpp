#include "backends/ops/public/support.h"

namespace lamina::ops {

DType float_type(std::initializer_list<const Operand*> operands) {
  std::vector<PromotionType> types;
  for (const Operand* o : operands) types.push_back(o->type());
  types.push_back({DType::float32, true});
  return result_type(types.data(), types.size());
}

Tensors promote_all(const std::vector<Operand>& list) {
  std::vector<PromotionType> types;
  for (const Operand& o : list) types.push_back(o.type());
  DType type = result_type(types.data(), types.size());
  Tensors out;
  for (const Operand& o : list) out.push_back(o.as(type));
  return out;
}

int64_t whole_number(double value, const char* name) {
  if (!(std::abs(value) < 0x1p63))
    throw OverflowError("`", name, "` must be an integer of 64 bits, received ", value, ".");
  return static_cast<int64_t>(value);
}

int64_t checked_count(int64_t value, const char* name) {
  if (value < 0) throw ValueError("`", name, "` cannot be negative. Received: ", name, "=", value);
  return value;
}

std::vector<int> axes_of(const Axes& axes, int rank) {
  std::vector<int> out;
  if (!axes) {
    for (int i = 0; i < rank; ++i) out.push_back(i);
    return out;
  }
  for (int a : *axes) out.push_back(normalize_axis(a, rank));
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end()) throw ValueError("duplicate value in axis ", *axes, ".");
  return out;
}

double count_of(const Shape& shape, const std::vector<int>& axes) {
  double out = 1;
  for (int a : axes) out *= shape[a] < 0 ? 1.0 : static_cast<double>(shape[a]);
  return out;
}

Tensor positions(int rank, int axis, int64_t n, DType dtype) {
  Shape s = Shape::of_rank(rank);
  s[axis] = n;
  return prim::reshape(prim::iota(n, dtype), s);
}

Tensor to_last(const Tensor& x, int axis) {
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis) order.push_back(i);
  order.push_back(axis);
  return prim::transpose(x, order);
}

Tensor from_last(const Tensor& x, int axis) {
  std::vector<int> order;
  for (int i = 0; i < x.rank() - 1; ++i) order.push_back(i);
  order.insert(order.begin() + axis, x.rank() - 1);
  return prim::transpose(x, order);
}

}  // namespace lamina::ops
