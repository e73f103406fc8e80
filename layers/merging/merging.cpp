// Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot.
#include "backends/ops/primitives.h"
#include "backends/ops/public/ops.h"
#include "layers/layer.h"

namespace lamina {

namespace {

struct NoArgs {
  void fields(Fields&) {}
};

Value list_masks_and(const Value& inputs, const Value& mask) {  // the logical and of the masks there are
  Tensor out;
  (void)inputs;
  for (const Tensor& m : flatten_tensors(mask)) out = out.defined() ? prim::binary(Binary::logical_and, out, m) : m;
  return out.defined() ? Value(out) : Value();
}

// Elementwise merging: inputs broadcast; batch first, missing inner axes are added as Keras does.
template <class Self>
class Merge : public LayerWith<NoArgs> {
 public:
  explicit Merge(NoArgs a = {}, LayerArgs base = {}) : LayerWith(a, std::move(base)) { supports_masking_ = true; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    if (shapes.empty() || is_shape(shapes.first())) fail("a single shape");
    auto all = shapes.shapes();
    if (all.empty()) fail("no shapes");
    std::optional<int64_t> batch;
    for (const Shape& s : all) {
      if (s.rank() == 0 || s[0] < 0) continue;
      if (batch && *batch != s[0]) throw ValueError("Cannot merge tensors with different batch sizes. Received tensors with shapes ", shapes.first().repr());
      batch = s[0];
    }
    bool same_rank = true;
    for (const Shape& s : all) same_rank &= s.rank() == all[0].rank();
    if (!same_rank) return;
    Shape out = all[0];
    for (const Shape& s : all) {
      try {
        out = broadcast_shapes(out, s);
      } catch (const Error&) {
        throw ValueError("Inputs have incompatible shapes. Received shapes ", out, " and ", s);
      }
    }
  }
  Tensor call(const Tensor&, const CallContext&) override { fail("a single tensor"); }
  Tensor call(const Tensors& given, const CallContext&) override {
    if (given.empty()) fail("an empty list");
    PromotionType types[64];
    size_t n = std::min<size_t>(given.size(), 64);
    for (size_t i = 0; i < n; ++i) types[i] = {given[i].dtype(), false};
    DType dtype = result_type(types, n);
    Tensors xs;
    int rank = 0;
    for (const Tensor& x : given) {
      xs.push_back(prim::cast(x, dtype));
      rank = std::max(rank, x.rank());
    }
    for (Tensor& x : xs)
      while (x.rank() < rank) x = prim::expand_dims(x, 1);
    return static_cast<Self*>(this)->merge(xs);
  }
  Value compute_mask(const Value& inputs, const Value& mask) override { return list_masks_and(inputs, mask); }

