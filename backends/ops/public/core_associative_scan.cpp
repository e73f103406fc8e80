// keras.ops.associative_scan.
#include "backends/ops/public/core_control.h"
#include "backends/ops/public/core_control_support.h"
#include "backends/ops/public/support.h"

namespace lamina::ops {

#define CORE "keras.src.ops.core."

namespace {

class Prefixes {
 public:
  Prefixes(const Value& f, const Structure& elems, int axis) : f_(f), elems_(elems), axis_(axis) {}

  // Combines neighbours, solves for the pairs, and fills in what lies between: 2 log2(n) calls of f on whole slices.
  Tensors of(const Tensors& x) const {
    const int64_t n = x[0].shape()[axis_];
    if (n < 2) return x;
    Tensors odd = of(combine(slice(x, 0, n - 1, 2), slice(x, 1, n, 2)));  // prefixes at 1, 3, 5, ...
    Tensors even;                                                         // at 2, 4, 6, ...
    if (n > 2) {
      const int64_t pairs = (n - 1) / 2;
      even = combine(slice(odd, 0, pairs, 1), slice(x, 2, n, 2));
    }
    Tensors out;
    for (size_t i = 0; i < x.size(); ++i) {
      Tensor first = slice({x[i]}, 0, 1, 1)[0];
      if (first.dtype() != odd[i].dtype()) first = prim::cast(first, odd[i].dtype());
      out.push_back(interleave(even.empty() ? first : prim::concat({first, even[i]}, axis_), odd[i]));
    }
    return out;
  }
  Tensors combine(const Tensors& a, const Tensors& b) const {
    Structure out(call_function(f_, "f", {elems_.pack(a), elems_.pack(b)}));
    if (out.tensors.size() != elems_.tensors.size())
      throw ValueError("`f` must return the structure of its arguments.");
    return out.tensors;
  }

 private:
  Tensors slice(const Tensors& x, int64_t from, int64_t to, int64_t step) const {
    Tensors out;
    for (const Tensor& t : x) {
      std::vector<int64_t> starts(static_cast<size_t>(t.rank()), 0), limits = t.shape().vec(),
                                                                     strides(static_cast<size_t>(t.rank()), 1);
      starts[static_cast<size_t>(axis_)] = from, limits[static_cast<size_t>(axis_)] = to,
      strides[static_cast<size_t>(axis_)] = step;
      out.push_back(prim::slice(t, starts, limits, strides));
    }
    return out;
  }
  // a0 b0 a1 b1 ...; a has as many as b, or one more.
  Tensor interleave(const Tensor& a, const Tensor& b) const {
    const int64_t n = a.shape()[axis_], total = n + b.shape()[axis_];
    Tensor even = b.shape()[axis_] == n ? a : prim::expand_dims(slice({a}, 0, n - 1, 1)[0], axis_ + 1);
    if (b.shape()[axis_] == n) even = prim::expand_dims(a, axis_ + 1);
    Tensor pairs = prim::concat({even, prim::expand_dims(b, axis_ + 1)}, axis_ + 1);
    Shape flat = a.shape();
    flat[axis_] = 2 * b.shape()[axis_];
    Tensor out = prim::reshape(pairs, flat);
    return total == flat[axis_] ? out : prim::concat({out, slice({a}, n - 1, n, 1)[0]}, axis_);
  }
  const Value& f_;
  const Structure& elems_;
  int axis_;
};

Value associative_scan_impl(const Value& f, const Value& elements, bool reverse, int axis) {
  Structure elems(elements);
  if (elems.tensors.empty()) throw ValueError("`elems` must hold at least one tensor.");
  const int a = normalize_axis(axis, elems.tensors[0].rank());
  std::string shapes;
  bool same = true;
  for (const Tensor& t : elems.tensors) {
    shapes += text(shapes.empty() ? "[" : ", ", t.shape());
    same &= a < t.rank() && t.shape()[a] == elems.tensors[0].shape()[a];
  }
  if (!same)
    throw ValueError("Array inputs to associative_scan must have the same first dimension. (saw: ", shapes, "])");
  Prefixes prefixes(f, elems, a);
  if (elems.any_shape_only()) {
    Tensors ones;
    for (const Tensor& t : elems.tensors) {
      Shape s = t.shape();
      s[a] = 1;
      ones.push_back(Tensor::spec_only(s, t.dtype()));
    }
    Tensors out = prefixes.combine(ones, ones);
    for (size_t i = 0; i < out.size(); ++i) out[i] = Tensor::spec_only(elems.tensors[i].shape(), out[i].dtype());
    return elems.pack(out);
  }
  Tensors x = elems.tensors;
  if (reverse)
    for (Tensor& t : x) t = prim::reverse(t, {a});
  x = prefixes.of(x);
  if (reverse)
    for (Tensor& t : x) t = prim::reverse(t, {a});
  return elems.pack(x);
}
const auto associative_scan_op =
    public_op("associative_scan", CORE "AssociativeScan", "All prefixes along `axis`, combined with an associative f.",
              associative_scan_impl,
              {OpArgument("f", required, "A function of two slices that gives their combination.").in_call(),
               OpArgument("elems", required, "A tensor, or a structure of them.").in_call(),
               {"reverse", false, "Whether to begin at the end."},
               {"axis", 0, "The axis to go along."}},
              {.returns = "Tensors of the shapes of `elems`.", .example = R"py(
>>> keras.ops.associative_scan(lambda a, b: a + b, keras.ops.array([1, 2, 3]))
<Tensor shape=(3,), dtype=int32, values=[1 3 6]>)py"});

}  // namespace

Value associative_scan(const std::function<Value(const Value&, const Value&)>& f, const Value& elems, bool reverse,
                       int axis) {
  Value function(make_callable("f", [=](List args, Dict) { return f(args[0], args[1]); }));
  return associative_scan_op(function, elems, reverse, axis);
}

}  // namespace lamina::ops
