#include "backends/ops/movement/strided_copy.h"

#include "backends/ops/movement/movement.h"

namespace lamina {

int64_t StridedCopy::total() const {
  int64_t out = 1;
  for (int64_t s : size) out *= s;
  return out;
}

void StridedCopy::simplify() {
  std::vector<int64_t> s, f, t;
  for (size_t i = 0; i < size.size(); ++i) {
    if (size[i] == 1) continue;
    if (!s.empty() && f.back() == from[i] * size[i] && t.back() == to[i] * size[i]) {
      s.back() *= size[i], f.back() = from[i], t.back() = to[i];
    } else {
      s.push_back(size[i]), f.push_back(from[i]), t.push_back(to[i]);
    }
  }
  if (s.empty()) s.push_back(1), f.push_back(1), t.push_back(1);
  size = s, from = f, to = t;
}

namespace {
std::vector<int64_t> row_major(const Shape& s) {
  std::vector<int64_t> strides(s.rank(), 1);
  for (int i = s.rank() - 1; i-- > 0;) strides[i] = strides[i + 1] * s[i + 1];
  return strides;
}

StridedCopy simplified(StridedCopy c) {
  c.simplify();
  return c;
}
}  // namespace

StridedCopy transpose_copy(const KernelRequest& r) {
  const auto& op = static_cast<const TransposeOp&>(r.op);
  auto strides = row_major(r.inputs[0].shape);
  StridedCopy c{r.outputs[0].shape.vec(), {}, row_major(r.outputs[0].shape), 0, 0, size_of(r.inputs[0].dtype)};
  for (int a : op.axes) c.from.push_back(strides[a]);
  return simplified(std::move(c));
}

StridedCopy broadcast_copy(const KernelRequest& r) {
  const Shape &x = r.inputs[0].shape, &y = r.outputs[0].shape;
  auto strides = row_major(x);
  StridedCopy c{y.vec(), std::vector<int64_t>(y.rank(), 0), row_major(y), 0, 0, size_of(r.inputs[0].dtype)};
  for (int i = 0; i < x.rank(); ++i)
    if (x[i] != 1) c.from[i + y.rank() - x.rank()] = strides[i];
  return simplified(std::move(c));
}

StridedCopy slice_copy(const KernelRequest& r) {
  const auto& op = static_cast<const SliceOp&>(r.op);
  auto strides = row_major(r.inputs[0].shape);
  StridedCopy c{r.outputs[0].shape.vec(), {}, row_major(r.outputs[0].shape), 0, 0, size_of(r.inputs[0].dtype)};
  for (size_t i = 0; i < strides.size(); ++i) {
    c.from_base += op.starts[i] * strides[i];
    c.from.push_back(strides[i] * op.strides[i]);
  }
  return simplified(std::move(c));
}

StridedCopy reverse_copy(const KernelRequest& r) {
  const auto& op = static_cast<const ReverseOp&>(r.op);
  const Shape& x = r.inputs[0].shape;
  StridedCopy c{x.vec(), row_major(x), row_major(x), 0, 0, size_of(r.inputs[0].dtype)};
  for (int a : op.axes)
    if (x[a] > 0) {
      c.from_base += (x[a] - 1) * c.from[a];
      c.from[a] = -c.from[a];
    }
  return simplified(std::move(c));
}

StridedCopy pad_copy(const KernelRequest& r) {
  const auto& op = static_cast<const PadOp&>(r.op);
  auto strides = row_major(r.outputs[0].shape);
  StridedCopy c{r.inputs[0].shape.vec(), row_major(r.inputs[0].shape), {}, 0, 0, size_of(r.inputs[0].dtype)};
  for (size_t i = 0; i < strides.size(); ++i) {
    c.to_base += op.low[i] * strides[i];
    c.to.push_back(strides[i] * (op.interior[i] + 1));
  }
  return simplified(std::move(c));
}

RowCopy concat_copy(const KernelRequest& r) {
  const auto& op = static_cast<const ConcatOp&>(r.op);
  const Shape& y = r.outputs[0].shape;
  RowCopy c;
  int64_t inner = static_cast<int64_t>(size_of(r.outputs[0].dtype));
  for (int i = 0; i < op.axis; ++i) c.outer *= y[i];
  for (int i = op.axis + 1; i < y.rank(); ++i) inner *= y[i];
  for (const auto& in : r.inputs) c.widths.push_back(in.shape[op.axis] * inner);
  c.row = y[op.axis] * inner;
  return c;
}

}  // namespace lamina