 protected:
  [[noreturn]] void fail(const char* what) const {
    throw ValueError("A merge layer should be called on a list of at least 1 input. Received ", what, " in ", describe(), ".");
  }
  static Tensor fold(Binary kind, const Tensors& xs) {
    Tensor out = xs[0];
    for (size_t i = 1; i < xs.size(); ++i) out = prim::binary(kind, out, xs[i]);
    return out;
  }
};

#define LAMINA_MERGE(NAME, DOC, ...)                                                        \
  class NAME##Layer final : public Merge<NAME##Layer> {                                     \
   public:                                                                                  \
    using Merge::Merge;                                                                     \
    std::string class_name() const override { return #NAME; }                               \
    Tensor merge(const Tensors& xs) { __VA_ARGS__ }                                         \
  };                                                                                        \
  LAMINA_LAYER(NAME##Layer, #NAME, DOC);

LAMINA_MERGE(Add, "Sum of the inputs.", return fold(Binary::add, xs);)
LAMINA_MERGE(Multiply, "Product of the inputs.", return fold(Binary::multiply, xs);)
LAMINA_MERGE(Maximum, "Elementwise maximum of the inputs.", return fold(Binary::maximum, xs);)
LAMINA_MERGE(Minimum, "Elementwise minimum of the inputs.", return fold(Binary::minimum, xs);)
LAMINA_MERGE(Average, "Mean of the inputs.", return prim::multiply(fold(Binary::add, xs), 1.0 / static_cast<double>(xs.size()));)
LAMINA_MERGE(Subtract, "First input less the second.",
             if (xs.size() != 2) throw ValueError("A `Subtract` layer should be called on exactly 2 inputs. Received: inputs of length ", xs.size());
             return prim::subtract(xs[0], xs[1]);)

struct ConcatenateArgs {
  int axis = -1;
  void fields(Fields& f) { f("axis", axis, "Axis to concatenate along."); }
};
class ConcatenateLayer final : public LayerWith<ConcatenateArgs> {
 public:
  explicit ConcatenateLayer(ConcatenateArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) { supports_masking_ = true; }
  std::string class_name() const override { return "Concatenate"; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    if (shapes.empty() || is_shape(shapes.first()) || shapes.shapes().empty())
      throw ValueError("A `Concatenate` layer should be called on a list of at least 1 input. Received: input_shape=", shapes.empty() ? std::string("None") : shapes.first().repr());
    auto all = shapes.shapes();
    for (const Shape& s : all) {
      bool fits = s.rank() == all[0].rank();
      int axis = args.axis < 0 ? args.axis + s.rank() : args.axis;
      for (int i = 0; fits && i < s.rank(); ++i) fits = i == axis || s[i] == all[0][i] || s[i] < 0 || all[0][i] < 0;
      if (!fits)
        throw ValueError("A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. Received: input_shape=", shapes.first().repr());
    }
  }
  Tensor call(const Tensors& xs, const CallContext&) override {
    std::vector<Operand> list(xs.begin(), xs.end());
    return ops::concatenate(list, args.axis);
  }
  Value compute_mask(const Value& inputs, const Value& mask) override {
    if (flatten_tensors(mask).empty() || !inputs.is_sequence()) return {};
    Tensors masks;
    size_t i = 0;
    std::vector<Value> given = flatten(mask);
    for (const Value& x : inputs.as_list()) {
      const Tensor& t = x.as_tensor();
      Tensor m = i < given.size() && given[i].is_tensor() ? given[i].as_tensor() : Tensor();
      ++i;
      if (!m.defined()) m = prim::full(t.shape(), 1, DType::boolean);
      else
        while (m.rank() < t.rank()) m = prim::expand_dims(m, m.rank());
      masks.push_back(prim::broadcast_to(m, t.shape()));
    }
    int axis = args.axis < 0 ? args.axis + masks[0].rank() : args.axis;
    return prim::reduce(Reduce::all, prim::concat(masks, axis), {-1}, false);
  }
};
LAMINA_LAYER(ConcatenateLayer, "Concatenate", "Inputs one after the other along an axis.");

struct DotArgs {
  Value axes;
  bool normalize = false;
  void fields(Fields& f) {
    f("axes", axes, "Axis, or a pair of axes, to contract.").required();
    f("normalize", normalize, "Whether to L2-normalise along the axis first: cosine proximity.");
  }
};
class DotLayer final : public LayerWith<DotArgs> {
 public:
  explicit DotLayer(DotArgs a = {}, LayerArgs base = {}) : LayerWith(std::move(a), std::move(base)) {
    if (!args.axes.is_int() && !(args.axes.is_sequence() && args.axes.as_list().size() == 2))
      throw TypeError("Invalid type for argument `axes`: it should be a list or an int of length 2. Received: axes=", args.axes.repr());
    supports_masking_ = true;
  }
  std::string class_name() const override { return "Dot"; }
  using Layer::build;
  using Layer::call;
  void build(const BuildShapes& shapes) override {
    if (shapes.empty() || is_shape(shapes.first()) || shapes.shapes().size() != 2)
      throw ValueError("A `Dot` layer should be called on a list of 2 inputs. Received: input_shape=", shapes.empty() ? std::string("None") : shapes.first().repr());
    auto s = shapes.shapes();
    auto [a, b] = axes(s[0].rank(), s[1].rank());
    if (s[0][a] >= 0 && s[1][b] >= 0 && s[0][a] != s[1][b])
      throw ValueError("Incompatible input shapes: axis values ", s[0][a], " (at axis ", a, ") != ", s[1][b], " (at axis ", b, "). Full input shapes: ", s[0], ", ", s[1]);
  }
  Tensor call(const Tensors& xs, const CallContext&) override {
    if (xs.size() != 2) throw ValueError("A `Dot` layer should be called on exactly 2 inputs. Received: ", xs.size(), " inputs.");
    auto [a, b] = axes(xs[0].rank(), xs[1].rank());
    Tensor x = xs[0], y = xs[1];
    if (args.normalize) {
      auto unit = [](const Tensor& t, int axis) {
        Tensor square = prim::reduce(Reduce::sum, prim::square(t), {axis}, true);
        return prim::multiply(t, prim::unary(Unary::rsqrt, prim::maximum(square, prim::full({}, 1e-12, t.dtype()))));
      };
      x = unit(x, a), y = unit(y, b);
    }
    // Batch first; the contracted axis last in x and second in y; the rest flattened around one batched product.
    auto arrange = [](const Tensor& t, int axis, bool last) {
      std::vector<int> order = {0};
      if (!last) order.push_back(axis);
      for (int i = 1; i < t.rank(); ++i)
        if (i != axis) order.push_back(i);
      if (last) order.push_back(axis);
      return prim::transpose(t, order);
    };
    Tensor left = arrange(x, a, true), right = arrange(y, b, false);
    Shape out{x.shape()[0]};
    int64_t m = 1, n = 1, k = x.shape()[a];
    for (int i = 1; i < left.rank() - 1; ++i) out.push_back(left.shape()[i]), m = m < 0 || left.shape()[i] < 0 ? -1 : m * left.shape()[i];
    for (int i = 2; i < right.rank(); ++i) out.push_back(right.shape()[i]), n = n < 0 || right.shape()[i] < 0 ? -1 : n * right.shape()[i];
    if (out.rank() == 1) out.push_back(1);
    Tensor product = prim::matmul(prim::reshape(left, {x.shape()[0], m, k}), prim::reshape(right, {y.shape()[0], k, n}));
    return prim::reshape(product, out);
  }
  Value compute_mask(const Value&, const Value&) override { return {}; }

 private:
  std::pair<int, int> axes(int rank_a, int rank_b) const {
    int a = static_cast<int>(args.axes.is_int() ? args.axes.as_int() : args.axes.as_list()[0].as_int());
    int b = static_cast<int>(args.axes.is_int() ? args.axes.as_int() : args.axes.as_list()[1].as_int());
    if (args.axes.is_int() && a < 0) return {a + rank_a, b + rank_b};
    return {normalize_axis(a, rank_a, "axes"), normalize_axis(b, rank_b, "axes")};
  }
};
LAMINA_LAYER(DotLayer, "Dot", "Batched dot product of two inputs along axes.");

}  // namespace
}  // namespace lamina
