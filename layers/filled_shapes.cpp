#include "layers/filled_shapes.h"

#include "backends/core/tensor.h"
#include "layers/layer.h"

namespace lamina {

namespace {

constexpr int64_t kSizes[] = {83, 89};  // primes: few products of them coincide with real sizes
thread_local int64_t filling = 0;

class Filling {
 public:
  explicit Filling(int64_t size) : saved_(filling) { filling = size; }
  ~Filling() { filling = saved_; }

 private:
  int64_t saved_;
};

Tensor filled(const Tensor& t, int64_t size) {
  if (!t.shape_only() || t.shape().known()) return t;
  Shape shape = t.shape();
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] < 0) shape[i] = size;
  Tensor out = Tensor::spec_only(shape, t.dtype());
  if (t.mask().defined()) out.set_mask(filled(t.mask(), size));
  return out;
}

Tensor merged(const Tensor& a, const Tensor& b) {
  if (a.shape().rank() != b.shape().rank())
    throw ValueError("The rank of a result follows from an unknown size: it is ", a.shape(), " or ", b.shape(), ".");
  Shape shape = a.shape();
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] != b.shape()[i]) shape[i] = Shape::kUnknown;
  Tensor out = Tensor::spec_only(shape, a.dtype());
  if (a.mask().defined() && b.mask().defined()) out.set_mask(merged(a.mask(), b.mask()));
  return out;
}

}  // namespace

bool has_unknown_size(const Value& structure) {
  for (const Tensor& t : flatten_tensors(structure))
    if (!t.shape().known()) return true;
  return false;
}

bool has_no_elements(const Value& structure) {
  for (const Tensor& t : flatten_tensors(structure))
    for (int i = 0; i < t.shape().rank(); ++i)
      if (t.shape()[i] == 0) return true;
  return false;
}

Value with_filled_shapes(const std::function<Value(const std::function<Value(const Value&)>& fill)>& call) {
  Value results[2];
  for (int i = 0; i < 2; ++i) {
    const Filling scope(kSizes[i]);
    results[i] = call([size = kSizes[i]](const Value& v) {
      return map_structure(v, [size](const Value& leaf) -> Value {
        return leaf.is_tensor() ? Value(filled(leaf.as_tensor(), size)) : leaf;
      });
    });
  }
  const Tensors second = flatten_tensors(results[1]);
  size_t next = 0;
  return map_structure(results[0], [&](const Value& leaf) -> Value {
    if (!leaf.is_tensor()) return leaf;
    if (next >= second.size()) throw ValueError("The number of results follows from an unknown size.");
    return Value(merged(leaf.as_tensor(), second[next++]));
  });
}

Value without_filling(const Value& shapes) {
  if (!filling) return shapes;
  if (is_shape(shapes)) {
    Shape shape = shapes.as_shape();
    if (shape.rank() && shape[0] == filling) shape[0] = Shape::kUnknown;
    return Value(shape);
  }
  if (shapes.is_dict()) {
    Dict out;
    for (const auto& [key, v] : shapes.as_dict()) out.set(key, without_filling(v));
    return out;
  }
  if (!shapes.is_sequence()) return shapes;
  List out;
  for (const Value& v : shapes.as_list()) out.push_back(without_filling(v));
  return shapes.with_items(std::move(out));
}

}  // namespace lamina
